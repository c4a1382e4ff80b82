"""The engine finds the first wrong element of large inputs, and never fails a right function."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing import gradcheck
from minitorch_cv.testing.gradcheck import check_subject
from minitorch_cv.testing.gradcheck.subject import make_subject
from minitorch_cv.testing.gradcheck.where import describe

CONV = op_named("conv2d")


def conv_with(change):
    """A 3×3 convolution of 64 channels whose weight's gradient is changed."""

    def forward(x, w):
        return CONV.forward(x, w, None, padding=1)

    def backward(gy, saved):
        gx, gw, _ = CONV.backward(gy, saved, (True, True, False))
        gw = np.array(gw)
        change(gw)
        return gx, gw

    rng = np.random.default_rng(0)
    return (forward, backward), [rng.normal(size=(1, 64, 6, 6)), rng.normal(size=(64, 64, 3, 3))]


def short(pair, inputs, budget=0.5):
    """gradcheck, with a scan of half a second."""
    return check_subject(make_subject(pair, inputs, None, None), budget=budget)


@pytest.mark.parametrize("where", [(0, 0, 0, 0), (63, 63, 2, 2), (17, 30, 1, 2)])
def test_one_wrong_element_of_36864_is_found(where):
    def change(gw):
        gw[where] *= 1.01

    start = time.perf_counter()
    result = short(*conv_with(change))
    assert time.perf_counter() - start < 20
    assert result.verdict == "FAIL"
    assert result.first.where == where
    assert result.first.analytic == pytest.approx(1.01 * result.first.numeric)
    assert [r.verdict for r in result.inputs] == ["PASS", "FAIL"]


def test_the_last_tap_is_seen_in_strides():
    def change(gw):
        gw[5:, :, 2, 2] = 0

    result = short(*conv_with(change), budget=3.0)  # all nine taps, on a busy machine, too
    assert result.first.where == (5, 0, 2, 2)
    assert result.inputs[1].where.startswith("only the last tap")
    rows = [line.strip() for line in str(result).splitlines()]
    assert [r for r in rows if set(r) <= set(".# ") and r] == [". . .", ". . .", ". . #"]
    html = result._repr_html_()
    assert html.count("<rect") == 9
    assert "<svg" in html
    json.dumps(result.to_dict())


@pytest.mark.parametrize("seed", range(20))
def test_wide_relu_layers_pass(seed):
    rng = np.random.default_rng(seed)

    def forward(x, w):
        h = x @ w
        return np.maximum(h, 0), (x, w, h)

    def backward(dout, cache):
        x, w, h = cache
        inner = dout * (h > 0)
        return inner @ w.T, x.T @ inner

    result = gradcheck((forward, backward), [rng.normal(size=(4, 5)), rng.normal(size=(5, 2000))])
    assert result.verdict == "PASS", str(result)


def max_rows(x):
    return x.max(1), x


def to_first(dout, x):
    g = np.zeros_like(x)
    g[np.arange(len(x)), x.argmax(1)] = dout
    return g


def to_all(dout, x):
    return dout[:, None] * (x == x.max(1, keepdims=True))


@pytest.mark.parametrize("seed", range(20))
def test_tied_maxima(seed):
    x = np.random.default_rng(seed).integers(1, 5, (6, 8)) / 4
    right = gradcheck((max_rows, to_first), x, seed=seed)
    assert right.verdict == "PASS", str(right)
    assert right.kinks
    wrong = gradcheck((max_rows, to_all), x, seed=seed)
    assert wrong.verdict == "FAIL"
    row, column = wrong.first.where
    assert x[row, column] == x[row].max()
    assert x[row].argmax() != column


def test_relu_at_zero_passes_and_lists_the_kinks():
    x = np.array([[0.0, 1.0, -2.0], [0.0, 0.0, 3.0]])
    result = gradcheck((lambda x: (np.maximum(x, 0), x), lambda d, x: d * (x > 0)), x)
    assert result.verdict == "PASS"
    assert {d.where for d in result.kinks} == {(0, 0), (1, 0), (1, 1)}


def test_a_wrong_relu_at_zero_is_reported_at_moved_inputs():
    x = np.array([[0.0, 1.0, -2.0], [0.0, 0.0, 3.0]])
    result = gradcheck((lambda x: (np.maximum(x, 0), x), lambda d, x: d), x)
    assert result.verdict == "FAIL"
    assert "moved by a thousandth" in result.warnings[0]


def test_nan_gradients_fail():
    result = gradcheck((lambda x: (x * x, x), lambda d, x: d * x * np.nan), np.ones(3))
    assert result.verdict == "FAIL"


def test_inputs_drawn_with_the_same_seed_do_not_hide_a_bug():
    x = np.random.default_rng(0).normal(size=(4, 5))
    result = gradcheck((lambda x: (np.maximum(x, 0), x), lambda d, x: d * (d > 0)), x, seed=0)
    assert result.verdict == "FAIL"


def test_empty_inputs_and_scalars():
    pair = (lambda x: (x**2, x), lambda d, x: 2 * d * x)
    assert gradcheck(pair, np.float64(1.5))
    assert gradcheck(pair, [np.zeros((0, 3))]).verdict != "FAIL"


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (np.s_[...], "everywhere"),
        (np.s_[:, :, 2, 2], "only the last tap (the last row and column)"),
        (np.s_[:, 0], "only channel 0"),
        (np.s_[1:, 1], "only entries of axis 0 1 to 3, channel 1"),
        (np.s_[0, 1, 2, 0], "one element alone"),
        (np.s_[..., 1, 1], "only inside, not at the border"),
    ],
)
def test_where_in_words(region, words):
    wrong = np.zeros((4, 3, 3, 3), bool)
    wrong[region] = True
    assert describe(wrong, np.ones(wrong.shape, bool)) == words


def test_where_at_the_border():
    wrong = np.ones((2, 3, 5, 5), bool)
    wrong[..., 1:-1, 1:-1] = False
    assert describe(wrong, np.ones(wrong.shape, bool)) == "only at the border, all of it"
    assert describe(np.eye(4, dtype=bool), np.ones((4, 4), bool)) == "only on the diagonal"
