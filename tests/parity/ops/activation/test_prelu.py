"""prelu against PyTorch: slopes per channel or one for all, the kink, refused calls."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.activation.prelu import OP

torch = pytest.importorskip("torch")
prelu = torch.nn.functional.prelu

CASES = [((), ()), ((), (1,)), ((5,), (1,)), ((2, 3), (3,)), ((2, 3), (1,)), ((2, 3), ()),
         ((2, 3, 4), (3,)), ((2, 3, 2, 2), (3,)), ((2, 1, 2), (1,)), ((0, 3), (3,))]  # fmt: skip


@pytest.mark.parametrize(("shape", "slopes"), CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_slopes(shape, slopes, dtype, agrees_with_torch):
    rng = np.random.default_rng(1)
    x, w = np.asarray(rng.normal(size=shape)), np.asarray(rng.normal(size=slopes))
    agrees_with_torch(OP, prelu, (x, w), {}, dtype)


def test_kink_and_special_values(agrees_with_torch):
    x = np.array([[0.0, -0.0, 1e-30, -1e-30, np.nan, np.inf, -np.inf]])
    agrees_with_torch(OP, prelu, (x, np.array([0.3])), {}, twice=False)
    agrees_with_torch(OP, prelu, (x, np.array([0.0])), {}, twice=False)


@pytest.mark.parametrize(
    ("x", "w"),
    [(np.zeros((2, 3)), np.zeros(4)), (np.zeros((2, 3)), np.zeros(0)), (np.zeros(3), np.zeros(3)),
     (np.zeros((2, 3)), np.zeros((1, 3))), (np.zeros((2, 3)), np.zeros(3, np.float32)),
     (np.zeros((2, 3), np.int64), np.zeros(3, np.int64))],
)  # fmt: skip
def test_both_refuse(x, w):
    with pytest.raises((ValueError, TypeError), match="prelu: "):
        OP(x, w)
    with pytest.raises((RuntimeError, NotImplementedError)):
        prelu(torch.tensor(x), torch.tensor(w))
