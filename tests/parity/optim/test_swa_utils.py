"""Averaged models beside PyTorch's: parameters, buffers, statistics of batch norm, states."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grid import optim_cases as cases  # noqa: E402

import minitorch_cv as mt  # noqa: E402

torch = pytest.importorskip("torch")


def network(engine):
    nn = engine.nn
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)).double()


def pair():
    """The same network twice."""
    theirs, ours = network(torch), network(mt)
    ours.load_state_dict({key: mt.tensor(v.numpy()) for key, v in theirs.state_dict().items()})
    return theirs, ours


def same(ours, theirs, near):
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(other)
    for key, value in other.items():
        assert str(value.dtype) == f"torch.{mine[key].dtype}"
        np.testing.assert_allclose(mine[key].numpy(), value.numpy(), near, near, err_msg=key)


def averaged(engine, model, average, decay, use_buffers):
    home = engine.optim.swa_utils
    if average == "default":
        return home.AveragedModel(model, use_buffers=use_buffers)
    function = getattr(home, average)(*(() if decay is None else (decay,)))
    name = "multi_avg_fn" if "multi" in average else "avg_fn"
    return home.AveragedModel(model, use_buffers=use_buffers, **{name: function})


@pytest.mark.parametrize("options", cases.AVERAGES["AveragedModel"], ids=str)
def test_averages_over_training(options):
    # PyTorch's get_swa_multi_avg_fn rounds 1 / (n + 1) to float32.
    near = 1e-6 if options["average"] == "get_swa_multi_avg_fn" else 1e-10
    rng, models = np.random.default_rng(0), pair()
    data = [rng.normal(size=(8, 4)) for _ in range(12)]
    averages = [averaged(e, m, **options) for e, m in zip((torch, mt), models, strict=True)]
    makers = [e.optim.SGD(m.parameters(), lr=0.1) for e, m in zip((torch, mt), models, strict=True)]
    for step, x in enumerate(data):
        for engine, model, average, optimizer in zip(
            (torch, mt), models, averages, makers, strict=True
        ):
            optimizer.zero_grad()
            (model(engine.tensor(x)) ** 2).sum().backward()
            optimizer.step()
            average.update_parameters(model)
        if step in (0, 1, 2, 11):
            same(averages[1], averages[0], near)
    for engine, average in zip((torch, mt), averages, strict=True):
        batches = [(engine.tensor(x), 0) if k % 2 else engine.tensor(x) for k, x in enumerate(data)]
        average.eval()
        engine.optim.swa_utils.update_bn(batches, average)
        assert not average.training and average.module[1].momentum == 0.1
    same(averages[1], averages[0], near)
    x = rng.normal(size=(5, 4))
    y, expected = averages[1](mt.tensor(x)), averages[0](torch.tensor(x))
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), 10 * near)
    again = averaged(mt, models[1], **options)
    again.load_state_dict(averages[1].state_dict())
    same(again, averages[0], near)


@pytest.mark.parametrize("momentum", [None, 0.3])
def test_update_bn_leaves_networks_as_they_were(momentum):
    for engine in (torch, mt):
        model = network(engine)
        model[1].momentum = momentum
        engine.optim.swa_utils.update_bn([engine.ones(4, 4, dtype=engine.float64)], model)
        assert model.training and model[1].momentum == momentum
        assert int(model[1].num_batches_tracked) == 1
        plain = engine.nn.Linear(2, 2)
        engine.optim.swa_utils.update_bn([engine.ones(1, 7)], plain)  # no layer: not even run


def test_a_function_of_ones_own_gets_tensors_and_the_count():
    for engine in (torch, mt):
        seen = []

        def middle(average, current, count, seen=seen):
            seen.append(int(count))
            return (average + current) / 2

        model = engine.nn.Linear(1, 1, bias=False)
        average = engine.optim.swa_utils.AveragedModel(model, device="cpu", avg_fn=middle)
        for value in (1.0, 3.0, 6.0):
            with engine.no_grad():
                model.weight.fill_(value)
            average.update_parameters(model)
        assert average.module.weight.item() == 4.0 and seen == [1, 2]
        assert int(average.n_averaged) == 3


def test_what_raises():
    for engine in (torch, mt):
        home = engine.optim.swa_utils
        for function in (home.get_ema_avg_fn, home.get_ema_multi_avg_fn):
            for decay in (-0.1, 1.1):
                with pytest.raises(ValueError):
                    function(decay)
        both = {"avg_fn": home.get_swa_avg_fn(), "multi_avg_fn": home.get_swa_multi_avg_fn()}
        with pytest.raises((ValueError, AssertionError)):
            home.AveragedModel(engine.nn.Linear(1, 1), **both)
