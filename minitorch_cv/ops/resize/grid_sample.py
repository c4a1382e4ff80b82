"""grid_sample: images looked up at places that are given as numbers, between the pixels, too.

    y[n, c, q] = Σ_j weight_j(u_q) x[n, c, i_j(u_q)]      u: the place in pixels, for each axis
    u = (g + 1)/2 · (S − 1)  with align_corners (±1: centres of the outer pixels)
    u = ((g + 1) S − 1)/2    without           (±1: outer edges of the outer pixels)

bilinear: the 2ⁿ pixels around u; bicubic: 4ⁿ, by the cubic of Keys with a = −3/4; nearest: the
pixel at u rounded, halves to the even number. What lies outside is 0 ("zeros"), the pixel on the
border ("border"), or mirrored ("reflection": at the centres of the outer pixels with
align_corners, at their edges without). With bicubic that is done for each pixel, else for u.

gx gives gy back to the pixels by the same weights; ggrid = Σ gy · x · ∂weight/∂u · ∂u/∂g. Where u
was moved to the border ∂u/∂g is 0, on the border as well; on a pixel's centre the slope is the one
to the right. nearest has no slope.

Shapes: x (N, C, S₁, …, Sₙ), grid (N, O₁, …, Oₙ, n) of the same float dtype → y (N, C, O₁, …, Oₙ),
n = 2 or 3. grid[…, 0] goes along the last axis of x (its width), grid[…, 1] along the one before.
Raises: ValueError for shapes and options, TypeError for dtypes.
Source: M. Jaderberg et al., "Spatial transformer networks", 2015, section 3.3. Verified by the op
checks against loops, and with PyTorch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_floats, widen
from ..shape.gather import OP as GATHER
from ..shape.gather import SCATTER_ADD
from .taps import KEYS, far, near

_MODES = {"bilinear": (0, 1), "nearest": (0,), "bicubic": (-1, 0, 1, 2)}  # the pixels around ⌊u⌋
_FAR = 2.0**30  # outside of any image
_PADDINGS = ("zeros", "border", "reflection")


class Saved(NamedTuple):
    x: Array
    grid: Array
    first: tuple[Array, ...]  # ⌊u⌋ (rounded for nearest) of each axis, int64 (N, 1, Q)
    slopes: tuple[Array, ...]  # ∂u/∂g of each axis, (N, 1, Q)
    mode: str
    padding_mode: str
    align_corners: bool


def check(x: Array, grid: Array, *, mode: str, padding_mode: str, align_corners: bool) -> None:
    if mode not in _MODES:
        raise ValueError(f"grid_sample: mode is one of {', '.join(_MODES)} (got {mode!r})")
    if padding_mode not in _PADDINGS:
        raise ValueError(
            f"grid_sample: padding_mode is one of {', '.join(_PADDINGS)} (got {padding_mode!r})"
        )
    check_floats("grid_sample", input=x, grid=grid)
    n, most = x.ndim - 2, 2 if mode == "bicubic" else 3
    if not 2 <= n <= most or grid.ndim != x.ndim or grid.shape[-1] != n:
        raise ValueError(
            f"grid_sample: input is (N, C, H, W) with a grid (N, OH, OW, 2), or (N, C, D, H, W) "
            f"with (N, OD, OH, OW, 3), not for bicubic (got {x.shape}, grid {grid.shape}, mode "
            f"{mode!r})"
        )
    if x.shape[0] != grid.shape[0] or 0 in x.shape[2:]:
        raise ValueError(
            f"grid_sample: input and grid have one batch size, and images at least one pixel (got "
            f"input {x.shape}, grid {grid.shape})"
        )


def _places(g: Array, S: int, align: bool) -> Array:
    """u before what lies outside is moved."""
    return (g + 1) / 2 * (S - 1) if align else ((g + 1) * S - 1) / 2


def _mirror(xp: Any, u: Array, S: int, align: bool) -> tuple[Array, Array]:
    """(u mirrored at the border until it lies inside, whether it now runs backwards)."""
    low, span = (0.0, float(S - 1)) if align else (-0.5, float(S))
    if span == 0:
        return xp.zeros_like(u), u < low
    d = xp.abs(u - low)
    flips = xp.floor(d / span)
    rest, odd = d - flips * span, flips - 2 * xp.floor(flips / 2)
    return rest + odd * (span - 2 * rest) + low, xp.not_equal(odd > 0, u < low)


def _inside(xp: Any, g: Array, S: int, padding: str, align: bool) -> Array:
    """u, moved into the image where the padding says so."""
    u = _places(g, S, align)
    if padding == "reflection":
        u = _mirror(xp, u, S, align)[0]
    return u if padding == "zeros" else xp.clip(u, 0, S - 1)


def _slope(xp: Any, g: Array, S: int, padding: str, align: bool) -> Array:
    """∂u/∂g, constant between the kinks."""
    u = _places(g, S, align)
    slope = xp.full(u.shape, (S - 1) / 2 if align else S / 2, dtype=u.dtype)
    if padding == "reflection":
        u, backwards = _mirror(xp, u, S, align)
        slope = xp.where(backwards, -slope, slope)
    return slope if padding == "zeros" else slope * ((u > 0) & (u < S - 1))


def _along(grid: Array, k: int) -> Array:
    """The numbers of the grid for axis k of n, (N, 1, Q): the last axis comes first in it."""
    xp = array_module(grid)
    return xp.reshape(grid[..., grid.shape[-1] - 1 - k], (grid.shape[0], 1, _points(grid)))


def _points(grid: Array) -> int:
    return math.prod(grid.shape[1:-1])


def _weights(mode: str, t: Array) -> list[Any]:
    """How much each of the pixels around counts, for t = u − ⌊u⌋."""
    if mode == "bilinear":
        return [1 - t, t]
    return [far(1 + t, KEYS), near(t, KEYS), near(1 - t, KEYS), far(2 - t, KEYS)]


def _bends(mode: str, t: Array) -> list[Any]:
    """∂weight/∂t."""
    if mode == "bilinear":
        return [-1.0, 1.0]

    def near_slope(d: Array) -> Array:
        return (3 * (KEYS + 2) * d - 2 * (KEYS + 3)) * d

    def far_slope(d: Array) -> Array:
        return (3 * d - 10) * d * KEYS + 8 * KEYS

    return [far_slope(1 + t), near_slope(t), -near_slope(1 - t), -far_slope(2 - t)]


def _corners(saved: Saved) -> Iterator[tuple[tuple[int, ...], Array]]:
    """For each pixel around: which it is on each axis, and its number in x, (N, C, Q).

    Whatever lies outside has the number P = S₁ ⋯ Sₙ, that of one more pixel, which is 0.
    """
    xp, (N, C, *sizes) = array_module(saved.first[0]), saved.x.shape
    P = math.prod(sizes)
    offsets = _MODES[saved.mode]
    for corner in itertools.product(range(len(offsets)), repeat=len(sizes)):
        number, outside = 0, False
        for S, first, j in zip(sizes, saved.first, corner, strict=True):
            i = first + offsets[j]
            if saved.mode == "bicubic":
                i = _moved(xp, i, S, saved.padding_mode, saved.align_corners)
            number, outside = number * S + i, outside | (i < 0) | (i >= S)
        number = xp.where(outside, P, number)
        yield corner, xp.broadcast_to(number, (N, C, number.shape[-1]))


def _moved(xp: Any, i: Array, S: int, padding: str, align: bool) -> Array:
    """The number of a pixel, moved into the image where the padding says so."""
    if padding == "reflection":
        low, period = (0, 2 * S - 2) if align else (-1, 2 * S)
        i = xp.remainder(i, max(period, 1))
        i = xp.where(i > S - 1, period + low - i, i)
    return i if padding == "zeros" else xp.clip(i, 0, S - 1)


def _flat(x: Array) -> Array:
    """The pixels in a row, (N, C, P + 1); the last one is 0."""
    xp, (N, C, *sizes) = array_module(x), x.shape
    zero = xp.zeros_like(x, shape=(N, C, 1))
    return xp.concatenate([xp.reshape(x, (N, C, math.prod(sizes))), zero], axis=-1)


def forward(
    x: Array, grid: Array, *, mode: str, padding_mode: str, align_corners: bool
) -> tuple[Array, Saved]:
    xp, sizes, wide = array_module(x), x.shape[2:], widen(grid)
    moved = "zeros" if mode == "bicubic" else padding_mode
    axes = [(_along(wide, k), S) for k, S in enumerate(sizes)]
    us = [_inside(xp, g, S, moved, align_corners) for g, S in axes]
    round_down = xp.rint if mode == "nearest" else xp.floor
    first = tuple(_whole(xp, round_down(u)) for u in us)
    slopes = tuple(_slope(xp, g, S, moved, align_corners) for g, S in axes)
    saved = Saved(x, grid, first, slopes, mode, padding_mode, align_corners)
    flat, y = widen(_flat(x)), 0
    if mode == "nearest":
        y = GATHER(flat, next(_corners(saved))[1])
    else:
        weights = [_weights(mode, u - xp.floor(u)) for u in us]
        for corner, index in _corners(saved):
            y = y + GATHER(flat, index) * _product(weights, corner)
    return xp.reshape(y, (*x.shape[:2], *grid.shape[1:-1])).astype(x.dtype, copy=False), saved


def _whole(xp: Any, u: Array) -> Array:
    """As int64; what lies beyond ±2³⁰ is outside of any image, and stays there, as does NaN."""
    return xp.clip(xp.where(u == u, u, -_FAR), -_FAR, _FAR).astype("int64")


def _product(factors: list[list[Any]], corner: tuple[int, ...], skip: int = -1) -> Any:
    """The product of the factors that a corner has on each axis."""
    parts = [f[j] for k, (f, j) in enumerate(zip(factors, corner, strict=True)) if k != skip]
    return math.prod(parts[1:], start=parts[0])


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp, shape = array_module(gy), saved.x.shape
    wide = xp.reshape(widen(gy), (*shape[:2], _points(saved.grid)))  # (N, C, Q)
    weights: list[list[Any]] = [[1.0]] * (len(shape) - 2)
    ts = [] if saved.mode == "nearest" else _fractions(saved)
    if ts:
        weights = [_weights(saved.mode, t) for t in ts]
    gx = like(_pixels_gradient(wide, saved, weights), gy) if needs[0] else None
    if not needs[1]:
        return gx, None
    if not ts:
        return gx, xp.zeros_like(saved.grid)
    bends = [_bends(saved.mode, t) for t in ts]
    return gx, like(_places_gradient(wide, saved, weights, bends), gy)


def _fractions(saved: Saved) -> list[Any]:
    """t = u − ⌊u⌋ of each axis, from the grid, so that it can be differentiated again."""
    xp, ts = array_module(saved.grid), []
    moved = "zeros" if saved.mode == "bicubic" else saved.padding_mode
    for k, S in enumerate(saved.x.shape[2:]):
        u = _inside(xp, _along(widen(saved.grid), k), S, moved, saved.align_corners)
        ts.append(u - xp.floor(u))
    return ts


def _pixels_gradient(gy: Array, saved: Saved, weights: list[list[Any]]) -> Array:
    """gx: each gradient goes back to the pixels that it was made of."""
    P = math.prod(saved.x.shape[2:])
    total: Any = None
    for corner, index in _corners(saved):
        part = SCATTER_ADD(gy * _product(weights, corner), index, size=P + 1)
        total = part if total is None else total + part
    return array_module(gy).reshape(total[..., :P], saved.x.shape)


def _places_gradient(
    gy: Array, saved: Saved, weights: list[list[Any]], bends: list[list[Any]]
) -> Array:
    """ggrid: how y changes with u on each axis, times ∂u/∂g."""
    xp, flat = array_module(gy), widen(_flat(saved.x))
    totals: list[Any] = [0.0] * len(saved.first)
    for corner, index in _corners(saved):
        share = xp.sum(gy * GATHER(flat, index), axis=1, keepdims=True)  # (N, 1, Q)
        for k, j in enumerate(corner):
            totals[k] = totals[k] + share * bends[k][j] * _product(weights, corner, skip=k)
    shape = (*saved.grid.shape[:-1], 1)
    parts = [xp.reshape(t * s, shape) for t, s in zip(totals, saved.slopes, strict=True)]
    return xp.concatenate(parts[::-1], axis=-1)


def reference(
    x: np.ndarray, grid: np.ndarray, *, mode: str, padding_mode: str, align_corners: bool
) -> np.ndarray:
    sizes = x.shape[2:]
    y = np.zeros((*x.shape[:2], *grid.shape[1:-1]), np.result_type(x, grid))
    moved = "zeros" if mode == "bicubic" else padding_mode
    for where in np.ndindex(grid.shape[:-1]):
        n, target, us = where[:1], (where[0], slice(None), *where[1:]), []
        for k, S in enumerate(sizes):
            g = grid[where + (len(sizes) - 1 - k,)]
            u = (g + 1) * (S - 1) / 2 if align_corners else (g + 1) * S / 2 - 0.5
            us.append(_bounded(u, S, moved, align_corners))
        if not np.isfinite(us).all():  # nowhere
            y[target] = 0 if mode == "nearest" else np.nan
            continue
        shares = [
            _share(u, S, mode, padding_mode, align_corners) for u, S in zip(us, sizes, strict=True)
        ]
        for taps in itertools.product(*shares):
            weight = math.prod(weight for _, weight in taps)
            place = tuple(i for i, _ in taps)
            if all(0 <= i < S for i, S in zip(place, sizes, strict=True)):
                y[target] += weight * x[n + (slice(None),) + place]
    return y


def _share(u: Any, S: int, mode: str, padding: str, align: bool) -> list[tuple[int, Any]]:
    """The pixels (i, weight) of an axis that place u looks at."""
    if mode == "nearest":
        return [(round(u.real), 1.0)]  # Python's round takes halves to the even number
    low = math.floor(u.real)
    if mode == "bilinear":
        return [(low, 1 - (u - low)), (low + 1, u - low)]
    taps = []
    for i in range(low - 1, low + 3):
        moved = int(_bounded(float(i), S, padding, align).real)
        taps.append((moved, _cubic(abs(i - u.real), u - i if i <= low else i - u)))
    return taps


def _bounded(u: Any, S: int, padding: str, align: bool) -> Any:
    """u moved into the image, mirror by mirror."""
    low, high = (0, S - 1) if align else (-0.5, S - 0.5)
    if padding == "reflection" and (low == high or not math.isfinite(u.real)):
        return 0.0 if low == high else math.nan
    while padding == "reflection" and not low <= u.real <= high:
        u = 2 * low - u if u.real < low else 2 * high - u
    if padding != "zeros" and (u.real <= 0 or u.real >= S - 1):
        return 0.0 if u.real <= 0 else S - 1.0
    return u


def _cubic(d: float, e: Any) -> Any:
    """Keys' cubic at the distance e, whose real part is d."""
    a = -0.75
    if d <= 1:
        return (a + 2) * e**3 - (a + 3) * e**2 + 1
    return a * e**3 - 5 * a * e**2 + 8 * a * e - 4 * a


