"""batch_norm.cu: planes longer and shorter than a segment, shared channels, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.norm import batch_norm

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda

SHAPES = [(5, 3), (2, 3, 7, 9), (1, 2, 1500), (70, 1, 33), (3, 5, 2, 2, 2), (40, 2, 1),
          (9, 3, 1120), (3, 2, 1123)]  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(shape, training, compare, draw, blocks):
    C = shape[1]
    mean, var = draw(C), abs(draw(C)) + 0.5
    given = (draw(*shape) * 2 + 0.5, draw(C), draw(C), mean, var)
    compare("batch_norm", *given, training=training, eps=1e-5, tolerance=2e-5)
    sums = {"batch_norm_sums"} if training else set()
    passes = {"batch_norm_forward", "batch_norm_gradient_sums", "batch_norm_backward"}
    assert compare.launched == passes | sums


@pytest.mark.parametrize("S", [30, 32], ids=["one by one", "by fours"])
@pytest.mark.parametrize("splits", [1, 3, 70])
def test_channels_shared_by_blocks(splits, S, compare, draw, monkeypatch):
    """Blocks that have to go round several times, and sums of more blocks than a warp has lanes."""
    monkeypatch.setattr(batch_norm, "_ENOUGH", 2 * splits)
    monkeypatch.setattr(batch_norm, "_SHORTEST", 4)
    monkeypatch.setattr(batch_norm, "_LONGEST", 8)
    x = draw(350, 2, S)
    assert batch_norm._share(x).splits == {1: 1, 3: 3, 70: 44}[splits]
    compare("batch_norm", x, None, None, None, None, training=True, eps=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["x", "shortcut", "gy"])
def test_arrays_that_begin_anywhere(which, training, emulator, draw):
    """Views that begin in the middle of a word of 16 bytes give what whole arrays give."""
    images, given = [draw(2, 3, 40) for _ in range(3)], (draw(3), draw(3), draw(3), abs(draw(3)))
    op, results = op_named("batch_norm_add_relu"), []
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        for start in range(4):
            there = [send(a) for a in images]
            there[which] = send(np.append(draw(start), images[which]))[start:].reshape((2, 3, 40))
            assert there[which].data.ptr % 16 == 4 * start
            x, z, gy = there
            params = {"training": training, "eps": 1e-5}
            y, saved = op.run((x, z, *map(send, given)), params)
            grads = op.differentiate(gy, saved, (True,) * 4 + (False,) * 2)
            results.append([a.get() for a in (*y, *grads[:4])])
    for got in results[1:]:
        for a, b in zip(got, results[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("needs", [(True, False), (False, True)], ids=["x", "parameters"])
def test_only_what_is_needed(needs, training, emulator, draw):
    """Two launches in training and one else, and the gradients that all together would have."""
    op, C = op_named("batch_norm"), 3
    arrays = draw(4, C, 20), draw(C), draw(C), draw(C), abs(draw(C)) + 0.5
    gy, device = draw(4, C, 20), emulated_cuda()
    with device:
        there = [device.library.from_numpy(a) for a in arrays]
        _, saved = op.run(there, {"training": training, "eps": 1e-5})
        assert len(device.device.launched) == (2 if training else 1)
        wanted = (needs[0], needs[1], needs[1], False, False)
        got = op.differentiate(device.library.from_numpy(gy), saved, wanted)
        whole = op.differentiate(device.library.from_numpy(gy), saved, (True,) * 3 + (False,) * 2)
        for k, needed in enumerate(wanted):
            assert (got[k] is None) == (not needed)
            if needed:
                np.testing.assert_array_equal(got[k].get(), whole[k].get())


def test_shares():
    """Segments of one length, none longer than is read at a go, and warps that have as many."""

    def share(*shape):
        return batch_norm._share(np.broadcast_to(np.float32(0), shape))

    assert share(64, 64, 56, 56)[3:] == (784, 8)
    assert share(64, 256, 56, 56)[3:] == (784, 4)
    assert share(1, 64, 56, 56)[3:] == (128, 1)
    for shape in SHAPES + [(64, 64, 112, 112), (64, 2048, 7, 7), (8, 3, 224, 224), (1, 1, 10**6)]:
        N, C, S, length, splits = share(*shape)
        runs = -(-S // length)
        assert length % 4 == 0 and 0 < length <= 1024 and runs * length - S < 4 * runs
        assert 0 < splits <= max(1, 1024 // C) and (splits - 1) * 8 * 4 < N * runs


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
