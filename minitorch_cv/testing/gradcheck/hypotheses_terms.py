"""Hypotheses about terms that are missing: normalisation, softmax, cross-entropy, extra terms.

A normalisation of x over groups of elements (a channel for batch norm, a sample for layer norm),
with x̂ = (x − mean)·s and gŷ = w·gy, has three terms:

    gx = s · ( gŷ  −  mean(gŷ)  −  x̂ · mean(gŷ · x̂) )
               direct  mean term    variance term

What is missing shows in d = analytic − numeric: a constant per group (mean term), a multiple of
x − mean per group (variance term), or both. A group is found by shifting x: f(x + constant per
group) = f(x).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from .evidence import Diagnosis
from .hypotheses_tools import Case, aligned, explained, rms, verdict

Labels = np.ndarray  # the number of its group for every element


def missing_norm_terms(case: Case) -> Diagnosis | None:
    """d = analytic − numeric = α_g + β_g (x − mean_g): which of α and β is there?"""
    if case.x.ndim < 2:
        return None
    for what, labels in groups_of(case):
        if not centred(case, labels):
            continue
        scaled = rescaled(case, labels)
        if not scaled and not _affine(case):
            continue
        fit = explained(case, case.n + constant_part(case, labels))
        if fit == 1.0 and case.known.sum() - labels.max() - 1 >= 2:
            return verdict(case, "missing mean term", fit, 0.95, _text(case, what, "mean"))
        if not scaled:
            continue
        fit = explained(case, case.n + centred_part(case, labels))
        if fit == 1.0 and case.known.sum() - labels.max() - 1 >= 2:
            return verdict(case, "missing variance term", fit, 0.95, _text(case, what, "variance"))
        if found := _both(case, what, labels):
            return found
    return None


def _text(case: Case, what: str, term: str) -> str:
    formula = "- mean(gy*w)" if term == "mean" else "- x̂ * mean(gy*w*x̂)"
    shape = "the same for all elements" if term == "mean" else "a multiple of x - mean"
    return (
        f"The error of g{case.name} is {shape} within {what}: the {term} term ({formula}) of the "
        f"normalisation is missing or has a wrong factor; the {term} depends on {case.name} too."
    )


def _both(case: Case, what: str, labels: Labels) -> Diagnosis | None:
    """Both terms missing: the statistics taken for constants, gx = w·s·gy."""
    both = constant_part(case, labels)
    both = both + centred_part(case, labels, both)
    fit = explained(case, case.n + both)
    if fit < 1.0 or case.known.sum() - 2 * (labels.max() + 1) < 3:
        gain = direct_gain(case, labels)
        fit = 0.0 if gain is None else explained(case, gain)
    batch = what.startswith("a channel")
    text = f"g{case.name} takes the mean and the variance of {what} for constants: "
    if batch:
        text += "that is the backward of evaluation (running statistics), not of training."
        return verdict(case, "train/eval mixed up", fit, 0.95, text)
    text += f"they depend on {case.name}, which adds a mean term and a variance term."
    return verdict(case, "missing mean and variance terms", fit, 0.95, text)


def direct_gain(case: Case, labels: Labels) -> np.ndarray | None:
    """gy times one factor per group that fits analytic best: w·s·gy of a normalisation."""
    if not case.same_shape:
        return None
    top = np.bincount(labels[case.known], (case.a * case.c[0])[case.known], labels.max() + 1)
    low = np.bincount(labels[case.known], (case.c[0] ** 2)[case.known], labels.max() + 1)
    return (top / np.maximum(low, 1e-300))[labels] * case.c[0]


def direct_only(case: Case, labels: Labels) -> bool:
    """Is analytic one factor per group times gy, without other terms?"""
    gain = direct_gain(case, labels)
    return gain is not None and explained(case, gain) == 1.0


def group_fit(case: Case, labels: Labels, terms: tuple[np.ndarray, ...]) -> np.ndarray:
    """The sum of terms, with other factors in every group, that is nearest to analytic."""
    fitted = np.full(case.x.shape, np.nan)
    for group in range(labels.max() + 1):
        here = case.known & (labels == group)
        columns = np.stack([t[here] for t in terms], axis=1)
        if here.any():
            fitted[here] = columns @ np.linalg.lstsq(columns, case.a[here], rcond=None)[0]
    return fitted


def eval_as_train(case: Case) -> Diagnosis | None:
    """f is affine (running statistics), but analytic = α_j + β_j x + γ_j gy per channel."""
    if case.x.ndim < 2 or not case.elementwise or not _affine(case):
        return None
    axes = (0, *range(2, case.x.ndim))
    labels = labels_over(case.x.shape, axes)
    if case.known.sum() - 3 * (labels.max() + 1) < 3 or direct_only(case, labels):
        return None
    terms = (np.ones(case.x.shape), case.x, case.c[0])
    fit = explained(case, group_fit(case, labels, terms))
    text = f"The forward pass is affine in {case.name} (evaluation, running statistics), but "
    text += f"g{case.name} has the mean and variance terms of training."
    return verdict(case, "train/eval mixed up", fit if fit == 1.0 else 0.0, 0.95, text)


def wrong_axis(case: Case) -> Diagnosis | None:
    """analytic = s (gŷ − mean'(gŷ) − x̂ mean'(gŷ x̂)), means over other axes; softmax likewise."""
    if case.x.ndim < 2 or not case.same_shape:
        return None
    groups, c = groups_of(case), case.c[0]
    for predicted, what in _other_axes(case, groups, c):
        fit = explained(case, predicted)
        if fit == 1.0:
            text = f"g{case.name} takes its sums or means over {what}: backward must sum over the "
            return verdict(case, "wrong axis", fit, 0.95, text + "axes that forward used.")
    return None


def _other_axes(
    case: Case, groups: list[tuple[str, Labels]], c: np.ndarray
) -> Iterator[tuple[np.ndarray, str]]:
    y, d = case.y[0], case.x.ndim
    if (y >= 0).all() and any(np.max(abs(y.sum(axis=q) - 1)) < 1e-9 for q in range(d)):
        for axes in (*((q,) for q in range(d)), tuple(range(d))):
            yield y * (c - (c * y).sum(axis=axes, keepdims=True)), f"axis {axes}"
        return
    every = np.ones(case.x.shape, bool)
    for _, labels in groups:
        if not (centred(case, labels) and rescaled(case, labels)):
            continue
        plain = _plain_norm(case, labels)
        if plain is None:
            continue
        xh, g, s = plain
        for what, other in groups:
            means = [group_mean(v, q, every) for q in (labels, other) for v in (g, g * xh)]
            yield s * (g - means[2] - xh * means[3]), what
            yield s * (g - means[2] - xh * means[1]), what
            yield s * (g - means[0] - xh * means[3]), what


def _plain_norm(
    case: Case, labels: Labels
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:  # fmt: skip
    """(x̂, gŷ, s): y = w x̂ + b with w, b among the other inputs, x̂ = s (x − mean)."""
    centre = case.x - group_mean(case.x, labels, np.ones(case.x.shape, bool))
    var = group_mean(centre**2, labels, np.ones(case.x.shape, bool))
    ones = (np.ones(()), np.zeros(()))
    values = [np.asarray(x) for _, _, x in case.rivals]
    for w, b in itertools.product((ones[0], *values), (ones[1], *values)):
        w, b = aligned(w, case.x.shape), aligned(b, case.x.shape)  # type: ignore[assignment]
        if w is None or b is None:
            continue
        xh = (case.y[0] - b) / w
        s = xh / centre
        eps = 1 / s**2 - var  # one number where w and b are right
        if np.ptp(eps) <= 1e-6 * np.mean(var):
            return xh, w * case.c[0], s
    return None


def groups_of(case: Case) -> list[tuple[str, Labels]]:
    """Groups that layers normalise over, with what they are."""
    shape, d = case.x.shape, case.x.ndim
    found = [("a channel", labels_over(shape, (0, *range(2, d))))]
    found.append(("a sample", labels_over(shape, tuple(range(1, d)))))
    if d > 2:
        found.append(("a row (the last axis)", labels_over(shape, (d - 1,))))
        found.append(("a channel of a sample", labels_over(shape, tuple(range(2, d)))))
        for parts in (q for q in range(2, shape[1]) if shape[1] % q == 0):
            each = np.arange(shape[0] * parts).reshape(shape[0], parts)
            each = np.repeat(each, shape[1] // parts, axis=1)
            each = np.broadcast_to(each.reshape(shape[:2] + (1,) * (d - 2)), shape)
            found.append((f"a group of {shape[1] // parts} channels", each))
    return found


def labels_over(shape: tuple[int, ...], axes: tuple[int, ...]) -> Labels:
    """One number for all elements that differ along `axes` only."""
    kept = tuple(1 if q in axes else n for q, n in enumerate(shape))
    return np.broadcast_to(np.arange(int(np.prod(kept))).reshape(kept), shape)


def group_mean(x: np.ndarray, labels: Labels, weight: np.ndarray) -> np.ndarray:
    """The mean of each group over the elements with weight, given to every element."""
    count = labels.max() + 1
    total = np.bincount(labels.ravel(), np.where(weight, x, 0.0).ravel(), count)
    number = np.bincount(labels.ravel(), weight.ravel().astype(float), count)
    return np.asarray((total / np.maximum(number, 1))[labels])


def constant_part(case: Case, labels: Labels) -> np.ndarray:
    """α: the mean of d in each group."""
    return group_mean(case.a - case.n, labels, case.known)


def centred_part(case: Case, labels: Labels, less: np.ndarray | float = 0.0) -> np.ndarray:
    """β (x − mean): the multiple of the centred x that fits d best in each group.

    With `less` (α already taken out) x is centred over the measured elements, which makes the two
    parts independent.
    """
    every = np.ones(case.x.shape, bool)
    over = every if isinstance(less, float) else case.known
    x = case.x - group_mean(case.x, labels, over)
    d = np.where(case.known, case.a - case.n - less, 0.0)
    top = group_mean(d * x, labels, case.known)
    low = group_mean(x * x, labels, case.known)
    return np.asarray(top / np.maximum(low, 1e-300) * x)


def centred(case: Case, labels: Labels) -> bool:
    """f(x + a constant per group) = f(x)."""
    shift = case.rng.normal(size=labels.max() + 1)[labels] * rms(case.x)
    return _unmoved(case, case.x + shift, 1e-8)


def rescaled(case: Case, labels: Labels) -> bool:
    """f(mean + t (x − mean)) ≈ f(x), but for epsilon."""
    mean = group_mean(case.x, labels, np.ones(case.x.shape, bool))
    return _unmoved(case, mean + 1.5 * (case.x - mean), 2e-2)


def _unmoved(case: Case, x: np.ndarray, tolerance: float) -> bool:
    arrays = list(case.problem.arrays)
    arrays[case.evidence.k] = x
    moved = case.problem.evaluate(arrays)
    return all(
        np.all(abs(np.asarray(p) - q) <= tolerance * max(rms(q), 1e-300))
        for p, q in zip(moved, case.y, strict=True)
    )


def _affine(case: Case) -> bool:
    """f(x + 2v) − f(x) = 2 (f(x + v) − f(x))."""
    v = case.rng.normal(size=case.x.shape) * rms(case.x)
    arrays = list(case.problem.arrays)
    moves = []
    for t in (1.0, 2.0):
        arrays[case.evidence.k] = case.x + t * v
        moves.append(np.asarray(case.problem.evaluate(arrays)[0]) - case.y[0])
    return bool(np.all(abs(moves[1] - 2 * moves[0]) <= 1e-8 * max(rms(moves[0]), 1e-300)))


_PLAIN = ("the upstream gradient", "a constant")  # others have a name for these


def proportional_extra(case: Case) -> Diagnosis | None:
    """d = analytic − numeric = r · v with one r, for v = x, gy, the output or another input."""
    if case.wrong.sum() < 3:
        return None
    candidates = [(f"{case.name} itself", case.x), ("the upstream gradient", case.c[0])]
    candidates += [("the output", case.y[0])]
    candidates += [(name, np.asarray(x)) for name, _, x in case.rivals]
    candidates += [("a constant", np.ones(1))]
    d = case.a - case.n
    for name, array in candidates:
        v = aligned(array, case.a.shape)
        if v is None or rms(v) == 0:
            continue
        r = float(np.sum((d * v)[case.known]) / np.sum((v * v)[case.known]))
        fit = explained(case, case.n + r * v)
        if fit == 1.0:
            text = f"g{case.name} differs from the true gradient by {r:.4g} times {name} "
            prior = 0.85 if name in _PLAIN else 0.97
            return verdict(case, "extra or missing term", fit, prior, text + "everywhere.", free=1)
    return None


HYPOTHESES = (missing_norm_terms, wrong_axis, eval_as_train, proportional_extra)
