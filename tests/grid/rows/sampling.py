"""Looking images up at computed places: F.grid_sample and F.affine_grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..row import Case, Row, every

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


def off_centre(rng: np.random.Generator, shape: tuple[int, ...], align: bool) -> np.ndarray:
    """Places around an image of that shape, away from the centres and edges of its pixels."""
    N, _, *sizes = shape
    places = []
    for S in reversed(sizes):
        u = rng.integers(-S, 2 * S, (N, 2, *range(3, 2 + len(sizes)))) + rng.choice([0.25, 0.75])
        u = u + rng.uniform(-0.15, 0.15, u.shape)
        places.append(2 * u / max(S - 1, 1) - 1 if align else (2 * u + 1) / S - 1)
    return np.stack(places, axis=-1)


def grid_sample(rng: np.random.Generator) -> Iterable[Case]:
    for given in every(mode=MODES, padding_mode=PADDINGS, align_corners=(False, True, None)):
        align = bool(given["align_corners"])
        for shape in ((2, 3, 4, 5), (1, 1, 1, 3), (1, 2, 1, 1), (0, 2, 3, 3), (2, 2, 2, 3, 4),
                      (1, 1, 1, 2, 3)):  # fmt: skip
            x = rng.normal(size=shape)
            bad = "not for bicubic" if given["mode"] == "bicubic" and len(shape) == 5 else ""
            label = bad or f"{given['mode']}, {given['padding_mode']}, align {align}"
            # At one pixel all places lie on the border, and float32 finds other sides of the kink.
            single = 1 not in shape[2:]
            yield Case((x, off_centre(rng, shape, align)), kwargs=given, label=label, single=single)
        yield from _special(rng, given)
    yield from _bad(rng)


def _special(rng: np.random.Generator, given: dict[str, Any]) -> Iterable[Case]:
    """Places where it is decided by rounding: centres, edges, halves; and far outside."""
    x = rng.normal(size=(2, 2, 4, 8))
    for step in (8, 4, 2):
        ties = rng.integers(-2 * step, 2 * step + 1, (2, 6, 5, 2)) / step
        yield Case((x, ties), kwargs=given, label="ties", smooth=False)
    centres = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in (8, 4)]), axis=-1)[None]
    yield Case((x[:1], centres.astype(np.float64)), kwargs=given, label="centres", smooth=False,
               single=False)  # fmt: skip
    far = rng.choice([-1.0, 1.0], (2, 3, 2, 2)) * rng.integers(3, 200, (2, 3, 2, 2)) + 0.3
    yield Case((x, far), kwargs=given, label="far outside", single=False)
    yield Case((x, rng.normal(size=(2, 0, 2, 2))), kwargs=given, label="no places")
    yield Case((x[:, :0], rng.normal(size=(2, 1, 2, 2))), kwargs=given, label="no channels")
    yield Case((x[:1], 0.9 * rng.uniform(-1, 1, (1, 5, 7, 2))), kwargs=given, label="inside")
    volume, ties = rng.normal(size=(1, 2, 2, 4, 8)), rng.integers(-16, 17, (1, 2, 3, 4, 3)) / 8
    yield Case((volume, ties), kwargs=given, label="ties, volume", smooth=False)


def _bad(rng: np.random.Generator) -> Iterable[Case]:
    def ones(*shape: int) -> np.ndarray:
        return np.ones(shape)

    shapes = (
        ((2, 3, 4, 5), (1, 2, 2, 2)), ((2, 3, 4, 5), (2, 2, 2, 3)), ((2, 3, 4, 5), (2, 2, 2)),
        ((3, 4, 5), (3, 2, 1)), ((2, 3, 0, 5), (2, 2, 2, 2)), ((2, 3, 4, 5, 6), (2, 2, 2, 2)),
        ((2, 3, 4, 5), (2, 2, 2, 2, 2)), ((2, 3), (2, 0)), ((2, 3, 4, 5, 6, 7), (2, 1, 1, 1, 1, 4)),
        ((2, 3, 4, 5, 6), (2, 2, 2, 2, 2)),
    )  # fmt: skip
    for (shape, grid), mode in ((s, m) for s in shapes for m in MODES):
        given = {"mode": mode, "align_corners": False}
        yield Case((ones(*shape), ones(*grid)), kwargs=given, label="bad shapes")
    x, grid = rng.normal(size=(1, 1, 2, 2)), rng.normal(size=(1, 1, 1, 2))
    for given in ({"mode": "linear"}, {"mode": None}, {"mode": 0}, {"padding_mode": "circular"},
                  {"padding_mode": None}, {"align_corners": 1},
                  {"align_corners": "a"}):  # fmt: skip
        yield Case((x, grid), kwargs=given, label="bad option")
    for a, b in (("float32", "float64"), ("int64", "float32"), ("int64", "int64"),
                 ("float16", "float32"), ("uint8", "uint8"), ("float32", "int64")):  # fmt: skip
        for mode in MODES:
            arrays = (np.ones((1, 1, 2, 2), a), np.zeros((1, 1, 1, 2), b))
            given = {"mode": mode, "align_corners": False}
            yield Case(arrays, kwargs=given, label="bad dtypes", single=False)
    for mode in MODES:
        arrays = (np.ones((1, 1, 2, 2), "float16"), np.zeros((1, 1, 1, 2), "float16"))
        yield Case(arrays, kwargs={"mode": mode, "align_corners": False}, label="float16")


def affine_grid(rng: np.random.Generator) -> Iterable[Case]:
    for align in (False, True, None):
        for size in ((2, 1, 3, 4), (1, 3, 1, 5), (2, 2, 1, 1), (2, 1, 2, 3, 4), (1, 1, 1, 1, 2),
                     [2, 1, 2, 3]):  # fmt: skip
            n = len(size) - 2
            theta = rng.normal(size=(size[0], n, n + 1))
            yield Case((theta, size), kwargs={"align_corners": align}, label=f"align {align}")
        for size in ((3, 1, 3, 4), (2, 1, 3), (2, 1, 0, 3), (2, 0, 3, 3), (2, 1, -1, 1),
                     (2.0, 1, 2, 2), "abcd", 5, None, (2, 1, 2, 3, 4), (2, 1, 1, 0),
                     (2,)):  # fmt: skip
            theta = rng.normal(size=(2, 2, 3))
            yield Case((theta, size), kwargs={"align_corners": align}, label="bad size")
        for shape in ((2, 3), (2, 3, 3), (2, 3, 4), (2, 2, 2), (2, 1, 2, 3)):
            theta = rng.normal(size=shape)
            yield Case((theta, (2, 1, 2, 2)), kwargs={"align_corners": align}, label="bad theta")
    for dtype in ("int64", "bool", "float16"):
        theta = np.ones((2, 2, 3), dtype)
        yield Case((theta, (2, 1, 2, 2)), kwargs={"align_corners": False}, label=dtype)
    yield Case((np.ones((0, 2, 3)), (0, 1, 3, 3)), kwargs={"align_corners": False}, label="empty")
    yield Case(
        (np.ones((2, 2, 3)), (2, 1, 2, 2)), kwargs={"align_corners": "a"}, label="bad option"
    )


ROWS = [Row("F.grid_sample", grid_sample), Row("F.affine_grid", affine_grid)]
