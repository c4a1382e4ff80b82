"""Two devices in one call: a TypeError that names the argument, who lies where, and the remedy."""

from __future__ import annotations

import re

import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing import fake_device

WORDS = re.compile(
    r"[\w.]+: inputs lie on different devices \(got .*\w on (cpu|fake:0), .*\w on "
    r"(cpu|fake:0).*\); move (\w+) with \3.to\('(cpu|fake:0)'\)"
)


def step(kind, parameter, gradient, **options):
    p = parameter.clone().requires_grad_()
    optimizer = kind([p], **options)
    p.grad = gradient
    optimizer.step()


def moved_after_a_step(a, b):
    p = a.clone().requires_grad_()
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
    p.grad = a
    optimizer.step()
    p.data, p.grad = b, b
    optimizer.step()


CASES = {
    "operator": lambda a, b: a + b,
    "comparison": lambda a, b: a > b,
    "in place": lambda a, b: a.clone().add_(b),
    "setitem": lambda a, b: a.clone().copy_(b),
    "index": lambda a, b: a[mt.tensor([0, 1]).to("fake")],
    "mask": lambda a, b: a[b > 0],
    "equal": lambda a, b: mt.equal(a, b),
    "allclose": lambda a, b: mt.allclose(b, a),
    "isin": lambda a, b: mt.isin(a, b),
    "searchsorted": lambda a, b: mt.searchsorted(a[0], b),
    "backward": lambda a, b: (a.clone().requires_grad_() * 2).backward(b),
    "mse_loss": lambda a, b: F.mse_loss(a, b),
    "cross_entropy": lambda a, b: F.cross_entropy(b, mt.tensor([0, 1])),
    "CrossEntropyLoss": lambda a, b: nn.CrossEntropyLoss(mt.ones(3))(b, (b[:, 0] > 9).long()),
    "binary_cross_entropy": lambda a, b: nn.BCEWithLogitsLoss()(a, b),
    "hinge": lambda a, b: F.hinge_embedding_loss(a, b),
    "running": lambda a, b: nn.InstanceNorm1d(2, track_running_stats=True)(b[None]),
    "SGD": lambda a, b: step(optim.SGD, a, b, lr=0.1),
    "momentum": lambda a, b: step(optim.SGD, b, a, lr=0.1, momentum=0.9),
    "Adam": lambda a, b: step(optim.Adam, b, a),
    "Adam, the other way": lambda a, b: step(optim.Adam, a, b),
    "RMSprop": lambda a, b: step(optim.RMSprop, b, a),
    "moved after a step": moved_after_a_step,
    "Linear": lambda a, b: nn.Linear(3, 2)(b),
    "BatchNorm": lambda a, b: nn.BatchNorm1d(3).eval()(b),
    "Sequential": lambda a, b: nn.Sequential(nn.ReLU(), nn.Linear(3, 2).to("fake"))(a),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["fast", "reference"])
@pytest.mark.parametrize("name", CASES)
def test_mixing(name, mode):
    with fake_device(), mt.use_kernels(mode):
        mt.manual_seed(0)
        a, b = mt.randn(2, 3), mt.randn(2, 3).to("fake")
        with pytest.raises(TypeError) as caught:
            CASES[name](a, b)
    assert WORDS.match(str(caught.value)), caught.value


def test_a_module_says_how_it_moves_as_a_whole():
    with fake_device():
        model = nn.Sequential(nn.Sequential(nn.Linear(3, 2)), nn.ReLU())
        x = mt.randn(2, 3).to("fake")
        with pytest.raises(TypeError) as caught:
            model(x)
        words = str(caught.value)
        assert words.count("; or move the module: Linear lies on cpu, module.to(input.dev") == 1
        assert str(model.to(x.device)(x).device) == "fake:0"


def test_other_type_errors_are_left_alone():
    with pytest.raises(TypeError) as caught:
        nn.Linear(3, 2)(3)
    assert "move the module" not in str(caught.value)


def test_an_index_on_the_host_is_sent():
    with fake_device():
        x = mt.arange(6).reshape(2, 3).to("fake")
        assert x[mt.tensor([1, 0])].cpu().tolist() == [[3, 4, 5], [0, 1, 2]]
