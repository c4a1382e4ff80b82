"""Convolution with few channels: sixteen images, or bands of images, side by side in memory.

    y[o, p, q] = b[o] + Σ_{c,i,j} w[o, c, i, j] x[c, p SH + i DH, q SW + j DW]

where every x and y is a vector of LANES numbers, one from each of so many bands: (C, H, W, LANES).
So no width is too narrow and nothing is computed in vain. A band is a whole image or, where there
are fewer images than lanes, some rows of one. A block is some rows of LANES bands: they are laid
down with their zeros around them, convolved in tiles that stay in registers (lanes.py), and turned
back. gx is the same convolution of gy with the kernels turned round; gw sums products over all
places and, at the end, lanes.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import gcd
from typing import NamedTuple

import numpy as np
from numba import njit

from ... import threads
from ..shares import share
from . import columns
from .geometry import Geometry
from .lanes import LANES, TILES, aligned, correlate, even_places, multiply, turn
from .phases import FAST

ROOM = 128 * 1024  # elements of x and y that a block holds: half a megabyte
FEWEST = 8  # channels of gx from which on several parts with a stride pay
FULL = 0.7  # the least share of lanes that must be in use
(OB0, QB0), (OB1, QB1), (OB2, QB2), (OB3, QB3) = TILES


class Plan(NamedTuple):
    """How a convolution is cut up."""

    bands: int  # in an image
    tall: int  # rows of the output in a band
    rows: int  # of the output, in a block
    lines: int  # of the input, in a block
    wide: int  # pixels in a line of the input with its zeros
    offsets: np.ndarray  # of each tap, in a block of the input
    tile: int  # of TILES, for the products
    sums: int  # of TILES, for gw

    @property
    def cut(self) -> tuple[int, int, int, int, int]:
        """The sizes that the compiled functions take."""
        return self.bands, self.tall, self.rows, self.lines, self.wide


@lru_cache(maxsize=256)
def plan_for(g: Geometry, count: int) -> Plan:
    """Blocks of equal height that fit into the cache and keep `count` threads busy, and the tiles
    with the least to do."""
    bands, _ = _bands(g.N, g.OH)
    tall = -(-g.OH // bands)
    parts = -(-count * LANES // (g.N * bands))  # of a band, so that each thread has a block
    rows = max(1, min(-(-tall // parts), ROOM // (LANES * _row(g))))
    rows = -(-tall // -(-tall // rows))
    lines = (rows - 1) * g.S[0] + (g.K[0] - 1) * g.D[0] + 1
    wide = max((g.OW - 1) * g.S[1] + (g.K[1] - 1) * g.D[1] + 1, g.W + g.P[1])
    c, i, j = np.ogrid[: g.C, : g.K[0], : g.K[1]]
    offsets = (((c * lines + i * g.D[0]) * wide + j * g.D[1]) * LANES).ravel()
    offsets = np.append(offsets, np.full(LANES, offsets[-1]))  # tiles of gw may reach over
    tile, sums = _tile(g.OC, g.OW, True), _tile(g.OC, g.taps, False)
    return Plan(bands, tall, rows, lines, wide, offsets, tile, sums)


def _bands(N: int, OH: int) -> tuple[int, float]:
    """(bands in an image, the share of all lanes that they fill): the fewest that fill nine tenths,
    or those that fill most."""
    best, most = 1, 0.0
    for bands in range(1, min(OH, 2 * LANES) + 1):
        lanes = -(-N * bands // LANES) * LANES
        used = N * OH / (lanes * -(-OH // bands))
        if used > most:
            best, most = bands, used
        if used >= 0.9:
            break
    return best, most


def _row(g: Geometry) -> int:
    """Pixels of x and y, over all channels, for one row of the output."""
    return g.C * g.S[0] * (g.W + 2 * g.P[1]) + g.OC * g.OW


def _tile(rows: int, columns: int, inside: bool) -> int:
    """The tile that covers (rows, columns) with the least loads and products; inside: it may not
    be wider than they are."""

    def cost(k: int) -> float:
        height, width = TILES[k]
        if inside and width > columns:
            return float("inf")
        return -(-rows // height) * -(-columns // width) * (2 * height * width + height + width)

    return min(range(len(TILES)), key=cost)


def supports(g: Geometry) -> bool:
    """One group, bands that fill the lanes, and blocks that fit into the cache."""
    least = min(width for _, width in TILES)
    small = LANES * _row(g) <= 2 * ROOM and least <= g.OW
    return g.G == 1 and small and min(g.P) >= 0 and _bands(g.N, g.OH)[1] >= FULL


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    """y."""
    return _convolve(x, w, b, g)


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    """gx. With stride (SH, SW) every SH-th row and SW-th column meets the same taps: each such part
    of gx is the convolution of gy with these, turned round, and with stride 1."""
    axes = zip((g.H, g.W), g.K, g.S, g.P, g.D, strict=True)
    rows, across = (_parts(*axis) for axis in axes)
    backs = [(i, j, _back(g, i, j)) for i, j in product(rows, across) if i.taps and j.taps]
    narrow = g.S != (1, 1) and g.C < FEWEST
    if narrow or not all(supports(back) for _, _, back in backs):
        return columns.input_gradient(gy, w, g)
    turned = w.transpose(1, 0, 2, 3)
    if g.S == (1, 1):
        return _convolve(gy, turned[:, :, ::-1, ::-1], None, backs[0][2])
    room = np.empty if len(backs) == len(rows) * len(across) else np.zeros  # some meet no tap
    gx: np.ndarray = room((g.N, g.C, g.H, g.W), np.float32)
    for i, j, back in backs:
        part = turned[:, :, i.tap :: i.step, j.tap :: j.step][:, :, ::-1, ::-1]
        gx[:, :, i.start :: g.S[0], j.start :: g.S[1]] = _convolve(gy, part, None, back)
    return gx


class Part(NamedTuple):
    """Along one axis: the places of gx that meet the same taps, from `start` on at each stride."""

    start: int
    size: int  # places
    tap: int  # the first
    step: int  # from tap to tap
    taps: int
    padding: int  # of gy, for the first place
    dilation: int  # between taps, in places of gy


def _parts(size: int, K: int, S: int, P: int, D: int) -> list[Part]:
    """Place start + u S of gx and tap k meet at place (start + P − k D) / S + u of gy."""
    found = []
    for start in range(min(S, size)):
        taps = [k for k in range(K) if (start + P - k * D) % S == 0]
        last = taps[-1] if taps else 0
        padding = (last * D - start - P) // S
        step = S // gcd(S, D)
        some = taps[0] if taps else 0, step, len(taps), padding, D // gcd(S, D)
        found.append(Part(start, -(-(size - start) // S), *some))
    return found


def _back(g: Geometry, i: Part, j: Part) -> Geometry:
    """The convolution from gy to one part of gx."""
    K, P, D = (i.taps, j.taps), (i.padding, j.padding), (i.dilation, j.dilation)
    return Geometry(g.N, g.OC, g.OH, g.OW, g.C, i.size, j.size, K, (1, 1), P, D, 1)


def _convolve(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    count = threads.worth_products(g.flops)
    plan = plan_for(g, count)
    height = TILES[plan.tile][0]
    strips = -(-g.OC // height)
    weights = np.zeros((strips * height, g.taps), np.float32)
    weights[: g.OC] = w.reshape(g.OC, g.taps)
    weights = weights.reshape(strips, height, g.taps).transpose(0, 2, 1)  # (strips, taps, height)
    bias = np.zeros(strips * height, np.float32)
    if b is not None:
        bias[: g.OC] = b
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    threads.run(
        _forward, x, np.ascontiguousarray(weights), bias, y, plan.offsets, g.view, plan.cut,
        plan.tile, most=count,
    )  # fmt: skip
    return y


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    """gw. Each thread has a sum of its own over some blocks; they are added up in their order."""
    count = threads.worth_products(g.flops)
    plan = plan_for(g, count)
    height, width = TILES[plan.sums]
    strips, parts = -(-g.OC // height), -(-g.taps // width)
    full = -(-height * width // LANES) * LANES
    sums = np.zeros((count, strips, parts, full), np.float32)
    threads.run(
        _weight_gradient, gy, x, sums, plan.offsets, g.view, plan.cut, plan.sums, most=count
    )  # fmt: skip
    total = sums.sum(axis=0)[..., : height * width].reshape(strips, parts, height, width)
    gw = total.transpose(0, 2, 1, 3).reshape(strips * height, parts * width)[: g.OC, : g.taps]
    return np.ascontiguousarray(gw).reshape(g.OC, g.C, *g.K)


@njit(cache=True, nogil=True)
def _enter(group, p0, step, pad, cut, x, tops, places):  # type: ignore[no-untyped-def]
    """For each lane: the row of x where its part of a block begins, and its place in memory. Lanes
    for which there is no band repeat the first one. Returns (first, last + 1): the lines of the
    block that lie in the image in all lanes."""
    N, C, H, W = x.shape
    bands, tall, _, lines, _ = cut
    k0, k1 = 0, lines
    for lane in range(LANES):
        number = group * LANES + lane
        n, band = divmod(number if number < N * bands else group * LANES, bands)
        top = (band * tall + p0) * step - pad
        k0, k1 = max(k0, -top), min(k1, H - top)
        tops[lane], places[lane] = top, n * C * H * W + top * W
    return k0, k1


@njit(cache=True, nogil=True, fastmath=FAST)
def _stand(x, places, first, size, X, at, even):  # type: ignore[no-untyped-def]
    """X[at + k LANES + n] = x[places[n] + first + k] for k < size, and size ≥ LANES."""
    done = 0
    while done < size:  # the last square overlaps the one before
        done = min(done, size - LANES)
        turn(x, places, first + done, X, even, at + done * LANES)
        done += LANES


@njit(cache=True, nogil=True, fastmath=FAST)
def _stand_slowly(x, tops, places, k, first, H, W, X, at):  # type: ignore[no-untyped-def]
    """The same for one line, where it may lie outside of the image in some lanes."""
    X[at : at + W * LANES] = 0
    for lane in range(LANES):
        if 0 <= tops[lane] + k < H:
            for q in range(W):
                X[at + q * LANES + lane] = x[places[lane] + first + q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _lay(x, group, p0, step, pads, cut, tops, places, even, strip, X):  # type: ignore[no-untyped-def]
    """X (C, lines, wide, LANES): what the rows from p0 on of a group of bands read.

    Left and right of the image X holds zeros already. strip: room for the rows of one channel,
    which narrow images need, where a square of LANES pixels is wider than a row.
    """
    _, C, H, W = x.shape
    flat, lines, wide = x.reshape(x.size), cut[3], cut[4]
    k0, k1 = _enter(group, p0, step, pads[0], cut, x, tops, places)
    k1 = k1 if (k1 - k0) * W >= LANES else k0
    for c in range(C):
        if W < LANES and k0 < k1:
            _stand(flat, places, (c * H + k0) * W, (k1 - k0) * W, strip, 0, even)
        for k in range(lines):
            at, first = ((c * lines + k) * wide + pads[1]) * LANES, (c * H + k) * W
            if not k0 <= k < k1:
                _stand_slowly(flat, tops, places, k, first, H, W, X, at)
            elif W >= LANES:
                _stand(flat, places, first, W, X, at, even)
            else:
                source = strip[(k - k0) * W * LANES : (k - k0 + 1) * W * LANES]
                target = X[at : at + W * LANES]
                for q in range(W * LANES):
                    target[q] = source[q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _lie(M, group, p0, height, cut, y, tops, places, even):  # type: ignore[no-untyped-def]
    """The way back: y = M (OC, rows, OW, LANES) for `height` rows of a group of bands."""
    N, OC, OH, OW = y.shape
    flat, rows = y.reshape(y.size), cut[2]
    _, k1 = _enter(group, p0, 1, 0, cut, y, tops, places)
    size = min(k1, height) * OW
    size = size if size >= LANES else 0
    for o in range(OC):
        at, done = o * rows * OW * LANES, 0
        while done < size:
            done = min(done, size - LANES)
            turn(M, even, at + done * LANES, flat, places, o * OH * OW + done)
            done += LANES
        for lane in range(LANES):
            for k in range(size, min(OH - tops[lane], height) * OW):
                flat[places[lane] + o * OH * OW + k] = M[at + k * LANES + lane]


@njit(cache=True, nogil=True, fastmath=FAST)
def _forward(  # type: ignore[no-untyped-def]
    x, w, bias, y, offsets, view, cut, tile, thread, threads
):
    """A task is some rows of LANES bands."""
    N, C, W = x.shape[0], x.shape[1], x.shape[3]
    OW = y.shape[3]
    bands, tall, rows, lines, wide = cut
    X, strip = aligned(C * lines * wide * LANES), aligned(lines * W * LANES)
    M = aligned(bias.size * rows * OW * LANES)
    tops, places, even = even_places(), even_places(), even_places()
    blocks = -(-tall // rows)
    start, stop = share(-(-N * bands // LANES) * blocks, thread, threads)
    for task in range(start, stop):
        group, block = divmod(task, blocks)
        p0 = block * rows
        height = min(rows, tall - p0)
        _lay(x, group, p0, view[2], view[4:6], cut, tops, places, even, strip, X)
        for p in range(height):
            start = p * view[2] * wide * LANES
            _line(X, start, w, bias, offsets, view[3] * LANES, M, p * OW, OW, rows * OW, tile)
        _lie(M, group, p0, height, cut, y, tops, places, even)


@njit(cache=True, nogil=True)
def _size(tile):  # type: ignore[no-untyped-def]
    """(rows, columns) of a tile."""
    if tile == 0:
        return OB0, QB0
    if tile == 1:
        return OB1, QB1
    return (OB2, QB2) if tile == 2 else (OB3, QB3)


@njit(cache=True, nogil=True, fastmath=FAST)
def _line(X, start, w, bias, offsets, step, M, m0, OW, far, tile):  # type: ignore[no-untyped-def]
    """One row of the output, all channels: tile by tile, the last one over the one before."""
    strips, taps, height = w.shape
    w = w.reshape(w.size)
    width = _size(tile)[1]
    done = 0
    while done < OW:
        q = min(done, OW - width)
        done = q + width
        for k in range(strips):
            x0, y0 = start + q * step, (k * height * far + m0 + q) * LANES
            w0, b0, down = k * height * taps, k * height, far * LANES
            if tile == 0:
                multiply(OB0, QB0, taps, offsets, w, w0, bias, b0, X, x0, step, M, y0, down)
            elif tile == 1:
                multiply(OB1, QB1, taps, offsets, w, w0, bias, b0, X, x0, step, M, y0, down)
            elif tile == 2:
                multiply(OB2, QB2, taps, offsets, w, w0, bias, b0, X, x0, step, M, y0, down)
            else:
                multiply(OB3, QB3, taps, offsets, w, w0, bias, b0, X, x0, step, M, y0, down)


@njit(cache=True, nogil=True, fastmath=FAST)
def _weight_gradient(  # type: ignore[no-untyped-def]
    gy, x, sums, offsets, view, cut, tile, thread, threads
):
    """A task is some rows of LANES bands."""
    N, C, W = x.shape[0], x.shape[1], x.shape[3]
    OW = gy.shape[3]
    bands, tall, rows, lines, wide = cut
    X, strip = aligned(C * lines * wide * LANES), aligned(max(lines * W, rows * OW) * LANES)
    G = aligned(sums.shape[1] * _size(tile)[0] * rows * OW * LANES)
    tops, places, even = even_places(), even_places(), even_places()
    total = sums[thread].reshape(sums[thread].size)
    down, step, far = view[2] * wide * LANES, view[3] * LANES, rows * OW * LANES
    blocks = -(-tall // rows)
    start, stop = share(-(-N * bands // LANES) * blocks, thread, threads)
    for task in range(start, stop):
        group, block = divmod(task, blocks)
        p0 = block * rows
        height = min(rows, tall - p0)
        _lay(x, group, p0, view[2], view[4:6], cut, tops, places, even, strip, X)
        flat = bands, tall, rows, rows, OW  # gy has no zeros around it
        _lay(gy, group, p0, 1, (0, 0), flat, tops, places, even, strip, G)
        for lane in range(N * bands - group * LANES, LANES):  # what is repeated does not count
            G.reshape(G.size // LANES, LANES)[:, lane] = 0
        _sums(height, OW, G, far, offsets, X, down, step, sums.shape, total, tile)


@njit(cache=True, nogil=True, fastmath=FAST)
def _sums(lines, OW, G, far, offsets, X, down, step, shape, total, tile):  # type: ignore[no-untyped-def]
    """What one block adds to gw."""
    _, strips, parts, full = shape
    height, width = _size(tile)
    for k in range(strips):
        g0 = k * height * far
        for part in range(parts):
            t0, s0 = part * width, (k * parts + part) * full
            if tile == 0:
                correlate(OB0, QB0, lines, OW, G, g0, far, offsets, t0, X, 0, down, step, total, s0)
            elif tile == 1:
                correlate(OB1, QB1, lines, OW, G, g0, far, offsets, t0, X, 0, down, step, total, s0)
            elif tile == 2:
                correlate(OB2, QB2, lines, OW, G, g0, far, offsets, t0, X, 0, down, step, total, s0)
            else:
                correlate(OB3, QB3, lines, OW, G, g0, far, offsets, t0, X, 0, down, step, total, s0)
