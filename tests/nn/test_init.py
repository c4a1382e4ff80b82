"""Distributions of starting values."""

import math
import statistics

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import init
from minitorch_cv.nn.normal_quantile import normal_quantile

SHAPE = (80, 20, 5, 5)  # fan in 500, fan out 2000


def is_uniform(x, bound):
    """Mean, bounds and variance of U(−bound, bound); mean and variance within 5 deviations."""
    n = x.size
    assert abs(x).max() <= bound and abs(x).max() > 0.99 * bound
    assert abs(x.mean()) < 5 * bound / math.sqrt(3 * n)
    assert x.var() == pytest.approx(bound**2 / 3, rel=5 * math.sqrt(0.8 / n))


def is_normal(x, mean, std):
    n = x.size
    assert abs(x.mean() - mean) < 5 * std / math.sqrt(n)
    assert x.var() == pytest.approx(std**2, rel=5 * math.sqrt(2 / n))
    inside = (abs(x - mean) < std).mean()
    assert inside == pytest.approx(0.6827, abs=5 * math.sqrt(0.22 / n))


def filled(name, *args, **kwargs):
    x = nn.Parameter(mt.zeros(SHAPE))
    assert getattr(init, name)(x, *args, generator=mt.Generator(1), **kwargs) is x
    assert x.requires_grad and x.is_leaf
    return x.detach().numpy()


def test_uniform_and_normal():
    is_uniform(filled("uniform_", 1.0, 5.0) - 3.0, 2.0)
    is_normal(filled("normal_", 3.0, 0.5), 3.0, 0.5)


def test_xavier():
    is_uniform(filled("xavier_uniform_"), math.sqrt(6 / 2500))
    is_uniform(filled("xavier_uniform_", 3.0), 3 * math.sqrt(6 / 2500))
    is_normal(filled("xavier_normal_", gain=2.0), 0, 2 * math.sqrt(2 / 2500))


@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 500), ("fan_out", 2000)])
@pytest.mark.parametrize(
    ("nonlinearity", "a", "gain"),
    [("relu", 0, math.sqrt(2)), ("leaky_relu", 0.5, math.sqrt(1.6)), ("linear", 0, 1.0),
     ("tanh", 0, 5 / 3), ("selu", 0, 0.75), ("sigmoid", 0, 1.0)],
)  # fmt: skip
def test_kaiming(mode, fan, nonlinearity, a, gain):
    options = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
    is_normal(filled("kaiming_normal_", **options), 0, gain / math.sqrt(fan))
    is_uniform(filled("kaiming_uniform_", **options), gain * math.sqrt(3 / fan))


def test_default_of_layers_is_pytorchs():
    conv = nn.Conv2d(20, 80, 5)
    is_uniform(conv.weight.detach().numpy(), 1 / math.sqrt(500))
    grouped = nn.Conv2d(40, 80, 5, groups=2)
    is_uniform(grouped.weight.detach().numpy(), 1 / math.sqrt(500))
    linear = nn.Linear(16, 5000)
    is_uniform(linear.weight.detach().numpy(), 0.25)
    is_uniform(linear.bias.detach().numpy(), 0.25)
    assert abs(conv.bias.detach().numpy()).max() <= 1 / math.sqrt(500)
    wide = nn.Conv2d(4, 9000, 2)
    is_uniform(wide.bias.detach().numpy(), 0.25)
    assert nn.PReLU(3).weight.tolist() == [0.25] * 3
    bn = nn.BatchNorm2d(2)
    assert (bn.weight.tolist(), bn.bias.tolist()) == ([1, 1], [0, 0])


def test_layers_draw_from_the_default_generator():
    mt.manual_seed(4)
    a = nn.Linear(3, 3)
    mt.manual_seed(4)
    assert mt.equal(nn.Linear(3, 3).weight, a.weight)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (8, 3, 3, 3), (40, 3, 2, 2)])
def test_orthogonal(shape):
    x = mt.zeros(shape, dtype=mt.float64)
    init.orthogonal_(x, gain=3.0, generator=mt.Generator(1))
    Q = x.numpy().reshape(shape[0], -1) / 3
    product = Q @ Q.T if Q.shape[0] <= Q.shape[1] else Q.T @ Q
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)


