"""Ties, zeros and NaN in functions of two inputs (PyTorch 2.13's answers)."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.elementwise.binary import BY_NAME


def all_three(name, a, b):
    with np.errstate(all="ignore"):
        y, saved = BY_NAME[name].run([np.array([a]), np.array([b])], {})
        ga, gb = BY_NAME[name].differentiate(np.ones(1), saved, (True, True))
    return y[0], ga[0], gb[0]


@pytest.mark.parametrize(
    ("name", "a", "b", "want"),
    [
        ("maximum", 2.0, 2.0, (2.0, 0.5, 0.5)),
        ("minimum", 2.0, 2.0, (2.0, 0.5, 0.5)),
        ("maximum", 1.0, 2.0, (2.0, 0.0, 1.0)),
        ("minimum", 1.0, 2.0, (1.0, 1.0, 0.0)),
        ("pow", 0.0, 2.0, (0.0, 0.0, 0.0)),
        ("pow", 0.0, 0.0, (1.0, 0.0, 0.0)),
        ("pow", 3.0, 0.0, (1.0, 0.0, np.log(3.0))),
        ("pow", -2.0, 3.0, (-8.0, 12.0, np.nan)),
        ("div", 1.0, 0.0, (np.inf, np.inf, -np.inf)),
        ("floor_divide", -7.0, 2.0, (-4.0, 0.0, 0.0)),
        ("remainder", -7.0, 2.0, (1.0, 1.0, 4.0)),
        ("remainder", 7.0, -2.0, (-1.0, 1.0, 4.0)),
    ],
)
def test_ties_and_zeros(name, a, b, want):
    np.testing.assert_allclose(all_three(name, a, b), want)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize(("a", "b"), [(np.nan, 1.0), (1.0, np.nan)])
def test_nan_wins(name, a, b):
    assert np.isnan(all_three(name, a, b)[0])


def test_a_number_takes_the_tensors_dtype():
    for number in (2, 2.5, np.float64(2.5)):
        x = mt.ones(3, dtype=mt.float16).requires_grad_()
        y = (x * number + number) / number - number**x
        assert y.dtype == np.float16
        y.sum().backward()
        assert x.grad.dtype == np.float16
