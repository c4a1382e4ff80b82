"""Activations beyond the grid: text, random slopes, gates, maxout, in-place forms."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F
from minitorch_cv.testing import gradcheck

X = mt.tensor(np.random.default_rng(0).normal(size=(4, 6)) * 3)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.ReLU(), "ReLU()"),
        (nn.ReLU(True), "ReLU(inplace=True)"),
        (nn.ReLU6(inplace=True), "ReLU6(inplace=True)"),
        (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
        (nn.RReLU(0.1, 0.2, True), "RReLU(lower=0.1, upper=0.2, inplace=True)"),
        (nn.Hardtanh(-2, 3, True), "Hardtanh(min_val=-2, max_val=3, inplace=True)"),
        (nn.Threshold(0.1, 20), "Threshold(threshold=0.1, value=20)"),
        (nn.ELU(inplace=True), "ELU(alpha=1.0, inplace=True)"),
        (nn.CELU(0.5), "CELU(alpha=0.5)"),
        (nn.SELU(), "SELU()"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.GLU(1), "GLU(dim=1)"),
        (nn.Hardshrink(), "Hardshrink(0.5)"),
        (nn.Softshrink(0.25), "Softshrink(0.25)"),
        (nn.Hardsigmoid(True), "Hardsigmoid()"),
        (nn.Hardswish(True), "Hardswish()"),
        (nn.SiLU(True), "SiLU(inplace=True)"),
        (nn.Mish(), "Mish()"),
        (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
        (nn.PReLU(3), "PReLU(num_parameters=3)"),
        (nn.Softmin(1), "Softmin(dim=1)"),
        (nn.Softmax2d(), "Softmax2d()"),
        (nn.Tanhshrink(), "Tanhshrink()"),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


def test_old_names_of_the_limits():
    with pytest.warns(FutureWarning, match="min_value is now called min_val"):
        layer = nn.Hardtanh(min_value=-3.0)
    assert (layer.min_val, layer.max_val) == (-3.0, 1.0)
    with pytest.warns(FutureWarning, match="max_value is now called max_val"):
        assert nn.Hardtanh(max_value=2.0).max_val == 2.0
    with pytest.raises(ValueError, match="Hardtanh: min_val is below max_val"):
        nn.Hardtanh(1.0, 1.0)


@pytest.mark.parametrize("name", ["ReLU", "ReLU6", "LeakyReLU", "RReLU", "Hardtanh", "ELU", "CELU",
                                  "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish"])  # fmt: skip
def test_in_place_layers_write_into_their_input(name):
    x = X.clone()
    plain, inplace = (getattr(nn, name)(inplace=flag).eval() for flag in (False, True))
    expected = plain(x)
    assert inplace(x) is x and mt.equal(x, expected)
    leaf = X.clone().requires_grad_()
    inplace(leaf * 1).sum().backward()
    again = X.clone().requires_grad_()
    plain(again).sum().backward()
    assert mt.equal(leaf.grad, again.grad)


def test_random_slopes_lie_between_the_bounds_and_are_the_gradient():
    x = mt.full((10000,), -2.0, dtype=mt.float64).requires_grad_()
    y = F.rrelu(x, 0.2, 0.6, training=True, generator=mt.Generator(3))
    slopes = (y / x).detach().numpy()
    assert 0.2 <= slopes.min() < 0.21 and 0.59 < slopes.max() <= 0.6
    assert abs(slopes.mean() - 0.4) < 0.01
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), slopes)
    again = F.rrelu(x, 0.2, 0.6, training=True, generator=mt.Generator(3))
    assert mt.equal(again, y)


def test_random_slopes_leave_positive_numbers_alone():
    x = mt.tensor([0.5, 2.0, float("inf"), float("nan"), 0.0])
    y = F.rrelu_(x.clone(), training=True)
    np.testing.assert_array_equal(y.numpy(), x.numpy())
    layer = nn.RReLU()
    assert not mt.equal(layer(X), layer(X))
    assert mt.equal(layer.eval()(X), F.leaky_relu(X, (1 / 8 + 1 / 3) / 2))


def test_glu_gates_the_first_half_by_the_second():
    x = mt.tensor([[3.0, 5.0, 0.0, -1000.0]])
    assert F.glu(x).tolist() == [[1.5, 0.0]]
    assert mt.equal(nn.GLU(0)(x.reshape(4, 1)), F.glu(x).reshape(2, 1))


def test_maxout_takes_the_largest_of_neighbouring_channels():
    x = mt.tensor([[1.0, 4.0, 3.0, 2.0, 9.0, -1.0]])
    assert F.maxout(x, 2).tolist() == [[4.0, 3.0, 9.0]]
    assert F.maxout(x, 3).tolist() == [[4.0, 9.0]]
    assert mt.equal(F.maxout(x, 1), x)
    images = mt.tensor(np.random.default_rng(1).normal(size=(2, 6, 3, 4)))
    expected = images.numpy().reshape(2, 3, 2, 3, 4).max(2)
    np.testing.assert_array_equal(F.maxout(images, 2).numpy(), expected)
    np.testing.assert_array_equal(
        F.maxout(images, 2, -1).numpy(), images.numpy().reshape(2, 6, 3, 2, 2).max(-1)
    )


def test_maxout_of_equal_pieces_gives_the_gradient_to_the_first():
    x = mt.tensor([[2.0, 2.0, 1.0, 5.0]], requires_grad=True)
    F.maxout(x, 2).sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 0.0, 1.0]]


@pytest.mark.parametrize(("pieces", "dim", "error"), [(4, 1, ValueError), (0, 1, ValueError),
                                                     (2, 2, IndexError)])  # fmt: skip
def test_maxout_refuses(pieces, dim, error):
    with pytest.raises(error, match="maxout: "):
        F.maxout(X, pieces, dim)
    with pytest.raises(ValueError, match="Maxout: num_pieces is at least 1"):
        nn.Maxout(2, 3, 0)


def test_maxout_layer_is_the_largest_of_linear_maps():
    layer = nn.Maxout(6, 2, 3).double()
    assert repr(layer).startswith("Maxout(\n  in_features=6, out_features=2, num_pieces=3")
    weight, bias = layer.linear.weight.detach().numpy(), layer.linear.bias.detach().numpy()
    expected = (X.numpy() @ weight.T + bias).reshape(4, 2, 3).max(-1)
    np.testing.assert_allclose(layer(X).detach().numpy(), expected)
    result = gradcheck(lambda x: layer(x), (X.clone().requires_grad_(),))
    assert result


def test_softmax2d_is_over_the_channels():
    x = mt.tensor(np.random.default_rng(2).normal(size=(2, 3, 4, 5)))
    np.testing.assert_allclose(nn.Softmax2d()(x).sum(1).numpy(), 1)
    assert mt.equal(nn.Softmax2d()(x[0]), nn.Softmax2d()(x)[0])
    with pytest.raises(ValueError, match="Softmax2d: input is"):
        nn.Softmax2d()(X)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_gumbel_softmax(dim):
    logits = X.clone().requires_grad_()
    soft = F.gumbel_softmax(logits, 0.7, dim=dim, generator=mt.Generator(5))
    hard = F.gumbel_softmax(logits, 0.7, hard=True, dim=dim, generator=mt.Generator(5))
    np.testing.assert_allclose(soft.detach().numpy().sum(dim), 1)
    values = np.round(hard.detach().numpy(), 12)
    assert set(np.unique(values)) == {0.0, 1.0}
    np.testing.assert_array_equal(values.argmax(dim), soft.detach().numpy().argmax(dim))
    (soft * soft).sum().backward()
    slope = logits.grad.numpy().copy()
    logits.grad = None
    (hard * soft.detach() * 2).sum().backward()  # the gradient of the soft answer
    np.testing.assert_allclose(logits.grad.numpy(), slope)


def test_gumbel_softmax_draws_by_the_probabilities():
    """The largest of logits plus Gumbel noise is class k with probability softmax(logits)_k."""
    logits = mt.tensor([0.0, 1.0, -1.0]).expand(20000, 3)
    drawn = F.gumbel_softmax(logits, hard=True, generator=mt.Generator(6)).numpy().mean(0)
    np.testing.assert_allclose(drawn, F.softmax(logits[0], 0).numpy(), atol=0.015)


def test_integers_become_floats_where_pytorch_converts_them():
    whole = mt.tensor([0, 1, 3])
    for name in ("sigmoid", "tanh", "softsign", "tanhshrink"):
        assert getattr(F, name)(whole).dtype == mt.float32
    for name in ("softsign", "tanhshrink"):
        with pytest.raises(TypeError, match=f"{name}: input is of a number dtype"):
            getattr(F, name)(whole > 1)
    assert F.hardtanh(whole, 0, 2).tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="cannot hold the limits"):
        F.hardtanh(whole.to(mt.uint8))


def test_elu_bends_once_at_zero():
    """At 0 the slope is taken for a constant: the second derivative there is 0, as in PyTorch."""
    for call in (F.elu, lambda x: F.elu(x, 0.4), F.selu, lambda x: F.celu(x, 0.4)):
        x = mt.tensor([-1.0, 0.0, 1.0], requires_grad=True)
        (slope,) = mt.autograd.grad(call(x).sum(), x, create_graph=True)
        (second,) = mt.autograd.grad(slope.sum(), x)
        assert second.tolist()[1:] == [0.0, 0.0] and second.tolist()[0] > 0
