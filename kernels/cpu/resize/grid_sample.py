"""grid_sample in numba: bilinear, on images of two axes, in float32.

First each point's four pixels and their weights are found, rounded as the reference rounds; then
all channels are looked up with them, a block of points at a time. Blocks of which all pixels lie
inside, as most do, need no questions; pixels outside are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth

_BLOCK = 256  # points
_FAR = 2**30  # outside of any image
_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}
_FLAGS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}}
_F = np.float32


def supports(
    x: np.ndarray, grid: np.ndarray, *, mode: str, padding_mode: str, align_corners: bool
) -> bool:
    return (
        mode == "bilinear"
        and x.ndim == 4
        and x.dtype == grid.dtype == np.float32
        and x.size > 0
        and grid.size > 0
        and x.shape[2] * x.shape[3] < _FAR
    )


def forward(
    x: np.ndarray, grid: np.ndarray, *, mode: str, padding_mode: str, align_corners: bool
) -> tuple[np.ndarray, tuple[Any, ...]]:
    N, C, H, W = x.shape
    first, slopes, _, pixels, weights = _points(grid, H, W, padding_mode, align_corners)
    y = np.empty((N, C, *grid.shape[1:3]), np.float32)
    run(
        _look_up, np.ascontiguousarray(x).reshape(N, C, H * W), W, pixels, weights,
        y.reshape(N, C, pixels.shape[2]), most=worth(10 * y.size),
    )  # fmt: skip
    rows, columns = (first[:, k, None] for k in (0, 1))  # (N, 1, Q)
    down, along = (slopes[:, k, None] for k in (0, 1))
    kept = (x, grid, (rows, columns), (down, along), mode, padding_mode, align_corners)
    return y, kept


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    x, grid = saved.x, saved.grid
    named = {k: getattr(saved, k) for k in ("mode", "padding_mode", "align_corners")}
    if not supports(x, grid, **named):
        return NotImplemented
    N, C, H, W = x.shape
    _, slopes, ts, pixels, weights = _points(grid, H, W, saved.padding_mode, saved.align_corners)
    g = np.ascontiguousarray(gy).reshape(N, C, pixels.shape[2])
    most = worth(20 * gy.size)
    gx = ggrid = None
    if needs[0]:
        gx = np.empty(x.shape, np.float32)
        run(_give_back, g, W, pixels, weights, gx.reshape(N, C, H * W), most=most)
    if needs[1]:
        ggrid = np.empty(grid.shape, np.float32)
        flat = np.ascontiguousarray(x).reshape(N, C, H * W)
        run(_move, g, flat, pixels, ts, slopes, ggrid.reshape(N, -1, 2), most=most)
    return gx, ggrid


def _points(grid: np.ndarray, H: int, W: int, padding: str, align: bool) -> tuple[np.ndarray, ...]:
    """⌊u⌋, ∂u/∂g and u − ⌊u⌋ (N, 2, Q), rows first; four pixels and their weights (N, 4, Q)."""
    N, Q = grid.shape[0], grid.shape[1] * grid.shape[2]
    first, slopes = np.empty((N, 2, Q), np.int64), np.empty((N, 2, Q), np.float32)
    ts = np.empty((N, 2, Q), np.float32)
    pixels, weights = np.empty((N, 4, Q), np.int32), np.empty((N, 4, Q), np.float32)
    flat = np.ascontiguousarray(grid).reshape(N, Q, 2)
    run(
        _find, flat, H, W, _PADDINGS[padding], bool(align), first, slopes, ts, pixels, weights,
        most=worth(100 * N * Q),
    )  # fmt: skip
    return first, slopes, ts, pixels, weights


@njit(cache=True, nogil=True)
def _place(g, S, padding, align):  # type: ignore[no-untyped-def]
    """(u, ∂u/∂g), in the reference's order of operations."""
    one, two, size = _F(1), _F(2), _F(S)
    if align:
        u, slope, low, span = (g + one) / two * (size - one), (size - one) / two, _F(0), size - one
    else:
        u, slope, low, span = ((g + one) * size - one) / two, size / two, _F(-0.5), size
    if padding == 0:
        return u, slope
    if padding == 2:
        before = u < low
        odd = _F(0)
        if span == 0:
            u = _F(0)
        else:
            d = abs(u - low)
            flips = np.floor(d / span)
            rest, odd = d - flips * span, flips - two * np.floor(flips / two)
            u = rest + odd * (span - two * rest) + low
        if (odd > 0) != before:
            slope = -slope
    if not 0 < u < size - one:
        slope = _F(0) * slope
    if u < 0:
        u = _F(0)
    if u > size - one:
        u = size - one
    return u, slope


@njit(cache=True, nogil=True)
def _along(g, S, padding, align, first, slopes, ts):  # type: ignore[no-untyped-def]
    """⌊u⌋, ∂u/∂g and u − ⌊u⌋ of one axis. NaN lies outside, as what is too far does."""
    far = _F(_FAR)
    for q in range(g.size):
        u, slopes[q] = _place(g[q], S, padding, align)
        low = np.floor(u)
        ts[q] = u - low
        low = low if low >= -far else -far
        first[q] = np.int64(low if low <= far else far)


