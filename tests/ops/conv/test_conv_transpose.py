"""conv_transpose: known answers, that it is conv's adjoint, its sizes, what the messages advise."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.conv import columns
from minitorch_cv.ops.conv.conv import OP as CONV
from minitorch_cv.ops.conv.conv_transpose import OP


def test_every_element_puts_down_its_multiple_of_the_kernel():
    """1·(1, 10) from place 0 and 2·(1, 10) from place 2; where nothing lies there is the bias."""
    x, w = np.array([[[1.0, 2]]]), np.array([[[1.0, 10]]])
    y = OP(x, w, np.array([0.5]), stride=3)
    np.testing.assert_array_equal(y, [[[1.5, 10.5, 0.5, 2.5, 20.5]]])


def test_what_overlaps_adds_up():
    x, w = np.array([[[1.0, 2, 3]]]), np.array([[[1.0, 10]]])
    np.testing.assert_array_equal(OP(x, w, None), [[[1, 12, 23, 30]]])
    np.testing.assert_array_equal(OP(x, w, None, padding=1), [[[12, 23]]])
    np.testing.assert_array_equal(OP(x, w, None, dilation=2), [[[1, 2, 13, 20, 30]]])


def test_output_padding_adds_at_the_end_what_kernels_do_not_reach():
    x, w = np.array([[[1.0, 2]]]), np.array([[[1.0, 10]]])
    y = OP(x, w, None, stride=3, output_padding=2)
    np.testing.assert_array_equal(y, [[[1, 10, 0, 2, 20, 0, 0]]])
    y = OP(x, w, None, stride=3, output_padding=2, padding=1)  # one less at both ends
    np.testing.assert_array_equal(y, [[[10, 0, 2, 20, 0]]])


def test_gradients_by_hand():
    x, w = np.array([[[1.0, 2]]]), np.array([[[1.0, 10]]])
    _, saved = OP.run((x, w, np.zeros(1)), {"stride": 3})
    gy = np.array([[[1.0, 2, 3, 4, 5]]])
    gx, gw, gb = OP.differentiate(gy, saved, (True, True, True))
    np.testing.assert_array_equal(gx, [[[21, 54]]])  # 1 + 10·2 and 4 + 10·5
    np.testing.assert_array_equal(gw, [[[9, 12]]])  # 1·1 + 2·4 and 1·2 + 2·5
    np.testing.assert_array_equal(gb, [15])


def test_groups_reach_their_own_channels_only():
    x = np.array([1.0, 2]).reshape(1, 2, 1)
    w = np.array([[1.0, 10], [100, 1000]]).reshape(2, 2, 1)
    np.testing.assert_array_equal(OP(x, w, None, groups=2).reshape(-1), [1, 10, 200, 2000])


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"stride": 2, "padding": 1},
        {"stride": (1, 2), "dilation": (2, 1), "groups": 2},
        {"stride": 3, "padding": 1, "dilation": 2},
    ],
)
def test_adjoint_of_conv(params):
    """⟨conv_transpose x, z⟩ = ⟨x, conv z⟩."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 4, 8, 9))
    w = rng.normal(size=(6, 4 // params.get("groups", 1), 3, 2))
    small = CONV(z, w, None, **params)
    x = rng.normal(size=small.shape)
    kernel, full = np.array([3, 2]), np.array(z.shape[2:])
    stride, padding, dilation = (
        np.broadcast_to(params.get(name, least), 2)
        for name, least in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    rest = (full + 2 * padding - dilation * (kernel - 1) - 1) % stride
    y = OP(x, w, None, output_padding=tuple(map(int, rest)), **params)
    assert y.shape == z.shape
    assert np.sum(y * z) == pytest.approx(np.sum(x * small), rel=1e-12)


@pytest.mark.parametrize("chunk", [1, 100, 10**9])
def test_pieces_of_a_batch_give_the_whole(chunk, monkeypatch):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 4, 3, 3)), rng.normal(size=(4, 2, 2, 2)), rng.normal(size=4)
    params = {"groups": 2, "stride": 2, "output_padding": 1}
    whole, saved = OP.run((x, w, b), params)
    gy = rng.normal(size=whole.shape)
    grads = OP.differentiate(gy, saved, (True, True, True))
    monkeypatch.setattr(columns, "_CHUNK", chunk)
    y, saved = OP.run((x, w, b), params)
    np.testing.assert_allclose(y, whole, rtol=0, atol=1e-13)
    for got, want in zip(OP.differentiate(gy, saved, (True, True, True)), grads, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "w", "params", "message"),
    [
        (
            (2, 4, 3, 3), (3, 6, 5, 5), {},
            "conv_transpose2d: weight expects 3 input channels (got x (2, 4, 3, 3), weight "
            "(3, 6, 5, 5), groups=1); use nn.ConvTranspose2d(4, 6, 5)",
        ),
        (
            (2, 4, 3), (4, 6, 2), {"output_padding": 1},
            "conv_transpose1d: output_padding is smaller than the stride or the dilation (got 1, "
            "stride 1, dilation 1); use at most 0",
        ),
        (
            (1, 1, 2, 2, 2), (1, 1, 1, 1, 1), {"padding": 1},
            "conv_transpose3d: nothing is left of the output (got x (1, 1, 2, 2, 2), kernel "
            "(1, 1, 1), padding (1, 1, 1), which give (0, 0, 0)); use less padding or a larger "
            "kernel",
        ),
    ],
)  # fmt: skip
def test_messages_in_full(x, w, params, message):
    with pytest.raises(ValueError) as error:
        OP(np.zeros(x), np.zeros(w), None, **params)
    assert str(error.value) == message
