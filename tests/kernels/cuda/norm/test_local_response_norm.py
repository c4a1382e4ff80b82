"""local_response_norm.cu: windows over the ends of tiles, any power, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.norm.local_response_norm import supports

from minitorch_cv.testing.cuda_emulator import emulated_cuda

SHAPES = [(2, 9, 13, 21), (3, 70, 4, 3), (2, 33, 5), (1, 1, 257), (2, 65, 3, 1, 2)]


def params(size, alpha=0.1, beta=0.75, k=1.0):
    return {"size": size, "alpha": alpha, "beta": beta, "k": k}


@pytest.mark.parametrize("size", [1, 2, 5, 6, 40])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(shape, size, compare, draw, blocks):
    compare("local_response_norm", draw(*shape) * 2, **params(size))
    assert len(compare.launched) == 2


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.6, 1.0, 2.0, -0.5])
def test_other_powers(beta, compare, draw):
    compare("local_response_norm", draw(2, 7, 9, 11), **params(3, 0.5, beta, 2.0))
    compare("local_response_norm", draw(2, 7, 9, 11), **params(3, 0.5, beta, 0.01))


@pytest.mark.filterwarnings("ignore:.*")
def test_zeros_without_k(compare):
    x = np.zeros((1, 3, 4), np.float32)
    x[0, 2, 1] = 2
    compare("local_response_norm", x, **params(3, k=0.0))


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_number_spoils_its_windows_alone(bad, compare, draw):
    for channel in (0, 31, 39):
        x = draw(2, 40, 7)
        x[1, channel, 3] = bad
        y, gx = compare("local_response_norm", x, **params(5))
        spoiled = np.abs(np.arange(40) - channel) <= 2
        assert np.isfinite(y[:, ~spoiled]).all() and np.isfinite(y[0]).all()


def test_a_large_number_leaves_nothing_behind(compare, draw):
    x = draw(2, 40, 6)
    x[:, 5] = 1e6
    y, _ = compare("local_response_norm", x, **params(5))
    alone, _ = compare("local_response_norm", x[:, 10:], **params(5))
    np.testing.assert_array_equal(y[:, 14:], alone[:, 4:])


def test_windows_that_shared_memory_does_not_hold(emulator):
    with emulated_cuda() as counters:
        x = counters.library.from_numpy(np.zeros((1, 1000, 2), np.float32))
        assert supports(x, size=280) and not supports(x, size=300)
        assert supports(x[:, :300], size=1000)