def test_orthogonal_is_spread_evenly_over_signs():
    sources = map(mt.Generator, range(200))
    draws = [init.orthogonal_(mt.zeros(2, 2), generator=g).numpy()[0, 0] for g in sources]
    assert 60 < sum(value > 0 for value in draws) < 140


def test_trunc_normal():
    x = filled("trunc_normal_", 0.5, 2.0, -1.0, 3.0)
    assert x.min() >= -1 and x.max() <= 3
    # Moments of a truncated normal (Johnson, Kotz & Balakrishnan 1994, section 10.1).
    phi = lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    cdf = statistics.NormalDist().cdf
    low, high = -0.75, 1.25
    mass = cdf(high) - cdf(low)
    mean = 0.5 + 2 * (phi(low) - phi(high)) / mass
    var = 4 * (1 + (low * phi(low) - high * phi(high)) / mass
               - ((phi(low) - phi(high)) / mass) ** 2)  # fmt: skip
    assert x.mean() == pytest.approx(mean, abs=5 * math.sqrt(var / x.size))
    assert x.var() == pytest.approx(var, rel=0.05)
    with pytest.warns(UserWarning, match="more than 2 std"):
        init.trunc_normal_(mt.zeros(3), mean=9.0)


def test_normal_quantile_equals_the_standard_library():
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 999), 10.0 ** -np.arange(7, 300, 13), [0.5]])
    expected = [statistics.NormalDist().inv_cdf(value) for value in p]
    np.testing.assert_allclose(normal_quantile(p), expected, rtol=1e-13, atol=1e-15)
    assert normal_quantile(np.array([0.0, 1.0])).tolist() == [-math.inf, math.inf]


def test_constants():
    assert init.constant_(mt.zeros(2), 3.5).tolist() == [3.5, 3.5]
    assert init.ones_(mt.zeros(2)).tolist() == [1, 1]
    assert init.zeros_(mt.ones(2)).tolist() == [0, 0]
    assert init.eye_(mt.ones(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_passes_channels_through(groups):
    w = init.dirac_(nn.Parameter(mt.ones(4, 4 // groups, 3, 3)), groups)
    x = mt.randn(2, 4, 5, 5)
    y = nn.functional.conv2d(x, w, padding=1, groups=groups)
    assert mt.equal(y, x)


def test_generator_is_honoured():
    for name in ("uniform_", "normal_", "trunc_normal_", "orthogonal_", "xavier_uniform_",
                 "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"):  # fmt: skip
        state = mt.get_rng_state()
        np.testing.assert_array_equal(filled(name), filled(name), err_msg=name)
        assert mt.get_rng_state() == state, name


def test_gains():
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    assert init.calculate_gain("leaky_relu", 1) == 1.0
    for bad, param in (("swish", None), ("leaky_relu", True), ("leaky_relu", "x")):
        with pytest.raises(ValueError, match="calculate_gain"):
            init.calculate_gain(bad, param)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: init.xavier_uniform_(mt.zeros(3)), "xavier_uniform_: fan in and fan out need"),
        (lambda: init.kaiming_normal_(mt.zeros(3)), "kaiming_normal_: fan in and fan out need"),
        (lambda: init.kaiming_normal_(mt.zeros(3, 3), mode="both"), "mode is 'fan_in'"),
        (lambda: init.orthogonal_(mt.zeros(3)), "orthogonal_: expects at least 2 axes"),
        (lambda: init.eye_(mt.zeros(3)), "eye_: expects a matrix"),
        (lambda: init.dirac_(mt.zeros(3, 3)), "dirac_: expects 3, 4 or 5 axes"),
        (lambda: init.dirac_(mt.zeros(3, 3, 1), groups=2), "not divisible by groups=2"),
        (lambda: init.uniform_(mt.zeros(3), 2.0, 1.0), "uniform_: the bounds"),
        (lambda: init.normal_(mt.zeros(3), 0.0, -1.0), "normal_: std is not negative"),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError, match=words):
        call()
