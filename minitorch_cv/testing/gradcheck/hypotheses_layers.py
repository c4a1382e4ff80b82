"""Hypotheses about elementwise functions, dropout, softmax and losses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from .evidence import Diagnosis
from .hypotheses_tools import Case, explained, rms, verdict


def missing_derivative(case: Case) -> Diagnosis | None:
    """analytic = gy: the layer's own derivative is not multiplied in."""
    if not case.same_shape:
        return None
    fit = explained(case, case.c[0])
    if case.elementwise and _is_mask(case.n, case.c[0], case.known) is not None:
        return None  # a mask: named by another hypothesis
    text = f"g{case.name} is the upstream gradient, passed on unchanged; multiply it by the "
    text += "derivative of the function."
    prior = 0.94 if case.elementwise else 0.9
    return verdict(case, "missing activation derivative", fit, prior, text)


def wrong_point(case: Case) -> Diagnosis | None:
    """analytic = gy · f'(y), gy · f(x), gy · x(1 − x), gy · (1 − x²) …: f' elsewhere."""
    if not case.elementwise:
        return None
    for factor, words in _elsewhere(case):
        fit = explained(case, case.c[0] * factor)
        if fit == 1.0:
            text = f"g{case.name} is gy times {words}: look at what forward saves for backward, "
            text += "and write the derivative with that."
            return verdict(case, "derivative at the wrong point", fit, 0.93, text)
    return None


def _elsewhere(case: Case) -> Iterator[tuple[np.ndarray, str]]:
    x, y = case.x, case.y[0]
    arrays = list(case.problem.arrays)
    arrays[case.evidence.k] = y
    with np.errstate(all="ignore"):
        with suppress(Exception):  # y may lie outside what f accepts
            yield case.push(np.ones(x.shape), arrays)[0], "f'(y), the derivative at the output"
        yield y, "f(x), the value of the function and not its derivative"
        yield x, "x"
        yield x * (1 - x), "x(1 - x), the derivative of the sigmoid written for its output"
        yield 1 - x * x, "1 - x², the derivative of tanh written for its output"
        yield 1 - y, "1 - y, half of the derivative of the sigmoid"
        yield 1 - y * y, "1 - y²"
        yield y * (1 - y), "y(1 - y)"


def _is_mask(g: np.ndarray, c: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, float] | None:
    """(mask, s) when g = s · mask · c with mask 0 or 1; None otherwise."""
    usable = known & (abs(c) > 1e-9)
    with np.errstate(all="ignore"):
        gain = np.where(usable, g / c, 0.0)
    mask = usable & (abs(gain) > 1e-7)
    if not mask.any():
        return None
    s = float(np.median(gain[mask]))
    return (mask, s) if np.all(abs(gain[mask] - s) <= 1e-5 * abs(s)) else None


def masks(case: Case) -> Diagnosis | None:
    """numeric = s · mask · gy (ReLU, dropout): scale s lost or doubled, or another mask."""
    if not case.same_shape:
        return None
    c = case.c[0]
    true, got = _is_mask(case.n, c, case.known), _is_mask(case.a, c, case.known)
    if true is None or got is None:
        return None
    mask, s = true
    random = not _follows_sign(case, mask)
    if not np.array_equal(got[0], mask):
        return _wrong_mask(case, mask, got, random)
    if abs(s - 1) < 1e-6 or not random or s < 1:
        return None  # a constant factor says it better
    r = got[1] / s
    text = f"g{case.name} has the mask of dropout, but "
    if abs(r * s - 1) < 1e-5:
        text += f"not its scale 1/(1-p) = {s:.4g}; forward divides by 1-p, so must backward."
    elif abs(r - s) < 1e-5 * s:
        text += f"its scale 1/(1-p) = {s:.4g} twice."
    elif r < 1 and abs(r * s - (1 - 1 / s)) < 1e-5:
        text += "it is scaled by p and not by 1/(1-p)."
    elif abs(r * s * s - 1) < 1e-5:
        text += "it is multiplied by 1-p where forward divides by it."
    else:
        return None
    return verdict(case, "dropout not scaled", explained(case, r * case.n), 0.96, text)


def _follows_sign(case: Case, mask: np.ndarray) -> bool:
    """Is the mask of the numeric gradient that of ReLU (x > 0)?"""
    usable = case.known & (abs(case.c[0]) > 1e-9)
    return bool(np.array_equal(mask[usable], (case.x > 0)[usable]))


