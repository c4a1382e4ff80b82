"""Rounding to bfloat16 on the GPU, bit by bit, and on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.elementwise import bfloat16
from minitorch_cv.kernels.cuda.launch import Source

from minitorch_cv.ops.bfloat16 import ROUND
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import Emulated, emulated_cuda


def numbers():
    """Every upper half of a float, with lower halves around the tie; a length that 4 leaves."""
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    bits = np.concatenate([upper + low for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)])
    return np.concatenate([bits, [0x3F808000, 0x3F818000, 0x7F800001]]).astype(np.uint32).view("f")


def nearest(x):
    """Of the two neighbours the nearer one, or the even one: counted in 32 bits, not rounded."""
    bits = x.view(np.uint32)
    low = bits & np.uint32(0xFFFF0000)
    high, rest = low + np.uint32(0x10000), (bits & np.uint32(0xFFFF)).astype(int)
    odd = (low >> 16) & 1 == 1
    up = (rest > 0x8000) | ((rest == 0x8000) & odd)
    return np.where(np.isnan(x), np.float32(np.nan), np.where(up, high, low).view("f"))


def same(got, want):
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    whole = ~np.isnan(want)
    np.testing.assert_array_equal(got.view(np.uint32)[whole], want.view(np.uint32)[whole])
    assert not (got.view(np.uint32) & 0xFFFF)[whole].any()


def widened(halves):
    return (halves.astype(np.uint32) << 16).view("f")


def test_known_numbers():
    given = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, 3.4e38, -3.4e38, -0.0], "f")
    want = np.array([1, 1 + 2**-6, 1 + 2**-7, np.inf, -np.inf, -0.0], "f")
    same(nearest(given), want)
    same(nearest_bfloat16(given), want)


def test_on_the_cpu():
    x = numbers()
    same(nearest_bfloat16(x), nearest(x))
    assert nearest_bfloat16(np.float16([1.5, np.inf])).dtype == np.float32
    assert nearest_bfloat16(np.array(0.1, "f")).shape == ()
    same(nearest_bfloat16(x[:12].reshape(3, 4).T), nearest(x[:12]).reshape(3, 4).T)
    assert ROUND(np.ones((0, 2), "f")).shape == (0, 2)


def test_on_the_gpu(order, blocks):
    x = numbers()
    with emulated_cuda(order) as counters:
        there = counters.library.from_numpy(x)
        same(ROUND(there).get(), nearest(x))
        same(widened(bfloat16.narrow(there).get()), nearest(x))
        same(bfloat16.rounded(there[:12].reshape(3, 4).T).get(), nearest(x[:12]).reshape(3, 4).T)
        assert bfloat16.narrow(there[:0]).shape == (0,)
        assert counters.total() == 3  # the reads of this test


@pytest.mark.parametrize("start", [0, 1, 4])
def test_arrays_that_begin_anywhere(start, order):
    x, kernels = numbers()[:3000], Emulated(Source("elementwise/bfloat16.cu"))
    x = np.concatenate([np.zeros(start, "f"), x])[start:]
    y, narrow = np.full(x.size + start, np.nan, "f")[start:], np.zeros(x.size, np.uint16)
    kernels.launch("bfloat16_round", 2, 64, (x, y, x.size), order=order)
    kernels.launch("bfloat16_narrow", 2, 64, (x, narrow, x.size), order=order)
    same(y, nearest(x))
    same(widened(narrow), nearest(x))


@pytest.mark.parametrize("shape", [(30, 41), (2, 3, 5), (1, 1), (4,)])
def test_a_bias_is_added_and_the_sum_rounded(shape, order, blocks, draw):
    y, b = draw(*shape), draw(shape[-1])
    y.flat[0] = np.nan
    with emulated_cuda(order) as counters:
        there = counters.library.from_numpy(y)
        assert bfloat16.add_and_round(there, counters.library.from_numpy(b)) is there
        plain = bfloat16.add_and_round(counters.library.from_numpy(y)).get()
        same(there.get(), nearest(y + nearest(b)))
        same(plain, nearest(y))
        strided = np.repeat(b, 2)
        turned = bfloat16.add_and_round(
            counters.library.from_numpy(y), counters.library.from_numpy(strided)[::2]
        )
        same(turned.get(), nearest(y + nearest(b)))
        empty = counters.library.from_numpy(y[:0])
        assert bfloat16.add_and_round(empty) is empty
