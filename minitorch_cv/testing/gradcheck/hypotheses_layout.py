"""Hypotheses about the order of elements: transposed, flipped, shifted, of any layer.

The analytic gradient is known everywhere and the numeric one perhaps not, so it is the analytic
one that is moved back: numeric = H⁻¹(analytic).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from .evidence import Diagnosis, Evidence
from .hypotheses_tools import Case, explained, is_gradient, verdict


def undone(case: Case, restored: np.ndarray, where: np.ndarray | None = None) -> float:
    """How much of the discrepancy is gone once the analytic gradient is moved back."""
    evidence = case.evidence
    moved = Case(evidence._replace(analytic=np.where(np.isfinite(restored), restored, case.n)))
    moved.known = case.known & np.isfinite(restored) & (True if where is None else where)
    covered = moved.known & case.wrong
    if covered.sum() < 2:
        return 0.0
    if moved.near(moved.a, moved.n)[moved.known].all():
        return 1.0
    return min(float(np.mean(moved.near(moved.a, moved.n)[m])) for m in (moved.known, covered))


def transposed(case: Case) -> Diagnosis | None:
    """analytic = numeric with two axes swapped, also where only the memory has that order."""
    shape, d = case.x.shape, case.x.ndim
    if not 2 <= d <= 4 or case.x.size < 3:
        return None
    for order in itertools.permutations(range(d)):
        if order == tuple(range(d)):
            continue
        there = tuple(shape[q] for q in order)
        restored = case.a.reshape(there).transpose(np.argsort(order))
        fit = undone(case, restored)
        if fit >= 0.95:
            text = f"g{case.name} holds the right numbers with its axes in the order {order}; "
            same = "transpose it" if there == shape else "use a transpose, not a reshape"
            return verdict(case, "transposed", fit, 0.95, text + same + " before returning.")
    return None


def transposed_factor(case: Case) -> Diagnosis | None:
    """analytic = a product of gy and another input with the wrong one of them transposed."""
    for name, j, x in case.rivals:
        x, c = np.asarray(x), case.c[0]
        if x.ndim < 2 or c.ndim < 2:
            continue
        arrays = list(case.problem.arrays)
        if x.shape[-1] == x.shape[-2]:
            arrays[j] = np.swapaxes(x, -1, -2)
            if is_gradient(case, arrays=arrays):
                return _transposed_factor(case, name)
        fits = [(explained(case, p) == 1.0, case.near(case.n, p)) for p in _products(case, x)]
        if any(fit for fit, _ in fits):
            if any(near[case.known].all() for _, near in fits):
                return _transposed_factor(case, name)
            text = f"g{case.name} is a product of gy and {name}, as of a linear layer alone; first "
            text += "multiply gy by the derivative of what comes after it."
            return verdict(case, "missing activation derivative", 1.0, 0.92, text)
    return None


def _products(case: Case, x: np.ndarray) -> Iterator[np.ndarray]:
    """All matrix products of gy and another input, transposed or not, that have the right shape."""
    c = case.c[0]
    pairs = itertools.product((c, np.swapaxes(c, -1, -2)), (x, np.swapaxes(x, -1, -2)))
    for p, q in (order for g, v in pairs for order in ((g, v), (v, g))):
        with suppress(ValueError):
            product = p @ q
            if product.shape == case.x.shape:
                yield product


def _transposed_factor(case: Case, name: str) -> Diagnosis | None:
    text = f"g{case.name} uses {name} where its transpose belongs (or the other way round); write "
    text += "down the shape of each factor, with non-square ones in the check."
    return verdict(case, "transposed", 1.0, 0.95, text)


def flipped(case: Case) -> Diagnosis | None:
    """analytic = numeric flipped along its window axes."""
    if case.x.ndim < 3:
        return None
    axes = [q for q in range(2, case.x.ndim) if case.x.shape[q] > 1]
    for many in range(len(axes), 0, -1):
        for chosen in itertools.combinations(axes, many):
            fit = undone(case, np.flip(case.a, chosen))
            if fit >= 0.95:
                return verdict(case, "kernel flipped", fit, 0.95, _flip_text(case.name, chosen))
    return None


def _flip_text(name: str, axes: tuple[int, ...]) -> str:
    where = " and ".join(map(str, axes))
    return (
        f"g{name} is flipped along axis {where}: a convolution where the forward pass is a "
        "cross-correlation (or the other way round)."
    )


def other_moved(case: Case) -> Diagnosis | None:
    """analytic = the true gradient if another input were flipped, transposed, moved or cut."""
    for name, j, x in case.rivals:
        x = np.asarray(x)
        if x.ndim < 3:
            continue
        for kind, value, words in _moves(x):
            if _with_other(case, j, value):
                text = f"g{case.name} is right for {name} {words}."
                return verdict(case, kind, 1.0, 0.87 if kind == "missing taps" else 0.95, text)
    return None


def _moves(x: np.ndarray) -> Iterator[tuple[str, np.ndarray, str]]:
    """(kind, what a backward may take another input for, words)."""
    axes = [q for q in range(2, x.ndim) if x.shape[q] > 1]
    for many in range(len(axes), 0, -1):
        for chosen in itertools.combinations(axes, many):
            words = f"flipped along axis {' and '.join(map(str, chosen))}: a convolution where a "
            words += "cross-correlation belongs (or the other way round)"
            yield "kernel flipped", np.flip(x, chosen), words
    for p, q in itertools.combinations(range(x.ndim), 2):
        if x.shape[p] == x.shape[q] > 1:
            words = f"with axes {p} and {q} swapped: check with sizes that all differ"
            yield "transposed", np.swapaxes(x, p, q), words
    for q in axes:
        for end in (x.shape[q] - 1, 0):
            cut = np.array(x)
            cut[(slice(None),) * q + (end,)] = 0.0
            words = f"without index {end} of its axis {q}: a loop or slice stops too early"
            yield "missing taps", cut, words
    for q, s in itertools.product(axes, (-1, 1, -2, 2)):
        moved = np.roll(x, s, axis=q)
        words = f"moved by {s} along axis {q}: the windows start at the wrong place"
        yield "shifted", moved, words
        gone = np.where(np.isfinite(back := shift_back(x, _unit(x.ndim, q, -s))), back, 0.0)
        yield "shifted", gone, words


def _unit(d: int, q: int, s: int) -> tuple[int, ...]:
    return tuple(s if r == q else 0 for r in range(d))


def _with_other(case: Case, j: int, value: np.ndarray) -> bool:
    if np.array_equal(value, np.asarray(case.problem.arrays[j])):
        return False
    arrays = list(case.problem.arrays)
    arrays[j] = value
    return is_gradient(case, arrays=arrays)


def shifted(case: Case) -> Diagnosis | None:
    """analytic[i] = numeric[i − s] on what overlaps, with one shift s along the window axes."""
    if case.x.ndim < 3:
        return None
    spans = [
        range(-3, 4) if q >= max(2, case.x.ndim - 2) and case.x.shape[q] > 2 else (0,)
        for q in range(case.x.ndim)
    ]
    best: tuple[float, tuple[int, ...]] = (0.0, ())
    for shift in sorted(itertools.product(*spans), key=lambda s: sum(abs(q) for q in s)):
        if not any(shift):
            continue
        restored = shift_back(case.a, shift)
        if np.mean(np.isfinite(restored)) >= 0.25:
            best = max(best, (undone(case, restored), shift), key=lambda pair: pair[0])
        if best[0] == 1.0:
            break
    fit, shift = best
    moves = ", ".join(f"{s:+d} along axis {q}" for q, s in enumerate(shift) if s)
    text = f"g{case.name} is the true gradient moved by {moves}: is the padding cut off at the "
    text += "right place (gx = gx_padded[:, :, P:P+H, P:P+W]), and the window's first index right?"
    return verdict(case, "shifted", fit if fit >= 0.97 else 0.0, 0.94, text)


def shift_back(a: np.ndarray, shift: tuple[int, ...]) -> np.ndarray:
    """b[i] = a[i + s] where that exists, else NaN."""
    back = np.full(a.shape, np.nan)
    to = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(shift, a.shape, strict=True))
    of = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(shift, a.shape, strict=True))
    back[to] = a[of]
    return back


def rows_permuted(case: Case) -> Diagnosis | None:
    """analytic = numeric reversed along the first or last axis, as when a loop runs backwards."""
    for axis in {0, case.x.ndim - 1} if 1 <= case.x.ndim <= 2 else ():
        fit = undone(case, np.flip(case.a, axis))
        if fit == 1.0:
            text = f"g{case.name} has the right numbers in reverse order along axis {axis}."
            return verdict(case, "reversed", fit, 0.93, text)
    if case.x.ndim >= 1 and case.wrong.sum() >= 3 and case.known.all():
        same = np.sort(case.a, axis=None), np.sort(case.n, axis=None)
        if np.all(abs(same[0] - same[1]) <= 1e-5 * case.size):
            text = f"g{case.name} holds the right numbers in the wrong places; look at reshapes, "
            return verdict(case, "permuted", 1.0, 0.8, text + "transposes and index arrays.")
    return None


def wrong_shape(evidence: Evidence) -> Diagnosis:
    """The gradient has another shape: not summed over a broadcast axis, or transposed."""
    name, a = evidence.name, np.asarray(evidence.analytic)
    shape = np.shape(evidence.problem.arrays[evidence.k])
    text = f"g{name} has shape {a.shape}, but {name} has {shape}"
    if a.T.shape == shape:
        return Diagnosis("transposed", 0.9, text + ": it is transposed.")
    try:
        broadcast = np.broadcast_shapes(a.shape, shape) == a.shape
    except ValueError:
        broadcast = False
    if broadcast:
        more = f": {name} was broadcast, so sum the gradient over the extra axes."
        return Diagnosis("missing sum over broadcast axis", 0.93, text + more)
    return Diagnosis("wrong shape", 0.9, text + "; a gradient has the shape of its input.")


HYPOTHESES = (transposed, transposed_factor, flipped, other_moved, shifted,
              rows_permuted)  # fmt: skip
