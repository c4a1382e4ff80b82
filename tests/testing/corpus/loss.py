"""Losses, each a mean over the batch: cross-entropy, squared error, hinge."""

import numpy as np

from .entry import layer, normal
from .softmax import softmax


def cross_entropy_forward(x, param):
    labels, rows = param["labels"], np.arange(len(x))
    return -np.log(softmax(x)[rows, labels]).mean(), (x, labels)


def cross_entropy_backward(dout, cache):
    x, labels = cache
    return dout * (softmax(x) - np.eye(x.shape[1])[labels]) / len(x)


def with_labels(rng):
    return normal(rng, x=(4, 5)), {"labels": rng.integers(0, 5, 4)}


CROSS_ENTROPY = layer("cross-entropy", cross_entropy_forward, cross_entropy_backward, with_labels)


@CROSS_ENTROPY.bug("dx: not divided by the batch size", "constant factor")
def cross_entropy_not_divided(dout, cache):
    return cross_entropy_backward(dout, cache) * len(cache[0])


@CROSS_ENTROPY.bug("dx: target minus prediction", "wrong sign")
def cross_entropy_negative(dout, cache):
    return -cross_entropy_backward(dout, cache)


@CROSS_ENTROPY.bug("dx: 1 is not taken off the target's class", "missing target term")
def cross_entropy_without_target(dout, cache):
    x, labels = cache
    return dout * softmax(x) / len(x)


@CROSS_ENTROPY.bug("dx: without the upstream gradient", "ignores upstream gradient")
def cross_entropy_without_upstream(dout, cache):
    return cross_entropy_backward(1.0, cache)


@CROSS_ENTROPY.bug("dx: divided by the number of classes, not the batch size", "constant factor")
def cross_entropy_divided_by_classes(dout, cache):
    x, labels = cache
    return cross_entropy_backward(dout, cache) * len(x) / x.shape[1]


def squared_forward(x, target):
    return ((x - target) ** 2).mean(), (x, target)


def squared_backward(dout, cache):
    x, target = cache
    dx = dout * 2 * (x - target) / x.size
    return dx, -dx


SQUARED = layer(
    "squared error",
    squared_forward,
    squared_backward,
    lambda rng: (normal(rng, x=(3, 4), target=(3, 4)), None),
)


@SQUARED.bug("the factor 2 is forgotten", "constant factor")
def squared_without_two(dout, cache):
    dx, dtarget = squared_backward(dout, cache)
    return dx / 2, dtarget / 2


@SQUARED.bug("dtarget: minus forgotten", "wrong sign")
def squared_target_positive(dout, cache):
    dx, dtarget = squared_backward(dout, cache)
    return dx, dx


@SQUARED.bug("dx: divided by the batch size only", "constant factor")
def squared_divided_by_batch(dout, cache):
    dx, dtarget = squared_backward(dout, cache)
    return dx * dx.shape[1], dtarget


@SQUARED.bug("dx: without the upstream gradient", "ignores upstream gradient")
def squared_without_upstream(dout, cache):
    return squared_backward(1.0, cache)[0], squared_backward(dout, cache)[1]


def hinge_forward(x, param):
    """Multiclass hinge loss: mean over the batch of Σ_k max(0, x_k − x_label + 1)."""
    rows, labels = np.arange(len(x)), param["labels"]
    margins = np.maximum(0, x - x[rows, labels][:, None] + 1)
    margins[rows, labels] = 0
    return margins.sum() / len(x), (margins, labels)


def hinge_backward(dout, cache):
    margins, labels = cache
    dx = (margins > 0).astype(float)
    dx[np.arange(len(dx)), labels] = -dx.sum(axis=1)
    return dout * dx / len(dx)


HINGE = layer("hinge loss", hinge_forward, hinge_backward, with_labels)


@HINGE.bug("dx: nothing for the right class", "missing target term", "partly zero")
def hinge_without_label(dout, cache):
    margins, labels = cache
    return dout * (margins > 0) / len(margins)


@HINGE.bug("dx: −1 for the right class instead of − the number of margins",
           "missing accumulation", "assigned instead of added")  # fmt: skip
def hinge_one_for_label(dout, cache):
    margins, labels = cache
    dx = (margins > 0).astype(float)
    dx[np.arange(len(dx)), labels] = -1  # dx[...] -= 1 for every margin
    return dout * dx / len(dx)
