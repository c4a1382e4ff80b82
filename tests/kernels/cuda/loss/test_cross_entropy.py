"""cross_entropy.cu: few and many classes, images, weights, ignored labels, smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda

RNG = np.random.default_rng(5)
SHAPES = [(7, 3), (9, 45), (3, 100), (2, 5, 3, 7), (2, 40, 11), (1, 33), (40,)]


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(shape, smoothing, reduction, compare, draw, blocks):
    K = shape[1] if len(shape) > 1 else shape[0]
    where = (shape[0], *shape[2:]) if len(shape) > 1 else ()
    target = np.asarray(RNG.integers(0, K, where))
    if target.size > 2:
        target.reshape(-1)[1] = -100
    weight = RNG.uniform(0.5, 2, K).astype(np.float32)
    for w in (None, weight):
        compare(
            "cross_entropy", draw(*shape) * 3, target, w, reduction=reduction,
            label_smoothing=smoothing,
        )  # fmt: skip
    rows = K >= 32 and len(shape) < 3
    form = "cross_entropy_rows" if rows else "cross_entropy_positions"
    assert compare.launched == {form, f"{form}_backward"}


@pytest.mark.parametrize("shape", [(40, 45), (300, 3), (2, 3, 20, 9)], ids=str)
def test_more_positions_than_threads(shape, compare, draw, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    target = np.asarray(RNG.integers(0, shape[1], (shape[0], *shape[2:])))
    compare("cross_entropy", draw(*shape), target, None)


def test_large_scores_do_not_overflow(compare, draw):
    for K in (4, 50):
        compare("cross_entropy", draw(6, K) * 300, RNG.integers(0, K, 6), None)


@pytest.mark.parametrize("K", [4, 50])
def test_infinite_scores(K, compare, draw):
    """−∞ is a class that cannot be; NaN and +∞ spoil their position alone."""
    x = draw(5, K)
    x[0, 1] = -np.inf
    x[1, 2], x[2, 3] = np.nan, np.inf
    compare("cross_entropy", x, np.array([0, 0, 0, 0, 0]), None, reduction="none")


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(5, 40), (5, 4), (2, 3, 6)], ids=str)
def test_a_label_that_no_class_has_reads_no_other_score(shape, smoothing, draw, order):
    """Beside it lie finite scores of other positions; its own loss is NaN until it is judged."""
    K, target = shape[1], RNG.integers(0, shape[1], (shape[0], *shape[2:]))
    bad = target.copy()
    bad.reshape(-1)[[1, 2]] = -1, K
    x, params = draw(*shape), {"reduction": "none", "label_smoothing": smoothing}
    found = []
    with emulated_cuda(order) as counters:
        for labels in (target, bad):
            y, _ = op_named("cross_entropy").run(
                (*map(counters.library.from_numpy, (x, labels)), None), params
            )
            found.append(y.get().reshape(-1))
    right, wrong = found
    assert np.isnan(wrong[[1, 2]]).all()
    np.testing.assert_array_equal(np.delete(wrong, [1, 2]), np.delete(right, [1, 2]))
