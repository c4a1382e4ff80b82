"""Attention and adaptive softmax beyond the grid: known answers, dropout, state, prediction."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F
from minitorch_cv.testing import gradcheck

RNG = np.random.default_rng(0)


def tensor(*shape):
    return mt.tensor(RNG.normal(size=shape))


def naive(q, k, v, mask=None):
    """One query after the other."""
    y = np.zeros((len(q), v.shape[1]))
    for i in range(len(q)):
        scores = [q[i] @ k[j] / math.sqrt(q.shape[1]) for j in range(len(k))]
        scores = [s if mask is None else s + mask[i, j] for j, s in enumerate(scores)]
        shares = np.exp(np.array(scores) - max(scores))
        y[i] = shares / shares.sum() @ v
    return y


def test_attention_is_a_weighted_mean():
    q, k, v = tensor(3, 4), tensor(5, 4), tensor(5, 2)
    got = F.scaled_dot_product_attention(q, k, v).numpy()
    np.testing.assert_allclose(got, naive(q.numpy(), k.numpy(), v.numpy()))
    mask = RNG.normal(size=(3, 5))
    got = F.scaled_dot_product_attention(q, k, v, mt.tensor(mask)).numpy()
    np.testing.assert_allclose(got, naive(q.numpy(), k.numpy(), v.numpy(), mask))


def test_causal_attention_looks_back_alone():
    q, k, v = tensor(4, 3), tensor(4, 3), tensor(4, 2)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    np.testing.assert_allclose(y[0].numpy(), v[0].numpy())
    short = F.scaled_dot_product_attention(q[:2], k[:2], v[:2], is_causal=True)
    np.testing.assert_allclose(y[:2].numpy(), short.numpy())


def test_a_query_that_may_look_at_nothing_gets_zero_and_gives_no_gradient():
    q = tensor(2, 3).requires_grad_()
    k, v = tensor(4, 3), tensor(4, 2)
    look = mt.tensor(np.array([[False] * 4, [True] * 4]))
    y = F.scaled_dot_product_attention(q, k, v, look)
    assert y[0].tolist() == [0.0, 0.0]
    y.sum().backward()
    assert q.grad[0].tolist() == [0.0] * 3 and float(q.grad[1].abs().sum()) > 0


def test_gradient_of_attention():
    q, k, v, mask = (tensor(*s).requires_grad_() for s in ((2, 3, 4), (2, 5, 4), (2, 5, 2), (3, 5)))
    assert gradcheck(lambda *xs: F.scaled_dot_product_attention(*xs), (q, k, v, mask))


def test_dropout_of_the_weights():
    q, k = tensor(50, 4), tensor(60, 4)
    ones = mt.ones(60, 1, dtype=mt.float64)
    y = F.scaled_dot_product_attention(q, k, ones, dropout_p=0.5).numpy()
    assert y.std() > 0.01 and abs(y.mean() - 1) < 0.1
    layer = nn.MultiheadAttention(4, 2, dropout=0.5).double()
    assert not mt.equal(layer(q, q, q)[0], layer(q, q, q)[0])
    assert mt.equal(layer.eval()(q, q, q)[0], layer(q, q, q)[0])


def test_heads_are_slices_of_the_features():
    """Two heads are two attentions on halves of the projected features."""
    layer = nn.MultiheadAttention(4, 2).double()
    x = tensor(5, 4)
    y, weights = layer(x, x, x, average_attn_weights=False)
    assert weights.shape == (2, 5, 5)
    parts = [x.numpy() @ w.T for w in np.split(layer.in_proj_weight.detach().numpy(), 3)]
    heads = [naive(*(p[:, h : h + 2] for p in parts)) for h in (0, 2)]
    expected = np.concatenate(heads, 1) @ layer.out_proj.weight.detach().numpy().T
    np.testing.assert_allclose(y.detach().numpy(), expected)
    np.testing.assert_allclose(layer(x, x, x)[1].detach().numpy(), weights.detach().numpy().mean(0))
    assert layer(x, x, x, need_weights=False)[1] is None


def test_batch_first_swaps_the_first_two_axes():
    layer = nn.MultiheadAttention(4, 2, batch_first=True).double()
    other = nn.MultiheadAttention(4, 2).double()
    other.load_state_dict(layer.state_dict())
    x = tensor(3, 5, 4)
    y, weights = layer(x, x, x)
    z, same = other(*[x.transpose(0, 1)] * 3)
    assert mt.equal(y, z.transpose(0, 1)) and mt.equal(weights, same)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, "in_proj_weight in_proj_bias out_proj.weight out_proj.bias"),
        ({"bias": False}, "in_proj_weight out_proj.weight"),
        ({"kdim": 3, "bias": False},
         "q_proj_weight k_proj_weight v_proj_weight out_proj.weight"),
        ({"add_bias_kv": True},
         "in_proj_weight in_proj_bias bias_k bias_v out_proj.weight out_proj.bias"),
    ],
)  # fmt: skip
def test_state_and_first_values(options, keys):
    layer = nn.MultiheadAttention(6, 2, **options)
    assert list(layer.state_dict()) == keys.split()
    for key, value in layer.state_dict().items():
        zero = key in ("in_proj_bias", "out_proj.bias")
        assert (float(value.abs().sum()) == 0) == zero
    if "in_proj_weight" in keys:  # Glorot & Bengio 2010: √(6 / (fan in + fan out))
        assert float(layer.in_proj_weight.abs().max()) <= math.sqrt(6 / (6 + 18))
    assert "(out_proj): NonDynamicallyQuantizableLinear(in_features=6" in repr(layer)


def test_fixed_keys_and_values():
    layer = nn.MultiheadAttention(4, 2).double()
    x, k, v = tensor(3, 1, 4), tensor(2, 5, 2), tensor(2, 5, 2)
    y, weights = F.multi_head_attention_forward(
        x, x, x, 4, 2, layer.in_proj_weight, layer.in_proj_bias, None, None, False, 0.0,
        layer.out_proj.weight, layer.out_proj.bias, static_k=k, static_v=v,
    )  # fmt: skip
    assert y.shape == (3, 1, 4) and weights.shape == (1, 3, 5)


ADAPTIVE = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10], head_bias=True).double()


def test_adaptive_probabilities_sum_to_one_and_hold_the_targets():
    x, target = tensor(8, 16), mt.tensor([0, 3, 4, 9, 10, 19, 12, 1])
    every = ADAPTIVE.log_prob(x)
    np.testing.assert_allclose(every.exp().sum(1).detach().numpy(), 1)
    output, loss = ADAPTIVE(x, target)
    picked = every.detach().numpy()[np.arange(8), target.numpy()]
    np.testing.assert_allclose(output.detach().numpy(), picked)
    np.testing.assert_allclose(float(loss), -picked.mean())


def test_adaptive_prediction_is_the_most_probable_class():
    layer = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10], div_value=1.0).double()
    x = tensor(200, 16) * 5
    found = layer.predict(x)
    head = layer.head(x).argmax(1).numpy()
    frequent = head < 4
    np.testing.assert_array_equal(found.numpy()[frequent], head[frequent])
    rare = ~frequent
    np.testing.assert_array_equal(found.numpy()[rare], layer.log_prob(x).argmax(1).numpy()[rare])
    assert frequent.any() and rare.any()


def test_adaptive_reset_draws_anew():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2])
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    layer.reset_parameters()
    assert all(not mt.equal(before[key], value) for key, value in layer.state_dict().items())
