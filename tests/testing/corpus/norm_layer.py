"""Layer norm of x (N, D) over D, and group norm of x (N, C, H, W) over C/G, H and W."""

import numpy as np

from .entry import layer, normal

EPS = 1e-5


def normalise(x, axes):
    """(x̂, σ) over some axes."""
    std = np.sqrt(x.var(axis=axes, keepdims=True) + EPS)
    return (x - x.mean(axis=axes, keepdims=True)) / std, std


def mean_term(g, axes):
    return g.mean(axis=axes, keepdims=True)


def variance_term(g, x_hat, axes):
    return x_hat * (g * x_hat).mean(axis=axes, keepdims=True)


def forward(x, gamma, beta):
    x_hat, std = normalise(x, 1)
    return gamma * x_hat + beta, (x_hat, std, gamma)


def backward(dout, cache):
    x_hat, std, gamma = cache
    g = gamma * dout
    dx = (g - mean_term(g, 1) - variance_term(g, x_hat, 1)) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


LAYER_NORM = layer(
    "layer norm",
    forward,
    backward,
    lambda rng: (normal(rng, x=(3, 6), gamma=(6,), beta=(6,)), None),
)


@LAYER_NORM.bug("dx: the mean is taken for a constant", "missing mean term")
def without_mean_term(dout, cache):
    x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    g = gamma * dout
    return (g - variance_term(g, x_hat, 1)) / std, dgamma, dbeta


@LAYER_NORM.bug("dx: the variance is taken for a constant", "missing variance term")
def without_variance_term(dout, cache):
    x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    g = gamma * dout
    return (g - mean_term(g, 1)) / std, dgamma, dbeta


@LAYER_NORM.bug("dx: means over the batch, as in batch norm", "wrong axis")
def over_the_batch(dout, cache):
    x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    g = gamma * dout
    return (g - mean_term(g, 0) - variance_term(g, x_hat, 0)) / std, dgamma, dbeta


@LAYER_NORM.bug("dbeta: of the first row only", "missing sum over broadcast axis")
def dbeta_of_the_first_row(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma, dout[0]


@LAYER_NORM.bug("dgamma: divided by the batch size", "constant factor")
def dgamma_mean(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma / len(dout), dbeta


# Group norm.

GROUP_AXES = (2, 3, 4)


def grouped(x, G):
    N, C, H, W = x.shape
    return x.reshape(N, G, C // G, H, W)


def group_forward(x, gamma, beta, param):
    x_hat, std = normalise(grouped(x, param["groups"]), GROUP_AXES)
    flat = x_hat.reshape(x.shape)
    return gamma[:, None, None] * flat + beta[:, None, None], (x_hat, std, gamma, param["groups"])


def group_backward(dout, cache):
    x_hat, std, gamma, G = cache
    g = grouped(gamma[:, None, None] * dout, G)
    dx = (g - mean_term(g, GROUP_AXES) - variance_term(g, x_hat, GROUP_AXES)) / std
    return group_gradients(dx, dout, x_hat)


def group_gradients(dx, dout, x_hat):
    x_hat = x_hat.reshape(dout.shape)
    return dx.reshape(dout.shape), (dout * x_hat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


GROUP_NORM = layer(
    "group norm",
    group_forward,
    group_backward,
    lambda rng: (normal(rng, x=(2, 4, 2, 3), gamma=(4,), beta=(4,)), {"groups": 2}),
)


@GROUP_NORM.bug("dx: the mean is taken for a constant", "missing mean term")
def group_without_mean_term(dout, cache):
    x_hat, std, gamma, G = cache
    g = grouped(gamma[:, None, None] * dout, G)
    return group_gradients((g - variance_term(g, x_hat, GROUP_AXES)) / std, dout, x_hat)


@GROUP_NORM.bug("dx: the variance is taken for a constant", "missing variance term")
def group_without_variance_term(dout, cache):
    x_hat, std, gamma, G = cache
    g = grouped(gamma[:, None, None] * dout, G)
    return group_gradients((g - mean_term(g, GROUP_AXES)) / std, dout, x_hat)


@GROUP_NORM.bug("dbeta: of the first image only", "missing sum over broadcast axis")
def group_dbeta_of_the_first_image(dout, cache):
    dx, dgamma, dbeta = group_backward(dout, cache)
    return dx, dgamma, dout[0].sum(axis=(1, 2))
