"""Right layers that gradient checks stumble over: kinks by the thousand, near-ties, masks."""

import numpy as np

from . import activation, dropout, loss, norm_batch, pool
from .entry import Layer, normal


def relu_network_forward(x, w):
    """2 000 ReLUs fed by three inputs, so that a small step of one moves across many kinks."""
    h = x @ w
    return np.maximum(h, 0), (x, w, h)


def relu_network_backward(dout, cache):
    x, w, h = cache
    inner = dout * (h > 0)
    return inner @ w.T, x.T @ inner


def conv_like_forward(x, gamma, beta, param):
    """Batch norm, ReLU, max pool and dropout in a row, with one cache for all."""
    a, c1 = norm_batch.forward(x, gamma, beta)
    b, c2 = activation.RELU.forward(a)
    c, c3 = pool.max_forward(b, {"size": (2, 2), "stride": 2})
    d, c4 = dropout.forward(c, param)
    return d, (c1, c2, c3, c4)


def conv_like_backward(dout, cache):
    c1, c2, c3, c4 = cache
    dc = dropout.backward(dout, c4)
    return norm_batch.backward(activation.RELU.backward(pool.max_backward(dc, c3), c2), c1)


def near_ties(rng):
    """Pixels of 8 grey levels with a tiny noise: the maxima of most windows are nearly tied."""
    x = rng.integers(0, 8, (2, 2, 6, 7)) / 8 + 1e-7 * rng.normal(size=(2, 2, 6, 7))
    return {"x": x}, {"size": (3, 3), "stride": 2}


def wide(rng):
    return normal(rng, x=(1, 2000)), None


def zeros_among(rng):
    """A tenth of the inputs sits exactly on the kink."""
    x = rng.normal(size=(10, 30))
    return {"x": x * (rng.random(x.shape) > 0.1)}, None


def block(rng):
    inputs = normal(rng, x=(3, 2, 4, 6), gamma=(2,), beta=(2,))
    return inputs, {"keep": 0.7, "seed": int(rng.integers(1 << 30))}


def many_classes(rng):
    return normal(rng, x=(16, 100)), {"labels": rng.integers(0, 100, 16)}


RELU, MAX, ENTROPY = activation.RELU, pool.MAX_POOL, loss.CROSS_ENTROPY
HARD = [
    RELU._replace(name="relu, 2 000 units", make=wide),
    RELU._replace(name="relu, a tenth of the inputs at 0", make=zeros_among),
    Layer(
        "2 000 relus of 3 inputs", relu_network_forward, relu_network_backward,
        lambda rng: (normal(rng, x=(1, 3), w=(3, 2000)), None),
    ),
    MAX._replace(name="max pool, near-ties", make=near_ties),
    Layer("batch norm, relu, max pool, dropout", conv_like_forward, conv_like_backward, block),
    ENTROPY._replace(name="cross-entropy, 100 classes", make=many_classes),
]  # fmt: skip
