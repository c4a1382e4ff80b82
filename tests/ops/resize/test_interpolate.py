"""interpolate: known answers for each kind of weights, and gradients that take the same weights."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.resize.interpolate import OP

ROW = np.array([[[0.0, 4, 8]]])
ANSWERS = [
    ("nearest", {}, (6,), [0, 0, 4, 4, 8, 8]),
    ("nearest", {}, (2,), [0, 4]),
    ("nearest-exact", {}, (2,), [0, 8]),
    ("nearest", {"scale_factor": (1.5,)}, (4,), [0, 0, 4, 8]),
    ("linear", {}, (6,), [0, 1, 3, 5, 7, 8]),
    ("linear", {"align_corners": True}, (5,), [0, 2, 4, 6, 8]),
    ("linear", {"align_corners": True}, (1,), [0]),
    ("linear", {}, (1,), [4]),
    ("linear", {"scale_factor": (1.25,)}, (3,), [0, 4, 8]),
]


@pytest.mark.parametrize(("mode", "options", "size", "want"), ANSWERS)
def test_by_hand(mode, options, size, want):
    np.testing.assert_allclose(OP(ROW, size=size, mode=mode, **options)[0, 0], want, rtol=1e-12)


def test_the_gradient_of_nearest_counts_the_copies():
    y, saved = OP.run((ROW,), {"size": (7,)})
    np.testing.assert_array_equal(y[0, 0], [0, 0, 0, 4, 4, 8, 8])
    (gx,) = OP.differentiate(np.ones_like(y), saved, (True,))
    np.testing.assert_array_equal(gx[0, 0], [3, 2, 2])


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("size", [(3, 4), (9, 17), (5, 7)])
def test_a_constant_stays_constant(mode, smooth, size):
    if mode == "lanczos" and not smooth:
        pytest.skip("lanczos is a smoothing filter")
    y = OP(np.full((1, 1, 6, 8), 3.5), size=size, mode=mode, antialias=smooth)
    np.testing.assert_allclose(y, 3.5, rtol=1e-12)


def test_a_ramp_stays_a_ramp():
    """Keys' cubic with a = −3/4 does not keep straight lines between the samples, linear does."""
    x = np.broadcast_to(np.arange(8.0), (1, 1, 8, 8))
    y = OP(x, size=(8, 15), mode="bilinear", align_corners=True)
    np.testing.assert_allclose(y[0, 0, 3], np.arange(15) / 2, rtol=1e-12)


def test_the_cubic_in_the_middle_between_two_pixels():
    """Weights (a/8, 1/2 − a/8, …) for t = 1/2: −3/32, 19/32, 19/32, −3/32."""
    x = np.zeros((1, 1, 1, 4))
    for i, weight in enumerate((-3 / 32, 19 / 32, 19 / 32, -3 / 32)):
        x[..., i] = 1
        y = OP(x, size=(1, 7), mode="bicubic", align_corners=True)
        np.testing.assert_allclose(y[0, 0, 0, 3], weight, rtol=1e-12)
        x[..., i] = 0


def test_smoothing_to_half_the_size():
    """A triangle 4 pixels wide: weights 1, 3, 3, 1 of 8; at the border 3, 3, 1 of 7."""
    x = np.array([[[[8.0, 0, 0, 0, 0, 0, 8, 8]]]])
    y = OP(x, size=(1, 4), mode="bilinear", antialias=True)
    np.testing.assert_allclose(y[0, 0, 0], [24 / 7, 0, 1, 48 / 7], rtol=1e-12)


def test_bytes_stay_bytes():
    x = np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)
    y = OP(x, size=(2, 6))
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y[0, 0, 1], [3, 3, 4, 4, 5, 5])


def test_the_result_never_shares_memory():
    x = np.ones((1, 1, 3))
    assert not np.shares_memory(OP(x, size=(3,)), x)
