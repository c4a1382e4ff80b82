"""Images laid out so that every tap of a kernel reads one long run of memory.

With stride (SH, SW), output (p, q) meets at tap (i, j) pixel (p SH + i DH, q SW + j DW) of the
padded image. Rows and columns are therefore dealt out: phase (a, f) holds its pixels (m SH + a,
k SW + f), WQ in a row. The pixel above is then in phase (i DH mod SH, j DW mod SW), at the place

    p WQ + q + shift,    shift = ⌊i DH / SH⌋ WQ + ⌊j DW / SW⌋

so that for all q and p at once a tap is one run that starts at its shift. Rows of the output get
the same width, WQ = OW + ⌊(KW − 1) DW / SW⌋; what falls on the last columns has no meaning and is
left out on the way back. `view` is (KH, KW, SH, SW, PH, PW, DH, DW).
"""

from __future__ import annotations

import numpy as np
from numba import njit

FAST = {"contract", "reassoc", "nsz"}  # vectors may be added up in another order; NaN is kept


@njit(cache=True, nogil=True)
def width_of(view, OW):  # type: ignore[no-untyped-def]
    """WQ."""
    return OW + (view[1] - 1) * view[7] // view[3]


@njit(cache=True, nogil=True)
def room_for(view, rows, OW):  # type: ignore[no-untyped-def]
    """Zeros for all phases of some rows of the output, and as many more as a run may reach over."""
    KH, KW, SH, SW, _, _, DH, DW = view
    size = (rows + (KH - 1) * DH // SH) * width_of(view, OW)
    return np.zeros(SH * SW * size + KW * DW, np.float32)


@njit(cache=True, nogil=True)
def start_of(view, rows, WQ, i, j):  # type: ignore[no-untyped-def]
    """Where the run of tap (i, j) begins."""
    KH, _, SH, SW, _, _, DH, DW = view
    size = (rows + (KH - 1) * DH // SH) * WQ
    phase = (i * DH) % SH * SW + (j * DW) % SW
    return phase * size + (i * DH) // SH * WQ + (j * DW) // SW


@njit(cache=True, nogil=True)
def _is_met(phase, taps, stride, dilation):  # type: ignore[no-untyped-def]
    """Does any tap read this phase?"""
    for i in range(taps):  # noqa: SIM110 (compiled: no generators)
        if (i * dilation) % stride == phase:
            return True
    return False


@njit(cache=True, nogil=True)
def _inside(f, SW, PW, W, WQ):  # type: ignore[no-untyped-def]
    """(k0, k1, column of k0): the columns k of phase f that lie on the image; rows alike."""
    k0 = min(max(-((f - PW) // SW), 0), WQ)
    k1 = max(min((W - 1 - f + PW) // SW + 1, WQ), k0)
    return k0, k1, k0 * SW + f - PW


@njit(cache=True, nogil=True, fastmath=FAST)
def lay(x, p0, p1, view, WQ, room):  # type: ignore[no-untyped-def]
    """room: all phases of one channel x (H, W), for rows p0 … p1 − 1 of the output."""
    KH, KW, SH, SW, PH, PW, DH, DW = view
    H, W = x.shape
    rows = p1 - p0 + (KH - 1) * DH // SH
    for a in range(SH):
        m0, m1, top = _inside(a + p0 * SH, SH, PH, H, rows)
        for f in range(SW):
            if not (_is_met(a, KH, SH, DH) and _is_met(f, KW, SW, DW)):
                continue
            at = (a * SW + f) * rows * WQ
            k0, k1, left = _inside(f, SW, PW, W, WQ)
            if m1 - m0 < rows or k1 - k0 < WQ:
                for q in range(at, at + rows * WQ):
                    room[q] = 0
            if m0 == m1 or k0 == k1:
                continue
            flat, begin = x.reshape(H * W), top * W + left
            _copy(flat, begin, SH * W, SW, room, at + m0 * WQ + k0, WQ, m1 - m0, k1 - k0)


@njit(cache=True, nogil=True, fastmath=FAST)
def _copy(x, b, step, SW, room, r, WQ, rows, columns):  # type: ignore[no-untyped-def]
    """Every SW-th element from b on to r on, row by row. The indices have no sign, so that no test
    whether they count from the end stands between the compiler and its vectors."""
    begin, to, count = np.uintp(b), np.uintp(r), np.uintp(columns)
    one, two, more = np.uintp(1), np.uintp(2), np.uintp(SW)
    for _ in range(rows):
        if more == one:
            for k in range(count):
                room[to + k] = x[begin + k]
        elif more == two:
            for k in range(count):
                room[to + k] = x[begin + two * k]
        else:
            for k in range(count):
                room[to + k] = x[begin + more * k]
        begin += np.uintp(step)
        to += np.uintp(WQ)


@njit(cache=True, nogil=True, fastmath=FAST)
def take_back(room, p0, p1, view, WQ, gx):  # type: ignore[no-untyped-def]
    """The adjoint of `lay`: gx (H, W) += what was added up in the phases."""
    KH, KW, SH, SW, PH, PW, DH, DW = view
    H, W = gx.shape
    rows = p1 - p0 + (KH - 1) * DH // SH
    for a in range(SH):
        m0, m1, top = _inside(a + p0 * SH, SH, PH, H, rows)
        for f in range(SW):
            if not (_is_met(a, KH, SH, DH) and _is_met(f, KW, SW, DW)):
                continue
            at = (a * SW + f) * rows * WQ
            k0, k1, left = _inside(f, SW, PW, W, WQ)
            if m0 == m1 or k0 == k1:
                continue
            flat, begin = gx.reshape(H * W), top * W + left
            _add(room, at + m0 * WQ + k0, WQ, flat, begin, SH * W, SW, m1 - m0, k1 - k0)


@njit(cache=True, nogil=True, fastmath=FAST)
def _add(room, r, WQ, gx, b, step, SW, rows, columns):  # type: ignore[no-untyped-def]
    """The adjoint of `_copy`."""
    to, begin, count = np.uintp(b), np.uintp(r), np.uintp(columns)
    one, two, more = np.uintp(1), np.uintp(2), np.uintp(SW)
    for _ in range(rows):
        if more == one:
            for k in range(count):
                gx[to + k] += room[begin + k]
        elif more == two:
            for k in range(count):
                gx[to + two * k] += room[begin + k]
        else:
            for k in range(count):
                gx[to + more * k] += room[begin + k]
        begin += np.uintp(WQ)
        to += np.uintp(step)
