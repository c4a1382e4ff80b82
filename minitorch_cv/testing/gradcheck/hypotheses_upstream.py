"""Hypotheses about the upstream gradient, sums over it, and inputs that are used twice."""

from __future__ import annotations

import itertools

import numpy as np

from .evidence import Diagnosis
from .hypotheses_tools import Case, explained, is_gradient, rms, verdict


def ignores_upstream(case: Case) -> Diagnosis | None:
    """backward(c') = backward(c) for other cotangents c'; or it is the gradient for ones."""
    if rms(case.a) <= 1e-12 * case.size:
        return None
    other = [case.rng.normal(size=c.shape) for c in case.c]
    again = _rerun(case, other)
    scale = rms(case.a)
    if again is not None:
        if rms(again - case.a) > 1e-9 * scale:
            return None
    elif not is_gradient(case, [np.ones_like(c) for c in case.c]):
        return None
    return Diagnosis(
        "ignores upstream gradient", 0.97,
        f"g{case.name} is the same whatever gradient comes from above; multiply by the upstream "
        "gradient (gy, dout): the chain rule needs it even for a loss, where it happens to be 1.",
    )  # fmt: skip


def _rerun(case: Case, cotangents: list[np.ndarray]) -> np.ndarray | None:
    """The claimed gradient of this input for other cotangents; None where it cannot be had."""
    if case.evidence.rerun is None:
        return None
    try:
        again = np.asarray(case.evidence.rerun(cotangents)[case.evidence.k], dtype=np.float64)
    except Exception:  # the user's code; a diagnosis must not end the report
        return None
    return again if again.shape == case.a.shape else None


def not_linear(case: Case) -> Diagnosis | None:
    """backward(2 c) ≠ 2 backward(c), although every backward is linear in the cotangent."""
    same, double = _rerun(case, case.c), _rerun(case, [2 * c for c in case.c])
    scale = rms(case.a)
    if same is None or double is None or rms(same - case.a) > 1e-7 * scale:
        return None
    if rms(double - 2 * same) <= 1e-6 * scale or rms(double - same) <= 1e-6 * scale:
        return None
    text = f"g{case.name} does not double when the upstream gradient doubles: a backward is linear "
    if rms(double - 4 * same) <= 1e-6 * scale:
        text += "in it. Here it grows by 4, so the upstream gradient is multiplied in twice."
    else:
        text += "in it. Every term must be multiplied by it, exactly once (a sum of it counts)."
    return Diagnosis("not linear in upstream gradient", 0.95, text)


def changes_between_runs(case: Case) -> Diagnosis | None:
    """backward(c) gives something else the second time: fresh random numbers or leftovers."""
    again = _rerun(case, case.c)
    if again is None or rms(again - case.a) <= 1e-7 * rms(case.a):
        return None
    if explained(case, case.n) < 1 and np.any((again == 0) != (case.a == 0)):
        text = f"g{case.name} has its zeros elsewhere on every run: backward draws a new random "
        return Diagnosis(
            "dropout mask not reused", 0.96, text + "mask; save the mask of the forward pass."
        )
    return Diagnosis(
        "changes between runs", 0.9, f"g{case.name} differs when backward is run again with the "
        "same numbers: a buffer that is not reset, or random numbers drawn in backward.",
    )  # fmt: skip


def one_term_of_a_sum(case: Case) -> Diagnosis | None:
    """analytic = the gradient for a cotangent that is zero but at one end of some output axes."""
    if len(case.c) != 1 or case.c[0].ndim == 0:
        return None
    c = case.c[0]
    axes = [q for q in range(c.ndim) if c.shape[q] > 1]
    for many in range(1, len(axes) + 1):
        for chosen in itertools.combinations(axes, many):
            for end, word in ((-1, "last"), (0, "first")):
                masked = np.zeros_like(c)
                place = tuple(end if q in chosen else slice(None) for q in range(c.ndim))
                masked[place] = c[place]
                if is_gradient(case, [masked]):
                    return _one_term(case, chosen, word)
    return None


def _one_term(case: Case, chosen: tuple[int, ...], word: str) -> Diagnosis | None:
    where = " and ".join(str(q) for q in chosen)
    text = f"g{case.name} holds the contribution of the {word} index of output axis {where} only"
    if _is_broadcast(case):
        text += f": {case.name} was broadcast there, so its gradient is the sum over that axis."
        return verdict(case, "missing sum over broadcast axis", 1.0, 0.94, text)
    if word == "last":
        text += f": each turn of a loop overwrites the one before; use g{case.name} += ..., not =."
        return verdict(case, "assigned instead of added", 1.0, 0.94, text)
    text += ": sum over the axis, or do not return inside the loop."
    return verdict(case, "missing sum over broadcast axis", 1.0, 0.94, text)


def _is_broadcast(case: Case) -> bool:
    """Does this input's shape spread over the output (a bias, a scale per channel)?"""
    kept = [n for n in case.x.shape if n > 1]
    return case.x.size < case.y[0].size and (len(kept) <= 1 or _spreads(case))


def _spreads(case: Case) -> bool:
    try:
        return np.broadcast_shapes(case.x.shape, case.y[0].shape) == case.y[0].shape
    except ValueError:
        return False


