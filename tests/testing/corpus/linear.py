"""Fully connected: out = x w + b, with x (N, D), w (D, M), b (M,)."""

import numpy as np

from .entry import layer, normal


def forward(x, w, b):
    return x @ w + b, (x, w)


def backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


# D = M, so that a transposed matrix still fits: a wrong shape would be found without any check.
LINEAR = layer(
    "linear", forward, backward, lambda rng: (normal(rng, x=(3, 5), w=(5, 5), b=(5,)), None)
)


@LINEAR.bug("dx: w instead of its transpose", "transposed")
def dx_without_transpose(dout, cache):
    x, w = cache
    return dout @ w, x.T @ dout, dout.sum(axis=0)


@LINEAR.bug("dw: the transpose of what it should be", "transposed")
def dw_transposed(dout, cache):
    x, w = cache
    return dout @ w.T, dout.T @ x, dout.sum(axis=0)


@LINEAR.bug(
    "db: the first row instead of the sum over the batch", "missing sum over broadcast axis"
)
def db_of_the_first_row(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout[0]


@LINEAR.bug("db: not summed over the batch, of the wrong shape", "missing sum over broadcast axis")
def db_not_summed(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout


@LINEAR.bug("db: the mean over the batch instead of the sum", "constant factor")
def db_is_a_mean(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.mean(axis=0)


@LINEAR.bug("dw: divided by the batch size once too often", "constant factor")
def dw_divided_twice(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout / len(x), dout.sum(axis=0)


@LINEAR.bug("dx: minus for plus", "wrong sign")
def dx_negative(dout, cache):
    x, w = cache
    return -dout @ w.T, x.T @ dout, dout.sum(axis=0)


@LINEAR.bug("dw: as if the upstream gradient were all ones", "ignores upstream gradient")
def dw_of_ones(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ np.ones_like(dout), dout.sum(axis=0)


@LINEAR.bug("db: forgotten, left at zero", "zero")
def db_zero(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, np.zeros(w.shape[1])


@LINEAR.bug("dw: overwritten in the loop over the batch", "assigned instead of added")
def dw_of_the_last_row(dout, cache):
    x, w = cache
    dw = np.zeros_like(w)
    for n in range(len(x)):
        dw = np.outer(x[n], dout[n])  # dw += …
    return dout @ w.T, dw, dout.sum(axis=0)
