"""Winograd's transforms for 3 × 3 with stride 2, written for vectors that run over channels.

Along one axis outputs 4t … 4t + 3 read pixels d0 … d8 of tile t. The even ones meet taps w0 and w2,
the odd ones w1:

    y_p = (e_p w0 + e_{p+1} w2) + o_p w1        e = d0 d2 d4 d6 d8,  o = d1 d3 d5 d7

The bracket is a convolution with two taps, for which F(4, 2) takes 5 products; o takes 4 more. So
an axis has 9 *places* in place of 12 products, and a tile 81 in place of 144:

         ⎡2 −1 −2  1 0⎤       ⎡ 1/2    0 ⎤
         ⎢0 −2 −1  1 0⎥       ⎢−1/2 −1/2 ⎥        ⎡1 1  1 1 0⎤
    Bᵀ = ⎢0  2 −3  1 0⎥   G = ⎢−1/6  1/6 ⎥   Aᵀ = ⎢0 1 −1 2 0⎥
         ⎢0 −1  0  1 0⎥       ⎢ 1/6  1/3 ⎥        ⎢0 1  1 4 0⎥
         ⎣0  2 −1 −2 1⎦       ⎣  0    1  ⎦        ⎣0 1 −1 8 1⎦

    places of x:  Bᵀ e, o        of w: G (w0, w2), w1        y = Aᵀ (the five) + the four

Places that differ in o alone meet the same kernel, and lie side by side (PLACE), so that 36 matrix
products remain (RUNS), of 1, 4 or 16 places. gx has the same form: its even pixels see gy with two
taps, (w2, w0), its odd ones with w1, and a tile of 8 × 8 of gx reads 5 × 5 of gy.
Points 0, 1, −1, 2 and ∞; source: A. Lavin, S. Gray, "Fast algorithms for convolutional neural
networks", 2016, section 4; S. Winograd, "Arithmetic complexity of computations", 1980.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .phases import FAST
from .winograd_tiles import STRIP, lay_strip, stand_strip

PLACES = 81
PLACE = np.array(
    [[5 * a + b if b < 5 else 20 + 4 * a + b for b in range(9)] for a in range(5)]
    + [[40 + 4 * b + a if b < 5 else 40 + 4 * a + b for b in range(9)] for a in range(5, 9)]
)
RUNS = np.array(  # (first place, how many places) of each of the 36 kernels
    [[5 * a + b, 1] if b < 5 else [25 + 4 * a, 4] for a in range(5) for b in range(6)]
    + [[45 + 4 * b, 4] if b < 5 else [65, 16] for b in range(6)]
)
TWO, FOUR, EIGHT = np.float32(2), np.float32(4), np.float32(8)


@njit(cache=True, nogil=True, fastmath=FAST)
def input_tiles(x, first, last, pads, TH, TW, z, t, V):  # type: ignore[no-untyped-def]
    """V (81, tiles · C): the places of x for rows first … last − 1 of tiles.

    z (9, 8 (STRIP + 1) C), t (5, the same): room to work in.
    """
    C, H = x.shape[1:3]
    PH, PW = pads
    for b0 in range(0, TW, STRIP):
        count = min(STRIP, TW - b0)
        L, S = count * C, (count + 1) * C
        for r in range(first, last):
            n = r // TH
            top = 8 * (r - n * TH) - PH
            start = 0
            if r > first and top > -PH:  # shares a row of pixels with the tiles above
                start = 1
                z[0, : 8 * S] = z[8, : 8 * S]
            for i in range(start, 9):
                row = z[i, : 8 * S].reshape(8, count + 1, C)
                lay_strip(x, n, top + i, 8 * b0 - PW, 8 * count + 1, 0 <= top + i < H, 3, row)
            _points(z[0], z[2], z[4], z[6], z[8], 8 * S, t)
            at = ((r - first) * TW + b0) * C
            for a in range(9):
                line = t[a] if a < 5 else z[2 * a - 9]
                _across(line, L, S, C, V, PLACE[a], at)


@njit(cache=True, nogil=True, fastmath=FAST)
def _points(d0, d1, d2, d3, d4, L, t):  # type: ignore[no-untyped-def]
    """t (5, L) = Bᵀ d."""
    for q in range(L):
        a, b = TWO * (d1[q] - d3[q]), d3[q] - d2[q]
        t[0, q] = TWO * (d0[q] - d2[q]) - d1[q] + d3[q]
        t[1, q] = b - TWO * d1[q]
        t[2, q] = b + TWO * (d1[q] - d2[q])
        t[3, q] = d3[q] - d1[q]
        t[4, q] = a - d2[q] + d4[q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _points_to(d0, d1, d2, d3, d4, L, V, place, at):  # type: ignore[no-untyped-def]
    """The same, to five places of V."""
    v0, v1, v2 = V[place[0], at : at + L], V[place[1], at : at + L], V[place[2], at : at + L]
    v3, v4 = V[place[3], at : at + L], V[place[4], at : at + L]
    for q in range(L):
        a, b = TWO * (d1[q] - d3[q]), d3[q] - d2[q]
        v0[q] = TWO * (d0[q] - d2[q]) - d1[q] + d3[q]
        v1[q] = b - TWO * d1[q]
        v2[q] = b + TWO * (d1[q] - d2[q])
        v3[q] = d3[q] - d1[q]
        v4[q] = a - d2[q] + d4[q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _across(z, L, S, C, V, place, at):  # type: ignore[no-untyped-def]
    """The nine places of one row, which holds pixels 0, 8, 16, …, then 1, 9, 17, …."""
    _points_to(
        z[:L], z[2 * S : 2 * S + L], z[4 * S : 4 * S + L], z[6 * S : 6 * S + L], z[C : C + L],
        L, V, place, at,
    )  # fmt: skip
    for b in range(4):
        V[place[5 + b], at : at + L] = z[(2 * b + 1) * S : (2 * b + 1) * S + L]


@njit(cache=True, nogil=True, fastmath=FAST)
def back_tiles(gy, first, last, pads, TH, TW, z, t, V):  # type: ignore[no-untyped-def]
    """V (81, tiles · OC): the places of gy for rows first … last − 1 of tiles of gx.

    With padding P, pixel 8t of gx is even or odd as P is. Tile t reads gy from 4t on, or from
    4t − 1 on for P = 0; where the odd pixels come first they meet the first four of the five read,
    and else the last four.
    """
    OC, OH = gy.shape[1:3]
    PH, PW = pads
    down = 0 if PH == 1 else 1
    for b0 in range(0, TW, STRIP):
        count = min(STRIP, TW - b0)
        L, S = count * OC, (count + 1) * OC
        left, right = (0 if PW == 1 else 1), 4 * b0 - (1 if PW == 0 else 0)
        for r in range(first, last):
            n = r // TH
            top = 4 * (r - n * TH) - (1 if PH == 0 else 0)
            for i in range(5):
                row = z[i, : 4 * S].reshape(4, count + 1, OC)
                lay_strip(gy, n, top + i, right, 4 * count + 1, 0 <= top + i < OH, 2, row)
            _points(z[0], z[1], z[2], z[3], z[4], 4 * S, t)
            at = ((r - first) * TW + b0) * OC
            for a in range(9):
                line, place = t[a] if a < 5 else z[a - 5 + down], PLACE[a]
                _points_to(
                    line[:L], line[S : S + L], line[2 * S : 2 * S + L], line[3 * S : 3 * S + L],
                    line[OC : OC + L], L, V, place, at,
                )  # fmt: skip
                for b in range(4):
                    k = b + left
                    begin = k * S if k < 4 else OC
                    V[place[5 + b], at : at + L] = line[begin : begin + L]


@njit(cache=True, nogil=True, fastmath=FAST)
def gradient_tiles(gy, first, last, TW, z, s, D):  # type: ignore[no-untyped-def]
    """D (81, tiles · OC) for rows first … last − 1: the adjoint of `output_tiles`."""
    OC, OH = gy.shape[1:3]
    TH = (OH + 3) // 4
    for b0 in range(0, TW, STRIP):
        count = min(STRIP, TW - b0)
        L = count * OC
        for r in range(first, last):
            n = r // TH
            p = 4 * (r - n * TH)
            for i in range(4):
                row = z[i, : 4 * L].reshape(4, count, OC)
                lay_strip(gy, n, p + i, 4 * b0, 4 * count, p + i < OH, 2, row)
            for j in range(0, 4 * L, L):
                _spread(z[0, j:], z[1, j:], z[2, j:], z[3, j:], L, s, j)
            at = ((r - first) * TW + b0) * OC
            for a in range(9):
                line, place = s[a] if a < 5 else z[a - 5], PLACE[a]
                _spread_to(line, L, D, place, at)
                for b in range(4):
                    D[place[5 + b], at : at + L] = line[b * L : b * L + L]


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread(g0, g1, g2, g3, L, s, at):  # type: ignore[no-untyped-def]
    """s (5, at … at + L) = A g."""
    for q in range(L):
        a, b = g0[q] + g2[q], g1[q] + g3[q]
        s[0, at + q] = g0[q]
        s[1, at + q] = a + b
        s[2, at + q] = a - b
        s[3, at + q] = g0[q] + FOUR * g2[q] + TWO * g1[q] + EIGHT * g3[q]
        s[4, at + q] = g3[q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread_to(z, L, D, place, at):  # type: ignore[no-untyped-def]
    """The same along a row, to five places of D."""
    g0, g1, g2, g3 = z[:L], z[L : 2 * L], z[2 * L : 3 * L], z[3 * L : 4 * L]
    v0, v1, v2 = D[place[0], at : at + L], D[place[1], at : at + L], D[place[2], at : at + L]
    v3, v4 = D[place[3], at : at + L], D[place[4], at : at + L]
    for q in range(L):
        a, b = g0[q] + g2[q], g1[q] + g3[q]
        v0[q] = g0[q]
        v1[q] = a + b
        v2[q] = a - b
        v3[q] = g0[q] + FOUR * g2[q] + TWO * g1[q] + EIGHT * g3[q]
        v4[q] = g3[q]


@njit(cache=True, nogil=True, fastmath=FAST)
def output_tiles(M, y, k0, k1, bias, first, last, TW, s, z):  # type: ignore[no-untyped-def]
    """Channels k0 … k1 − 1 of y from M (81, tiles · channels).

    s (9, 4 STRIP · channels), z (4, the same): room to work in.
    """
    OH, OW = y.shape[2:]
    C = k1 - k0
    TH = (OH + 3) // 4
    for r in range(first, last):
        n = r // TH
        p = 4 * (r - n * TH)
        for b0 in range(0, TW, STRIP):
            count = min(STRIP, TW - b0)
            L = count * C
            _rows_of_sums(M, ((r - first) * TW + b0) * C, L, s)
            _sums(s, 4 * L, z, True)
            width = min(4 * count, OW - 4 * b0)
            for i in range(min(4, OH - p)):
                row = z[i, : 4 * L].reshape(4, count, C)
                stand_strip(row, width, bias[k0:k1], y[n, k0:k1, p + i, 4 * b0 :], 2)


@njit(cache=True, nogil=True, fastmath=FAST)
def _rows_of_sums(M, at, L, s):  # type: ignore[no-untyped-def]
    """s (9, 4 L): along each of the nine rows of places, Aᵀ (the five) + the four."""
    for a in range(9):
        place = PLACE[a]
        m0, m1, m2 = M[place[0], at : at + L], M[place[1], at : at + L], M[place[2], at : at + L]
        m3, m4 = M[place[3], at : at + L], M[place[4], at : at + L]
        o0, o1 = M[place[5], at : at + L], M[place[6], at : at + L]
        o2, o3 = M[place[7], at : at + L], M[place[8], at : at + L]
        s0, s1 = s[a, :L], s[a, L : 2 * L]
        s2, s3 = s[a, 2 * L : 3 * L], s[a, 3 * L : 4 * L]
        for q in range(L):
            e, f = m1[q] + m2[q], m1[q] - m2[q]
            s0[q] = m0[q] + e + m3[q] + o0[q]
            s1[q] = f + TWO * m3[q] + o1[q]
            s2[q] = e + FOUR * m3[q] + o2[q]
            s3[q] = f + EIGHT * m3[q] + m4[q] + o3[q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _sums(m, L, z, together):  # type: ignore[no-untyped-def]
    """z (4, L) = Aᵀ (m0 … m4), and + (m5 … m8) where both belong `together`."""
    for q in range(L):
        m0, m1, m2, m3, m4 = m[0, q], m[1, q], m[2, q], m[3, q], m[4, q]
        e, f = m1 + m2, m1 - m2
        z[0, q] = m0 + e + m3
        z[1, q] = f + TWO * m3
        z[2, q] = e + FOUR * m3
        z[3, q] = f + EIGHT * m3 + m4
    if together:
        for i in range(4):
            for q in range(L):
                z[i, q] += m[5 + i, q]


@njit(cache=True, nogil=True, fastmath=FAST)
def back_output(M, gx, k0, k1, pads, first, last, TH, TW, s, z):  # type: ignore[no-untyped-def]
    """Channels k0 … k1 − 1 of gx from M (81, tiles · channels), 8 × 8 pixels for each tile.

    s (9, 8 STRIP channels), z (4, the same). Even pixels are Aᵀ (the five), odd ones the four.
    """
    H, W = gx.shape[2:]
    C = k1 - k0
    odd = 1 if pads[0] == 1 else 0  # which come first
    none = np.zeros(C, np.float32)
    for r in range(first, last):
        n = r // TH
        top = 8 * (r - n * TH)
        for b0 in range(0, TW, STRIP):
            count = min(STRIP, TW - b0)
            L = count * C
            _rows_apart(M, ((r - first) * TW + b0) * C, L, 1 if pads[1] == 1 else 0, s)
            _sums(s, 8 * L, z, False)
            width = min(8 * count, W - 8 * b0)
            for i in range(min(8, H - top)):
                line = z[i // 2] if i % 2 == odd else s[5 + i // 2]
                row = line[: 8 * L].reshape(8, count, C)
                stand_strip(row, width, none, gx[n, k0:k1, top + i, 8 * b0 :], 3)


@njit(cache=True, nogil=True, fastmath=FAST)
def _rows_apart(M, at, L, odd, s):  # type: ignore[no-untyped-def]
    """s (9, 8 L): along each row of places Aᵀ (the five) and the four in turn, these first where
    `odd`."""
    for a in range(9):
        place, room = PLACE[a], s[a, : 8 * L].reshape(8, L)
        m0, m1, m2 = M[place[0], at : at + L], M[place[1], at : at + L], M[place[2], at : at + L]
        m3, m4 = M[place[3], at : at + L], M[place[4], at : at + L]
        s0, s1, s2, s3 = room[odd], room[2 + odd], room[4 + odd], room[6 + odd]
        for q in range(L):
            e, f = m1[q] + m2[q], m1[q] - m2[q]
            s0[q] = m0[q] + e + m3[q]
            s1[q] = f + TWO * m3[q]
            s2[q] = e + FOUR * m3[q]
            s3[q] = f + EIGHT * m3[q] + m4[q]
        for b in range(4):
            room[2 * b + 1 - odd] = M[place[5 + b], at : at + L]
