"""activations.cu: any number of elements, arrays that begin anywhere, NaN and infinities."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.elementwise.activations import KERNELS

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import Emulated

OPS = {
    "relu": {}, "leaky_relu": {"negative_slope": 0.3}, "elu": {"alpha": 0.4}, "sigmoid": {},
    "hardtanh": {"min_val": -1.0, "max_val": 0.5}, "tanh": {}, "silu": {},
    "gelu": {"approximate": "none"},
}  # fmt: skip
EDGES = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-30, -1e-30, 90, -90, 1, -1], np.float32)


@pytest.mark.parametrize("n", [1, 3, 4, 5, 1023, 4099])
@pytest.mark.parametrize("name", OPS)
def test_any_number_of_elements(name, n, compare, draw, blocks):
    compare(name, draw(n) * 3, tolerance=1e-6, **OPS[name])
    assert compare.launched == {f"{name}_forward", f"{name}_backward"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OPS)
def test_edges(name, compare):
    op = op_named(name)
    y, _ = op.forward(EDGES, **OPS[name])
    device = compare
    got = device(name, np.nan_to_num(EDGES, nan=0.5, posinf=9, neginf=-9), **OPS[name])
    assert got[0].dtype == np.float32
    out = np.empty_like(EDGES)
    numbers = [v for v in OPS[name].values() if isinstance(v, float)]
    Emulated(KERNELS).launch(f"{name}_forward", 1, 256, (EDGES, out, EDGES.size, *numbers))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(y))
    np.testing.assert_allclose(out, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_arrays_that_begin_anywhere(offset, order, draw):
    """Words of 16 bytes are read only where they may be."""
    x, y = draw(133)[offset:], np.full(140, np.nan, np.float32)
    n = x.size
    Emulated(KERNELS).launch("relu_forward", 1, 32, (x, y[offset : offset + n], n), order=order)
    np.testing.assert_array_equal(y[offset : offset + n], np.maximum(x, 0))
    assert np.isnan(y[:offset]).all() and np.isnan(y[offset + n :]).all()
    gx, gy = np.full(n, np.nan, np.float32), draw(n)
    args = (gy, y[offset : offset + n], gx, n)
    Emulated(KERNELS).launch("relu_backward", 1, 32, args, order=order)
    np.testing.assert_array_equal(gx, np.where(x > 0, gy, 0))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", [(1,), (5, 3), (2, 3, 7, 9)], ids=str)
def test_add_relu(shape, compare, draw, blocks):
    """At a sum of 0 the derivative is 0; ∞ − ∞ is NaN, and NaN goes on."""
    a, b = draw(*shape), draw(*shape)
    compare("add_relu", a, b, tolerance=1e-6)
    assert compare.launched == {"add_relu_forward", "relu_backward"}
    if a.size > 8:
        a.flat[:8] = [1.5, np.nan, np.inf, np.inf, -np.inf, 1, 0.0, -0.0]
        b.flat[:8] = [-1.5, 1, -np.inf, 1, 1, np.nan, -0.0, -0.0]
        y, ga, gb = compare("add_relu", a, b, tolerance=1e-6)
        assert ga.flat[0] == gb.flat[0] == 0.0 and np.isnan(y.flat[1])


def test_add_relu_of_other_shapes_is_left_to_the_reference(compare, draw):
    compare("add_relu", draw(4, 5), draw(5))
    assert not compare.launched
