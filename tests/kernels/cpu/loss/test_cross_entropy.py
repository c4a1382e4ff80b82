"""The numba cross_entropy against the reference in float64, for rows of all lengths and images."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.loss.cross_entropy import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.loss.cross_entropy")

SHAPES = [(1, 10), (128, 10), (7, 100), (6, 256), (5, 1001), (11,), (2, 21, 33, 37), (3, 4, 5)]
OPTIONS = [
    {"reduction": r, "label_smoothing": s} for r, s in itertools.product(("mean", "none"), (0, 0.1))
]


def inputs(shape, ignored):
    """Scores, labels of which some are −100 where wanted, and a weight for each class."""
    rng = np.random.default_rng(0)
    x = rng.normal(scale=4, size=shape).astype(np.float32)
    K = shape[0] if len(shape) == 1 else shape[1]
    target = rng.integers(0, K, () if len(shape) == 1 else shape[:1] + shape[2:])
    if ignored:
        target = np.where(rng.random(target.shape) < 0.3, -100, target)
    return x, target, rng.uniform(0.5, 2, K).astype(np.float32)


def compare(x, target, weight, **params):
    assert kernel.supports(x, target, weight, **params)
    y, fields = kernel.forward(x, target, weight, **params)
    gy = np.asarray(np.random.default_rng(1).normal(size=y.shape).astype(np.float32))
    wide = [v if v is None or v.dtype.kind == "i" else v.astype(np.float64) for v in (x, weight)]
    with use_kernels("reference"):
        want, saved = OP.run((wide[0], target, wide[1]), params)
        gx_want = OP.differentiate(gy.astype(np.float64), saved, (True, False, False))[0]
        # a second derivative is taken through the reference, with the kernel's fields
        gx_ours = OP.differentiate(gy, OP.saved(*fields), (True, False, False))[0]
    gx, *others = kernel.backward(gy, OP.saved(*fields), (True, False, False))
    assert others == [None, None]
    for got, expected in ((y, want), (gx, gx_want), (gx_ours, gx_want)):
        assert got.dtype == np.float32 and got.shape == expected.shape
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(got), np.isinf(expected))
        sound = np.isfinite(expected)
        scale = max(abs(expected[sound]).max(initial=0), 1e-30)
        assert abs(got[sound] - expected[sound]).max(initial=0) <= 1e-5 * scale
    assert kernel.backward(gy, OP.saved(*fields), (False,) * 3) == (None,) * 3


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_the_reference(shape, weighted, ignored, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    x, target, weight = inputs(shape, ignored)
    for params in OPTIONS:
        compare(x, target, weight if weighted else None, **params)
    compare(x, target, None, reduction="sum")


@pytest.mark.parametrize("shape", [(6, 10), (6, 300), (2, 5, 40)], ids=str)
def test_nan_and_infinity(shape):
    x, target, _ = inputs(shape, False)
    for value in (np.nan, np.inf, -np.inf):
        x.reshape(-1)[[0, 13, 50]] = value
        for params in OPTIONS:
            compare(x, target, None, **params)


def test_nothing_counts():
    x, target, weight = inputs((4, 10), False)
    compare(x, np.full_like(target, -100), None)
    compare(x, np.full_like(target, 3), None, ignore_index=3)
    compare(x, target, 0 * weight)


def test_other_layouts_and_labels():
    x, target, _ = inputs((10, 40), False)
    compare(x.T, np.arange(40)[::-1] % 10, None)
    image, labels, _ = inputs((2, 9, 14, 6), True)
    compare(image[:, ::2, ::-1], labels[:, ::-1] % 5, None, ignore_index=2)
    found = []
    for labels in (target, target.astype(np.uint8)):
        y, fields = kernel.forward(x, labels, None)
        found.append((y, kernel.backward(y, OP.saved(*fields), (True, False, False))[0]))
    np.testing.assert_array_equal(*(y for y, _ in found))
    np.testing.assert_array_equal(*(gx for _, gx in found))


def test_leaves_probabilities_to_the_reference():
    x, _, _ = inputs((4, 10), False)
    assert not kernel.supports(x, abs(x), None)
    assert not kernel.supports(x.astype(np.float64), np.zeros(4, np.int64), None)
    with use_kernels("reference"):
        _, saved = OP.run((x, abs(x), None), {})
    gy = np.ones((), np.float32)
    assert kernel.backward(gy, saved, (True, True, False)) is NotImplemented
