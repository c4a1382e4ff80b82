"""Other sizes: interpolation, upsampling, shuffles of pixels and channels, Flatten, Unflatten."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..row import Case, Fixed, Row, every

MODES = {
    1: ("nearest", "nearest-exact", "linear", "area"),
    2: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    3: ("nearest", "nearest-exact", "trilinear", "area"),
}
SHAPES = {1: ((2, 3, 5), (1, 1, 1), (0, 2, 4)), 2: ((2, 3, 4, 5), (1, 2, 1, 3), (0, 2, 4, 3)),
          3: ((2, 2, 3, 4, 2), (1, 1, 1, 2, 3), (0, 1, 2, 3, 4))}  # fmt: skip
WANTED: dict[int, tuple[dict[str, Any], ...]] = {
    1: ({"size": 7}, {"size": (3,)}, {"size": 5}, {"size": 10}, {"size": 1}, {"scale_factor": 2},
        {"scale_factor": 1.3}, {"scale_factor": (0.6,)}, {"scale_factor": 3.0}),
    2: ({"size": 6}, {"size": (7, 3)}, {"size": (4, 5)}, {"size": (8, 1)}, {"size": (2, 11)},
        {"scale_factor": 2}, {"scale_factor": 1.7}, {"scale_factor": (1.1, 0.7)},
        {"scale_factor": (2.5, 1)}),
    3: ({"size": 4}, {"size": (2, 5, 3)}, {"scale_factor": 2}, {"scale_factor": (1.5, 0.5, 1.2)}),
}  # fmt: skip
HALF = "PyTorch has no smoothing of float16 on the CPU"
BYTES = (
    "PyTorch resizes bytes with weights of 16 bits and rounds after each axis; ours wants floats"
)
TORN = "PyTorch's forward takes other elements here than its own gradient gives them back to"
NARROW = "PyTorch smooths to a width of 1 with the first row in place of all rows"
SAME = "PyTorch's smoothing copies an axis whose size stays; its gradient spreads it nevertheless"
NO_PIXELS = "PyTorch's unshuffle of no pixels leaves the shape as it was"


def torn(mode: str, shape: tuple[int, ...], given: dict[str, Any]) -> str:
    """Why a case is left out where PyTorch's forward of "nearest" and its gradient disagree.

    On 1 and 3 axes its forward works in the dtype of the input, its gradient in float32 (as ours
    does); where the size stays or doubles its gradient does not look at the factor.
    """
    scale, n = given.get("scale_factor"), len(shape) - 2
    if "nearest" not in mode or scale is None or n == 2 or given.get("recompute_scale_factor"):
        return ""
    scales = scale if isinstance(scale, tuple) else (scale,) * n
    half = 0.5 * (mode == "nearest-exact")
    for S, factor in zip(shape[2:], scales, strict=True):
        places = np.arange(int(S * factor)) + half
        forward = np.floor((places / factor).astype(np.float32))
        back = np.floor((places * np.float32(1 / factor)).astype(np.float32))
        if mode == "nearest" and len(places) in (S, 2 * S):
            back = np.floor(places * S / len(places))
        if (np.minimum(forward, S - 1) != np.minimum(back, S - 1)).any():
            return TORN
    return ""


def interpolate(rng: np.random.Generator) -> Iterable[Case]:
    for n, shapes in SHAPES.items():
        for mode in MODES[n]:
            aligns = (
                (None,) if mode in ("nearest", "nearest-exact", "area") else (None, False, True)
            )
            for shape, wanted, align in (
                (s, w, a) for s in shapes for w in WANTED[n] for a in aligns
            ):
                label = f"{mode}, align {align}"
                for recompute in (None, True, False) if "scale_factor" in wanted else (None,):
                    given = {"mode": mode, "align_corners": align, **wanted}
                    if recompute is not None:
                        given["recompute_scale_factor"] = recompute
                    x: Any = rng.normal(size=shape)
                    if mode == "area" and _empty(shape, wanted):
                        x = Fixed(x)  # PyTorch's means of nothing have no backward
                    differs = torn(mode, shape, given)
                    yield Case((x,), kwargs=given, label=label, differs=differs)
    yield from _smooth(rng)
    yield from _many_sizes(rng)
    yield from _kinds(rng)
    yield from _bad(rng)


def _empty(shape: tuple[int, ...], wanted: dict[str, Any]) -> bool:
    scale = wanted.get("scale_factor", 1)
    scales = scale if isinstance(scale, tuple) else (scale,) * (len(shape) - 2)
    return any(S * factor < 1 for S, factor in zip(shape[2:], scales, strict=True))


def _same(shape: tuple[int, ...], wanted: dict[str, Any]) -> bool:
    scales = wanted.get("scale_factor", 1)
    scales = scales if isinstance(scales, tuple) else (scales,) * (len(shape) - 2)
    return any(int(S * f) == S > 1 and f != 1 for S, f in zip(shape[2:], scales, strict=True))


def _smooth(rng: np.random.Generator) -> Iterable[Case]:
    for mode, align, wanted in (
        (m, a, w) for m in ("bilinear", "bicubic", "lanczos") for a in (None, False, True)
        for w in WANTED[2]
    ):  # fmt: skip
        for shape in ((2, 2, 4, 5), (1, 1, 13, 9), (0, 2, 4, 3), (1, 2, 1, 3)):
            given = {"mode": mode, "align_corners": align, "antialias": True, **wanted}
            label, x, lanczos = f"smooth {mode}, {align}", rng.normal(size=shape), mode == "lanczos"
            narrow = wanted.get("size") == (8, 1) and shape[2] > 1 and not (lanczos and align)
            differs = NARROW if narrow else SAME if _same(shape, wanted) and not align else ""
            yield Case((x,), kwargs=given, label=label, differs=differs)
    x = rng.normal(size=(1, 1, 12, 30))
    for given in every(mode=("bilinear", "bicubic", "lanczos"), size=((3, 7), (5, 29), (1, 1))):
        yield Case((x,), kwargs={**given, "antialias": True}, label="much smaller")


def _many_sizes(rng: np.random.Generator) -> Iterable[Case]:
    """Which element is nearest depends on the rounding of the ratio: many sizes show it."""
    for S in (3, 7, 10, 49):
        x = np.arange(S).astype(np.float64)[None, None]
        for mode in ("nearest", "nearest-exact", "linear"):
            for size in (1, 2, 3, 5, 6, 9, 13, 14, 20, 29, 98, 147):
                yield Case((x,), kwargs={"mode": mode, "size": size}, label=f"{S} to {size}")
            for scale in (0.4, 0.7, 1.1, 1.9, 2.3, 3, 1 / 3, 4 / 3, 10 / 7, 0.999, 1.001):
                given = {"mode": mode, "scale_factor": scale}
                differs = torn(mode, x.shape, given)
                yield Case((x,), kwargs=given, label=f"{S} by {scale:.3f}", differs=differs)


def _kinds(rng: np.random.Generator) -> Iterable[Case]:
    special = rng.normal(size=(1, 2, 4, 5))
    special[0, 0, 1, 2], special[0, 1, 3, 3] = math.inf, math.nan
    for mode in ("nearest", "nearest-exact", "area"):
        given = {"mode": mode, "size": (6, 3)}
        yield Case((special,), kwargs=given, label="NaN, inf", smooth=False)
    for n, dtype in (
        (n, d) for n in SHAPES for d in ("uint8", "int64", "int32", "bool", "float16")
    ):
        x = rng.integers(0, 2, SHAPES[n][0]).astype(dtype)
        for mode in MODES[n]:
            byte = dtype == "uint8" and mode in ("bilinear", "bicubic")
            given = {"mode": mode, "scale_factor": 1.5}
            yield Case((x,), kwargs=given, label=f"{dtype}, {mode}", differs=BYTES if byte else "")
            reason = {"uint8": BYTES, "float16": HALF}.get(dtype, "")
            if mode in ("bilinear", "bicubic"):
                given = {**given, "antialias": True}
                yield Case((x,), kwargs=given, label=f"{dtype}, smooth {mode}", differs=reason)


def _bad(rng: np.random.Generator) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 4, 5))
    nan = float("nan")
    wrong: tuple[dict[str, Any], ...] = (
        {"size": (0, 3)}, {"size": -1}, {"size": (3,)}, {"size": (3, 3, 3)}, {"size": 3.5},
        {"size": (2, 2.0)}, {"size": True}, {"size": "a"}, {"size": 2, "scale_factor": 2}, {},
        {"scale_factor": 0.1}, {"scale_factor": -1.0}, {"scale_factor": (2,)},
        {"scale_factor": nan}, {"scale_factor": "a"}, {"scale_factor": math.inf},
        {"scale_factor": 0},
        {"size": 2, "recompute_scale_factor": True}, {"size": 2, "recompute_scale_factor": False},
        {"scale_factor": True}, {"size": [3, 4]}, {"scale_factor": [1.5, 2]}, {"size": np.array(3)},
    )  # fmt: skip
    for mode in ("nearest", "area", "bilinear", "bicubic"):
        for given in wrong:
            given = {"mode": mode, **given}
            image = Fixed(x) if mode == "area" else x
            yield Case((image,), kwargs=given, label=f"{mode}, bad size")
    modes = (*MODES[2], "linear", "trilinear", "lanczos", "cubic", "foo", "")
    for given in every(mode=modes, align_corners=(None, False, True), antialias=(False, True)):
        for ndim in (2, 3, 4, 5, 6):
            yield Case(
                (np.ones((2, 3, 4, 5, 3, 2)[:ndim]),), kwargs={"size": 3, **given}, label="bad"
            )
    for shape in ((2, 0, 4, 5), (2, 3, 0, 5), (2, 0, 4), (2, 3, 0), (2, 0, 3, 4, 5)):
        for mode in MODES[len(shape) - 2]:
            x = rng.normal(size=shape)
            image = Fixed(x) if mode == "area" else x
            yield Case((image,), kwargs={"size": 3, "mode": mode}, label="empty")


def upsample(*modes: str, align: bool = True) -> Callable[[np.random.Generator], Iterable[Case]]:
    """The cases of the old functions and the layers: not the whole product again."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for n, wanted in ((k, w) for k in WANTED for w in WANTED[k]):
            for mode in modes or MODES[n]:
                x = rng.normal(size=SHAPES[n][0])
                named = {"mode": mode} if modes == () else {}
                differs = torn(mode, x.shape, wanted)
                yield Case((x,), kwargs={**wanted, **named}, label=f"{n}d {mode}", differs=differs)
                if modes == () and align:
                    given = {**wanted, **named, "align_corners": True}
                    yield Case((x,), kwargs=given, label=f"{n}d {mode}, align")
        x = rng.normal(size=(1, 2, 4, 5))
        for given in ({}, {"size": 0}, {"size": (1, 2, 3)}, {"size": 2, "scale_factor": 2},
                      {"scale_factor": (2, 2, 2)}, {"size": "a"}, {"scale_factor": 0}):  # fmt: skip
            yield Case((x,), kwargs=given, label="bad")
        for given in ({"scale_factor": [2, 2]}, {"scale_factor": "a"}, {"size": [3, 3]}):
            yield Case((x,), kwargs=given, label="list, text")
        yield Case((np.ones((3, 4)),), kwargs={"size": 2}, label="2 axes")

    return cases