def _grid(rng: np.random.Generator, N: int, sizes: tuple[int, ...], align: bool) -> np.ndarray:
    """Places in and around an image, away from the centres and edges of its pixels."""
    places = []
    for S in reversed(sizes):
        u = rng.integers(-S, 2 * S, (N, *(2,) * len(sizes))) + rng.choice([0.25, 0.75])
        u = u + rng.uniform(-0.15, 0.15, u.shape)
        places.append(2 * u / max(S - 1, 1) - 1 if align else (2 * u + 1) / S - 1)
    return np.stack(places, axis=-1)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x, volume = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(1, 1, 2, 3, 4))
    for mode, padding, align in itertools.product(_MODES, _PADDINGS, (False, True)):
        named = {"mode": mode, "padding_mode": padding, "align_corners": align}
        label = f"{mode}, {padding}, align {align}"
        yield Sample((x, _grid(rng, 2, (3, 4), align)), named, label)
        centres = rng.integers(-4, 5, (1, 2, 2, 2)) / 4.0
        yield Sample((x[:1], centres), named, f"{label}, centres and edges", kink=True)
        if padding == "reflection" and mode != "bicubic":
            yield Sample((volume, _grid(rng, 1, (2, 3, 4), align)), named, f"{label}, volume")
            yield Sample((x[:1, :, :1, :1], centres), named, f"{label}, one pixel", kink=True)
    for mode in _MODES:
        named = {"mode": mode, "padding_mode": "border", "align_corners": False}
        grid = _grid(rng, 2, (3, 4), False)
        turned = (x.transpose(0, 1, 3, 2), grid.transpose(0, 2, 1, 3))
        yield Sample(turned, named, f"{mode}, not contiguous", kink=True)
        yield Sample((x[:0], grid[:0]), named, f"{mode}, empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, grid = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(2, 5, 6, 2))
    good = {"mode": "bilinear", "padding_mode": "zeros", "align_corners": False}

    def bad(words: str, *arrays: np.ndarray, error: Any = ValueError, **params: Any) -> ErrorSample:
        return ErrorSample(arrays or (x, grid), {**good, **params}, error, words)

    yield bad("mode is one of bilinear, nearest, bicubic (got 'linear')", mode="linear")
    yield bad("padding_mode is one of zeros, border, reflection", padding_mode="circular")
    yield bad("input is (N, C, H, W) with a grid (N, OH, OW, 2)", x[0], grid[0])
    yield bad("(got (2, 2, 3, 4), grid (2, 5, 6, 1)", x, grid[..., :1])
    yield bad("not for bicubic", x[:, :, None], grid[:, None, :, :, [0, 0, 0]], mode="bicubic")
    yield bad("input and grid have one batch size", x[:1], grid)
    yield bad("images at least one pixel", x[:, :, :0], grid)
    yield bad("inputs are of different dtypes", x, grid.astype("float32"), error=TypeError)
    yield bad("input must be of a float dtype", x.astype(int), grid, error=TypeError)


OP = Op(
    "grid_sample", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
