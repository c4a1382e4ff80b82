"""Every update rule against its equation, written out with scalars."""

from math import inf, sqrt

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.optim.descent import average

GRADIENTS = [0.5, -1.0, 2.0, 0.25, -0.125, 0.75, 0.5]
START = 1.5
FLAG = pytest.mark.parametrize("maximize", [False, True])
DECAY = pytest.mark.parametrize("decay", [0.0, 0.3])


def run(kind, **options):
    p = mt.tensor([START], dtype=mt.float64, requires_grad=True)
    optimizer = kind([p], **options)
    for g in GRADIENTS:
        p.grad = mt.tensor([g], dtype=mt.float64)
        optimizer.step()
    return p.item()


def signed(maximize):
    return enumerate((-g if maximize else g for g in GRADIENTS), 1)


def near(x):
    return pytest.approx(x, rel=1e-12)


@FLAG
@DECAY
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd(nesterov, maximize, decay):
    dampening = 0.0 if nesterov else 0.25
    x, b = START, None
    for _, g in signed(maximize):
        d = g + decay * x
        b = d if b is None else 0.9 * b + (1 - dampening) * d
        x -= 0.1 * (d + 0.9 * b if nesterov else b)
    options = {"lr": 0.1, "momentum": 0.9, "dampening": dampening, "weight_decay": decay}
    assert run(optim.SGD, nesterov=nesterov, maximize=maximize, **options) == near(x)


def test_sgd_without_momentum():
    assert run(optim.SGD, lr=0.1) == near(START - 0.1 * sum(GRADIENTS))


@FLAG
@DECAY
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("kind", ["Adam", "AdamW", "Adam, decoupled"])
def test_adam(kind, amsgrad, maximize, decay):
    x, m, v, largest = START, 0.0, 0.0, 0.0
    for t, g in signed(maximize):
        d = g
        if kind == "Adam":
            d = g + decay * x
        else:
            x = (1 - 0.1 * decay) * x
        m = 0.8 * m + 0.2 * d
        v = 0.7 * v + 0.3 * d * d
        largest = max(largest, v)
        root = sqrt(largest if amsgrad else v) / sqrt(1 - 0.7**t)
        x -= 0.1 / (1 - 0.8**t) * m / (root + 1e-3)
    options = {"lr": 0.1, "betas": (0.8, 0.7), "eps": 1e-3, "weight_decay": decay}
    if kind == "Adam, decoupled":
        options["decoupled_weight_decay"] = True
    rule = optim.AdamW if kind == "AdamW" else optim.Adam
    assert run(rule, amsgrad=amsgrad, maximize=maximize, **options) == near(x)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    p = mt.tensor([1.0, 1.0], dtype=mt.float64, requires_grad=True)
    p.grad = mt.tensor([1e-3, -1e3], dtype=mt.float64)
    optim.Adam([p], lr=0.1).step()
    assert p.tolist() == pytest.approx([0.9, 1.1], rel=1e-5)


@FLAG
@DECAY
@pytest.mark.parametrize("first", [0.0, 0.5])
def test_adagrad(first, maximize, decay):
    x, s = START, first
    for t, g in signed(maximize):
        d = g + decay * x
        s += d * d
        x -= 0.1 / (1 + (t - 1) * 0.2) * d / (sqrt(s) + 1e-2)
    options = {"lr": 0.1, "lr_decay": 0.2, "eps": 1e-2, "initial_accumulator_value": first}
    assert run(optim.Adagrad, weight_decay=decay, maximize=maximize, **options) == near(x)


@FLAG
@DECAY
def test_adadelta(maximize, decay):
    x, v, u = START, 0.0, 0.0
    for _, g in signed(maximize):
        d = g + decay * x
        v = 0.8 * v + 0.2 * d * d
        step = sqrt(u + 1e-2) / sqrt(v + 1e-2) * d
        u = 0.8 * u + 0.2 * step * step
        x -= 0.7 * step
    options = {"lr": 0.7, "rho": 0.8, "eps": 1e-2, "weight_decay": decay}
    assert run(optim.Adadelta, maximize=maximize, **options) == near(x)


@FLAG
@DECAY
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("centered", [False, True])
def test_rmsprop(centered, momentum, maximize, decay):
    x, v, m, b = START, 0.0, 0.0, 0.0
    for _, g in signed(maximize):
        d = g + decay * x
        v = 0.8 * v + 0.2 * d * d
        m = 0.8 * m + 0.2 * d if centered else 0.0
        b = momentum * b + d / (sqrt(v - m * m) + 1e-2)
        x -= 0.1 * b
    options = {"lr": 0.1, "alpha": 0.8, "eps": 1e-2, "momentum": momentum, "centered": centered}
    assert run(optim.RMSprop, weight_decay=decay, maximize=maximize, **options) == near(x)


@FLAG
@DECAY
def test_adamax(maximize, decay):
    x, m, u = START, 0.0, 0.0
    for t, g in signed(maximize):
        d = g + decay * x
        m = 0.8 * m + 0.2 * d
        u = max(0.7 * u, abs(d) + 1e-2)
        x -= 0.1 / (1 - 0.8**t) * m / u
    options = {"lr": 0.1, "betas": (0.8, 0.7), "eps": 1e-2, "weight_decay": decay}
    assert run(optim.Adamax, maximize=maximize, **options) == near(x)


