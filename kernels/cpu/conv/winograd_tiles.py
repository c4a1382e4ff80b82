"""The transforms of Winograd's F(4×4, 3×3), written for vectors that run over channels.

                ⎡4  0 −5  0 1 0⎤        ⎡ 1/4    0    0 ⎤
                ⎢0 −4 −4  1 1 0⎥        ⎢−1/6 −1/6 −1/6 ⎥        ⎡1 1  1 1  1 0⎤
    Bᵀ =        ⎢0  4 −4 −1 1 0⎥   G =  ⎢−1/6  1/6 −1/6 ⎥   Aᵀ = ⎢0 1 −1 2 −2 0⎥
                ⎢0 −2 −1  2 1 0⎥        ⎢1/24 1/12  1/6 ⎥        ⎢0 1  1 4  4 0⎥
                ⎢0  2 −1 −2 1 0⎥        ⎢1/24 −1/12 1/6 ⎥        ⎣0 1 −1 8 −8 1⎦
                ⎣0  4  0 −5 0 1⎦        ⎣  0     0    1 ⎦

A tile is 6 × 6 pixels of x, which give 4 × 4 of y; its neighbours overlap it by two. Rows of tiles
are counted over all images: row r is the (r mod TH)-th of image ⌊r / TH⌋, and has TW tiles. A strip
is up to STRIP neighbours in a row. Its pixels are first laid down with channels last and every
fourth pixel together, (4, tiles, C), so that all six columns of Bᵀ d B are long vectors, whatever
the width of the image.
Source: A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .phases import FAST

STRIP = 14
TWO, FOUR, FIVE, EIGHT = np.float32(2), np.float32(4), np.float32(5), np.float32(8)


@njit(cache=True, nogil=True, fastmath=FAST)
def input_tiles(x, first, last, pads, TH, TW, z, t, V):  # type: ignore[no-untyped-def]
    """V (36, tiles · C) = Bᵀ d B for rows first … last − 1 of tiles. z, t (6, 4 (STRIP + 1) C)."""
    C, H = x.shape[1:3]
    PH, PW = pads
    for b0 in range(0, TW, STRIP):
        count = min(STRIP, TW - b0)
        L, S = count * C, (count + 1) * C
        for r in range(first, last):
            n = r // TH
            top = 4 * (r - n * TH) - PH
            start = 0
            if r > first and top > -PH:  # the row of tiles above shares two rows of pixels
                start = 2
                for q in range(4 * S):
                    z[0, q] = z[4, q]
                    z[1, q] = z[5, q]
            for i in range(start, 6):
                row = z[i, : 4 * S].reshape(4, count + 1, C)
                lay_strip(x, n, top + i, 4 * b0 - PW, 4 * count + 2, 0 <= top + i < H, 2, row)
            for q in range(4 * S):
                d0, d1, d2, d3, d4, d5 = z[0, q], z[1, q], z[2, q], z[3, q], z[4, q], z[5, q]
                a, b, e, f = d4 - FOUR * d2, d3 - FOUR * d1, d4 - d2, TWO * (d3 - d1)
                t[0, q] = FOUR * d0 - FIVE * d2 + d4
                t[1, q] = a + b
                t[2, q] = a - b
                t[3, q] = e + f
                t[4, q] = e - f
                t[5, q] = FOUR * d1 - FIVE * d3 + d5
            at = ((r - first) * TW + b0) * C
            for i in range(6):
                _across(t[i], L, S, C, V[6 * i : 6 * i + 6, at : at + L])


@njit(cache=True, nogil=True, fastmath=FAST)
def lay_strip(x, n, row, left, width, inside, bits, z):  # type: ignore[no-untyped-def]
    """z (2^bits, tiles, C): pixels left … left + width − 1 of a row of x, zeros where there are
    none. Neighbouring tiles are 2^bits pixels apart."""
    C, _, W = x.shape[1:]
    mask = (1 << bits) - 1
    q0, q1 = max(left, 0), min(left + width, W)
    if not inside or q1 - q0 < width:
        z[:] = 0
    if not inside:
        return
    if C < 32 and C % 8 == 0:
        for c in range(0, C, 8):
            few = x[n, c : c + 8, row]
            for q in range(q0, q1):
                to = z[(q - left) & mask, (q - left) >> bits, c : c + 8]
                to[0], to[1], to[2], to[3] = few[0, q], few[1, q], few[2, q], few[3, q]
                to[4], to[5], to[6], to[7] = few[4, q], few[5, q], few[6, q], few[7, q]
        return
    for q in range(q0, q1):
        pixel, to = x[n, :, row, q], z[(q - left) & mask, (q - left) >> bits]
        for c in range(C):
            to[c] = pixel[c]


@njit(cache=True, nogil=True, fastmath=FAST)
def _across(t, L, S, C, v):  # type: ignore[no-untyped-def]
    """v (6, L) = t B, where t holds pixels 0, 4, 8, …, then 1, 5, 9, … of one row."""
    t0, t1, t2, t3 = t[:L], t[S : S + L], t[2 * S : 2 * S + L], t[3 * S : 3 * S + L]
    t4, t5 = t[C : C + L], t[S + C : S + C + L]
    for q in range(L):
        d0, d1, d2, d3, d4, d5 = t0[q], t1[q], t2[q], t3[q], t4[q], t5[q]
        a, b, e, f = d4 - FOUR * d2, d3 - FOUR * d1, d4 - d2, TWO * (d3 - d1)
        v[0, q] = FOUR * d0 - FIVE * d2 + d4
        v[1, q] = a + b
        v[2, q] = a - b
        v[3, q] = e + f
        v[4, q] = e - f
        v[5, q] = FOUR * d1 - FIVE * d3 + d5


@njit(cache=True, nogil=True, fastmath=FAST)
def output_tiles(M, y, k0, k1, bias, first, last, TW, s, z):  # type: ignore[no-untyped-def]
    """Channels k0 … k1 − 1 of y = Aᵀ m A + bias from M (36, tiles · channels).

    s (6, 4 STRIP · channels), z (4, 4 STRIP · channels): room to work in.
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
            at = ((r - first) * TW + b0) * C
            for j in range(6):
                _fold(M[j::6, at : at + L], L, s[j, : 4 * L].reshape(4, L))
            for i in range(4):
                _fold(s[:, i * L : i * L + L], L, z[i, : 4 * L].reshape(4, L))
            width = min(4 * count, OW - 4 * b0)
            for i in range(min(4, OH - p)):
                row = z[i, : 4 * L].reshape(4, count, C)
                stand_strip(row, width, bias[k0:k1], y[n, k0:k1, p + i, 4 * b0 :], 2)


