"""What numba has no words for: vectors of the processor, whose lanes are images.

LANES numbers are multiplied and added at once, and sums stay in registers while a loop runs over
what is added up. A tile of (rows, columns) sums needs rows + columns loads for rows · columns
products, so it is as large as the registers allow: TILES, for processors with 32 of them and with
16. All arrays are flat; places and distances are counted in elements.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_told = config.CPU_FEATURES  # type: ignore[attr-defined]
_features = llvm.get_host_cpu_features().flatten() if _told is None else _told
MANY = "+avx512f" in _features.split(",")
LANES = 16 if MANY else 8
TILES = ((4, 4), (4, 5), (6, 4), (4, 6)) if MANY else ((4, 3), (3, 4), (6, 2), (2, 5))

_NUMBER, _INDEX = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_NUMBER, LANES)
_FUSED = ("contract",)


@intrinsic(prefer_literal=True)
def multiply(
    typing_context: Any, OB: Any, QB: Any, taps: Any, offsets: Any,
    w: Any, w0: Any, bias: Any, b0: Any, x: Any, x0: Any, step: Any, y: Any, y0: Any, far: Any,
) -> Any:  # fmt: skip
    """y[y0 + o far + q LANES] = bias[b0 + o] + Σ_t w[w0 + t OB + o] x[x0 + offsets[t] + q step]

    for o < OB, q < QB, t < taps; x and y are vectors, w and bias numbers.
    """
    rows, columns = OB.literal_value, QB.literal_value

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, _, taps, offsets, w, w0, bias, b0, x, x0, step, y, y0, far = args
        kinds = signature.args
        offsets = _data(context, builder, kinds[3], offsets)
        w = builder.gep(_data(context, builder, kinds[4], w), [w0])
        bias = builder.gep(_data(context, builder, kinds[6], bias), [b0])
        x = builder.gep(_data(context, builder, kinds[8], x), [x0])
        y = builder.gep(_data(context, builder, kinds[11], y), [y0])
        starts = [_spread(builder, builder.load(_at(builder, bias, o))) for o in range(rows)]
        sums = [[cgutils.alloca_once_value(builder, a) for _ in range(columns)] for a in starts]
        with cgutils.for_range(builder, taps) as loop:
            here = builder.gep(x, [builder.load(builder.gep(offsets, [loop.index]))])
            pixels = [_load(builder, _at(builder, here, q, step)) for q in range(columns)]
            first = builder.gep(w, [builder.mul(loop.index, _INDEX(rows))])
            for o in range(rows):
                factor = _spread(builder, builder.load(_at(builder, first, o)))
                for q in range(columns):
                    _add(builder, sums[o][q], factor, pixels[q])
        for o in range(rows):
            for q in range(columns):
                place = builder.gep(_at(builder, y, o, far), [_INDEX(q * LANES)])
                _store(builder, builder.load(sums[o][q]), place)
        return context.get_dummy_value()

    long = types.int64
    return types.void(
        OB, QB, long, offsets, w, long, bias, long, x, long, long, y, long, long
    ), build  # fmt: skip


@intrinsic(prefer_literal=True)
def correlate(
    typing_context: Any, OB: Any, TB: Any, lines: Any, columns: Any, g: Any, g0: Any, far: Any,
    offsets: Any, t0: Any, x: Any, x0: Any, down: Any, step: Any, total: Any, s0: Any,
) -> Any:  # fmt: skip
    """total[s0 + o TB + t] += Σ_pq g[g0 + o far + (p columns + q) LANES]
                                     x[x0 + offsets[t0 + t] + p down + q step]

    for o < OB, t < TB, p < lines, q < columns; x and g are vectors, whose lanes are added up, too.
    A tile of the total is filled up to a multiple of LANES.
    """
    rows, taps = OB.literal_value, TB.literal_value

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, _, lines, columns, g, g0, far, offsets, t0, x, x0, down, step, total, s0 = args
        kinds = signature.args
        g = builder.gep(_data(context, builder, kinds[4], g), [g0])
        offsets = builder.gep(_data(context, builder, kinds[7], offsets), [t0])
        x = builder.gep(_data(context, builder, kinds[9], x), [x0])
        total = builder.gep(_data(context, builder, kinds[13], total), [s0])
        sources = [builder.gep(x, [builder.load(_at(builder, offsets, t))]) for t in range(taps)]
        sums = [[_nothing(builder) for _ in range(taps)] for _ in range(rows)]
        with cgutils.for_range(builder, lines) as line:
            before = builder.mul(line.index, columns)
            with cgutils.for_range(builder, columns) as column:
                at = builder.mul(builder.add(before, column.index), _INDEX(LANES))
                shift = builder.add(builder.mul(line.index, down), builder.mul(column.index, step))
                here = builder.gep(g, [at])
                pixels = [_load(builder, builder.gep(source, [shift])) for source in sources]
                for o in range(rows):
                    factor = _load(builder, _at(builder, here, o, far))
                    for t in range(taps):
                        _add(builder, sums[o][t], factor, pixels[t])
        _store_sums(builder, [one for several in sums for one in several], total)
        return context.get_dummy_value()

    long = types.int64
    return types.void(
        OB, TB, long, long, g, long, long, offsets, long, x, long, long, long, total, long
    ), build  # fmt: skip


@intrinsic
def turn(
    typing_context: Any, x: Any, sources: Any, x0: Any, y: Any, targets: Any, y0: Any
) -> Any:  # fmt: skip
    """y[y0 + targets[k] + l] = x[x0 + sources[l] + k], k, l < LANES: a square is transposed."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, sources, x0, y, targets, y0 = args
        kinds = signature.args
        x = builder.gep(_data(context, builder, kinds[0], x), [x0])
        y = builder.gep(_data(context, builder, kinds[3], y), [y0])
        sources = _data(context, builder, kinds[1], sources)
        targets = _data(context, builder, kinds[4], targets)

        def place(pointer: Any, table: Any, k: int) -> Any:
            return builder.gep(pointer, [builder.load(_at(builder, table, k))])

        lines = [_load(builder, place(x, sources, k)) for k in range(LANES)]
        for _ in range(LANES.bit_length() - 1):  # like shuffling cards: log₂ LANES times
            pairs = zip(lines[: LANES // 2], lines[LANES // 2 :], strict=True)
            lines = [line for a, b in pairs for line in _riffle(builder, a, b)]
        for k, line in enumerate(lines):
            _store(builder, line, place(y, targets, k))
        return context.get_dummy_value()

    return types.void(x, sources, types.int64, y, targets, types.int64), build


def _riffle(builder: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """a₀ b₀ a₁ b₁ …: the first half and the second."""
    pick = ir.IntType(32)
    order = [k // 2 + LANES * (k % 2) for k in range(2 * LANES)]
    low, high = (
        ir.Constant(ir.VectorType(pick, LANES), [pick(k) for k in part])
        for part in (order[:LANES], order[LANES:])
    )
    return builder.shuffle_vector(a, b, low), builder.shuffle_vector(a, b, high)


def _across(builder: Any, lines: list[Any]) -> Any:
    """The sums of LANES vectors, each over its own lanes, in one vector."""
    while len(lines) > 1:
        half = len(lines) // 2
        pairs = zip(lines[:half], lines[half:], strict=True)
        lines = [builder.fadd(*_riffle(builder, a, b)) for a, b in pairs]
    return lines[0]


def _nothing(builder: Any) -> Any:
    """A sum that begins with zeros."""
    return cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, [_NUMBER(0.0)] * LANES))


def _store_sums(builder: Any, sums: list[Any], total: Any) -> None:
    """total += each sum over its own lanes."""
    sums = sums + [_nothing(builder) for _ in range(-len(sums) % LANES)]
    found = [builder.load(one) for one in sums]
    for k in range(0, len(found), LANES):
        place, added = _at(builder, total, k), _across(builder, found[k : k + LANES])
        _store(builder, builder.fadd(_load(builder, place), added), place)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _at(builder: Any, pointer: Any, k: int, step: Any = None) -> Any:
    """pointer + k, or pointer + k step."""
    return builder.gep(pointer, [_INDEX(k) if step is None else builder.mul(_INDEX(k), step)])


def _load(builder: Any, place: Any) -> Any:
    return builder.load(builder.bitcast(place, _VECTOR.as_pointer()), align=4)


def _store(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, builder.bitcast(place, _VECTOR.as_pointer()), align=4)


def _spread(builder: Any, number: Any) -> Any:
    """The number in all lanes."""
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [ir.IntType(32)(0)] * LANES)
    return builder.shuffle_vector(one, empty, zeros)


def _add(builder: Any, total: Any, a: Any, b: Any) -> None:
    """total += a b, in one step."""
    product = builder.fmul(a, b, flags=_FUSED)
    builder.store(builder.fadd(builder.load(total), product, flags=_FUSED), total)


@njit(cache=True, nogil=True)
def aligned(size):  # type: ignore[no-untyped-def]
    """Zeros that begin where a line of the cache does: no vector lies on two lines."""
    room = np.zeros(size + 16, np.float32)
    first = (-(room.ctypes.data // 4)) % 16
    return room[first : first + size]


@njit(cache=True, nogil=True)
def even_places():  # type: ignore[no-untyped-def]
    """Where vectors lie that follow each other."""
    places = np.empty(LANES, np.int64)
    for k in range(LANES):
        places[k] = k * LANES
    return places
