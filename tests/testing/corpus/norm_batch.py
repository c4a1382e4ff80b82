"""Batch normalisation of x (N, C, H, W) over N, H and W, in training and in evaluation.

x̂ = (x − μ) / σ      out = γ x̂ + β
g = γ dout           dx = (g − mean(g) − x̂ mean(g x̂)) / σ
"""

import numpy as np

from .entry import layer, normal

AXES = (0, 2, 3)
EPS = 1e-5


def column(v):
    return v[:, None, None]


def forward(x, gamma, beta):
    mean, var = x.mean(axis=AXES, keepdims=True), x.var(axis=AXES, keepdims=True)
    std = np.sqrt(var + EPS)
    x_hat = (x - mean) / std
    return column(gamma) * x_hat + column(beta), (x, x_hat, std, gamma)


def backward(dout, cache):
    x, x_hat, std, gamma = cache
    g = column(gamma) * dout
    dx = (g - mean_term(g) - variance_term(g, x_hat)) / std
    return dx, (dout * x_hat).sum(axis=AXES), dout.sum(axis=AXES)


def mean_term(g):
    return g.mean(axis=AXES, keepdims=True)


def variance_term(g, x_hat):
    return x_hat * (g * x_hat).mean(axis=AXES, keepdims=True)


def make(rng):
    inputs = normal(rng, x=(3, 2, 2, 4), gamma=(2,), beta=(2,))
    inputs["x"] = 1 + 2 * inputs["x"]
    inputs["gamma"] = rng.uniform(0.5, 1.5, 2)
    return inputs, None


BATCH_NORM = layer("batch norm", forward, backward, make)


@BATCH_NORM.bug("dx: the mean is taken for a constant", "missing mean term")
def without_mean_term(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    g = column(gamma) * dout
    return (g - variance_term(g, x_hat)) / std, dgamma, dbeta


@BATCH_NORM.bug("dx: the variance is taken for a constant", "missing variance term")
def without_variance_term(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    g = column(gamma) * dout
    return (g - mean_term(g)) / std, dgamma, dbeta


@BATCH_NORM.bug("dx: the backward of evaluation in training", "train/eval mixed up")
def backward_of_evaluation(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    return column(gamma) * dout / std, dgamma, dbeta


@BATCH_NORM.bug("dx: γ is forgotten", "missing factor")
def without_gamma(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    return dx / column(gamma), dgamma, dbeta


@BATCH_NORM.bug("dgamma: of x instead of the normalised x̂", "wrong array")
def dgamma_of_x(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, (dout * x).sum(axis=AXES), dbeta


@BATCH_NORM.bug("dgamma: of the first image only", "missing sum over broadcast axis")
def dgamma_of_the_first_image(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, (dout * x_hat)[0].sum(axis=(1, 2)), dbeta


@BATCH_NORM.bug("dbeta: the mean instead of the sum", "constant factor")
def dbeta_mean(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma, dout.mean(axis=AXES)


@BATCH_NORM.bug("dgamma: summed over the batch, but not over the image",
                "missing sum over broadcast axis")  # fmt: skip
def dgamma_of_one_pixel(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, (dout * x_hat).sum(axis=0)[:, 0, 0], dbeta


@BATCH_NORM.bug("dx: the variance term with the wrong sign", "missing variance term", "wrong sign")
def variance_term_added(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = backward(dout, cache)
    g = column(gamma) * dout
    return (g - mean_term(g) + variance_term(g, x_hat)) / std, dgamma, dbeta


def eval_forward(x, gamma, beta, param):
    std = np.sqrt(column(param["running_var"]) + EPS)
    x_hat = (x - column(param["running_mean"])) / std
    return column(gamma) * x_hat + column(beta), (x, x_hat, std, gamma)


def eval_backward(dout, cache):
    x, x_hat, std, gamma = cache
    dx = column(gamma) * dout / std
    return dx, (dout * x_hat).sum(axis=AXES), dout.sum(axis=AXES)


def eval_make(rng):
    running = {"running_mean": rng.normal(size=2), "running_var": rng.uniform(0.5, 2, 2)}
    return make(rng)[0], running


EVALUATION = layer("batch norm in evaluation", eval_forward, eval_backward, eval_make)


@EVALUATION.bug("dx: the backward of training in evaluation", "train/eval mixed up")
def backward_of_training(dout, cache):
    return backward(dout, cache)


@EVALUATION.bug("dx: divided by the variance instead of its root", "factor per channel")
def without_root(dout, cache):
    x, x_hat, std, gamma = cache
    dx, dgamma, dbeta = eval_backward(dout, cache)
    return dx / std, dgamma, dbeta
