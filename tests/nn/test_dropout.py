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


def test_whole_channels():
    y = nn.Dropout2d(0.5)(mt.ones(40, 25, 3, 4)).numpy()
    per_channel = y.reshape(1000, 12)
    assert (per_channel == per_channel[:, :1]).all()
    dropped = (per_channel[:, 0] == 0).reshape(40, 25)
    assert 400 < dropped.sum() < 600
    assert (dropped.sum(0) > 0).all() and (dropped.sum(1) < 25).all()  # each on its own
    with pytest.raises(ValueError, match="dropout2d: input is"):
        nn.Dropout2d(0.5)(mt.ones(3, 4))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_bad_probabilities(p):
    for call in (lambda: nn.Dropout(p), lambda: F.dropout(mt.ones(2), p, training=False)):
        with pytest.raises(ValueError, match="probability"):
            call()
