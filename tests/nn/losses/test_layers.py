"""Loss layers: each keeps its arguments and calls its function; known answers of some."""

from __future__ import annotations

import math

import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F  # noqa: N812


def near(y, value):
    assert y.shape == () and y.item() == pytest.approx(value, rel=1e-6)


def test_older_arguments_choose_the_reduction():
    with pytest.warns(DeprecationWarning, match="use reduction="):
        assert nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(DeprecationWarning, match="use reduction="):
        assert nn.NLLLoss(reduce=False).reduction == "none"
    with pytest.warns(FutureWarning, match="use NLLLoss"):
        assert nn.NLLLoss2d().ignore_index == -100


def test_weights_are_buffers():
    loss = nn.BCEWithLogitsLoss(weight=mt.ones(2), pos_weight=mt.ones(2) * 3)
    assert list(loss.state_dict()) == ["weight", "pos_weight"]
    assert list(nn.MultiMarginLoss(weight=mt.ones(3)).state_dict()) == ["weight"]
    assert not nn.BCELoss().state_dict()


def test_a_positive_answer_counts_pos_weight_times():
    x, t = mt.tensor([0.0, 0.0]), mt.tensor([1.0, 0.0])
    near(nn.BCEWithLogitsLoss(pos_weight=mt.tensor(3.0))(x, t), 2 * math.log(2))


def test_the_divergence_divides_by_the_batch():
    x, t = mt.tensor([[0.25, 0.75]]).log(), mt.tensor([[0.5, 0.5]])
    divergence = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    near(nn.KLDivLoss(reduction="batchmean")(x, t), divergence)
    with pytest.warns(UserWarning, match="'batchmean'"):
        near(nn.KLDivLoss()(x, t), divergence / 2)


def test_gaussian_and_poisson_full():
    x = mt.tensor([1.0])
    near(nn.GaussianNLLLoss(full=True)(x, x + 2, 4.0), 0.5 * (math.log(8 * math.pi) + 1))
    near(nn.PoissonNLLLoss()(x * 0, mt.tensor([3.0])), 1.0)
    stirling = 3 * math.log(3) - 3 + 0.5 * math.log(6 * math.pi)
    near(nn.PoissonNLLLoss(full=True)(x * 0, mt.tensor([3.0])), 1.0 + stirling)


def test_triplets_with_swap():
    a, p, n = mt.tensor([[0.0]]), mt.tensor([[3.0]]), mt.tensor([[4.0]])
    near(nn.TripletMarginLoss(margin=2.0, eps=0.0)(a, p, n), 1.0)
    near(nn.TripletMarginLoss(margin=2.0, eps=0.0, swap=True)(a, p, n), 4.0)
    own = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: (x - y).abs().sum(1))
    near(own(a, p, n), 0.0)


def test_the_last_layer_and_its_loss_in_one():
    loss = nn.LinearCrossEntropyLoss(4, 3, bias=True, label_smoothing=0.1)
    x, t = mt.randn(5, 4), mt.tensor([0, 1, 2, 1, 0])
    assert mt.allclose(loss(x, t), F.cross_entropy(loss.linear(x), t, label_smoothing=0.1))
    with pytest.raises(TypeError, match="options must be None"):
        nn.LinearCrossEntropyLoss(4, 3, options="auto")(x, t)


def test_no_gradient_is_lost_silently():
    x, t, w = mt.randn(2, 3), mt.tensor([0, 2]), mt.ones(3).requires_grad_()
    for call in (
        lambda: F.cross_entropy(x, t, w),
        lambda: F.nll_loss(x, t, w),
        lambda: F.multi_margin_loss(x, t, weight=w),
        lambda: F.binary_cross_entropy(x.sigmoid(), x.sigmoid(), w),
        lambda: F.soft_margin_loss(x, x.clone().requires_grad_()),
    ):
        with pytest.raises(RuntimeError, match=r"has no gradient for (weight|target); pass"):
            call()
        with mt.no_grad():
            assert call().shape == ()
