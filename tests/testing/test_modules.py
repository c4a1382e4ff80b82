"""check_module and check_layers find a planted bug in the layer that has it, and in no other."""

from __future__ import annotations

import time

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.testing import GradcheckError, check_layers, check_module, spread_apart


class _Half(mt.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gy):
        return gy


class Half(nn.Module):
    """A layer whose backward forgets a factor 2."""

    def forward(self, x):
        return _Half.apply(x)


class BadBias(nn.Module):
    """A layer whose bias has no gradient."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mt.ones(3))
        self.bias = nn.Parameter(mt.zeros(3))

    def forward(self, x):
        return x * self.weight + self.bias.detach()


def network(*extra):
    mt.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), *extra,
        nn.Conv2d(4, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(6 * 3 * 3, 10),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_every_layer_of_a_network_passes(seed):
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = check_layers(model, mt.randn(8, 1, 16, 16), seed=seed)
    assert [c.kind for c in found] == [type(layer).__name__ for layer in model]
    assert [c.verdict for c in found] == ["PASS"] * len(found), found
    assert max(c.max_error for c in found) < 1e-6
    for name, value in model.state_dict().items():
        assert mt.equal(value, before[name]), name


def test_the_layer_with_the_bug_is_named():
    found = check_layers(network(Half()), mt.randn(8, 1, 16, 16))
    assert [c.kind for c in found if c.verdict == "FAIL"] == ["Half"]
    (wrong,) = (c for c in found if c.verdict == "FAIL")
    assert wrong.name == "4"
    assert wrong.max_error == pytest.approx(0.5)
    assert "gx[0, 0, 0, 0]: analytic" in wrong.message


def test_check_module_has_a_line_for_each_parameter():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    found = check_module(module, mt.randn(5, 3))
    assert [c.name for c in found] == ["x", "0.weight", "0.bias", "2.weight", "2.bias"]
    assert all(c.verdict == "PASS" and c.max_error < 1e-6 for c in found)
    assert found[1].shape == (4, 3)


def test_check_module_names_the_wrong_parameter():
    with pytest.raises(GradcheckError, match=r"BadBias is wrong in\n  gbias\[0\]: analytic 0"):
        check_module(BadBias(), mt.randn(5, 3))
    found = check_module(BadBias(), mt.randn(5, 3), raise_exception=False)
    assert {c.name: c.verdict for c in found} == {"x": "PASS", "weight": "PASS", "bias": "FAIL"}


def test_check_module_passes_labels_on():
    class Loss(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x, target):
            return nn.functional.cross_entropy(self.layer(x), target)

    found = check_module(Loss(), (mt.randn(5, 4), mt.tensor([0, 2, 1, 1, 0])))
    assert [c.name for c in found] == ["x", "layer.weight", "layer.bias"]


def test_inputs_are_tensors():
    with pytest.raises(TypeError, match="inputs are Tensors"):
        check_module(nn.Linear(2, 2), np.ones((3, 2)))


def test_spread_apart_leaves_no_ties_and_no_zero():
    rng = np.random.default_rng(0)
    x = np.maximum(rng.normal(size=(4, 50)), 0).round(2)
    y = spread_apart(x, gap=1e-5)
    values = np.sort(y.reshape(-1))
    assert np.diff(values).min() > 0.99e-5
    assert abs(values).min() > 0.99e-5
    assert abs(y - x).max() < 200 * 1e-5 + 2e-5
    order = np.argsort(x.reshape(-1), kind="stable")
    assert (np.diff(x.reshape(-1)[order]) >= 0).all()
    larger = x[:, None, :] > x[:, :, None]
    assert (y[:, None, :] > y[:, :, None])[larger].all()


def test_lenet_takes_a_few_seconds():
    mt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84),
        nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip
    start = time.perf_counter()
    found = check_layers(model, mt.randn(8, 1, 32, 32))
    assert all(c.verdict == "PASS" for c in found)
    assert time.perf_counter() - start < 5
