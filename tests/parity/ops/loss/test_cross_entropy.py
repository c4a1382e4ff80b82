"""cross_entropy against PyTorch: the grid of its arguments, and which calls are refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minitorch_cv.ops.loss.cross_entropy import OP

torch = pytest.importorskip("torch")
cross_entropy = torch.nn.functional.cross_entropy

SHAPES = ((3,), (5, 3), (2, 3, 4), (2, 3, 2, 3), (2, 3, 1, 2, 2), (4, 1))
GRID = list(itertools.product(("none", "mean", "sum"), (0.0, 0.3, 1.0), (False, True)))


def draw(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores and class labels."""
    K = shape[0] if len(shape) == 1 else shape[1]
    positions = () if len(shape) == 1 else shape[:1] + shape[2:]
    return rng.normal(size=shape) * 3, np.asarray(rng.integers(0, K, positions))


@pytest.mark.parametrize(("reduction", "smoothing", "weighted"), GRID)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_labels(shape, dtype, reduction, smoothing, weighted, agrees_with_torch):
    rng = np.random.default_rng(1)
    x, t = draw(shape, rng)
    w = rng.uniform(0.2, 2.0, x.shape[min(1, x.ndim - 1)]) if weighted else None
    params = {"reduction": reduction, "label_smoothing": smoothing}
    agrees_with_torch(OP, cross_entropy, (x, t, w), params, dtype)


@pytest.mark.parametrize(("reduction", "smoothing", "weighted"), GRID)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_probabilities(shape, dtype, reduction, smoothing, weighted, agrees_with_torch):
    rng = np.random.default_rng(2)
    x = draw(shape, rng)[0]
    q = rng.uniform(0.0, 1.0, shape)  # PyTorch does not ask that they sum to 1
    w = rng.uniform(0.2, 2.0, x.shape[min(1, x.ndim - 1)]) if weighted else None
    params = {"reduction": reduction, "label_smoothing": smoothing}
    agrees_with_torch(OP, cross_entropy, (x, q, w), params, dtype)


@pytest.mark.parametrize(("reduction", "smoothing", "weighted"), GRID)
@pytest.mark.parametrize("ignored", [-100, 1, 255])
def test_ignore_index(ignored, reduction, smoothing, weighted, agrees_with_torch):
    rng = np.random.default_rng(3)
    x, t = draw((4, 3, 5), rng)
    t[rng.random(t.shape) < 0.4] = ignored
    w = rng.uniform(0.2, 2.0, 3) if weighted else None
    params = {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignored}
    agrees_with_torch(OP, cross_entropy, (x, t, w), params)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_nothing_counts(reduction, smoothing, agrees_with_torch):
    """All positions ignored, no position at all, and weights that sum to 0."""
    x = np.random.default_rng(4).normal(size=(4, 3))
    params = {"reduction": reduction, "label_smoothing": smoothing}
    agrees_with_torch(OP, cross_entropy, (x, np.full(4, -100), None), params, twice=False)
    agrees_with_torch(OP, cross_entropy, (x[:0], np.zeros(0, np.int64), None), params, twice=False)
    agrees_with_torch(OP, cross_entropy, (x[:0], x[:0], None), params, twice=False)
    agrees_with_torch(OP, cross_entropy, (x[0], np.array(-100), None), params, twice=False)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_extreme_scores(reduction, agrees_with_torch):
    x = np.array([[1e4, -1e4, 0.0], [700.0, 710.0, 720.0], [-np.inf, 0.0, 1.0], [-800, -801, -802]])
    params = {"reduction": reduction}
    for t in ([0, 1, 2, 0], [1, 0, 1, 2], [2, 2, 0, 1]):
        agrees_with_torch(OP, cross_entropy, (x, np.array(t), None), params, twice=False)
    bad = np.array([[np.nan, 0.0, 1.0], [np.inf, 0.0, 1.0], [-np.inf] * 3])
    agrees_with_torch(OP, cross_entropy, (bad, np.array([1, 1, 1]), None), params, twice=False)


def test_uint8_labels_and_one_position(agrees_with_torch):
    x = np.random.default_rng(4).normal(size=(4, 3))
    agrees_with_torch(OP, cross_entropy, (x, np.array([0, 2, 1, 1], np.uint8), None), {})
    one = cross_entropy(torch.tensor(x[0]), torch.tensor([2]), reduction="none")  # has no backward
    assert OP(x[0], np.array([2]), None, reduction="none") == pytest.approx(one.item(), rel=1e-12)


def test_target_dtype_is_promoted():
    x, q = np.zeros((2, 3), np.float32), np.full((2, 3), 1 / 3)
    assert OP(x, q, None).dtype == "float64"
    assert cross_entropy(torch.tensor(x), torch.tensor(q)).dtype == torch.float64


X, T = np.zeros((4, 3)), np.array([0, 1, 2, 0])
BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "label too large": ((X, T + 1, None), {}),
    "negative label": ((X, T - 1, None), {}),
    "batch sizes": ((X, T[:3], None), {}),
    "target with a class axis": ((X, T[:, None], None), {}),
    "1-d scores, two labels": ((X[0], T[:2], None), {}),
    "one label for four rows": ((X, T[:1], None), {}),
    "int32 labels": ((X, T.astype(np.int32), None), {}),
    "bool labels": ((X, T > 1, None), {}),
    "float labels": ((X, T * 1.0, None), {}),
    "integer probabilities": ((X, np.ones((4, 3), np.int64), None), {}),
    "probabilities and ignore_index": ((X, X, None), {"ignore_index": 0}),
    "integer scores": ((X.astype(np.int64), T, None), {}),
    "0-d scores": ((X[0, 0].reshape(()), T[0].reshape(()), None), {}),
    "four weights": ((X, T, np.ones(4)), {}),
    "2-d weights": ((X, T, np.ones((1, 3))), {}),
    "float32 weights": ((X, T, np.ones(3, np.float32)), {}),
    "unknown reduction": ((X, T, None), {"reduction": "avg"}),
    "smoothing above 1": ((X, T, None), {"label_smoothing": 1.5}),
}


@pytest.mark.parametrize("name", BAD)
def test_both_refuse(name):
    arrays, params = BAD[name]
    with pytest.raises((ValueError, TypeError), match="cross_entropy: "):
        OP(*arrays, **params)
    tensors = [None if a is None else torch.tensor(a) for a in arrays]
    with pytest.raises((ValueError, TypeError, RuntimeError, IndexError, NotImplementedError)):
        cross_entropy(*tensors, **params)