def layer(rng: np.random.Generator) -> Iterable[Case]:
    yield from upsample()(rng)
    for recompute in (None, True, False):
        given = {"scale_factor": 1.3, "mode": "bilinear", "recompute_scale_factor": recompute}
        yield Case((rng.normal(size=(2, 3, 5, 7)),), kwargs=given, label="recompute")


def pixel_shuffle(rng: np.random.Generator) -> Iterable[Case]:
    yield from _shuffles(rng, (2, 8, 3, 5), (9, 2, 1), (2, 3, 4, 1, 2), (0, 4, 2, 2), (1, 0, 2, 2))


def pixel_unshuffle(rng: np.random.Generator) -> Iterable[Case]:
    yield from _shuffles(rng, (2, 3, 4, 6), (2, 6, 3), (1, 2, 3, 2, 4), (0, 4, 2, 2), (1, 4, 0, 2),
                         differs=NO_PIXELS)  # fmt: skip


def channel_shuffle(rng: np.random.Generator) -> Iterable[Case]:
    yield from _shuffles(rng, (2, 6, 3, 5), (2, 4, 3), (1, 12, 2, 1, 2), (0, 4, 2, 2), (1, 6, 0, 2))


def _shuffles(
    rng: np.random.Generator, *shapes: tuple[int, ...], differs: str = ""
) -> Iterable[Case]:
    for shape in (*shapes, (4, 4), (4,), (3, 5, 7)):
        for factor in (1, 2, 3, 0, -1):
            x: Any = rng.normal(size=shape)
            if not x.size:  # the backward of PyTorch's shuffle of no pixels fails
                x = Fixed(x)
            reason = differs if isinstance(x, Fixed) and factor == 2 else ""
            yield Case((x,), (factor,), label=f"factor {factor}", differs=reason)
    for bad in (2.0, 2.5, True, None, "a", (2, 2)):
        yield Case((rng.normal(size=(1, 4, 4, 4)),), (bad,), label="bad factor")
    for dtype in ("int64", "bool", "uint8", "float16"):
        yield Case((rng.integers(0, 2, (1, 4, 4, 4)).astype(dtype),), (2,), label=dtype)
    yield Case((rng.normal(size=(1, 4, 4, 4)),), label="no factor")


