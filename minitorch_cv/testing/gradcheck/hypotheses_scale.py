"""Hypotheses about size and sign: zero, wrong sign, a factor, a factor that is an array."""

from __future__ import annotations

import math

import numpy as np

from .evidence import Diagnosis
from .hypotheses_tools import Case, aligned, explained, rms, verdict


def zero(case: Case) -> Diagnosis | None:
    """analytic = 0."""
    if case.size == 0 or np.max(abs(case.a[case.known]), initial=0.0) > 1e-12 * case.size:
        return None
    return Diagnosis(
        "zero", 0.98, f"g{case.name} is zero everywhere, but the output does depend on "
        f"{case.name}; is it ever written, or cut off (detached, masked, an integer division)?",
    )  # fmt: skip


def wrong_sign(case: Case) -> Diagnosis | None:
    """analytic = −numeric, everywhere, or in all wrong elements."""
    fit = explained(case, -case.n)
    if fit == 1.0:
        text = f"g{case.name} has the right size and the wrong sign everywhere; look for a "
        return verdict(case, "wrong sign", fit, 0.97, text + "lost minus (or one too many).")
    fit = explained(case, np.where(case.wrong, -case.n, case.n))
    if case.wrong.sum() < 2:
        return None
    text = f"{int(case.wrong.sum())} of {int(case.known.sum())} elements of g{case.name} have the "
    text += "wrong sign and the right size; which of them does the formula treat differently?"
    return verdict(case, "wrong sign", fit, 0.94, text)


def constant_factor(case: Case) -> Diagnosis | None:
    """analytic = r · numeric with one r: the median of analytic / numeric."""
    ratio = _ratio(case)
    if ratio is None or abs(ratio) < 1e-9 or abs(ratio + 1) < 1e-5:
        return None
    fit = explained(case, ratio * case.n)
    named = _name_of(case, ratio)
    sign = " with the wrong sign" if ratio < 0 else ""
    text = f"g{case.name} is {abs(ratio):.6g} times the true gradient everywhere{sign}"
    if named:
        text += f": that is {named}; look for a factor forgotten or applied twice (a mean needs "
        text += "1/N, a sum does not)."
    else:
        text += "; look for a constant of the forward pass that backward forgot or repeats."
    return verdict(case, "constant factor", fit, 0.93 if named else 0.85, text, free=1)


def _ratio(case: Case) -> float | None:
    large = case.known & (abs(case.n) > 1e-3 * case.size)
    return float(np.median(case.a[large] / case.n[large])) if large.any() else None


def _name_of(case: Case, ratio: float) -> str:
    """What a factor is: a small number, a size or a product of sizes, or one upon it."""
    sizes = _sizes(case)
    found = []
    for value, name in sizes:
        for power, text in ((value, name), (1 / value, f"1/{name}"), (math.sqrt(value), f"√{name}"),
                            (1 / math.sqrt(value), f"1/√{name}"),
                            ((value - 1) / value, f"(n-1)/n for n = {name}"),
                            (value / max(value - 1, 1e-9), f"n/(n-1) for n = {name}")):  # fmt: skip
            if value > 1 and math.isclose(abs(ratio), power, rel_tol=1e-5) and text not in found:
                found.append(text)
    return " or ".join(found[:3])


def _sizes(case: Case) -> list[tuple[float, str]]:
    """Numbers a gradient is often multiplied by, with what they are."""
    sizes: list[tuple[float, str]] = [(2.0, "2"), (4.0, "4")]
    first = np.shape(case.problem.arrays[0])
    if first:
        sizes.append((first[0], f"{first[0]} (the batch size N)"))
    shapes = [(case.name, case.x.shape), ("y", case.y[0].shape)]
    shapes += [(name, np.shape(x)) for name, _, x in case.rivals]
    for name, shape in shapes:
        sizes.append((math.prod(shape), f"{math.prod(shape)} (the elements of {name})"))
        sizes += [(n, f"{n} (axis {q} of {name})") for q, n in enumerate(shape)]
        if len(shape) == 4:
            area = shape[2] * shape[3]
            sizes.append((area, f"{area} (H*W of {name})"))
            sizes.append((area * shape[0], f"{area * shape[0]} (N*H*W of {name})"))
    for key, value in case.evidence.params.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            sizes.append((float(value), f"{value} ({key})"))
            sizes.append((float(value) ** 2, f"{value}² ({key}²)"))
            if value < 1:
                sizes.append((1 / (1 - float(value)), f"1/(1-{key})"))
    return [(float(v), name) for v, name in sizes]


def factor_is_an_array(case: Case) -> Diagnosis | None:
    """analytic = numeric / v or numeric · v, for v an input, an output or x itself, broadcast."""
    arrays = [(name, np.asarray(x)) for name, _, x in case.rivals]
    arrays += [(case.name, case.x)]
    arrays += [("the output", case.y[0])]
    for name, array in arrays:
        v = aligned(array, case.a.shape)
        if v is None or rms(v - np.mean(v)) <= 1e-6 * rms(v):
            continue
        with np.errstate(all="ignore"):
            lost, twice = case.n / v, case.n * v
        text = f"g{case.name} is the true gradient "
        fit = explained(case, lost)
        if fit >= 0.95:
            text += f"without its factor {name}: multiply by {name}, as the chain rule says."
            return verdict(case, "missing factor", fit, 0.945, text)
        fit = explained(case, twice)
        if fit >= 0.95:
            text += f"times {name} once too often: one multiplication by {name} too many."
            return verdict(case, "extra factor", fit, 0.92, text)
    return None