def same_index_only(case: Case) -> Diagnosis | None:
    """analytic[t] = the part of output t alone, though later outputs depend on input t too."""
    if case.elementwise or len(case.y) != 1 or case.x.ndim < 2 or not case.samples:
        return None
    y, c = case.y[0], case.c[0]
    for axis in range(1, min(case.x.ndim, y.ndim)):
        if case.x.shape[axis] != y.shape[axis] or y.shape[axis] < 2:
            continue
        if all(_is_own_part(case, i, axis, c) for i in case.samples):
            text = f"g{case.name} counts the output at the same index of axis {axis} only; the "
            text += "other outputs depend on it too (through time, or through a sum): add them."
            return verdict(case, "missing accumulation", 1.0, 0.945, text)
    return None


def _is_own_part(case: Case, i: int, axis: int, c: np.ndarray) -> bool:
    t = int(np.unravel_index(i, case.x.shape)[axis])
    own = float(np.sum(np.take(case.column(i)[0] * c, t, axis=axis)))
    return abs(case.a.flat[i] - own) <= 1e-5 * max(case.size, abs(own))


def sum_over_part(case: Case) -> Diagnosis | None:
    """analytic = numeric's sum broadcast back: each element holds a mean or total of the others."""
    flat = case.a[case.known]
    if len(flat) < 3 or np.ptp(flat) > 1e-6 * rms(flat) or np.ptp(case.n[case.known]) == 0:
        return None
    total = float(np.sum(case.n[case.known]))
    if abs(abs(flat[0]) - abs(total)) > 1e-5 * abs(total) and not np.isclose(
        flat[0], total / len(flat), rtol=1e-5
    ):
        return None
    return Diagnosis(
        "summed over too many axes", 0.9, f"all elements of g{case.name} are equal, to the sum (or "
        "mean) of the true ones: it is summed over an axis that must stay.",
    )  # fmt: skip


def swapped_inputs(case: Case) -> Diagnosis | None:
    """analytic = the numeric gradient of another input of the same shape."""
    for name, j, x in case.rivals:
        if np.shape(x) != case.x.shape:
            continue
        known = case.evidence.others.get(name)
        if known is not None and explained(case, np.asarray(known[1])) >= 0.99:
            fit = 1.0
        else:
            fit = 1.0 if is_gradient(case, k=j) else 0.0
        if fit:
            text = f"g{case.name} is the gradient of {name}: does backward return its results in "
            return verdict(case, "another input's gradient", fit, 0.94, text + "the right order?")
    return None


def missing_accumulation(case: Case) -> Diagnosis | None:
    """analytic = numeric − gy (skip lost), gy (skip only), or numeric/2 where f(2x) = 4f(x)."""
    text = f"{case.name} is used twice, and g{case.name} "
    if quadratic(case):
        fit = explained(case, case.n / 2)
        more = "counts one of the two uses only; add both gradients (d(x·x) = 2x dx)."
        if fit < 1 and _one_factor(case):
            fit = 1.0
        return verdict(case, "missing accumulation", fit, 0.94, text + more)
    if not case.same_shape:
        return None
    fit = explained(case, case.n - case.c[0])
    if fit >= 0.99:
        more = "lacks the gradient that comes straight through the skip connection; add (+=) it."
        return verdict(case, "missing accumulation", fit, 0.95, text + more)
    fit = explained(case, case.c[0])
    more = "holds the skip connection only; add the gradient of the other branch."
    prior = 0.945 if _skip_likely(case) else 0.5
    return verdict(case, "missing accumulation", fit, prior, text + more)


def _skip_likely(case: Case) -> bool:
    """f(x) = x + g(x)? Elementwise: f' ≥ 1 everywhere; else a matrix f that is not softmax."""
    if not case.elementwise:
        return case.x.ndim > 1 and not shift_free(case)
    gain = (case.n / case.c[0])[case.known]
    return bool(np.min(gain) >= 1 - 1e-6) and not case.scaled


def quadratic(case: Case) -> bool:
    """f(2x) = 4 f(x) and f(0) = 0: x is multiplied by itself."""
    arrays = list(case.problem.arrays)
    arrays[case.evidence.k] = 2 * case.x
    with np.errstate(all="ignore"):
        twice = case.problem.evaluate(arrays)
    scale = rms(case.y[0])
    return scale > 0 and all(
        np.all(abs(np.asarray(t) - 4 * y) <= 1e-9 * (scale + abs(y)))
        for t, y in zip(twice, case.y, strict=True)
    )


def shift_free(case: Case) -> bool:
    """f(x + constant) = f(x), as for softmax: then no skip connection goes around."""
    arrays = list(case.problem.arrays)
    arrays[case.evidence.k] = case.x + 0.1 * rms(case.x)
    moved = np.asarray(case.problem.evaluate(arrays)[0])
    return bool(np.max(abs(moved - case.y[0])) <= 1e-9 * rms(case.y[0]))


def _one_factor(case: Case) -> bool:
    """y = x xᵀ or xᵀ x with one of the two products gone."""
    if case.x.ndim != 2 or case.c[0].ndim != 2:
        return False
    products = []
    for g, x in itertools.product((case.c[0], case.c[0].T), (case.x, case.x.T)):
        products += [p @ q for p, q in ((g, x), (x, g)) if p.shape[1] == q.shape[0]]
    return any(explained(case, p) == 1.0 for p in products if p.shape == case.a.shape)


HYPOTHESES = (ignores_upstream, not_linear, changes_between_runs, one_term_of_a_sum,
              same_index_only, sum_over_part, swapped_inputs, missing_accumulation)  # fmt: skip
