import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_share_and_scale(p):
    y = F.dropout(mt.ones(200, 500), p, generator=mt.Generator(3)).numpy()
    np.testing.assert_allclose(np.unique(y), [0.0, 1 / (1 - p)], rtol=1e-6)
    assert abs((y == 0).mean() - p) < 4 * (p * (1 - p) / y.size) ** 0.5


def test_evaluation_is_the_input_itself_and_draws_nothing():
    x, layer = mt.ones(3, 4), nn.Dropout(0.5).eval()
    state = mt.get_rng_state()
    assert layer(x) is x and F.dropout(x, 0.5, training=False) is x
    assert nn.Dropout(0.0)(x) is x
    assert mt.get_rng_state() == state


def test_default_generator_and_explicit_ones():
    x = mt.ones(50)
    mt.manual_seed(5)
    a = nn.Dropout()(x)
    mt.manual_seed(5)
    assert mt.equal(F.dropout(x), a)
    state = mt.get_rng_state()
    b = F.dropout(x, generator=mt.Generator(9))
    assert mt.equal(b, F.dropout(x, generator=mt.Generator(9))) and mt.get_rng_state() == state
    assert not mt.equal(a, nn.Dropout()(x))


def test_gradient_goes_where_values_went():
    x = mt.ones(6, 7, requires_grad=True)
    y = nn.Dropout(0.4)(x)
    y.sum().backward()
    assert mt.equal(x.grad, y.detach())


def test_everything_dropped():
    x = mt.ones(3, requires_grad=True)
    y = nn.Dropout(1.0)(x)
    y.sum().backward()
    assert y.tolist() == [0, 0, 0] == x.grad.tolist()


@pytest.mark.parametrize(
    ("layer", "shape", "channels"),
    [
        (nn.Dropout1d, (40, 25, 12), 1000),
        (nn.Dropout1d, (1000, 12), 1000),
        (nn.Dropout2d, (40, 25, 3, 4), 1000),
        (nn.Dropout3d, (40, 25, 3, 2, 2), 1000),
        (nn.Dropout3d, (1000, 3, 2, 2), 1000),
        (nn.FeatureAlphaDropout, (40, 25, 12), 1000),
        (nn.FeatureAlphaDropout, (40, 25, 3, 2, 2), 1000),
    ],
)
def test_whole_channels(layer, shape, channels):
    mt.manual_seed(2)
    y = layer(0.5)(mt.ones(shape)).numpy()
    per_channel = y.reshape(channels, -1)
    assert (per_channel == per_channel[:, :1]).all()  # dropped together
    dropped = (per_channel[:, 0] < y.max()).reshape(-1, 25)
    assert 400 < dropped.sum() < 600
    assert (dropped.sum(0) > 0).all() and (dropped.sum(1) < 25).all()  # each on its own


def test_other_numbers_of_axes():
    with pytest.warns(UserWarning, match="dropout2d: input is") as caught:
        y = F.dropout2d(mt.ones(50, 40, 3), generator=mt.Generator(0)).numpy()  # (N, C, L)
    assert caught[0].filename == __file__
    assert (y == y[:, :, :1]).all() and 0.45 < (y == 0).mean() < 0.55
    with pytest.warns(UserWarning, match="dropout3d: input is"):
        y = F.dropout3d(mt.ones(2000, 3, 2), generator=mt.Generator(0)).numpy()  # (C, …)
    assert (y == y[:, :1, :1]).all() and 0.45 < (y == 0).mean() < 0.55
    for shape in ((4,), (2, 3, 4, 5)):
        with pytest.raises(ValueError, match="dropout1d: input is"):
            F.dropout1d(mt.ones(shape), training=False)
    with pytest.raises(ValueError, match="feature_alpha_dropout: input has at least 2 axes"):
        F.feature_alpha_dropout(mt.ones(4), training=True)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("function", [F.alpha_dropout, F.feature_alpha_dropout])
def test_alpha_dropout_keeps_mean_0_and_variance_1(p, function):
    x = mt.randn(100_000, 3, generator=mt.Generator(1))
    x = (x - x.mean()) / x.std()
    y = function(x, p, True, generator=mt.Generator(4)).numpy()
    assert abs(y.mean()) < 0.02 and abs(y.var() - 1) < 0.04
    q, saturation = 1 - p, -1.7580993408473766
    a = (q + saturation**2 * q * (1 - q)) ** -0.5
    dropped = a * saturation - a * (1 - q) * saturation  # a α′ + b
    share = np.isclose(y, dropped, rtol=1e-5).mean()
    assert abs(share - p) < 0.02


def test_gradient_of_alpha_dropout_is_a_where_values_are_kept():
    x = mt.randn(200, generator=mt.Generator(2)).requires_grad_()
    y = F.alpha_dropout(x, 0.4, True, generator=mt.Generator(3))
    y.sum().backward()
    kept = mt.Generator(3).rand((200,)) >= 0.4
    a = (0.6 + 1.7580993408473766**2 * 0.6 * 0.4) ** -0.5
    np.testing.assert_allclose(x.grad.numpy(), a * kept, rtol=1e-6)
    shift = 0.4 * a * 1.7580993408473766
    np.testing.assert_allclose(y.detach().numpy()[kept], a * x.detach().numpy()[kept] + shift, 1e-5)


@pytest.mark.parametrize(
    "function",
    [F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout],
)
@pytest.mark.filterwarnings("ignore:dropout")
def test_every_kind(function):
    """Reproducible by seed, in place, and with a gradient given the mask."""
    x = mt.randn(6, 5, 4, generator=mt.Generator(2)).double()

    def draw(x, **kwargs):
        return function(x, 0.5, True, generator=mt.Generator(9), **kwargs)

    y = draw(x)
    assert mt.equal(y, draw(x)) and y.dtype == "float64"
    assert not mt.equal(y, function(x, 0.5, True, generator=mt.Generator(8)))
    mt.manual_seed(3)
    first = function(x, 0.5, True)
    mt.manual_seed(3)
    assert mt.equal(first, function(x, 0.5, True))
    leaf = x.clone().requires_grad_()
    (gx,) = mt.autograd.grad(draw(leaf).sum(), [leaf])
    step = draw(x + 1e-3) - y  # linear in x, whatever is drawn
    assert mt.allclose(step, gx * 1e-3, atol=1e-12)
    target = x.clone()
    assert draw(target, inplace=True) is target and mt.equal(target, y)
    assert function(x, 0.5, False) is x
    for p in (0.0, 1.0):
        assert mt.equal(function(x, p, True), x * (1 - p))


def test_alpha_layers_ignore_inplace():
    x = mt.ones(50)
    nn.AlphaDropout(0.5, inplace=True)(x)
    assert mt.equal(x, mt.ones(50))
    assert repr(nn.AlphaDropout(0.5, inplace=True)) == "AlphaDropout(p=0.5, inplace=True)"


def test_integers_and_leaves():
    whole = mt.arange(4)
    assert F.dropout(whole, 1.0).tolist() == [0, 0, 0, 0] and F.dropout(whole, 0.0) is whole
    with pytest.raises(TypeError, match="dropout: input is of a float dtype"):
        F.dropout(whole, 0.5)
    leaf = mt.ones(3, 4, requires_grad=True)
    with pytest.raises(RuntimeError, match="dropout1d: a leaf that requires grad"):
        F.dropout1d(leaf, training=False, inplace=True)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_bad_probabilities(p):
    for call in (lambda: nn.Dropout(p), lambda: F.dropout(mt.ones(2), p, training=False)):
        with pytest.raises(ValueError, match="probability"):
            call()