def _wrong_mask(
    case: Case, mask: np.ndarray, got: tuple[np.ndarray, float], random: bool
) -> Diagnosis | None:
    live = case.known & (abs(case.c[0]) > 1e-9)
    if random and got[0][live].all() and abs(got[1] - 1) < 1e-6:
        text = f"g{case.name} is passed on unchanged, as in evaluation; while training backward "
        text += "multiplies by the mask of forward and by 1/(1-p)."
        return verdict(case, "train/eval mixed up", 1.0, 0.95, text)
    if random:
        text = f"g{case.name} is not zero where the output was dropped: backward must multiply by "
        text += "the very mask that forward drew; save it, do not draw a new one."
        return verdict(case, "dropout mask not reused", 1.0, 0.95, text)
    usable = case.known & (abs(case.c[0]) > 1e-9)
    text = f"g{case.name} lets through other elements than forward did: the mask is x > 0"
    if np.array_equal(got[0][usable], (case.x <= 0)[usable]):
        text += " and not its opposite."
    elif np.array_equal(got[0][usable], (case.c[0] > 0)[usable]):
        text += ", and not where the upstream gradient is positive."
    elif np.array_equal(got[0][usable], ((case.c[0] > 0) & (case.x > 0))[usable]):
        text += " only; the sign of the upstream gradient must not matter."
    elif got[0][usable].all():
        text += "; here nothing is masked: the derivative is not multiplied in."
        return verdict(case, "missing activation derivative", 1.0, 0.95, text)
    else:
        text += " of this layer's own input."
    return verdict(case, "wrong mask", 1.0, 0.95, text)


def wrong_branch(case: Case) -> Diagnosis | None:
    """Only elements with x < 0 (or only x > 0) are wrong, all of them: one branch of f."""
    if not case.elementwise or case.wrong.sum() < 2:
        return None
    live = case.known & (abs(case.c[0]) > 1e-9)
    for side, words in ((case.x < 0, "negative"), (case.x > 0, "positive")):
        if np.array_equal(case.wrong[live], side[live]) and not side[live].all():
            values = case.a[case.wrong]
            what = " (it is zero there)" if not values.any() else ""
            text = f"g{case.name} is wrong where {case.name} is {words} only{what}; look at the "
            return verdict(case, "wrong branch", 1.0, 0.93, text + f"{words} side of the formula.")
    return None


def softmax_as_elementwise(case: Case) -> Diagnosis | None:
    """analytic[i] = J[i, i] · gy[i]: only the diagonal of the Jacobian, though f mixes elements."""
    if not case.same_shape or case.elementwise or not case.samples:
        return None
    for i in case.samples:
        diagonal = float(case.column(i)[0].flat[i]) * float(case.c[0].flat[i])
        if abs(case.a.flat[i] - diagonal) > 1e-5 * max(case.size, abs(diagonal)):
            return None
    text = f"g{case.name} uses the diagonal of the Jacobian only, as if each output depended on "
    text += "its own input; softmax and its like mix them: gx = y * (gy - sum(gy * y))."
    return verdict(case, "softmax as elementwise", 1.0, 0.955, text)


def softmax_terms(case: Case) -> Diagnosis | None:
    """y > 0 sums to 1 (softmax): analytic = gy·y (no sum term); e^y sums to 1 (log-softmax)."""
    if not case.same_shape or case.elementwise or case.x.ndim < 1:
        return None
    y, c = case.y[0], case.c[0]
    for axis in range(case.x.ndim):
        for p, log in ((y, False), (np.exp(np.minimum(y, 0)), True)):
            if (p < 0).any() or np.max(abs(p.sum(axis=axis) - 1)) > 1e-9:
                continue
            for predicted in _softmax_mistakes(p, c, axis, log):
                if (fit := explained(case, predicted)) == 1.0:
                    name = "log-softmax: gx = gy - softmax * sum(gy)" if log else (
                        "softmax: gx = y * (gy - sum(gy * y))")  # fmt: skip
                    text = f"g{case.name} lacks a part of the backward of {name}, with sums over "
                    return verdict(
                        case, "missing softmax term", fit, 0.95, f"{text}axis {axis}, kept."
                    )
    return None


def _softmax_mistakes(p: np.ndarray, c: np.ndarray, axis: int, log: bool) -> Iterator[np.ndarray]:
    if log:
        yield c
        yield c - p
        yield c - p * c
        yield c - p * c.mean(axis=axis, keepdims=True)
        yield c - c.sum(axis=axis, keepdims=True)
        return
    yield c * p
    yield p * c.sum(axis=axis, keepdims=True)
    yield p * (c - c.sum(axis=axis, keepdims=True))
    yield c - p * (c * p).sum(axis=axis, keepdims=True)
    yield p * (c - (c * p).mean(axis=axis, keepdims=True))
    yield p * (c - (c * p).sum())


def target_term(case: Case) -> Diagnosis | None:
    """A loss of (N, C): one element per row is wrong, all by the same amount or as they are 0."""
    if case.x.ndim != 2 or case.y[0].size > case.x.shape[0] or min(case.x.shape) < 2:
        return None
    rows = case.wrong.sum(axis=1)
    d = (case.a - case.n)[case.wrong]
    if not (rows == 1).all():
        return None
    zeros = not case.a[case.wrong].any()
    if not zeros and case.y[0].size == 1 and np.ptp(d) > 1e-5 * rms(d):
        return None
    text = f"g{case.name} is wrong in exactly one column of each row: that is the target's "
    text += "class, with a term of its own; cross-entropy has the gradient (softmax - onehot)/N."
    return verdict(case, "missing target term", 1.0, 0.93, text)


HYPOTHESES = (missing_derivative, wrong_point, masks, wrong_branch, softmax_as_elementwise,
              softmax_terms, target_term)  # fmt: skip
