"""What is asked of weight, bias and running statistics."""

import numpy as np
import pytest

from minitorch_cv.ops.norm.parameters import check_parameters

X, HALF = np.ones((2, 3)), np.ones((2, 3), np.float16)


def check(x, **given):
    check_parameters("op", x, (3,), "nn.Layer(3)", **given)


def test_what_is_accepted():
    check(X, weight=None, bias=None)
    check(X, weight=np.ones(3), bias=None)
    for dtype in (np.float16, np.float32):
        check(HALF, weight=np.ones(3, dtype), bias=np.ones(3, dtype))


@pytest.mark.parametrize(
    ("x", "weight", "bias", "error", "words"),
    [
        (X, np.ones(2), None, ValueError, r"op: weight has the shape \(3,\) .*; use nn.Layer\(3\)"),
        (X, None, np.ones((1, 3)), ValueError, "op: bias has the shape"),
        (X, np.ones(3, np.float32), None, TypeError, "x and weight have one dtype"),
        (HALF, np.ones(3), None, TypeError, "x and weight have one dtype"),
        (HALF, np.ones(3, np.float32), np.ones(3, np.float16), TypeError, "weight and bias have"),
        (np.arange(3), None, None, TypeError, "op: x is a float tensor"),
    ],
)
def test_what_is_refused(x, weight, bias, error, words):
    with pytest.raises(error, match=words):
        check(x, weight=weight, bias=bias)
