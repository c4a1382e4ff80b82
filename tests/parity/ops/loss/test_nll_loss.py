"""nll_loss against PyTorch: the grid of its arguments, and which calls are refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minitorch_cv.ops.loss.nll_loss import OP

torch = pytest.importorskip("torch")
nll_loss = torch.nn.functional.nll_loss

SHAPES = ((3,), (5, 3), (2, 3, 4), (2, 3, 2, 3), (2, 3, 1, 2, 2), (4, 1))
GRID = list(itertools.product(("none", "mean", "sum"), (False, True)))


def draw(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities (any numbers will do) and class labels."""
    K = shape[0] if len(shape) == 1 else shape[1]
    positions = () if len(shape) == 1 else shape[:1] + shape[2:]
    return rng.normal(size=shape) * 3, np.asarray(rng.integers(0, K, positions))


@pytest.mark.parametrize(("reduction", "weighted"), GRID)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_labels(shape, dtype, reduction, weighted, agrees_with_torch):
    rng = np.random.default_rng(1)
    x, t = draw(shape, rng)
    w = rng.uniform(0.2, 2.0, x.shape[min(1, x.ndim - 1)]) if weighted else None
    agrees_with_torch(OP, nll_loss, (x, t, w), {"reduction": reduction}, dtype)


@pytest.mark.parametrize(("reduction", "weighted"), GRID)
@pytest.mark.parametrize("ignored", [-100, 1, 255])
def test_ignore_index(ignored, reduction, weighted, agrees_with_torch):
    rng = np.random.default_rng(3)
    x, t = draw((4, 3, 5), rng)
    t[rng.random(t.shape) < 0.4] = ignored
    w = rng.uniform(0.2, 2.0, 3) if weighted else None
    params = {"reduction": reduction, "ignore_index": ignored}
    agrees_with_torch(OP, nll_loss, (x, t, w), params)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_nothing_counts(reduction, agrees_with_torch):
    x = np.random.default_rng(4).normal(size=(4, 3))
    params = {"reduction": reduction}
    agrees_with_torch(OP, nll_loss, (x, np.full(4, -100), None), params, twice=False)
    agrees_with_torch(OP, nll_loss, (x[:0], np.zeros(0, np.int64), None), params, twice=False)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_infinite_and_nan_entries(reduction, agrees_with_torch):
    """Only the label's own entry counts."""
    x = np.array([[-np.inf, -1.0, np.nan], [-2.0, -np.inf, -1.0]])
    params = {"reduction": reduction}
    for t in ([1, 0], [0, 2], [2, 1]):
        agrees_with_torch(OP, nll_loss, (x, np.array(t), None), params, twice=False)


X, T = np.zeros((4, 3)), np.array([0, 1, 2, 0])
BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "label too large": ((X, T + 1, None), {}),
    "negative label": ((X, T - 1, None), {}),
    "batch sizes": ((X, T[:3], None), {}),
    "target of x's shape": ((X, np.zeros((4, 3), np.int64), None), {}),
    "1-d scores, two labels": ((X[0], T[:2], None), {}),
    "int32 labels": ((X, T.astype(np.int32), None), {}),
    "float labels": ((X, T * 1.0, None), {}),
    "integer scores": ((X.astype(np.int64), T, None), {}),
    "0-d scores": ((X[0, 0].reshape(()), T[0].reshape(()), None), {}),
    "four weights": ((X, T, np.ones(4)), {}),
    "float32 weights": ((X, T, np.ones(3, np.float32)), {}),
    "unknown reduction": ((X, T, None), {"reduction": "avg"}),
}


@pytest.mark.parametrize("name", BAD)
def test_both_refuse(name):
    arrays, params = BAD[name]
    with pytest.raises((ValueError, TypeError), match="nll_loss: "):
        OP(*arrays, **params)
    tensors = [None if a is None else torch.tensor(a) for a in arrays]
    with pytest.raises((ValueError, TypeError, RuntimeError, IndexError, NotImplementedError)):
        nll_loss(*tensors, **params)