def flatten(rng: np.random.Generator) -> Iterable[Case]:
    for ndim in range(6):
        x = rng.normal(size=(2, 3, 1, 4, 2)[:ndim])
        yield Case((x,), label=f"{ndim} axes")
        for start, end in every_pair(range(-3, 3)):
            yield Case((x,), (start, end), label=f"{ndim} axes, {start} to {end}")
    yield Case((np.ones((0, 2, 3)),), label="empty")
    yield Case((np.ones((2, 0, 3)),), (0, 1), label="empty")
    yield Case((np.ones((2, 2), np.int64),), (0,), label="integers")
    for bad in (1.0, "a", None):
        yield Case((np.ones((2, 3, 4)),), (bad,), label="bad")


def unflatten(rng: np.random.Generator) -> Iterable[Case]:
    x = rng.normal(size=(2, 12, 3))
    for dim in (1, -2, 0, 2, 3, -4):
        for sizes in ((3, 4), (12,), (2, -1), (-1,), (2, 2, 3), [4, 3], (1, 12), (5, 2), (-1, -1),
                      (), (0, -1), (-2, -6), 12, "a", (2.0, 6), None):  # fmt: skip
            yield Case((x,), (dim, sizes), label=f"axis {dim}")
    for bad in (1.0, "N", None, True):
        yield Case((x,), (bad, (3, 4)), label="bad axis")
    yield Case((np.ones((0, 4)),), (1, (2, 2)), label="empty batch")
    yield Case((np.ones((2, 4), np.int64),), (1, (2, 2)), label="integers")
    yield Case((np.ones((2, 0)),), (1, (0, 3)), label="no elements")


def every_pair(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """All pairs of these numbers."""
    numbers = list(numbers)
    return ((a, b) for a in numbers for b in numbers)


ROWS = [
    Row("F.interpolate", interpolate),
    Row("F.upsample", upsample()),
    Row("F.upsample_nearest", upsample("nearest")),
    Row("F.upsample_bilinear", upsample("bilinear")),
    Row("nn.Upsample", layer),
    Row("nn.UpsamplingNearest2d", upsample("nearest")),
    Row("nn.UpsamplingBilinear2d", upsample("bilinear")),
    *(Row(f"{home}.{names[home == 'nn']}", cases)
      for names, cases in ((("pixel_shuffle", "PixelShuffle"), pixel_shuffle),
                           (("pixel_unshuffle", "PixelUnshuffle"), pixel_unshuffle),
                           (("channel_shuffle", "ChannelShuffle"), channel_shuffle))
      for home in ("F", "nn")),
    Row("nn.Flatten", flatten),
    Row("nn.Unflatten", unflatten),
]  # fmt: skip
