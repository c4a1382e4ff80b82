"""packed/elementwise.cu: lengths that eight leaves, arrays that begin anywhere, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.packed import array
from minitorch_cv.kernels.cuda.packed.array import Packed, packed

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import emulated_cuda

# The last is more than two blocks take at once.
SHAPES = [(2, 8, 3, 5), (3, 5, 7), (1, 1, 2, 2, 3), (2, 3), (2, 8, 23, 25)]
SUMS = {
    "add": lambda a, b: a + b,
    "add_relu": lambda a, b: np.where(a + b <= 0, np.float32(0), a + b),
}


def images(draw, count, shape):
    """Numbers of bfloat16, with what is hard among them: as many as asked for."""
    drawn = [nearest_bfloat16(draw(*shape)) for _ in range(count)]
    for k, x in enumerate(drawn):
        x.reshape(-1)[k::5][:4] = [np.nan, np.inf, -np.inf, 0.0][: x.reshape(-1)[k::5].size]
    return drawn


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_relu(shape, order, blocks, draw):
    x, gy = images(draw, 2, shape)
    op = op_named("relu")
    with emulated_cuda(order) as counters:
        X, GY = (packed(counters.library.from_numpy(a)) for a in (x, gy))
        y, saved = op.run((X,), {})
        (gx,) = op.differentiate(GY, saved, (True,))
        assert isinstance(y, Packed) and isinstance(gx, Packed)
        y, gx = y.plain().get(), gx.plain().get()
    np.testing.assert_array_equal(y, np.where(x <= 0, 0, x))
    np.testing.assert_array_equal(gx, np.where(x <= 0, 0, gy))


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums(name, shape, order, blocks, draw):
    a, b, gy = images(draw, 3, shape)
    op = op_named(name)
    with np.errstate(invalid="ignore"):
        want = nearest_bfloat16(SUMS[name](a, b))
    with emulated_cuda(order) as counters:
        A, B, GY = (packed(counters.library.from_numpy(v)) for v in (a, b, gy))
        y, saved = op.run((A, B), {})
        ga, gb = op.differentiate(GY, saved, (True, True))
        assert op.differentiate(GY, saved, (True, False))[1] is None
        y, ga, gb = (v.plain().get() for v in (y, ga, gb))
    np.testing.assert_array_equal(y, want)
    slope = gy if name == "add" else np.where(want <= 0, 0, gy)
    np.testing.assert_array_equal(ga, slope)
    np.testing.assert_array_equal(gb, slope)


def test_a_plain_gradient_is_rounded(emulator, draw):
    x, gy = nearest_bfloat16(draw(2, 3, 4)), draw(2, 3, 4)
    with emulated_cuda() as counters:
        y, saved = op_named("relu").run((packed(counters.library.from_numpy(x)),), {})
        (gx,) = op_named("relu").differentiate(counters.library.from_numpy(gy), saved, (True,))
        np.testing.assert_array_equal(gx.plain().get(), np.where(x <= 0, 0, nearest_bfloat16(gy)))


@pytest.mark.parametrize("C", [8, 24, 5], ids=["one word", "words", "one by one"])
def test_bias(C, order, blocks, draw):
    y, b = nearest_bfloat16(draw(3, C, 15, 14)), draw(C)
    want = nearest_bfloat16(y + nearest_bfloat16(b).reshape(C, 1, 1))
    with emulated_cuda(order) as counters:
        Y, B = packed(counters.library.from_numpy(y)), counters.library.from_numpy(b)
        np.testing.assert_array_equal(array.with_bias(Y, B).plain().get(), want)


@pytest.mark.parametrize("start", [1, 3, 7])
def test_memory_that_begins_anywhere(start, emulator, blocks, draw):
    x, b = nearest_bfloat16(draw(2, 8, 9, 10)), draw(8)
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        X = packed(send(x))
        halves = np.append(np.zeros(start, np.uint16), X.bits.get().reshape(-1))
        there = Packed(send(halves)[start:].reshape((2, 9, 10, 8)), x.shape)
        assert there.bits.data.ptr % 16 == 2 * start
        np.testing.assert_array_equal((there + X).plain().get(), nearest_bfloat16(x + x))
        (y, _) = op_named("relu").run((there,), {})
        np.testing.assert_array_equal(y.plain().get(), np.maximum(x, 0))
        want = nearest_bfloat16(x + nearest_bfloat16(b).reshape(8, 1, 1))
        np.testing.assert_array_equal(array.with_bias(there, send(b)).plain().get(), want)


def test_other_calls_are_done_in_float32(emulator, draw):
    """A shape that is broadcast, an image that is not packed, a number: nothing is rounded."""
    x, row = nearest_bfloat16(draw(2, 3, 4)), draw(4)
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        for other in (send(row), send(np.tile(row, (2, 3, 1))), packed(send(x[:1])), 1 / 3):
            y, saved = op_named("add").run((packed(send(x)), other), {})
            value = other.plain().get() if isinstance(other, Packed) else other
            value = value.get() if hasattr(value, "get") else np.float32(value)
            np.testing.assert_array_equal(y.get(), x + value)
            ga, _ = op_named("add").differentiate(y, saved, (True, False))
            np.testing.assert_array_equal(ga.get(), x + value)
