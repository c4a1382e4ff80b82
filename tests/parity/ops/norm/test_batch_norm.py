"""batch_norm against PyTorch: values, all gradients, their gradients, statistics, refused calls."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minitorch_cv.autograd import tensor
from minitorch_cv.nn import functional as F
from minitorch_cv.ops.norm.batch_norm import OP

torch = pytest.importorskip("torch")

SHAPES = ((5, 3), (2, 3, 4), (2, 3, 2, 3), (1, 3, 2, 2), (2, 3, 1, 2, 2), (2, 1))


def batch_norm(x, weight, bias, mean, var, *, training, eps):
    """With copies of the running statistics, which PyTorch's training changes in place."""
    if mean is not None:
        mean, var = mean.detach().clone(), var.detach().clone()
    return torch.nn.functional.batch_norm(x, mean, var, weight, bias, training, 0.1, eps)


def draw(shape: tuple[int, ...], rng: np.random.Generator) -> list[np.ndarray]:
    C = shape[1]
    x = rng.normal(1.0, 2.0, shape)
    return [x, rng.normal(size=C), rng.normal(size=C), rng.normal(size=C), rng.uniform(0.5, 2, C)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("training", "weight", "bias"), list(itertools.product([True, False], repeat=3))
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_and_gradients(shape, training, weight, bias, dtype, agrees_with_torch):
    x, w, b, mean, var = draw(shape, np.random.default_rng(1))
    arrays = (x, w if weight else None, b if bias else None, mean, var)
    twice = weight or not bias  # PyTorch's second derivative fails for a bias alone
    agrees_with_torch(OP, batch_norm, arrays, {"training": training, "eps": 1e-5}, dtype, twice)


@pytest.mark.parametrize("training", [True, False])
def test_half_precision(training, agrees_with_torch):
    """Sums over 2400 values and variances beyond 65504, which float16 itself cannot hold."""
    x, w, b, mean, var = draw((6, 3, 20, 20), np.random.default_rng(2))
    params = {"training": training, "eps": 1e-5}
    agrees_with_torch(OP, batch_norm, (x + 20, w, b, mean, var), params, "float16")
    x16 = (x * 300).astype(np.float16)
    ours = OP(x16, None, None, None, None, training=True, eps=1e-5)[0]
    theirs = torch.nn.functional.batch_norm(torch.tensor(x16), None, None, training=True)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=4e-3)


@pytest.mark.parametrize("eps", [1e-12, 1e-3, 1.0])
def test_without_statistics_and_eps(eps, agrees_with_torch):
    x, w, b, _, _ = draw((4, 3, 2), np.random.default_rng(3))
    agrees_with_torch(OP, batch_norm, (x, w, b, None, None), {"training": True, "eps": eps})


@pytest.mark.parametrize("training", [True, False])
def test_empty_batch(training, agrees_with_torch):
    x, w, b, mean, var = draw((4, 3, 2), np.random.default_rng(3))
    params = {"training": training, "eps": 1e-5}
    agrees_with_torch(OP, batch_norm, (x[:0], w, b, mean, var), params, twice=False)


def test_special_values(agrees_with_torch):
    """NaN and ∞ spoil their own channel only; a constant channel is divided by √ε."""
    x = np.random.default_rng(3).normal(size=(4, 4))
    x[1, 0], x[2, 1], x[:, 2] = np.nan, np.inf, 3.0
    params = {"training": True, "eps": 1e-5}
    agrees_with_torch(OP, batch_norm, (x, None, None, None, None), params, twice=False)


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0])
@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2, 2), (2, 3)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_running_statistics(shape, momentum, dtype):
    """Three training steps: the buffers hold the unbiased variance, as PyTorch's."""
    rng = np.random.default_rng(4)
    ours, theirs = [], []
    for s in (np.zeros(3), np.ones(3)):
        ours.append(tensor(s.astype(dtype)))
        theirs.append(torch.tensor(s.astype(dtype)))
    for _ in range(3):
        x = rng.normal(2.0, 3.0, shape).astype(dtype)
        F.batch_norm(tensor(x), *ours, training=True, momentum=momentum)
        torch.nn.functional.batch_norm(torch.tensor(x), *theirs, training=True, momentum=momentum)
    for a, b in zip(ours, theirs, strict=True):
        assert a.numpy().dtype == dtype
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5 if dtype == "float32" else 1e-12)


X, ONE = np.random.default_rng(5).normal(size=(4, 3)), np.ones(3)
TRAIN, EVALUATE = {"training": True, "eps": 1e-5}, {"training": False, "eps": 1e-5}
BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "one value per channel": ((X[:1], None, None, None, None), TRAIN),
    "one image of one pixel": ((X[:1, :, None, None], None, None, None, None), TRAIN),
    "1-d": ((X[0], None, None, None, None), TRAIN),
    "evaluation without statistics": ((X, ONE, ONE, None, None), EVALUATE),
    "weight size": ((X, np.ones(4), ONE, None, None), TRAIN),
    "bias size": ((X, ONE, np.ones(4), None, None), TRAIN),
    "running_mean size": ((X, ONE, ONE, np.ones(4), np.ones(4)), EVALUATE),
    "running_var size": ((X, ONE, ONE, ONE, np.ones(4)), EVALUATE),
    "eps 0 in training": ((X, ONE, ONE, None, None), {"training": True, "eps": 0.0}),
    "eps below 0": ((X, ONE, ONE, ONE, ONE), {"training": False, "eps": -1e-3}),
    "integers": ((X.astype(np.int64), ONE, ONE, ONE, ONE), EVALUATE),
    "float32 weight": ((X, ONE.astype(np.float32), ONE.astype(np.float32), None, None), TRAIN),
}


@pytest.mark.parametrize("name", BAD)
def test_both_refuse(name):
    arrays, params = BAD[name]
    with pytest.raises((ValueError, TypeError), match="batch_norm: "):
        OP(*arrays, **params)
    with pytest.raises((ValueError, RuntimeError, IndexError, NotImplementedError)):
        batch_norm(*(None if a is None else torch.tensor(a) for a in arrays), **params)
