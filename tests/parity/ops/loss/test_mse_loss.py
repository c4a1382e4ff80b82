"""mse_loss against PyTorch: reductions, dtypes, broadcasting with its warning, refused calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitorch_cv.ops.loss.mse_loss import OP

torch = pytest.importorskip("torch")
mse_loss = torch.nn.functional.mse_loss


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (2, 3, 2, 2), (0, 3)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_same_shapes(shape, dtype, reduction, agrees_with_torch):
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=shape), rng.normal(size=shape)
    agrees_with_torch(OP, mse_loss, (np.asarray(x), np.asarray(t)), {"reduction": reduction}, dtype)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(
    "shapes", [((3, 4), (4,)), ((3, 4), ()), ((4,), (3, 1)), ((2, 1, 3), (4, 1))]
)
def test_broadcasting_warns(shapes, reduction, agrees_with_torch):
    rng = np.random.default_rng(2)
    x, t = (np.asarray(rng.normal(size=shape)) for shape in shapes)
    with pytest.warns(UserWarning, match="incorrect results due to broadcasting") as caught:
        agrees_with_torch(OP, mse_loss, (x, t), {"reduction": reduction})
    assert {"mse_loss: target" in str(w.message) for w in caught} == {True, False}  # ours, theirs


def test_ties_and_special_values(agrees_with_torch):
    x = np.array([1.0, -2.0, 0.0, np.nan, np.inf, np.inf, 1.0])
    t = np.array([1.0, -2.0, -0.0, 0.0, 0.0, np.inf, -np.inf])
    agrees_with_torch(OP, mse_loss, (x, t), {"reduction": "none"}, twice=False)


def test_dtypes_are_promoted():
    x, t = np.zeros(3, np.float32), np.ones(3)
    for target in (t, t.astype(np.int64)):
        theirs = mse_loss(torch.tensor(x), torch.tensor(target))
        assert OP(x, target).dtype == theirs.numpy().dtype
        assert float(OP(x, target)) == theirs.item()


X = np.zeros((2, 3))
BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "shapes": ((X, X[:, :2]), {}),
    "unknown reduction": ((X, X), {"reduction": "avg"}),
    "integers": ((X.astype(np.int64), X.astype(np.int64)), {}),
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("name", BAD)
def test_both_refuse(name):
    arrays, params = BAD[name]
    with pytest.raises((ValueError, TypeError), match="mse_loss: "):
        OP(*arrays, **params)
    with pytest.raises((ValueError, RuntimeError, NotImplementedError)):
        mse_loss(*map(torch.tensor, arrays), **params)
