"""Says in words where the wrong elements of an array are."""

from __future__ import annotations

import numpy as np

_AXES = {
    2: ("row", "column"),
    3: ("entry of axis 0", "row", "column"),
    4: ("entry of axis 0", "channel", "row", "column"),
}


def describe(wrong: np.ndarray, known: np.ndarray) -> str:
    """Where the errors are: everywhere, only at the border, only in one channel, …

    wrong, known: bool arrays of one shape: which elements are wrong, and which were measured.
    Says "" where there is no pattern worth a word.
    """
    wrong = wrong & known
    count, total = int(wrong.sum()), int(known.sum())
    if count == 0 or wrong.ndim == 0:
        return ""
    if count == total:
        return "everywhere"
    if count == 1:
        return "one element alone" if total == wrong.size else "one of the measured elements"
    slices = _slices(wrong, known)
    if slices.startswith("only the last tap"):
        return slices
    border = _border(wrong.shape)
    if border is not None and (known & ~border).any() and (known & border).any():
        if not (wrong & ~border).any():
            return "only at the border" + (", all of it" if _same(wrong, border, known) else "")
        if _same(wrong, ~border, known):
            return "only inside, not at the border"
    if slices:
        return slices
    share = count / total
    if share > 0.9:
        return "almost everywhere"
    return f"scattered, in {share:.0%} of the elements" if total > 8 else ""


def _same(wrong: np.ndarray, region: np.ndarray, known: np.ndarray) -> bool:
    return bool((wrong == (region & known)).all())


def _border(shape: tuple[int, ...]) -> np.ndarray | None:
    """The outermost rows and columns of the last two axes (of the only one in 1-d)."""
    if len(shape) < 2 or min(shape[-2:]) < 3:
        return None
    border = np.ones(shape, bool)
    border[..., 1:-1, 1:-1] = False
    return border


def _slices(wrong: np.ndarray, known: np.ndarray) -> str:
    """One index, the first, the last or every second of some axes: "only channel 0"."""
    words = []
    names = _AXES.get(wrong.ndim, tuple(f"entry of axis {k}" for k in range(wrong.ndim)))
    if wrong.ndim == 1:
        names = ("element",)
    if _last_tap(wrong):
        return "only the last tap (the last row and column)"
    for axis, size in enumerate(wrong.shape):
        rest = tuple(k for k in range(wrong.ndim) if k != axis)
        hit, seen = wrong.any(rest), known.any(rest)
        here = np.flatnonzero(hit)
        if size == 1 or len(here) == int(seen.sum()):
            continue
        words.append(_indices(names[axis], here, size))
    words = [w for w in words if w]
    if wrong.ndim == 2 and wrong.shape[0] == wrong.shape[1]:
        if not wrong[np.eye(len(wrong), dtype=bool)].any() and not words:
            return "everywhere but on the diagonal" if _off_diagonal(wrong, known) else ""
        if not wrong[~np.eye(len(wrong), dtype=bool)].any():
            return "only on the diagonal"
    return "only " + ", ".join(words) if words else ""


def _last_tap(wrong: np.ndarray) -> bool:
    """Only the bottom right corner of the kernels of a convolution."""
    if wrong.ndim != 4 or min(wrong.shape[2:]) < 2:
        return False
    elsewhere = wrong.copy()
    elsewhere[:, :, -1, -1] = False
    return not elsewhere.any()


def _off_diagonal(wrong: np.ndarray, known: np.ndarray) -> bool:
    return _same(wrong, ~np.eye(len(wrong), dtype=bool), known)


def _indices(name: str, here: np.ndarray, size: int) -> str:
    if len(here) == 1:
        last = " (the last)" if here[0] == size - 1 else ""
        return f"{name} {here[0]}{last}"
    low, high = int(here[0]), int(here[-1])
    if len(here) == high - low + 1:
        plural = name.replace("entry", "entries") if name.startswith("entry") else f"{name}s"
        return f"{plural} {low} to {high}"
    strides = set(np.diff(here).tolist())
    if len(strides) == 1 and len(here) > 2:
        return f"every {strides.pop()}th {name} from {low} on"
    return ""
