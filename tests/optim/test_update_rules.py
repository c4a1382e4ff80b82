"""SGD and Adam against their equations, written out with scalars."""

from math import sqrt

import pytest

import minitorch_cv as mt
from minitorch_cv.optim import SGD, Adam

GRADIENTS = [0.5, -1.0, 2.0, 0.25, -0.125]


def run(kind, **options):
    p = mt.tensor([1.5], dtype=mt.float64, requires_grad=True)
    optimizer = kind([p], **options)
    for g in GRADIENTS:
        p.grad = mt.tensor([g], dtype=mt.float64)
        optimizer.step()
    return p.item()


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_sgd(nesterov, maximize, decay):
    dampening = 0.0 if nesterov else 0.25
    x, b = 1.5, None
    for g in GRADIENTS:
        d = (-g if maximize else g) + decay * x
        b = d if b is None else 0.9 * b + (1 - dampening) * d
        x -= 0.1 * (d + 0.9 * b if nesterov else b)
    options = {"lr": 0.1, "momentum": 0.9, "dampening": dampening, "weight_decay": decay}
    assert run(SGD, nesterov=nesterov, maximize=maximize, **options) == pytest.approx(x, rel=1e-13)


def test_sgd_without_momentum():
    assert run(SGD, lr=0.1) == pytest.approx(1.5 - 0.1 * sum(GRADIENTS), rel=1e-13)


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_adam(amsgrad, maximize, decay):
    x, m, v, largest = 1.5, 0.0, 0.0, 0.0
    for t, g in enumerate(GRADIENTS, 1):
        d = (-g if maximize else g) + decay * x
        m = 0.8 * m + 0.2 * d
        v = 0.7 * v + 0.3 * d * d
        largest = max(largest, v)
        root = sqrt(largest if amsgrad else v) / sqrt(1 - 0.7**t)
        x -= 0.1 / (1 - 0.8**t) * m / (root + 1e-3)
    options = {"lr": 0.1, "betas": (0.8, 0.7), "eps": 1e-3, "weight_decay": decay}
    assert run(Adam, amsgrad=amsgrad, maximize=maximize, **options) == pytest.approx(x, rel=1e-12)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    p = mt.tensor([1.0, 1.0], dtype=mt.float64, requires_grad=True)
    p.grad = mt.tensor([1e-3, -1e3], dtype=mt.float64)
    Adam([p], lr=0.1).step()
    assert p.tolist() == pytest.approx([0.9, 1.1], rel=1e-5)
