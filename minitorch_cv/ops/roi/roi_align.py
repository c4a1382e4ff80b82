"""roi_align: a grid of OH × OW means over each region of interest (RoI), with nothing rounded.

    y_{r, c} = Y_r x_{n_r, c} X_rᵀ;  y[r, c, p, q] = Σ_{h, w} Y[r, p, h] X[r, q, w] x[n_r, c, h, w]
    gx_{n, c} = Σ_{r on image n} Y_rᵀ gy_{r, c} X_r

The box is cut into OH × OW bins, each bin is sampled at G × G' places, and a sample is interpolated
between the four pixels around it. Rows and columns part ways: Y_r (OH, H) holds how much each row
counts in each row of bins,

    Y[r, p, h] = 1/G Σ_{i < G} max(0, 1 − |h − v_i|)      v_i = v_min + p b + (i + ½) b / G

with the bin's height b = (v_max − v_min) / OH and v = spatial_scale · y, from which ½ is taken if
`aligned` (then pixel h's centre is h + ½ in the box's measure; else a box has at least the size
1). A sample from v = −1 to 0 lies on row 0, one from H − 1 to H on the last; further out it counts
as 0. G = sampling_ratio, or ⌈b⌉ where that is not positive. X_r (OW, W) is the same for columns.

A pixel of weight 0 is not looked at: a NaN there stays out. A box with a coordinate that is NaN or
infinite answers 0. Boxes are constants: they have no gradient.
Shapes: x (N, C, H, W), boxes (R, 4), both of one float dtype; index (R,) int64, each box's image
→ y (R, C, OH, OW). output_size: an int, or OH and OW.
Raises: ValueError for shapes and for a box on no image, TypeError for dtypes.
Source: K. He et al., "Mask R-CNN", 2017, section 3; torchvision's rules at the edges. Verified by
the op checks against loops, and with torchvision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import is_int, numbers_from
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from .rois import bad_rois, check_rois, draw_boxes


class Saved(NamedTuple):
    rows: Array  # Y_r; (R, OH, H)
    columns: Array  # X_r; (R, OW, W)
    index: Array
    images: int  # N
    spans: Any = None  # where shares are not 0, where a kernel's backward asks each pixel for bins


def check(
    x: Array, boxes: Array, index: Array, *, output_size: Any, spatial_scale: float = 1.0,
    sampling_ratio: int = -1, aligned: bool = False,
) -> None:  # fmt: skip
    check_rois("roi_align", x, boxes, index, output_size, spatial_scale)
    if not is_int(sampling_ratio):
        raise TypeError(
            f"roi_align: sampling_ratio is an int (got {sampling_ratio!r}); use e.g. 2, or −1 for "
            "as many samples as a bin has pixels"
        )
    if not isinstance(aligned, (bool, int)):
        raise TypeError(f"roi_align: aligned is True or False (got {aligned!r}); use a bool")


def forward(
    x: Array, boxes: Array, index: Array, *, output_size: Any, spatial_scale: float = 1.0,
    sampling_ratio: int = -1, aligned: bool = False,
) -> tuple[Array, Saved]:  # fmt: skip
    xp, wide = array_module(x), widen(x)
    N, _, H, W = x.shape
    OH, OW = numbers_from(output_size, 2, "roi_align", "output_size", 0)
    v = widen(boxes) * spatial_scale - (0.5 if aligned else 0.0)  # (R, 4)
    least = None if aligned else 1.0
    Y = _shares(v[:, 1], v[:, 3], OH, H, sampling_ratio, least)  # (R, OH, H)
    X = _shares(v[:, 0], v[:, 2], OW, W, sampling_ratio, least)  # (R, OW, W)
    rows = _on_images(Y, index, N)
    y = _mean(xp.where(xp.isfinite(wide), wide, 0), rows, X)
    # 0 · NaN is NaN, so a product with all pixels would carry one into every bin of its image.
    for special in (math.inf, -math.inf, math.nan):
        found = wide == special if special == special else wide != wide
        y = y + xp.where(_mean(like(found, wide), rows, X) > 0, special, 0)
    return like(y, x), Saved(Y, X, index, N)


def _shares(low: Array, high: Array, P: int, S: int, ratio: int, least: float | None) -> Array:
    """How much each of S pixels counts in each of P bins between low and high; (R, P, S)."""
    xp = array_module(low)
    size = high - low
    low = xp.where(xp.isfinite(size), low, math.nan)
    if least is not None:
        size = xp.where(size < least, least, size)
    width = size[:, None] / max(P, 1)  # of a bin; (R, 1)
    count = xp.ceil(width) if ratio <= 0 else xp.zeros_like(width) + ratio
    step = width / xp.where(count == 0, 1, count)
    start = low[:, None] + xp.arange(P, dtype=low.dtype) * width  # (R, P)
    first, most = xp.zeros_like(start), ratio
    if ratio <= 0:  # steps are longer than ½, so that at most 2 (S + 1) + 1 samples are inside
        first, most = xp.maximum(xp.floor((-1 - start) / step - 0.5), 0), 2 * S + 4
    pixels = xp.arange(S, dtype=low.dtype)
    shares = xp.zeros((*start.shape, S), dtype=low.dtype)
    for i in range(most):
        place = start + (first + i + 0.5) * step  # (R, P)
        counts = (place >= -1) & (place <= S) & (first + i < count)  # NaN: no
        place = xp.clip(place, 0, max(S - 1, 0))[..., None]
        hat = xp.maximum(1 - abs(pixels - place), 0) / count[..., None]  # (R, P, S)
        shares = shares + xp.where(counts[..., None], hat, 0)
    return shares


def _on_images(Y: Array, index: Array, N: int) -> Array:
    """Y_r on the image that box r lies on, 0 on the others; (R, OH, N, H)."""
    xp = array_module(Y)
    here = xp.equal(index[:, None], xp.arange(N))  # (R, N)
    return xp.where(here[:, None, :, None], Y[:, :, None, :], 0)


def _mean(x: Array, rows: Array, columns: Array) -> Array:
    """Y_r x X_rᵀ for all boxes and channels; (R, C, OH, OW)."""
    xp = array_module(x)
    (N, C, H, W), (R, OH, *_), OW = x.shape, rows.shape, columns.shape[1]
    flat = xp.reshape(xp.transpose(x, (0, 2, 1, 3)), (N * H, C * W))
    met = xp.matmul(xp.reshape(rows, (R * OH, N * H)), flat)  # (R·OH, C·W)
    met = xp.reshape(met, (R, OH * C, W))
    y = xp.matmul(met, xp.swapaxes(columns, 1, 2))  # (R, OH·C, OW)
    return xp.transpose(xp.reshape(y, (R, OH, C, OW)), (0, 2, 1, 3))


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return None, None, None
    xp, columns, N = array_module(gy), saved.columns, saved.images
    (R, C, OH, OW), H, W = gy.shape, saved.rows.shape[2], columns.shape[2]
    rows = _on_images(saved.rows, saved.index, N)
    g = xp.reshape(xp.transpose(widen(gy), (0, 2, 1, 3)), (R, OH * C, OW))
    met = xp.reshape(xp.matmul(g, columns), (R * OH, C * W))
    flat = xp.matmul(xp.swapaxes(xp.reshape(rows, (R * OH, N * H)), 0, 1), met)  # (N·H, C·W)
    gx = xp.transpose(xp.reshape(flat, (N, H, C, W)), (0, 2, 1, 3))
    return like(gx, gy), None, None


def _samples_along(low: float, high: float, P: int, ratio: int, least: float) -> list[list[float]]:
    """The places of the samples of each bin."""
    width = max(high - low, least) / max(P, 1)
    count = ratio if ratio > 0 else math.ceil(width)
    return [[low + p * width + (i + 0.5) * width / count for i in range(count)] for p in range(P)]


def _around(place: float, S: int) -> Iterator[tuple[int, float]]:
    """The pixels around a sample that count, and how much."""
    if not -1 <= place <= S:
        return
    place = min(max(place, 0.0), S - 1.0)
    below = int(place)
    for pixel, weight in ((below, 1 - (place - below)), (below + 1, place - below)):
        if weight != 0:
            yield pixel, weight


def reference(
    x: np.ndarray, boxes: np.ndarray, index: np.ndarray, *, output_size: Any,
    spatial_scale: float = 1.0, sampling_ratio: int = -1, aligned: bool = False,
) -> np.ndarray:  # fmt: skip
    OH, OW = numbers_from(output_size, 2, "", "", 0)
    y = np.zeros((len(boxes), x.shape[1], OH, OW), x.dtype)
    least = -math.inf if aligned else 1.0
    for r, c in np.ndindex(y.shape[:2]):
        if not np.isfinite(boxes[r]).all() or 0 in y.shape:
            continue
        corners = [float(v.real) * spatial_scale - 0.5 * aligned for v in boxes[r]]
        down = _samples_along(corners[1], corners[3], OH, sampling_ratio, least)
        along = _samples_along(corners[0], corners[2], OW, sampling_ratio, least)
        for p, q in np.ndindex(OH, OW):
            for v in down[p]:
                for u in along[q]:
                    for h, share in _around(v, x.shape[2]):
                        for w, part in _around(u, x.shape[3]):
                            y[r, c, p, q] += share * part * x[index[r], c, h, w]
            y[r, c, p, q] /= max(len(down[p]) * len(along[q]), 1)
    return y


_CASES: tuple[tuple[str, tuple[int, ...], int, dict[str, Any]], ...] = (
    ("two samples", (2, 3, 6, 7), 4, {"output_size": 2, "sampling_ratio": 2}),
    ("as many samples as pixels", (2, 2, 7, 6), 4, {"output_size": (2, 3)}),
    ("aligned", (2, 2, 6, 7), 4, {"output_size": (3, 2), "sampling_ratio": 1, "aligned": True}),
    ("aligned, as many samples as pixels", (1, 2, 7, 9), 4, {"output_size": 2, "aligned": True}),
    ("boxes twice as large as x", (2, 1, 5, 6), 4,
     {"output_size": 2, "spatial_scale": 0.5, "sampling_ratio": 3}),
    ("image of one pixel", (1, 2, 1, 1), 2, {"output_size": 2}),
    ("one bin", (1, 2, 5, 4), 3, {"output_size": 1}),
    ("no boxes", (2, 3, 4, 4), 0, {"output_size": 2}),
    ("no bins", (2, 1, 4, 4), 2, {"output_size": (2, 0)}),
    ("no channels", (2, 0, 4, 4), 2, {"output_size": 2, "sampling_ratio": 2}),
)  # fmt: skip
_ODD = (  # corners on and beyond the edges, an empty box, a turned one, a large one
    (0.0, 0.0, 5.0, 4.0), (-9.0, -9.0, -3.0, -2.0), (2.3, 1.1, 2.3, 1.1), (4.2, 3.3, 1.1, 0.6),
    (-11.3, -7.2, 15.1, 13.3), (3.7, 2.6, 9.1, 8.2),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, R, params in _CASES:
        scale = params.get("spatial_scale", 1.0)
        boxes = draw_boxes(rng, R, shape[2] / scale, shape[3] / scale)
        index = rng.integers(shape[0], size=R)
        yield Sample((rng.normal(size=shape), boxes, index), params, label)
    x, odd, zeros = rng.normal(size=(1, 2, 5, 6)), np.array(_ODD), np.zeros(len(_ODD), np.int64)
    for aligned in (False, True):
        for ratio in (2, 0):
            params = {"output_size": 2, "sampling_ratio": ratio, "aligned": aligned}
            label = f"odd boxes, {ratio} samples, aligned {aligned}"
            yield Sample((x, odd + rng.uniform(0, 1e-3, odd.shape), zeros), params, label)
    strange = np.array([[0, 1, np.nan, 3], [-np.inf, 0, 2, 3], [0, 1, 2, np.inf], [1, 1, 3, 3]])
    yield Sample((x, strange, zeros[:4]), {"output_size": 2}, "boxes that are none")
    x = rng.normal(size=(5, 6, 2, 3)).transpose(2, 3, 0, 1)
    yield Sample((x, draw_boxes(rng, 3, 5, 6), np.array([1, 0, 1])), {"output_size": 2},
                 "not contiguous")  # fmt: skip


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from bad_rois(rng, "roi_align")
    arrays = rng.normal(size=(1, 1, 3, 3)), draw_boxes(rng, 1, 3, 3), np.array([0])
    for name, words in (("sampling_ratio", "an int (got 1.5)"), ("aligned", "True or False (got")):
        params = {"output_size": 1, name: 1.5}
        yield ErrorSample(arrays, params, TypeError, f"roi_align: {name} is {words}")


OP = Op(
    "roi_align", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, constants=("boxes",),
)  # fmt: skip
