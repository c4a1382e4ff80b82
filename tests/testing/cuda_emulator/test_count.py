"""The counts of a kernel's reads, writes and operations equal what one counts by hand."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.launch import Source

from minitorch_cv.testing.cuda_emulator import compiler
from minitorch_cv.testing.cuda_emulator.count import Traffic, count

pytestmark = pytest.mark.skipif(compiler() is None, reason="no g++: CUDA kernels cannot run")

HEAD = """extern "C" __global__ void __launch_bounds__(256)
f(const float* __restrict__ x,  // (n)
  float* __restrict__ y,        // (n)
  int n, int step)
"""


def counts(body, n=64, step=1, block=64, grid=1, y=None):
    x = np.arange(n, dtype=np.float32)
    y = np.zeros(n, np.float32) if y is None else y
    return count(HEAD + body, "f", grid, block, (x, y, n, step))


@pytest.mark.parametrize("step, sectors", [(1, 4), (2, 8), (8, 32), (0, 1)])
def test_sectors_of_a_warp(step, sectors):
    found = counts("{ float v = x[threadIdx.x * step]; y[threadIdx.x] = v; }", 256, step, 32)
    assert found.arrays == {"x": Traffic(32, 0, 128, sectors), "y": Traffic(0, 32, 128, 4)}
    assert found.flops == 0 and found.shared == Traffic(0, 0, 0, 0)
    assert found.global_bytes == 32 * (sectors + 4)


def test_each_block_asks_anew():
    found = counts("{ y[threadIdx.x] = x[threadIdx.x]; }", block=32, grid=3)
    assert found.arrays["x"] == Traffic(96, 0, 384, 12)


def test_operations_and_functions_are_counted():
    body = "{ float v = x[threadIdx.x]; y[threadIdx.x] = expf(v) * 2.0f + v / 3.0f - fmaxf(v, 1); }"
    y = np.zeros(64, np.float32)
    assert counts(body, y=y).flops == 64 * 6
    x = np.arange(64, dtype=np.float32)
    np.testing.assert_allclose(y, np.exp(x) * 2 + x / 3 - np.maximum(x, 1), rtol=1e-6)


def test_powers_of_two_and_integers_of_floats_are_operations():
    body = "{ y[threadIdx.x] = (float)llrintf(ldexpf(x[threadIdx.x], -step)); }"
    y = np.zeros(64, np.float32)
    assert counts(body, y=y).flops == 64 * 2
    np.testing.assert_array_equal(y, np.rint(np.arange(64) / 2))  # halves to even


def test_words_of_four_are_one_access():
    body = "{ ((float4*)y)[threadIdx.x] = ((const float4*)x)[threadIdx.x]; }"
    y = np.zeros(64, np.float32)
    found = counts(body, y=y, block=16)
    assert found.arrays == {"x": Traffic(16, 0, 256, 8), "y": Traffic(0, 16, 256, 8)}
    np.testing.assert_array_equal(y, np.arange(64))


@pytest.mark.parametrize("stride, turns", [(1, 1), (2, 2), (32, 32), (33, 1), (0, 1)])
def test_turns_of_the_banks(stride, turns):
    body = """{ __shared__ float tile[32 * 33];
    float v = tile[threadIdx.x * step];
    y[threadIdx.x] = 0.0f * v; }"""
    found = counts(body, 32, stride, 32)
    assert found.shared == Traffic(32, 0, 128, turns)
    assert found.shared_bytes == 128 * turns


def test_products_of_matrices():
    """What the header of teaching/gemm.cu says of both kernels."""
    size = 64
    a, b, c = (np.ones((size, size), np.float32) for _ in "abc")
    source, args = Source("teaching/gemm.cu"), (a, b, c, size, size, size)
    plain = count(source, "gemm_plain", (4, 4), (16, 16), args)
    tiled = count(source, "gemm_tiled", (1, 1), (16, 16), args)
    assert plain.flops == tiled.flops == 2 * size**3
    assert plain.arrays["a"].reads == plain.arrays["b"].reads == size**3
    assert tiled.arrays["a"].reads == tiled.arrays["b"].reads == size**2
    assert tiled.shared.reads == 2 * 4 * size**3 // 16  # 8 numbers for 16 products
    np.testing.assert_array_equal(c, np.full((size, size), size))


def test_too_many_arrays():
    names = [f"x{k}" for k in range(16)]
    head = ", ".join(f"float* {name}" for name in names)
    text = f'extern "C" __global__ void f({head}) {{ x0[0] = 1.0f; }}'
    with pytest.raises(ValueError, match="up to 15 arrays"):
        count(text, "f", 1, 1, tuple(np.zeros(1, np.float32) for _ in names))