@njit(cache=True, nogil=True, fastmath=FAST)
def stand_strip(z, width, bias, y, bits):  # type: ignore[no-untyped-def]
    """y (C, width) = z + bias, where z (2^bits, tiles, C) has channels last: the way back of
    `lay_strip`."""
    C = z.shape[2]
    mask = (1 << bits) - 1
    if width < 32 <= C:
        for q in range(width):
            pixel, to = z[q & mask, q >> bits], y[:, q]
            for c in range(C):
                to[c] = pixel[c] + bias[c]
    else:
        for c in range(C):
            line, b = y[c], bias[c]
            for q in range(width):
                line[q] = z[q & mask, q >> bits, c] + b


@njit(cache=True, nogil=True, fastmath=FAST)
def _fold(m, L, s):  # type: ignore[no-untyped-def]
    """s (4, L) = Aᵀ m."""
    for q in range(L):
        m1, m2, m3, m4 = m[1, q], m[2, q], m[3, q], m[4, q]
        a, d, e, f = m1 + m2, m1 - m2, m3 + m4, m3 - m4
        s[0, q] = m[0, q] + a + e
        s[1, q] = d + TWO * f
        s[2, q] = a + FOUR * e
        s[3, q] = d + EIGHT * f + m[5, q]


@njit(cache=True, nogil=True, fastmath=FAST)
def gradient_tiles(gy, first, last, TW, z, s, D):  # type: ignore[no-untyped-def]
    """D (36, tiles · OC) = A g Aᵀ for rows first … last − 1: the adjoint of `output_tiles`."""
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
            _spread(z, 4 * L, s)
            at = ((r - first) * TW + b0) * OC
            for i in range(6):
                _spread(s[i, : 4 * L].reshape(4, L), L, D[6 * i : 6 * i + 6, at : at + L])


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread(z, L, s):  # type: ignore[no-untyped-def]
    """s (6, L) = A z."""
    for q in range(L):
        g0, g1, g2, g3 = z[0, q], z[1, q], z[2, q], z[3, q]
        a, b, e, f = g0 + g2, g1 + g3, g0 + FOUR * g2, TWO * g1 + EIGHT * g3
        s[0, q] = g0
        s[1, q] = a + b
        s[2, q] = a - b
        s[3, q] = e + f
        s[4, q] = e - f
        s[5, q] = g3