@FLAG
@DECAY
@pytest.mark.parametrize("decoupled", [False, True])
def test_nadam(decoupled, maximize, decay):
    x, m, v, product = START, 0.0, 0.0, 1.0
    for t, g in signed(maximize):
        d = g if decoupled else g + decay * x
        x = (1 - 0.1 * decay) * x if decoupled else x
        mu, after = (0.8 * (1 - 0.5 * 0.96 ** (k * 0.1)) for k in (t, t + 1))
        product *= mu
        m = 0.8 * m + 0.2 * d
        v = 0.7 * v + 0.3 * d * d
        ahead = (1 - mu) / (1 - product) * d + after / (1 - product * after) * m
        x -= 0.1 * ahead / (sqrt(v / (1 - 0.7**t)) + 1e-2)
    options = {"lr": 0.1, "betas": (0.8, 0.7), "eps": 1e-2, "momentum_decay": 0.1}
    options.update(weight_decay=decay, decoupled_weight_decay=decoupled)
    # The product is kept in float32.
    assert run(optim.NAdam, maximize=maximize, **options) == pytest.approx(x, rel=1e-6)


@FLAG
@DECAY
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("beta2", [0.5, 0.95])  # ρ_t never, and from the sixth step on, above 5
def test_radam(beta2, decoupled, maximize, decay):
    x, m, v, rectified = START, 0.0, 0.0, 0
    for t, g in signed(maximize):
        d = g if decoupled else g + decay * x
        x = (1 - 0.1 * decay) * x if decoupled else x
        m = 0.8 * m + 0.2 * d
        v = beta2 * v + (1 - beta2) * d * d
        top = 2 / (1 - beta2) - 1
        rho = top - 2 * t * beta2**t / (1 - beta2**t)
        scale = 1.0
        if rho > 5:
            r = sqrt((rho - 4) * (rho - 2) * top / ((top - 4) * (top - 2) * rho))
            scale = r * sqrt(1 - beta2**t) / (sqrt(v) + 1e-2)
            rectified += 1
        x -= 0.1 * m / (1 - 0.8**t) * scale
    assert rectified == (0 if beta2 == 0.5 else 2)
    options = {"lr": 0.1, "betas": (0.8, beta2), "eps": 1e-2, "weight_decay": decay}
    options["decoupled_weight_decay"] = decoupled
    assert run(optim.RAdam, maximize=maximize, **options) == near(x)


@FLAG
@pytest.mark.parametrize("bounds", [(1e-6, 50.0), (0.05, 0.11)])
def test_rprop(bounds, maximize):
    x, size, before = START, 0.1, 0.0
    for _, g in signed(maximize):
        if g * before > 0:
            size *= 1.2
        elif g * before < 0:
            size *= 0.5
            g = 0.0
        size = min(max(size, bounds[0]), bounds[1])
        x -= size * ((g > 0) - (g < 0))
        before = g
    assert run(optim.Rprop, lr=0.1, step_sizes=bounds, maximize=maximize) == near(x)


@FLAG
@DECAY
@pytest.mark.parametrize("t0", [1e6, 3, 0])
def test_asgd(t0, maximize, decay):
    p = mt.tensor([START], dtype=mt.float64, requires_grad=True)
    options = {"lr": 0.1, "lambd": 0.2, "alpha": 0.6, "t0": t0, "weight_decay": decay}
    optimizer = optim.ASGD([p], maximize=maximize, **options)
    x, average, eta, mu = START, 0.0, 0.1, 1.0
    for t, g in signed(maximize):
        d = g + decay * x
        x = (1 - 0.2 * eta) * x - eta * d
        average += mu * (x - average)
        eta = 0.1 / (1 + 0.2 * 0.1 * t) ** 0.6
        mu = 1 / max(1.0, t - t0)
        p.grad = mt.tensor([abs(g) * (1 if GRADIENTS[t - 1] > 0 else -1)], dtype=mt.float64)
        optimizer.step()
        # η_t and μ_t are kept in float32.
        assert p.item() == pytest.approx(x, rel=1e-6)
        assert optimizer.state[p]["ax"].item() == pytest.approx(average, rel=1e-6)


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.5, 0.9])
def test_an_average_is_rounded_near_the_end_that_counts_more(beta):
    d, room = np.array([1.0]), np.empty(1)
    m = np.array([1e20 if beta <= 0.5 else 1.0])
    expected = beta * m + (1 - beta) * d
    average(m, d, beta, room)
    np.testing.assert_allclose(m, expected, 1e-15)
    assert d == 1.0 and (beta or m == 1.0)  # β = 0: nothing of the old average is left


EVERY = [
    optim.SGD, optim.Adam, optim.AdamW, optim.Adagrad, optim.Adadelta, optim.RMSprop,
    optim.Adamax, optim.NAdam, optim.RAdam, optim.Rprop, optim.ASGD,
]  # fmt: skip


@pytest.mark.parametrize("kind", EVERY)
def test_every_rule_goes_down_a_bowl_and_maximize_goes_up(kind):
    for maximize in (False, True):
        p = mt.tensor([1.0, -2.0], dtype=mt.float64, requires_grad=True)
        optimizer = kind([p], maximize=maximize)
        for _ in range(30):
            optimizer.zero_grad()
            (p * p).sum().backward()
            optimizer.step()
        assert (float((p * p).sum()) > 5.0) == maximize


@pytest.mark.parametrize("kind", EVERY)
def test_nan_stays_nan_and_inf_does_not_vanish(kind):
    for bad in (float("nan"), inf):
        p = mt.tensor([1.0, 1.0], dtype=mt.float64, requires_grad=True)
        p.grad = mt.tensor([bad, 0.5], dtype=mt.float64)
        kind([p]).step()
        first, second = p.tolist()
        assert second < 1.0 and (first != 1.0 or bad == inf)
