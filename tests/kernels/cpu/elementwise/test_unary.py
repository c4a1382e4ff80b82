"""Kernels of one input on large arrays, against the reference in float64, on several threads."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.catalog import op_named

pytest.importorskip("numba")
unary = pytest.importorskip("minitorch_cv.kernels.cpu.elementwise.unary")
threads = pytest.importorskip("minitorch_cv.kernels.threads")

ROWS = {
    "abs": {}, "celu": {"alpha": 0.7}, "clamp": {"min": -0.5, "max": None}, "elu": {"alpha": 1.3},
    "erf": {}, "gelu": {"approximate": "none"}, "hardshrink": {"lambd": 0.5}, "hardsigmoid": {},
    "hardswish": {}, "hardtanh": {"min_val": -1.0, "max_val": 6.0},
    "leaky_relu": {"negative_slope": 0.01}, "logsigmoid": {}, "mish": {}, "relu": {},
    "rsqrt": {}, "selu": {}, "sigmoid": {}, "sign": {}, "silu": {},
    "softplus": {"beta": 1.5, "threshold": 20.0}, "softshrink": {"lambd": 0.5}, "softsign": {},
    "tanh": {}, "threshold": {"threshold": 0.1, "value": 20.0},
}  # fmt: skip
GRID = [*ROWS.items(), ("gelu", {"approximate": "tanh"}), ("clamp", {"min": None, "max": 0.5})]
ENDS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e20, -1e20, 3.0, -3.0, 90.0, -90.0]


def both(name, params, x, gy):
    """y and gx by the kernel, and by the reference in the dtype of float64."""
    op = op_named(name)
    found = []
    for mode, dtype in (("fast", np.float32), ("reference", np.float64)):
        with use_kernels(mode):
            y, saved = op.run((x.astype(dtype),), params)
            found.append((y, op.differentiate(gy.astype(dtype), saved, (True,))[0]))
    return found


def close(got, want):
    """1e-5 of the largest value."""
    scale = np.max(np.abs(want), initial=1.0)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("shape", [(3, 7, 61, 97), (131071,), (5, 3), (), (0, 4)], ids=str)
@pytest.mark.parametrize(("name", "params"), GRID, ids=str)
def test_equals_the_reference(name, params, shape, count):
    rng = np.random.default_rng(0)
    x, gy = (np.asarray(4 * rng.normal(size=shape)) for _ in range(2))
    if name == "rsqrt":
        x = abs(x) + 0.1
    x = x.astype(np.float32)
    before = threads.get_num_threads()
    threads.set_num_threads(count)
    try:
        (y, gx), (want, slope) = both(name, params, x, gy)
    finally:
        threads.set_num_threads(before)
    assert y.dtype == gx.dtype == np.float32 and y.shape == gx.shape == x.shape
    close(y, want)
    close(gx, slope)


@pytest.mark.parametrize(("name", "params"), GRID, ids=str)
def test_ends_are_those_of_the_reference(name, params):
    """NaN, infinities, zeros, denormals, numbers whose exponential overflows; long enough to be
    worked on in vectors."""
    op, x = op_named(name), np.tile(np.array(ENDS, np.float32), 7)
    gy = np.linspace(-2, 2, x.size).astype(np.float32)
    found = []
    for mode in ("fast", "reference"):
        with use_kernels(mode):
            y, saved = op.run((x,), params)
            found.append((y, op.differentiate(gy, saved, (True,))[0]))
    for got, want in zip(*found, strict=True):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        np.testing.assert_array_equal(np.isinf(got) * np.sign(got), np.isinf(want) * np.sign(want))
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


LAYOUTS = {
    "transposed": lambda x: x.swapaxes(0, 1),
    "every second": lambda x: x[:, ::2],
    "a strided row": lambda x: x[:, 3],
    "reversed": lambda x: x[::-1, ::-1],
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("name", ["relu", "silu", "softsign"])
def test_layouts(name, layout):
    rng = np.random.default_rng(0)
    x, gy = (layout(rng.normal(size=(40, 50)).astype(np.float32)) for _ in range(2))
    x.flags.writeable = False
    (y, gx), (want, slope) = both(name, {}, x, gy)
    close(y, want)
    close(gx, slope)
    assert y.flags.c_contiguous and gx.flags.c_contiguous


def test_an_array_that_cannot_be_written():
    x = np.linspace(-1, 1, 100, dtype=np.float32)
    x.flags.writeable = False
    y, _ = find_kernel("relu", "cpu").forward(x)
    np.testing.assert_array_equal(y, np.maximum(x, 0))


def test_leaves_the_rest_to_the_reference():
    kernel, x = find_kernel("clamp", "cpu"), np.zeros(3, np.float32)
    assert kernel.supports(x, min=None, max=1)
    assert not kernel.supports(x, min=np.nan, max=None)
    assert not kernel.supports(x.astype(np.float64), min=0, max=1)
    assert not kernel.supports(x.astype(np.int64), min=0, max=1)
    assert not find_kernel("relu", "cpu").supports(np.float32(3))
    assert find_kernel("relu", "cpu").backward(x, None, (False,)) == (None,)


def test_no_gradient_of_another_dtype():
    """A forward in float64 whose gradient arrives in float32 is the reference's."""
    saved = op_named("silu").run((np.zeros(3),), {})[1]
    answer = find_kernel("silu", "cpu").backward(np.ones(3, np.float32), saved, (True,))
    assert answer is NotImplemented
