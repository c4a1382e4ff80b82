"""batch_norm.cu: planes longer and shorter than a piece, shared channels, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.norm import batch_norm

SHAPES = [(5, 3), (2, 3, 7, 9), (1, 2, 1500), (70, 1, 33), (3, 5, 2, 2, 2), (40, 2, 1)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(shape, training, compare, draw, blocks):
    C = shape[1]
    mean, var = draw(C), abs(draw(C)) + 0.5
    given = (draw(*shape) * 2 + 0.5, draw(C), draw(C), mean, var)
    compare("batch_norm", *given, training=training, eps=1e-5, tolerance=2e-5)
    assert "batch_norm_forward" in compare.launched and "batch_norm_backward" in compare.launched
    assert ("batch_norm_sums" in compare.launched) == training


def test_more_channels_than_threads(compare, draw, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    x = draw(4, 300, 3)
    compare("batch_norm", x, draw(300), draw(300), None, None, training=True, eps=1e-5)


@pytest.mark.parametrize("splits", [1, 3])
def test_channels_shared_by_blocks(splits, compare, draw, monkeypatch):
    monkeypatch.setattr(batch_norm, "_PIECES", 1)
    monkeypatch.setattr(batch_norm, "_ENOUGH", 2 * splits)
    compare("batch_norm", draw(50, 2, 30), None, None, None, None, training=True, eps=1e-5)


def test_a_large_mean_does_not_cancel(compare, draw):
    x = draw(8, 2, 400) * 0.1 + np.float32(1000)
    y = compare("batch_norm", x, None, None, None, None, training=True, eps=1e-5, tolerance=1e-3)
    exact = x.astype(np.float64)
    var = exact.var(axis=(0, 2))
    np.testing.assert_allclose(y[2], var, rtol=1e-5)
    np.testing.assert_allclose(y[1], exact.mean(axis=(0, 2)), rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 17])
def test_one_bad_number_spoils_its_channel_alone(bad, place, order, draw):
    from minitorch_cv.ops.catalog import op_named
    from minitorch_cv.testing.cuda_emulator import emulated_cuda

    x = draw(3, 2, 20)
    x[0, 1, place] = bad
    device = emulated_cuda(order)
    with device:
        X = device.library.from_numpy(x)
        (y, mean, _), _ = op_named("batch_norm").run(
            (X, None, None, None, None), {"training": True, "eps": 1e-5}
        )
        y, mean = y.get(), mean.get()
    assert np.isfinite(y[:, 0]).all() and np.isnan(y[:, 1]).all()
    np.testing.assert_array_equal(mean[1], np.float32(bad))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_with_shortcut_and_relu(shape, training, compare, draw, blocks):
    C = shape[1]
    mean, var = draw(C), abs(draw(C)) + 0.5
    given = (draw(*shape) * 2 + 0.5, draw(*shape), draw(C), draw(C), mean, var)
    compare("batch_norm_add_relu", *given, training=training, eps=1e-5, tolerance=2e-5)
    assert {"batch_norm_add_relu_forward", "batch_norm_add_relu_gradient_sums"} < compare.launched
    compare("batch_norm_add_relu", *given[:2], None, None, *given[4:], training=training, eps=1e-5,
            tolerance=2e-5)  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*")
def test_hard_shortcuts(compare, draw):
    """−∞ is cut off, +∞ stays, NaN stays and is not cut off."""
    x, z = draw(3, 2, 20), draw(3, 2, 20)
    z[0, 1, :3] = [np.nan, np.inf, -np.inf]
    params = {"training": False, "eps": 1e-5}
    given = (None, None, np.zeros(2, "f"), np.ones(2, "f"))
    y, *_ = compare("batch_norm_add_relu", x, z, *given, **params)
    assert np.isnan(y[0, 1, 0]) and y[0, 1, 1] == np.inf and y[0, 1, 2] == 0
