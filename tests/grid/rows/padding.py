"""Padding: F.pad in all modes, and the layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ..row import Case, Row

PADS = {  # for 1, 2 and 3 axes
    1: ((1, 2), (2, 0), (0, 0), (-1, 2), (1, -2), (-1, -1)),
    2: ((1, 2, 0, 1), (2, 2, 1, 1), (0, 0, 0, 0), (-1, 2, 1, -1), (0, -1, -2, 0)),
    3: ((1, 0, 0, 1, 1, 1), (1, 1, 1, 1, 0, 0), (-1, 1, 0, 0, 1, -1)),
}
SIZES = {1: (4,), 2: (3, 5), 3: (3, 2, 4)}
MODES = ("constant", "reflect", "replicate", "circular")
BUGGY = "PyTorch's circular padding reads memory it never wrote where one end of an axis is cut off"


def pad(rng: np.random.Generator) -> Iterable[Case]:
    for n, mode in ((n, mode) for n in SIZES for mode in MODES):
        for pads in PADS[n]:
            mixed = mode == "circular" and any(
                min(pair) < 0 < max(pair) for pair in zip(pads[::2], pads[1::2], strict=True)
            )
            differs = BUGGY if mixed else ""
            for lead in ((2, 3), (2,), (0, 2), (1, 1)):
                x = rng.normal(size=(*lead, *SIZES[n]))
                yield Case((x, pads), kwargs={"mode": mode}, label=f"{mode}", differs=differs)
    yield from _cut(rng)
    yield from _ranks(rng)
    yield from _dtypes(rng)
    yield from _options(rng)


def _cut(rng: np.random.Generator) -> Iterable[Case]:
    """More cut off than is left, and borders as large as they may be, and larger."""
    x = rng.normal(size=(2, 2, 3))
    for mode in MODES:
        edges = [(2, 2), (3, 0), (0, 3), (4, 0), (0, 4), (-2, -1), (-3, 0), (-4, 0), (-1, -3)]
        if mode != "circular":
            edges += [(-3, 2), (-4, 2), (2, -4), (1, -3), (-4, 4), (3, -3), (-3, 3), (3, -1)]
        for pads in edges:
            yield Case((x, pads), kwargs={"mode": mode}, label=f"{mode}, edge")
        for shape in ((2, 0, 3), (2, 3, 0), (0, 3), (3, 0), (2, 3, 1)):
            for pads in ((1, 1), (0, 0), (1, 0)):
                yield Case((rng.normal(size=shape), pads), kwargs={"mode": mode}, label="empty")
        for shape in ((2, 0, 3, 3), (2, 3, 0, 3), (2, 3, 3, 0), (0, 3, 3)):
            for pads in ((1, 1, 1, 1), (0, 0, 0, 0), (1, 1, 0, 0)):
                yield Case((rng.normal(size=shape), pads), kwargs={"mode": mode}, label="empty, 2d")


def _ranks(rng: np.random.Generator) -> Iterable[Case]:
    for mode in MODES:
        for ndim in range(7):
            for n in range(5):
                x = rng.normal(size=(3,) * ndim)
                yield Case((x, (1,) * (2 * n)), kwargs={"mode": mode}, label=f"{ndim} axes")


def _dtypes(rng: np.random.Generator) -> Iterable[Case]:
    for dtype in ("int64", "int32", "uint8", "bool", "float16"):
        x = rng.integers(0, 2, (2, 3, 4)).astype(dtype)
        for mode in MODES:
            yield Case((x, (1, 2)), kwargs={"mode": mode}, label=dtype)
        for value in (None, 0, 1, 2.7, -1, 300, True, float("nan"), float("inf"), 1e20):
            yield Case((x, (1, 2)), kwargs={"value": value}, label=f"{dtype}, value {value}")


def _options(rng: np.random.Generator) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 4))
    for value in (-2.5, 3, None, 0, True, float("nan"), float("-inf"), "a"):
        yield Case((x, (1, 2, -1, 1)), kwargs={"value": value}, label=f"value {value}")
        for mode in MODES[1:]:
            yield Case((x, (1, 2)), kwargs={"mode": mode, "value": value}, label=f"value {value}")
    for mode in ("zeros", "edge", None):
        yield Case((x, (1, 1)), kwargs={"mode": mode}, label="bad mode")
    for bad in ((1.0, 1), (True, 1), 1, "a", None, (1,), (1, 1, 1), (1, None)):
        for mode in MODES:
            yield Case((x, bad), kwargs={"mode": mode}, label="bad pad")
    yield Case((x, [1, 1]), label="a list")


def layer(n: int, *more: float) -> Callable[[np.random.Generator], Iterable[Case]]:
    """The cases of a padding layer; `more` follows its padding."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for pads in (1, 0, *PADS[n][:3], list(PADS[n][0])):
            for lead in ((2, 3), (3,), (0, 2)):
                x = rng.normal(size=(*lead, *SIZES[n]))
                yield Case((x,), (pads, *more), label=f"{pads}")
        for ndim in range(1, 7):
            yield Case((rng.normal(size=(3,) * ndim),), (1, *more), label=f"{ndim} axes")
        x = rng.normal(size=(2, 3, *SIZES[n]))
        for bad in ("a", 1.5, (1,), (1, 1, 1), 9, -9, None):
            yield Case((x,), (bad, *more), label="bad padding")
        for wrong in ((1, 1), (1, 1, 1, 1), (1, 1, 1, 1, 1, 1)):
            yield Case((x,), (wrong, *more), label=f"{len(wrong)} numbers")
        yield Case((x,), (), label="no arguments")
        yield Case((np.ones((2, *SIZES[n]), np.int64),), (1, *more), label="integers")

    return cases


ROWS = [
    Row("F.pad", pad),
    *(Row(f"nn.{kind}Pad{n}d", layer(n))
      for kind in ("Zero", "Reflection", "Replication", "Circular") for n in (1, 2, 3)),
    *(Row(f"nn.ConstantPad{n}d", layer(n, 1.5)) for n in (1, 2, 3)),
]  # fmt: skip
