"""The emulator itself: CUDA's words mean what they mean on a GPU, and faults are seen.

Kernels whose faults a GPU might hide: a missing barrier, a read of memory that nobody wrote, a
write beyond an array, threads that wait for others in vain, a sum that is not atomic.
"""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.launch import Source

from minitorch_cv.testing.cuda_emulator import ORDERS, Emulated, EmulatorError, compiler
from minitorch_cv.testing.cuda_emulator.sanitize import can_sanitize, sanitize

pytestmark = pytest.mark.skipif(
    compiler() is None, reason="no g++: CUDA kernels cannot run on the emulator"
)


def kernel(body, args="float* y, int n", name="f", threads=256):
    return (
        f'extern "C" __global__ void __launch_bounds__({threads})\n{name}({args})\n{{ {body} }}\n'
    )


def outcome(body, n=64, grid=1, block=64, order="forward", shared=0):
    """y (n), NaN before."""
    y = np.full(n, np.nan, np.float32)
    Emulated(kernel(body)).launch("f", grid, block, (y, n), shared=shared, order=order)
    return y


@pytest.mark.parametrize("order", ORDERS)
def test_every_thread_of_every_block_runs_once(order):
    body = """
        int t = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
        int b = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
        int i = t + blockDim.x * blockDim.y * blockDim.z * b;
        y[i] = (y[i] == y[i] ? 1000.0f : 0.0f) + (float)i;"""
    y = outcome(body, 2 * 3 * 4 * 5 * 3 * 2, (2, 3, 4), (5, 3, 2), order)
    np.testing.assert_array_equal(y, np.arange(720))