@njit(cache=True, nogil=True)
def _find(  # type: ignore[no-untyped-def]
    grid, H, W, padding, align, first, slopes, ts, pixels, weights, thread, threads
):
    """All that _points answers; a pixel that lies outside has the number −1."""
    N, Q, _ = grid.shape
    one, blocks = _F(1), (Q + _BLOCK - 1) // _BLOCK
    for task in range(N * blocks * thread // threads, N * blocks * (thread + 1) // threads):
        n, start = task // blocks, task % blocks * _BLOCK
        stop = min(start + _BLOCK, Q)
        for k, S in ((0, H), (1, W)):
            g = grid[n, start:stop, 1 - k]
            out = first[n, k, start:stop], slopes[n, k, start:stop], ts[n, k, start:stop]
            _along(g, S, padding, align, *out)
        for q in range(start, stop):
            s, t = ts[n, 0, q], ts[n, 1, q]
            weights[n, 0, q], weights[n, 1, q] = (one - s) * (one - t), (one - s) * t
            weights[n, 2, q], weights[n, 3, q] = s * (one - t), s * t
        for k in range(4):
            out = pixels[n, k, start:stop]
            rows, columns = first[n, 0, start:stop], first[n, 1, start:stop]
            for q in range(out.size):
                r, c = rows[q] + k // 2, columns[q] + k % 2
                inside = (r >= 0) & (r < H) & (c >= 0) & (c < W)
                out[q] = r * W + c if inside else -1


@njit(cache=True, **_FLAGS)
def _look_up(x, W, pixels, weights, y, thread, threads):  # type: ignore[no-untyped-def]
    """y (N, C, Q) of x (N, C, P), a block of points after the other."""
    N, C, Q = y.shape
    blocks = (Q + _BLOCK - 1) // _BLOCK
    for task in range(N * blocks * thread // threads, N * blocks * (thread + 1) // threads):
        n, start = task // blocks, task % blocks * _BLOCK
        stop = min(start + _BLOCK, Q)
        near, w = pixels[n], weights[n]
        whole = _smallest(near, start, stop) >= 0
        for c in range(C):
            if whole:
                _sum_inside(x[n, c], W, near, w, y[n, c], start, stop)
            else:
                _sum(x[n, c], near, w, y[n, c], start, stop)


@njit(cache=True, nogil=True)
def _smallest(near, start, stop):  # type: ignore[no-untyped-def]
    least = near[0, start]
    for k in range(4):
        row = near[k, start:stop]
        for q in range(row.size):
            least = min(least, row[q])
    return least


@njit(cache=True, **_FLAGS)
def _sum_inside(x, W, near, w, y, start, stop):  # type: ignore[no-untyped-def]
    """y[start:stop] where all pixels of these points lie inside, and so side by side."""
    one, below = np.uint64(1), np.uint64(W)
    for q in range(start, stop):
        i = np.uint64(near[0, q])
        up = w[0, q] * x[i] + w[1, q] * x[i + one]
        y[q] = up + (w[2, q] * x[i + below] + w[3, q] * x[i + below + one])


@njit(cache=True, **_FLAGS)
def _sum(x, near, w, y, start, stop):  # type: ignore[no-untyped-def]
    for q in range(start, stop):
        total = _F(0)
        for k in range(4):
            i = near[k, q]
            if i >= 0:
                total += w[k, q] * x[np.uint64(i)]
            elif w[k, q] != w[k, q]:
                total = w[k, q]
        y[q] = total


@njit(cache=True, **_FLAGS)
def _add(x, near, w, y):  # type: ignore[no-untyped-def]
    """y (Q,) += w · x at one of the four pixels."""
    for q in range(y.size):
        y[q] += w[q] * _pixel(x, near[q])


@njit(cache=True, **_FLAGS)
def _pixel(x, i):  # type: ignore[no-untyped-def]
    """x[i], or 0 outside; looked up without a branch."""
    value = x[np.uint64(max(i, 0))]
    return value if i >= 0 else _F(0)


@njit(cache=True, **_FLAGS)
def _give_back(g, W, pixels, weights, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx (N, C, P) of g (N, C, Q): each gradient goes back to the pixels that it was made of."""
    N, C, Q = g.shape
    for task in range(N * C * thread // threads, N * C * (thread + 1) // threads):
        n, image, given = task // C, gx[task // C, task % C], g[task // C, task % C]
        image[:] = 0
        near, w = pixels[n], weights[n]
        for q in range(Q):
            for k in range(4):
                i = near[k, q]
                if i >= 0:
                    image[np.uint64(i)] += given[q] * w[k, q]


@njit(cache=True, **_FLAGS)
def _move(g, x, pixels, ts, slopes, ggrid, thread, threads):  # type: ignore[no-untyped-def]
    """ggrid (N, Q, 2): how y changes with u, times ∂u/∂g."""
    N, C, Q = g.shape
    shares = np.empty((4, _BLOCK), np.float32)
    blocks = (Q + _BLOCK - 1) // _BLOCK
    one = _F(1)
    for task in range(N * blocks * thread // threads, N * blocks * (thread + 1) // threads):
        n, start = task // blocks, task % blocks * _BLOCK
        stop = min(start + _BLOCK, Q)
        shares[:] = 0
        for c in range(C):
            for k in range(4):
                given, share = g[n, c, start:stop], shares[k, : stop - start]
                _add(x[n, c], pixels[n, k, start:stop], given, share)
        for q in range(start, stop):
            a, b = shares[0, q - start], shares[1, q - start]
            c, d = shares[2, q - start], shares[3, q - start]
            s, t = ts[n, 0, q], ts[n, 1, q]
            ggrid[n, q, 1] = ((c - a) * (one - t) + (d - b) * t) * slopes[n, 0, q]
            ggrid[n, q, 0] = ((b - a) * (one - s) + (d - c) * s) * slopes[n, 1, q]
