"""cross_entropy.cu: few and many classes, images, weights, ignored labels, smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.loss import cross_entropy

import minitorch_cv as mt
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import ORDERS, emulated_cuda
from minitorch_cv.testing.cuda_emulator.recorder import Recorder
from minitorch_cv.testing.cuda_emulator.standin import Stream, standin_cuda

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
    total = set() if reduction == "none" else {"cross_entropy_total"}
    assert compare.launched == {"labels_judge", form, f"{form}_backward"} | total


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


def run(order, x, target, weight=None, gy=None, **params):
    """(y, gx) of the kernels, for an upstream gradient of ones, or gy."""
    with emulated_cuda(order) as counters:
        send = counters.library.from_numpy
        arrays = [None if a is None else send(a) for a in (x, target, weight)]
        op = op_named("cross_entropy")
        y, saved = op.run(arrays, params)
        gy = np.ones(y.shape, np.float32) if gy is None else gy
        gx, *_ = op.differentiate(send(gy), saved, (True, False, False))
        return y.get(), gx.get()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(300, 4), (20, 40), (2, 3, 200)], ids=str)
def test_labels_as_bytes(shape, reduction, compare, draw, blocks):
    """Where they lie apart, too; 255 is left out."""
    target = RNG.integers(0, shape[1], (shape[0], *shape[2:])).astype(np.uint8)
    target.reshape(-1)[::5] = 255
    weight = RNG.uniform(0.5, 2, shape[1]).astype(np.float32)
    for labels in (target, np.asfortranarray(target[::-1])):
        compare("cross_entropy", draw(*shape), labels, weight, ignore_index=255,
                reduction=reduction)  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("shape", [(10000, 3), (2, 3, 5000), (300, 33)], ids=str)
def test_sums_of_more_blocks_than_one_has_threads(shape, reduction, order, draw, monkeypatch):
    """Both orders, and all that does not change the order of a sum, give the same bits."""
    monkeypatch.setattr(cross_entropy, "THREADS", 32)
    x, target = draw(*shape), RNG.integers(0, shape[1], (shape[0], *shape[2:]))
    target.reshape(-1)[::7] = -100
    weight = RNG.uniform(0.5, 2, shape[1]).astype(np.float32)
    found = [run(o, x, target, weight, reduction=reduction) for o in (order, ORDERS[0])]
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
    wide, w = x.astype(np.float64), weight.astype(np.float64)
    y, saved = op_named("cross_entropy").forward(wide, target, w, reduction=reduction)
    gx, *_ = op_named("cross_entropy").backward(np.ones(()), saved, (True, False, False))
    for a, b in zip(found[0], (y, gx), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * abs(b).max())


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("K", [4, 40])
def test_nothing_counts(K, smoothing, compare, draw):
    """The mean is NaN and its gradient 0; where all weights are 0, both are what 0 / 0 gives."""
    x, params = draw(6, K), {"label_smoothing": smoothing}
    for target, ignored in ((np.full(6, -100), -100), (np.full(6, 2), 2)):
        for reduction in ("none", "mean", "sum"):
            y, gx = compare(
                "cross_entropy", x, target, None, reduction=reduction, ignore_index=ignored,
                **params,
            )[:2]  # fmt: skip
            assert np.isnan(y) if reduction == "mean" else not y.any()
            np.testing.assert_array_equal(gx, 0.0)
    weight = np.ones(K, np.float32)
    weight[[1, 3]] = 0
    compare("cross_entropy", x, np.array([1, 3, 3, 1, -100, 1]), weight, **params)
    compare("cross_entropy", x, np.array([1, 3, 0, 1, -100, 1]), weight, **params)


def test_gradients_for_one_position_and_for_each(compare, draw):
    for shape in ((1, 4), (4,), (1, 40), (1, 4, 1, 1)):
        target = np.zeros(() if len(shape) == 1 else (1, *shape[2:]), np.int64)
        for reduction in ("none", "mean", "sum"):
            compare("cross_entropy", draw(*shape), target, None, reduction=reduction)
    compare("cross_entropy", draw(4), np.array([2]), None)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("K", [4, 40])
def test_a_second_derivative_takes_what_the_kernel_saved(K, reduction, emulator, draw):
    x, target = draw(5, K), np.array([1, -100, 0, 3, 1])
    weight, v = RNG.uniform(0.5, 2, K).astype(np.float32), draw(5, K)

    def twice(place):
        X = mt.from_numpy(x).to(place).requires_grad_()
        W, V, T = (mt.from_numpy(a).to(place) for a in (weight, v, target))
        y = F.cross_entropy(X, T, W, reduction=reduction, label_smoothing=0.1)
        (gx,) = mt.autograd.grad((y * y).sum(), X, create_graph=True)
        (gv,) = mt.autograd.grad((gx * V).sum(), X)
        return gv.cpu().numpy()

    device = emulated_cuda()
    with device:
        got = twice("cuda")
    assert "cross_entropy_rows" in str(device.device.launched) or K == 4
    np.testing.assert_allclose(got, twice("cpu"), rtol=0, atol=1e-5 * abs(got).max())


@pytest.mark.parametrize("shape", [(8, 10), (8, 100), (2, 3, 5, 5)], ids=str)
@pytest.mark.parametrize("reduction, forward", [("none", 2), ("mean", 3), ("sum", 3)])
def test_a_step_is_few_launches(shape, reduction, forward, emulator, draw, monkeypatch):
    """The labels, the losses, their sum; then the gradient. Nothing goes by CuPy's functions."""
    with standin_cuda():
        x = mt.from_numpy(draw(*shape)).to("cuda").requires_grad_()
        target = mt.from_numpy(RNG.integers(0, 3, (shape[0], *shape[2:]))).to("cuda")
        F.cross_entropy(x, target)  # the first one makes room for the answers
        gy = F.cross_entropy(x, target, reduction=reduction).detach()
        stream = Recorder(Stream.upload)
        monkeypatch.setattr("minitorch_cv.testing.cuda_emulator.recorder.active", stream)
        y = F.cross_entropy(x, target, reduction=reduction, label_smoothing=0.1)
        assert stream.launches() == forward
        mt.autograd.grad(y, x, gy)
        assert stream.launches() == forward + 1
        monkeypatch.undo()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(5, 40), (5, 4), (2, 3, 6)], ids=str)
def test_a_label_that_no_class_has_reads_no_other_score(shape, smoothing, draw, order):
    """Its own loss is NaN until it is judged, and it has no gradient; the others stay as they are.

    Beside it lie finite scores of other positions, and weights are read for labels in range alone.
    """
    K, target = shape[1], RNG.integers(0, shape[1], (shape[0], *shape[2:]))
    bad = target.copy()
    bad.reshape(-1)[[1, 2]] = -1, K
    x, weight, gy = draw(*shape), RNG.uniform(0.5, 2, K).astype(np.float32), draw(*target.shape)
    right, wrong = (
        run(order, x, t, weight, gy, reduction="none", label_smoothing=smoothing)
        for t in (target, bad)
    )
    (y, gx), (y_bad, gx_bad) = (
        (y.reshape(-1), np.moveaxis(gx, 1, -1).reshape(-1, K)) for y, gx in (right, wrong)
    )
    assert np.isnan(y_bad[[1, 2]]).all() and not gx_bad[[1, 2]].any()
    for ours, theirs in ((y_bad, y), (gx_bad, gx)):
        np.testing.assert_array_equal(np.delete(ours, [1, 2], 0), np.delete(theirs, [1, 2], 0))
    for reduction in ("mean", "sum"):
        assert np.isnan(run(order, x, bad, weight, reduction=reduction)[0])
