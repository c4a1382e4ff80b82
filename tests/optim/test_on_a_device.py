"""On the strict fake device: nothing crosses to it or back, nothing waits, the numbers stay."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.nn import utils
from minitorch_cv.optim import swa_utils
from minitorch_cv.testing import fake_device

MAKE = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam": lambda p: optim.Adam(p, lr=0.1, amsgrad=True, maximize=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.5),
    "Adadelta": lambda p: optim.Adadelta(p),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1, centered=True, momentum=0.9),
    "Adamax": lambda p: optim.Adamax(p, lr=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True),
    "RAdam": lambda p: optim.RAdam(p, lr=0.1, betas=(0.9, 0.95)),
    "Rprop": lambda p: optim.Rprop(p, lr=0.1, maximize=True),
    "ASGD": lambda p: optim.ASGD(p, lr=0.1, t0=1),
}


@pytest.fixture
def fake():
    with fake_device() as counters:
        yield counters


def gradients():
    rng = np.random.default_rng(0)
    return [[rng.normal(size=shape) for shape in ((3, 2), (2,))] for _ in range(7)]


@pytest.mark.parametrize("name", MAKE)
def test_steps(fake, name):
    results = []
    for place in ("cpu", "fake"):
        params = [mt.ones(3, 2, dtype="float64"), mt.ones(2, dtype="float64")]
        params = [p.to(place).requires_grad_() for p in params]
        optimizer = MAKE[name](params)
        steps = [[mt.tensor(g).to(place) for g in pair] for pair in gradients()]
        before = fake.total()
        for pair in steps:
            for p, g in zip(params, pair, strict=True):
                p.grad = g
            utils.clip_grad_norm_(params, 1.5)
            utils.clip_grad_value_(params, 0.5)
            optimizer.step()
        assert fake.total() == before, fake.last
        again = MAKE[name](params)
        again.load_state_dict(optimizer.state_dict())
        for p in params:
            kept = again.state[p]
            one = ("step", *optimizer.scalars)
            assert all(str(v.device) == "cpu" for k, v in kept.items() if k in one)
            assert all(v.device == p.device for k, v in kept.items() if k not in one)
        again.step()
        results.append([p.detach().cpu().numpy() for p in params])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, 1e-12)


def test_averages(fake):
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = swa_utils.AveragedModel(model, device="fake", avg_fn=swa_utils.get_ema_avg_fn(0.5))
    average.update_parameters(model)  # from the CPU to the device
    model = model.to("fake")
    model[0].weight.data.fill_(1.0)
    average.update_parameters(model)
    assert all(str(p.device).startswith("fake") for p in average.parameters())
    swa_utils.update_bn([mt.randn(4, 2)], average, device="fake")
    assert average(mt.randn(3, 2).to("fake")).shape == (3, 2)
