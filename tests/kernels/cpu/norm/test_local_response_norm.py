"""The numba local_response_norm beside the reference in float64."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.ops.norm.local_response_norm import OP

sys.path.insert(0, str(Path(__file__).resolve().parent))

import beside_float64 as beside  # noqa: E402

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.norm.local_response_norm")


def params(size, alpha=0.1, beta=0.75, k=1.0):
    return {"size": size, "alpha": alpha, "beta": beta, "k": k}


def image(*shape, scale=2.0):
    return (np.random.default_rng(0).normal(0.5, scale, shape),)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 40])
@pytest.mark.parametrize("shape", [(2, 9, 13, 21), (3, 17, 16, 16), (2, 33, 5), (1, 1, 257)],
                         ids=str)  # fmt: skip
def test_equals_float64(shape, size):
    beside.compare(OP, kernel, image(*shape), params(size))


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.6, 1.0, 2.0, -0.5])
def test_other_powers(beta):
    beside.compare(OP, kernel, image(2, 7, 9, 11), params(3, 0.5, beta, 2.0))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_small_and_large_values(scale):
    """A large value beside small ones leaves nothing behind in the channels that follow."""
    (x,) = image(2, 40, 6, 6, scale=scale)
    x[:, 5] *= 1e4
    beside.compare(OP, kernel, (x,), params(5))
    y, _ = kernel.forward(x.astype("f4"), **params(5))
    alone, _ = kernel.forward(x[:, 10:].astype("f4"), **params(5))
    np.testing.assert_array_equal(y[:, 14:], alone[:, 4:])


def test_not_finite():
    """A NaN reaches the channels around it and no others."""
    places = [(0, 0, 0, 0), (1, 4, 2, 3)]
    beside.check_not_finite(OP, kernel, image(2, 9, 4, 5), params(3), places)


def test_zeros_without_k():
    x = np.zeros((1, 3, 4), np.float32)
    x[0, 2, 1] = 2
    y, fields = kernel.forward(x, **params(1, 1.0, 0.75, 0.0))
    with np.errstate(all="ignore"):
        want, _ = OP.forward(x, **params(1, 1.0, 0.75, 0.0))
    np.testing.assert_allclose(y, want, rtol=1e-6)
    assert np.isnan(y).sum() == 11


def test_threads():
    beside.check_threads(OP, kernel, image(3, 24, 60, 70), params(5))


def test_layouts_and_needs():
    (x,) = image(6, 8, 9, 7)
    for view in (x.swapaxes(2, 3), x[:, ::2, ::-1, 1:], x.transpose(2, 1, 0, 3)):
        beside.compare(OP, kernel, (view,), params(3))
    single = x.astype(np.float32)
    y, fields = kernel.forward(single, **params(3))
    assert kernel.backward(y, OP.saved(*fields), (False,)) in (NotImplemented, (None,))


def test_takes_float32_with_values():
    (x,) = image(2, 3, 4)
    assert not kernel.supports(x, **params(3))
    assert not kernel.supports(x.astype("f2"), **params(3))
    assert not kernel.supports(x.astype("f4")[:0], **params(3))
