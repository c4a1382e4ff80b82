"""softmax against PyTorch: axes, dtypes, special values, refused calls."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.activation.softmax import OP

torch = pytest.importorskip("torch")


def softmax(x, axis):
    return torch.nn.functional.softmax(x, axis)


CASES = [((), 0), ((), -1), ((4,), 0), ((3, 5), 0), ((3, 5), 1), ((2, 4, 3), -2), ((2, 3, 2, 2), 1),
         ((3, 1), 1), ((0, 3), 1), ((3, 0), 1), ((3, 0), 0)]  # fmt: skip


@pytest.mark.parametrize(("shape", "axis"), CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_axes(shape, axis, dtype, agrees_with_torch):
    x = np.asarray(np.random.default_rng(1).normal(size=shape)) * 3
    agrees_with_torch(OP, softmax, (np.asarray(x),), {"axis": axis}, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_special_values(dtype, agrees_with_torch):
    inf, nan = np.inf, np.nan
    x = np.array([[0.0, -inf, 1], [-inf] * 3, [inf, 0, 1], [nan, 0, 1], [inf, inf, -inf],
                  [1e4, 0, -1e4], [-1e4, -1e4, -1e4 - 1], [800, 800, 800]])  # fmt: skip
    agrees_with_torch(OP, softmax, (x,), {"axis": 1}, dtype, twice=False)


def test_large_half_precision_line(agrees_with_torch):
    """Added up in float16 along the first axis, 4000 terms lose most of their digits."""
    x = np.random.default_rng(2).normal(size=(4000, 2))
    agrees_with_torch(OP, softmax, (x,), {"axis": 0}, "float16")


@pytest.mark.parametrize(
    ("x", "axis"),
    [(np.zeros((2, 3)), 2), (np.zeros((2, 3)), -3), (np.zeros(()), 1), (np.zeros((2, 3)), (0, 1)),
     (np.zeros((2, 3), np.int64), 0)],
)  # fmt: skip
def test_both_refuse(x, axis):
    with pytest.raises((IndexError, TypeError), match="softmax: "):
        OP(x, axis=axis)
    with pytest.raises((IndexError, TypeError, NotImplementedError)):
        softmax(torch.tensor(x), axis)
