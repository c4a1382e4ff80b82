"""Averages of parameters against plain means; statistics of batch norm after averaging."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.optim import swa_utils

VALUES = [1.0, 5.0, 0.0, -2.0]


def averaged(**options):
    """The averages after each value of a parameter."""
    model = nn.Linear(1, 1, bias=False).double()
    average = swa_utils.AveragedModel(model, **options)
    seen = []
    for value in VALUES:
        model.weight.data.fill_(value)
        average.update_parameters(model)
        seen.append(average.module.weight.item())
    assert int(average.n_averaged) == len(VALUES) and model.weight.item() == VALUES[-1]
    return seen


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"avg_fn": swa_utils.get_swa_avg_fn()},
        {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()},
        {"use_buffers": True, "device": "cpu"},
    ],
)
def test_swa_is_the_mean(options):
    means = [sum(VALUES[: k + 1]) / (k + 1) for k in range(len(VALUES))]
    assert averaged(**options) == pytest.approx(means, rel=1e-12)


@pytest.mark.parametrize("several", [False, True])
def test_ema_forgets(several):
    options = {"avg_fn": swa_utils.get_ema_avg_fn(0.75)}
    if several:
        options = {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.75)}
    expected = [VALUES[0]]
    for value in VALUES[1:]:
        expected.append(0.75 * expected[-1] + 0.25 * value)
    assert averaged(**options) == pytest.approx(expected, rel=1e-12)


def test_buffers_are_copied_or_averaged():
    for use_buffers, mean in ((False, 4.0), (True, 3.0)):
        model = nn.BatchNorm1d(1)
        average = swa_utils.AveragedModel(model, use_buffers=use_buffers)
        for value in (2.0, 4.0):
            model.running_mean.fill_(value)
            average.update_parameters(model)
        assert average.module.running_mean.item() == mean


def test_the_copy_is_one_of_its_own_and_a_module():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    average = swa_utils.AveragedModel(model)
    assert average.module is not model and average.module[0].weight is not model[0].weight
    keys = ["n_averaged", "module.0.weight", "module.0.bias"]
    assert list(average.state_dict()) == keys
    x = mt.randn(3, 2)
    assert mt.equal(average(x), model(x))


@pytest.mark.cpu("moves the batches to the CPU")
def test_update_bn_computes_the_statistics_of_all_batches():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5)).double().eval()
    model[0].running_mean.fill_(9.0)
    model[0].num_batches_tracked.fill_(5)
    batches = [rng.normal(size=(4, 2)) for _ in range(3)]
    loader = [mt.tensor(batches[0]), (mt.tensor(batches[1]), 0), [mt.tensor(batches[2])]]
    swa_utils.update_bn(loader, model, device="cpu")
    means = np.mean([x.mean(0) for x in batches], 0)
    variances = np.mean([x.var(0, ddof=1) for x in batches], 0)
    np.testing.assert_allclose(model[0].running_mean.numpy(), means, 1e-12)
    np.testing.assert_allclose(model[0].running_var.numpy(), variances, 1e-12)
    assert model[0].momentum == 0.1 and not model.training
    swa_utils.update_bn([None], nn.ReLU())  # without batch norm nothing is run


def test_what_is_refused():
    both = {"avg_fn": lambda *_: None, "multi_avg_fn": lambda *_: None}
    with pytest.raises(ValueError, match="AveragedModel: give avg_fn or multi_avg_fn, not both"):
        swa_utils.AveragedModel(nn.ReLU(), **both)
    with pytest.raises(ValueError, match="get_ema_avg_fn: decay must be at most 1"):
        swa_utils.get_ema_avg_fn(1.5)
    with pytest.raises(ValueError, match="get_ema_multi_avg_fn: decay must be at least 0"):
        swa_utils.get_ema_multi_avg_fn(-0.1)
    model, other = nn.Linear(1, 1), nn.Linear(1, 1, bias=False)
    with pytest.raises(ValueError, match="AveragedModel: .* has 1 tensors .* 2"):
        swa_utils.AveragedModel(model).update_parameters(other)
