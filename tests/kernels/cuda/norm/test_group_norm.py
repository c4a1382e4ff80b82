"""group_norm.cu: group_norm and layer_norm on short and long rows, many samples, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.norm import group_norm

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda

GROUPS = [((2, 6, 7, 9), 3), ((3, 4, 5), 4), ((2, 3, 2100), 1), ((5, 8), 2), ((70, 4, 1, 33), 2),
          ((1, 2, 11000), 2), ((1, 2, 11001), 2), ((9, 1, 300), 1), ((2, 30, 2, 2), 30),
          ((3, 24), 3), ((3, 8, 6), 2)]  # fmt: skip
LAYERS = [((7, 45), 1), ((3, 5, 100), 1), ((4, 3, 30), 2), ((300, 6), 1), ((2, 5500), 1),
          ((2, 10500), 1), ((2, 10501), 1), ((33,), 1), ((5, 1), 1), ((6, 8), 1)]  # fmt: skip


@pytest.mark.parametrize("shape, G", GROUPS, ids=str)
def test_groups(shape, G, compare, draw, blocks):
    C = shape[1]
    compare("group_norm", draw(*shape) * 2 + 0.5, draw(C), draw(C), num_groups=G, eps=1e-5)
    sums = "group_norm_parameter_sums" if len(shape) > 2 else "layer_norm_parameter_sums"
    assert {"group_norm_forward", "group_norm_backward", sums} < compare.launched


@pytest.mark.parametrize("shape, axes", LAYERS, ids=str)
def test_layers(shape, axes, compare, draw, blocks):
    inner = shape[-axes:]
    params = {"normalized_shape": inner, "eps": 1e-5}
    compare("layer_norm", draw(*shape) * 2 + 0.5, draw(*inner), draw(*inner), **params)
    assert "layer_norm_parameter_sums" in compare.launched


@pytest.mark.parametrize("which", ["weight", "bias", "neither"])
def test_what_is_left_out(which, compare, draw):
    weight, bias = (draw(6) if which == name else None for name in ("weight", "bias"))
    compare("group_norm", draw(3, 6, 5), weight, bias, num_groups=2, eps=0.1)
    compare("layer_norm", draw(3, 6), weight, bias, normalized_shape=(6,), eps=0.1)
    assert ("group_norm_parameter_gradients" in compare.launched) == (which != "neither")


@pytest.mark.parametrize("enough", [1, 40])
def test_samples_shared_by_blocks(enough, compare, draw, monkeypatch):
    monkeypatch.setattr(group_norm, "_ENOUGH", enough)
    monkeypatch.setattr(group_norm, "_RUN", 1)
    compare("group_norm", draw(50, 6, 30), draw(6), draw(6), num_groups=2, eps=1e-5)
    compare("layer_norm", draw(600, 10), draw(10), draw(10), normalized_shape=(10,), eps=1e-5)


@pytest.mark.parametrize("length", [60, 2000, 11000])
def test_a_large_mean_does_not_cancel(length, compare, draw):
    """Neither from the start on, nor where the first value is far from all others."""
    x = draw(3, length) * 0.1 + np.float32(1000)
    compare("layer_norm", x, draw(length), None, normalized_shape=(length,), eps=1e-5)
    x = draw(3, length)
    x[0, 0] = 1e4
    compare("layer_norm", x, draw(length), None, normalized_shape=(length,), eps=1e-5)


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 17])
def test_one_bad_number_spoils_its_group_alone(bad, place, compare, draw):
    x = draw(3, 4, 20)
    x[1, 2, place] = bad
    y, mean, var, gx, *_ = compare("group_norm", x, None, None, num_groups=2, eps=1e-5)
    spoiled = np.zeros((3, 4), bool)
    spoiled[1, 2:] = True
    for result in (y, gx):
        assert np.isnan(result[spoiled]).all() and np.isfinite(result[~spoiled]).all()
    np.testing.assert_array_equal(mean[1, 1], np.float32(bad))


@pytest.mark.parametrize("which", [0, 1, 2, 3], ids=["x", "weight", "bias", "gy"])
@pytest.mark.parametrize("name", ["group_norm", "layer_norm"])
def test_arrays_that_begin_anywhere(name, which, emulator, draw):
    """Views that begin in the middle of a word of 16 bytes give what whole arrays give."""
    shape, C, params = (5, 6, 8), 6, {"num_groups": 3, "eps": 1e-5}
    if name == "layer_norm":
        shape, C, params = (5, 48), 48, {"normalized_shape": (48,), "eps": 1e-5}
    arrays, op, results = [draw(*shape), draw(C), draw(C), draw(*shape)], op_named(name), []
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        for start in range(4):
            there, own = [send(a) for a in arrays], arrays[which]
            there[which] = send(np.append(draw(start), own))[start:].reshape(own.shape)
            assert there[which].data.ptr % 16 == 4 * start
            y, saved = op.run(there[:3], params)
            grads = op.differentiate(there[3], saved, (True,) * 3)
            results.append([a.get() for a in (y[0] if name == "group_norm" else y, *grads)])
    for got in results[1:]:
        for a, b in zip(got, results[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
