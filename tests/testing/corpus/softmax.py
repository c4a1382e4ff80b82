"""Softmax and log-softmax of x (N, K) over K."""

import numpy as np

from .entry import layer, normal


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(x):
    y = softmax(x)
    return y, y


def backward(dout, y):
    return y * (dout - (dout * y).sum(axis=1, keepdims=True))


def make(rng):
    return normal(rng, x=(3, 5)), None


SOFTMAX = layer("softmax", forward, backward, make)


@SOFTMAX.bug("dx: y (1 − y) as if it were elementwise", "softmax as elementwise")
def elementwise(dout, y):
    return dout * y * (1 - y)


@SOFTMAX.bug("dx: the diagonal without the sum", "missing softmax term", "softmax as elementwise")
def without_sum(dout, y):
    return dout * y


@SOFTMAX.bug("dx: zero, which the gradient of the sum would be", "zero")
def zero(dout, y):
    return backward(np.ones_like(dout), y)


@SOFTMAX.bug("dx: summed over the batch instead of the classes", "wrong axis")
def sum_over_the_batch(dout, y):
    return y * (dout - (dout * y).sum(axis=0, keepdims=True))


def log_forward(x):
    y = softmax(x)
    return np.log(y), y


def log_backward(dout, y):
    return dout - y * dout.sum(axis=1, keepdims=True)


LOG_SOFTMAX = layer("log-softmax", log_forward, log_backward, make)


@LOG_SOFTMAX.bug("dx: 1 − y as if it were elementwise", "softmax as elementwise")
def log_elementwise(dout, y):
    return dout * (1 - y)


@LOG_SOFTMAX.bug(
    "dx: passed on, the sum of exponentials forgotten",
    "missing softmax term",
    "missing activation derivative",
)
def log_passed_on(dout, y):
    return dout