def wrong_array(case: Case) -> Diagnosis | None:
    """analytic = Σ gy · v over the axes that the input lacks, v an input or an output."""
    if len(case.c) != 1 or case.c[0].ndim == 0 or case.same_shape:
        return None
    arrays = [(name, np.asarray(x)) for name, _, x in case.rivals]
    arrays += [("the output", case.y[0]), ("1 (only gy is summed)", np.ones(1))]
    for name, array in arrays:
        v = aligned(array, case.c[0].shape)
        if v is None:
            continue
        summed = _summed_to(case.c[0] * v, case.x.shape)
        fit = 0.0 if summed is None else explained(case, summed)
        if fit == 1.0:
            text = f"g{case.name} is the sum of gy times {name}: that is not what {case.name} is "
            text += "multiplied with in the forward pass (for batch norm it is x̂)."
            return verdict(case, "wrong array", fit, 0.92, text)
    return None


def _summed_to(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """x summed to one value per channel (1-D shape) or to a shape it was broadcast from."""
    if len(shape) == 1 and x.ndim > 2 and shape[0] == x.shape[1]:
        return np.asarray(x.sum(axis=(0, *range(2, x.ndim))))
    lead = x.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, x.shape[lead:], strict=True)):
        return None
    x = x.sum(axis=tuple(range(lead)))
    ones = tuple(q for q, n in enumerate(shape) if n == 1)
    return np.asarray(x.sum(axis=ones, keepdims=True))


def factor_per_channel(case: Case) -> Diagnosis | None:
    """analytic = r_j · numeric, another factor r_j for every index j of one axis."""
    for axis in range(case.a.ndim):
        n = case.a.shape[axis]
        if case.known.sum() < 3 * n or n < 2:
            continue
        rows, true = np.moveaxis(case.a, axis, 0), np.moveaxis(case.n, axis, 0)
        known = np.moveaxis(case.known, axis, 0)
        top = np.array([np.sum((r * t)[m]) for r, t, m in zip(rows, true, known, strict=True)])
        low = np.array([np.sum(t[m] ** 2) for t, m in zip(true, known, strict=True)])
        with np.errstate(all="ignore"):
            factors = (top / low).reshape((n,) + (1,) * (case.a.ndim - 1))
        fit = explained(case, np.moveaxis(factors * true, 0, axis))
        elsewhere = abs(factors.ravel() - 1) > 1e-5
        if fit < 0.99 or elsewhere.sum() < 2:
            continue  # one wrong index is named by its place
        rest = tuple(q for q in range(case.a.ndim) if q != axis)
        what = _deviation(case, factors.ravel(), rest)
        text = f"g{case.name} has another wrong factor for every index of axis {axis}"
        text += what or "; look for a scale per channel that backward lacks or repeats."
        return verdict(case, "factor per channel", fit, 0.78 if what else 0.72, text)
    return None


def _deviation(case: Case, factors: np.ndarray, rest: tuple[int, ...]) -> str:
    """Is the factor a power of the deviation of x along the same axis?"""
    spread = np.std(case.x, axis=rest).ravel()
    if spread.shape != factors.shape or (spread <= 0).any():
        return ""
    for power, name in ((1, "√var"), (2, "var"), (-1, "1/√var"), (-2, "1/var")):
        unit = factors / spread**power
        if np.ptp(unit) <= 1e-2 * abs(np.mean(unit)) and np.ptp(spread) > 5e-2 * np.mean(spread):
            return f": it follows {name} of {case.name}; look at the power of the deviation."
    return ""


def slightly_off(case: Case) -> Diagnosis | None:
    """|analytic − numeric| < 3 % of numeric everywhere, and not in one place only."""
    count = int(case.known.sum())
    if case.wrong.sum() < 0.5 * count or case.wrong.sum() < 2:
        return None
    relative = abs(case.a - case.n)[case.known] / np.maximum(abs(case.n[case.known]), case.size)
    worst = float(np.max(relative))
    if worst > 0.03:
        return None
    text = f"g{case.name} is almost right: off by up to {worst:.1g} of its size nearly everywhere; "
    for dtype in (np.float16, np.float32):
        if np.array_equal(case.a.astype(dtype)[case.known], case.a[case.known]):
            text += f"it was computed in {dtype.__name__}; check in float64."
            return Diagnosis("low precision", 0.9, text)
    return Diagnosis(
        "slightly off", 0.8, text + "look for an epsilon that forward and backward do not share, "
        "n - 1 for n, an approximate formula or a low precision.",
    )  # fmt: skip


HYPOTHESES = (zero, wrong_sign, constant_factor, factor_is_an_array, wrong_array,
              factor_per_channel, slightly_off)  # fmt: skip
