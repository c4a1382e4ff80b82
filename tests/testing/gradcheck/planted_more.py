"""More planted bugs, of layers that the hypotheses were not written for."""

import numpy as np
from planted import (
    bn,
    bn4_data,
    bn_data,
    channels,
    conv_data,
    conv_gw,
    conv_gx,
    dropout,
    image_data,
    keep,
    linear_data,
    ln,
    ln_data,
    mean_pool,
    norm,
    norm_gx,
    one,
    pool_gx,
    same_conv,
    sigmoid,
    softmax,
)  # fmt: skip


def conv1(x, w):
    """(N, C, L), (OC, C, K) → (N, OC, L - K + 1)"""
    L = x.shape[2] - w.shape[2] + 1
    return sum(np.einsum("ncl,oc->nol", x[:, :, i : i + L], w[:, :, i]) for i in range(w.shape[2]))


def conv1_gx(c, x, w, assign=False):
    gx = np.zeros_like(x)
    for i in range(w.shape[2]):
        here = (..., slice(i, i + c.shape[2]))
        add = np.einsum("nol,oc->ncl", c, w[:, :, i])
        gx[here] = add if assign else gx[here] + add
    return gx


def row_data(r):
    return r.normal(size=(2, 3, 8)), r.normal(size=(4, 3, 3))


def square(*shape):
    return lambda r: (r.normal(size=shape), r.normal(size=shape))


def positive(r):
    return (r.uniform(1, 2, (3, 4)),)


def silu(x):
    return x * sigmoid(x)


def bce(x):
    return np.mean(np.log1p(np.exp(x)) - 0.3 * x)


def attention(q, k):
    return softmax(q @ k.T)


def attention_gk(c, q, k):
    p = attention(q, k)
    return (p * (c - (c * p).sum(1, keepdims=True))).T @ q


def instance_norm(x, w, b):
    return channels(w, x) * norm(x, (2, 3)) + channels(b, x)


def one_wrong(n, i):
    return np.where(np.arange(n) == i, 1.3, 1.0)


MORE = {
    "conv1d assigned": ("assigned instead of added", row_data, 0, conv1,
                        lambda c, x, w: conv1_gx(c, x, w, True)),
    "conv1d gx flipped": ("kernel flipped", row_data, 0, conv1,
                          lambda c, x, w: conv1_gx(c, x, w[:, :, ::-1])),
    "conv one axis flipped": ("kernel flipped", conv_data, 0, same_conv,
                              lambda c, x, w, b: conv_gx(c, x, w[:, :, ::-1], p=1)),
    "conv gb one pixel of the sum": ("missing sum over broadcast axis", conv_data, 2, same_conv,
                                     lambda c, x, w, b: c.sum(0)[:, 0, 0]),
    "conv gw first channel": ("only the first", conv_data, 1, same_conv,
                              lambda c, x, w, b: conv_gw(c, x, w, p=1)
                              * one_wrong(2, 0)[:, None, None]),
    "silu passes": ("missing activation derivative", one, 0, silu, lambda c, x: c),
    "exp twice": (("derivative at the wrong point", "extra factor"), one, 0, np.exp,
                  lambda c, x: c * np.exp(2 * x)),
    "sqrt without half": ("constant factor", positive, 0, np.sqrt, lambda c, x: c / np.sqrt(x)),
    "log times x": (("extra factor", "derivative at the wrong point"), positive, 0, np.log,
                    lambda c, x: c * x),
    "cube without 3": ("constant factor", one, 0, lambda x: x**3, lambda c, x: c * x**2),
    "mean without N": ("constant factor", one, 0, lambda x: x.mean(1),
                       lambda c, x: np.repeat(c[:, None], 5, 1)),
    "sum ignores gy": ("ignores upstream gradient", one, 0, lambda x: x.sum(1),
                       lambda c, x: np.ones_like(x)),
    "matmul gb": ("transposed", square(4, 4), 1, lambda a, b: a @ b, lambda c, a, b: a @ c),
    "batched matmul ga": ("transposed", square(2, 4, 4), 0, lambda a, b: a @ b,
                          lambda c, a, b: c @ b),
    "bce sign": ("wrong sign", one, 0, bce, lambda c, x: c * (0.3 - sigmoid(x)) / x.size),
    "bce over N only": ("constant factor", one, 0, bce, lambda c, x: c * (sigmoid(x) - 0.3) / 4),
    "instance norm no var": ("missing variance term", bn4_data, 0, instance_norm,
                             lambda c, x, w, b: norm_gx(c, x, channels(w, x), (2, 3), var=0)),
    "ln both": ("missing mean and variance terms", ln_data, 0, ln,
                lambda c, x, w, b: norm_gx(c, x, w, (1,), 0, 0)),
    "bn unbiased": ("constant factor", bn_data, 0, bn,
                    lambda c, x, w, b: norm_gx(c, x, w, 0) * np.sqrt(4 / 5)),
    "mean pool stride": ("stride ignored", image_data, 0, mean_pool(3, 2),
                         lambda c, x: pool_gx(c, x, 3, 1, lambda w: w * 0 + 1 / 9)),
    "attention swapped": ("another input's gradient", square(4, 3), 0, attention, attention_gk),
    "linear then relu": ("missing activation derivative", linear_data, 0,
                         lambda x, w, b: np.maximum(x @ w + b, 0), lambda c, x, w, b: c @ w.T),
    "dropout of images": ("dropout not scaled", lambda r: (r.normal(size=(3, 2, 4, 4)),), 0,
                          dropout, lambda c, x: c * keep(x)),
    "concatenate swapped": ("another input's gradient", square(3, 4), 0,
                            lambda a, b: np.concatenate([a, b], 1), lambda c, a, b: c[:, 4:]),
    "one row": ("only one index", one, 0, np.tanh,
                lambda c, x: c * (1 - np.tanh(x) ** 2) * one_wrong(4, 2)[:, None]),
}  # fmt: skip