WARPS = {
    "__shfl_down_sync(0xffffffffu, v, 3)": lambda i: np.where(i % 32 < 29, i + 3, i),
    "__shfl_up_sync(0xffffffffu, v, 3)": lambda i: np.where(i % 32 > 2, i - 3, i),
    "__shfl_xor_sync(0xffffffffu, v, 5)": lambda i: i ^ 5,
    "__shfl_sync(0xffffffffu, v, 7)": lambda i: i // 32 * 32 + 7,
    "(float)__popc(__ballot_sync(0xffffffffu, threadIdx.x % 4 == 0))": lambda i: 8 + 0 * i,
    "__any_sync(0xffffffffu, threadIdx.x == 40)": lambda i: 1.0 * (i >= 32),
    "__all_sync(0xffffffffu, threadIdx.x < 40)": lambda i: 1.0 * (i < 32),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("word", WARPS)
def test_lanes_of_a_warp(word, order):
    body = f"float v = (float)threadIdx.x; y[threadIdx.x] = {word};"
    np.testing.assert_array_equal(outcome(body, order=order), WARPS[word](np.arange(64)))


@pytest.mark.parametrize("order", ORDERS)
def test_half_a_warp_and_numbers_of_eight_bytes(order):
    body = """
        if (threadIdx.x % 32 >= 16) return;
        double v = __shfl_xor_sync(0x0000ffffu, 1e300 + threadIdx.x, 1);
        y[threadIdx.x] = v == 1e300 + (threadIdx.x ^ 1) ? 1.0f : 0.0f;"""
    y = outcome(body, order=order)
    np.testing.assert_array_equal(y[:16], 1)
    assert np.isnan(y[16:32]).all()


@pytest.mark.parametrize("order", ORDERS)
def test_shared_memory_of_both_kinds(order):
    body = """
        __shared__ float fixed[64];
        DYN_SHARED(float, given);
        fixed[threadIdx.x] = (float)threadIdx.x;
        given[threadIdx.x] = 100.0f * threadIdx.x;
        __syncthreads();
        y[threadIdx.x] = fixed[63 - threadIdx.x] + given[63 - threadIdx.x];"""
    back = np.arange(64)[::-1]
    np.testing.assert_array_equal(outcome(body, order=order, shared=256), 101 * back)


@pytest.mark.parametrize("order", ORDERS)
def test_atomics(order):
    body = """
        atomicAdd(&y[0], 0.5f);
        atomicMax((int*)&y[1], (int)threadIdx.x);
        if (atomicCAS((int*)&y[2], -1, (int)threadIdx.x) == -1) atomicAdd(&y[3], 1.0f);"""
    y = np.array([0, 0, np.nan, 0], np.float32)
    y[1:3].view(np.int32)[:] = -1
    Emulated(kernel(body)).launch("f", 2, 64, (y, 4), order=order)
    assert y[0] == 64 and y[1:2].view(np.int32)[0] == 63 and y[3] == 1
    assert y[2:3].view(np.int32)[0] == (0 if order == "forward" else 63)


@pytest.mark.parametrize("order", ORDERS)
def test_atomics_without_a_sign(order):
    body = """
        atomicMax(&top[0], 0x80000000u + threadIdx.x);
        atomicOr(&bits[0], 1ull << threadIdx.x);
        atomicAdd(&bits[1], (unsigned long long)-(long long)threadIdx.x);"""
    top, bits = np.zeros(1, np.uint32), np.zeros(2, np.uint64)
    text = kernel(body, "unsigned int* top, unsigned long long* bits")
    Emulated(text).launch("f", 2, 60, (top, bits), order=order)
    assert top[0] == 0x80000000 + 59 and bits[0] == 2**60 - 1
    assert bits[1:].view(np.int64)[0] == -60 * 59


def test_a_missing_barrier_shows_in_one_of_the_orders():
    body = """
        __shared__ float s[64];
        s[threadIdx.x] = (float)threadIdx.x;
        {}
        y[threadIdx.x] = s[63 - threadIdx.x];"""
    good = np.arange(64)[::-1]
    for order in ORDERS:
        np.testing.assert_array_equal(outcome(body.format("__syncthreads();"), order=order), good)
        assert not np.array_equal(outcome(body.format("__syncwarp();"), order=order), good)


def test_shared_memory_that_nobody_wrote_is_nan_in_every_block():
    body = """
        __shared__ float s[64];
        if (blockIdx.x == 0) s[threadIdx.x] = 1.0f;
        __syncthreads();
        y[blockIdx.x * 64 + threadIdx.x] = s[threadIdx.x];"""
    y = outcome(body, 128, 2)
    assert (y[:64] == 1).all() and np.isnan(y[64:]).all()


FAULTS = {
    "y[n] = 1.0f;": "f: wrote beyond y",
    "y[-1] = 1.0f;": "f: wrote beyond y",
    "if (threadIdx.x < 40) __syncthreads(); else __syncwarp();": "waits at line",
    "if (threadIdx.x < 40) __syncthreads();\nelse\n__syncthreads();": "waits at line 5 for threads",
    "if (threadIdx.x != 3) __shfl_sync(0xffffffffu, 1, 0);": "for threads that never come there",
    "DYN_SHARED(float, s); s[threadIdx.x] = 1.0f; __syncthreads();": "holds 64 bytes, and byte 64",
}


@pytest.mark.parametrize("body", FAULTS)
def test_faults_are_errors(body):
    with pytest.raises(EmulatorError, match=FAULTS[body]):
        outcome(body, shared=64)


def test_what_is_read_beyond_an_array_is_nan():
    assert np.isnan(outcome("if (threadIdx.x == 0) y[0] = y[n];")[0])


def test_a_text_that_does_not_compile_says_where():
    with pytest.raises(EmulatorError, match=r"(?s)text does not compile.*text:3.*nonsense"):
        Emulated(kernel("nonsense = 1;"))


def test_a_launch_is_checked_and_orders_have_names():
    kernels = Emulated(kernel("y[0] = 1.0f;"))
    with pytest.raises(TypeError, match="takes 2 arguments"):
        kernels.launch("f", 1, 1, (np.zeros(3, "f"),))
    with pytest.raises(ValueError, match="order is one of"):
        kernels.launch("f", 1, 1, (np.zeros(3, "f"), 3), order="random")


def test_inputs_are_left_alone():
    x, y = np.ones(4, np.float32), np.zeros(4, np.float32)
    text = kernel("y[threadIdx.x] = x[threadIdx.x] + 1.0f;", "const float* x, float* y")
    Emulated(text).launch("f", 1, 4, (x, y))
    assert (x == 1).all() and (y == 2).all()


def needs(kind):
    if not can_sanitize(kind):
        pytest.skip(f"no g++: CUDA kernels cannot run under its {kind} sanitizer")


COUNT = "int n, const int* x, int* counts"
SUMS = {"atomicAdd(&counts[x[i]], 1);": False, "counts[x[i]] += 1;": True}


@pytest.mark.parametrize("sum_up", SUMS)
def test_a_sum_that_is_not_atomic_is_a_race(sum_up):
    needs("thread")
    text = kernel(f"for (int i = threadIdx.x; i < n; i += blockDim.x) {sum_up}", COUNT)
    x, counts = np.arange(100, dtype=np.int32) % 4, np.zeros(4, np.int32)
    report = sanitize("thread", text, "f", 1, 64, (100, x, counts))
    assert ("data race" in report) == SUMS[sum_up], report


def test_an_access_beyond_an_array_is_named_with_its_line():
    needs("address")
    text = kernel("counts[x[n]] = 1;", COUNT)
    x, counts = np.arange(4, dtype=np.int32), np.zeros(4, np.int32)
    assert sanitize("address", text, "f", 1, 1, (3, x, counts)) == ""
    report = sanitize("address", text, "f", 1, 1, (4, x, counts))
    assert "heap-buffer-overflow" in report and "text:3" in report


def test_common_helpers_do_not_race():
    text = '#include "../common.cuh"\n' + kernel("""
        __shared__ double parts[32];
        double a = block_sum((double)threadIdx.x, parts), b = block_sum(1.0, parts);
        if (threadIdx.x == 0) y[blockIdx.x] = (float)(a + 1000.0 * b);""")  # fmt: skip
    y = np.full(2, np.nan, np.float32)
    source = Source("text", text)
    Emulated(source).launch("f", 2, 96, (y, 2))
    np.testing.assert_array_equal(y, 95 * 96 / 2 + 96000)
    needs("thread")
    assert sanitize("thread", source, "f", 2, 96, (y, 2)) == ""
