"""The losses of the table: known answers, kinks, broadcasting, half precision, extreme values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minitorch_cv.ops.loss.elementwise import BY_NAME

X, T = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [6.0, 4.0]])  # x − t: 0 2 −3 0
MSE, L1 = BY_NAME["mse_loss"], BY_NAME["l1_loss"]


def gradients(name, x, t, gy=None, **params):
    """(y, gx, gt) for an upstream gradient, ones if it is not given."""
    op = BY_NAME[name]
    y, saved = op.run([np.asarray(x), np.asarray(t)], params)
    gy = np.ones(np.shape(y)) if gy is None else np.asarray(gy)
    return y, *op.differentiate(gy, saved, (True, True))


@pytest.mark.parametrize(
    ("name", "x", "t", "params", "y", "gx", "gt"),
    [
        ("mse_loss", 3.0, 1.0, {}, 4.0, 4.0, -4.0),
        ("l1_loss", 3.0, 1.0, {}, 2.0, 1.0, -1.0),
        ("huber_loss", 3.0, 1.0, {"delta": 0.5}, 0.875, 0.5, -0.5),
        ("huber_loss", 1.25, 1.0, {"delta": 0.5}, 0.03125, 0.25, -0.25),
        ("smooth_l1_loss", 3.0, 1.0, {"beta": 0.5}, 1.75, 1.0, -1.0),
        ("smooth_l1_loss", 1.25, 1.0, {"beta": 0.5}, 0.0625, 0.5, -0.5),
        ("soft_margin_loss", 0.0, 1.0, {}, math.log(2), -0.5, 0.0),
        ("soft_margin_loss", math.log(3), -1.0, {}, math.log(4), 0.75, -0.75 * math.log(3)),
        ("binary_cross_entropy", 0.25, 1.0, {}, math.log(4), -4.0, math.log(3)),
        ("binary_cross_entropy", 0.25, 0.0, {}, math.log(4 / 3), 4 / 3, math.log(3)),
        ("binary_cross_entropy_with_logits", math.log(3), 1.0, {}, math.log(4 / 3), -0.25,
         -math.log(3)),
        ("binary_cross_entropy_with_logits", math.log(3), 0.0, {}, math.log(4), 0.75, -math.log(3)),
        ("kl_div", math.log(0.25), 0.5, {"log_target": False}, 0.5 * math.log(2), -0.5,
         1 + math.log(2)),
        ("kl_div", math.log(0.25), math.log(0.5), {"log_target": True}, 0.5 * math.log(2), -0.5,
         0.5 * (1 + math.log(2))),
    ],
)  # fmt: skip
def test_known_answers_and_gradients(name, x, t, params, y, gx, gt):
    np.testing.assert_allclose(gradients(name, x, t, **params), (y, gx, gt), atol=1e-15)


@pytest.mark.parametrize(("op", "errors"), [(MSE, [0, 4, 9, 0]), (L1, [0, 2, 3, 0])])
def test_reductions(op, errors):
    np.testing.assert_array_equal(op(X, T, reduction="none").reshape(-1), errors)
    assert op(X, T, reduction="sum") == sum(errors)
    assert op(X, T) == sum(errors) / 4


def test_the_mean_divides_the_gradient_by_the_number_of_errors():
    _, gx, gt = gradients("mse_loss", X, T, 2.0)
    np.testing.assert_array_equal(gx, [[0.0, 2.0], [-3.0, 0.0]])
    np.testing.assert_array_equal(gt, -gx)
    _, gx, _ = gradients("l1_loss", X, T, [[5.0, 7.0], [1.0, 5.0]], reduction="none")
    np.testing.assert_array_equal(gx, [[0.0, 7.0], [-1.0, 0.0]])


def test_gradients_are_summed_back_over_what_was_broadcast():
    y, gx, gt = gradients("l1_loss", X, [1.0, 2.0], reduction="sum")
    assert y == 0 + 0 + 2 + 2
    np.testing.assert_array_equal(gx, [[0.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(gt, [-1.0, -1.0])
    _, gx, gt = gradients("mse_loss", np.zeros((2, 1)), np.ones(3))  # a mean of six
    np.testing.assert_allclose(gx, [[-1.0], [-1.0]])
    np.testing.assert_allclose(gt, [2 / 3] * 3)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_mean_of_nothing_is_nan(name):
    params = {"huber_loss": {"delta": 1.0}, "smooth_l1_loss": {"beta": 1.0},
              "kl_div": {"log_target": False}}.get(name, {})  # fmt: skip
    y, gx, gt = gradients(name, X[:0], T[:0], **params)
    assert np.isnan(y) and gx.shape == gt.shape == (0, 2)
    assert BY_NAME[name](X[:0], T[:0], reduction="sum", **params) == 0.0


@pytest.mark.parametrize(("op", "loss"), [(MSE, 900.0), (L1, 30.0)])
def test_half_precision_is_added_up_in_float32(op, loss):
    x = np.full(5000, 30.0, np.float16)
    assert op(x, np.zeros_like(x)) == loss  # the sum is beyond float16
    assert op(x, np.zeros_like(x)).dtype == "float16"


def test_nan_has_no_slope_in_the_absolute_error():
    _, gx, gt = gradients("l1_loss", [np.nan], [0.0], reduction="none")
    assert gx[0] == 0 and gt[0] == 0


def test_logits_far_from_0_give_exact_losses():
    x = np.array([1000.0, -1000.0])
    name = "binary_cross_entropy_with_logits"
    y, gx, _ = gradients(name, x, [0.0, 1.0], reduction="none")
    np.testing.assert_array_equal(y, [1000.0, 1000.0])
    np.testing.assert_array_equal(gx, [1.0, -1.0])
    y, gx, _ = gradients(name, x, [1.0, 0.0], reduction="none")
    np.testing.assert_array_equal(y, [0.0, 0.0])
    np.testing.assert_array_equal(gx, [0.0, 0.0])
    y, gx, _ = gradients("soft_margin_loss", x, [-1.0, 1.0], reduction="none")
    np.testing.assert_array_equal(y, [1000.0, 1000.0])
    np.testing.assert_array_equal(gx, [1.0, -1.0])


def test_a_sure_wrong_answer_costs_100():
    y, gx, gt = gradients(
        "binary_cross_entropy", [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], reduction="none"
    )
    np.testing.assert_array_equal(y, [100.0, 100.0, 0.0])
    np.testing.assert_allclose(gx, [-1e12, 1e12, 0.0], rtol=1e-8)
    np.testing.assert_array_equal(gt, [np.inf, -np.inf, np.inf])


def test_no_share_costs_nothing():
    params = {"reduction": "none", "log_target": False}
    y, gx, gt = gradients("kl_div", [-1.0, -2.0], [0.0, 1.0], **params)
    np.testing.assert_array_equal(y, [0.0, 2.0])
    np.testing.assert_array_equal(gx, [0.0, -1.0])
    assert np.isnan(gt[0]) and gt[1] == 3.0
