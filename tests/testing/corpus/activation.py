"""Elementwise functions: ReLU, leaky ReLU, sigmoid, tanh, and the square x · x."""

import numpy as np

from .entry import layer, normal


def one_input(rng):
    return normal(rng, x=(3, 7)), None


RELU = layer(
    "relu", lambda x: (np.maximum(x, 0), x), lambda dout, x: dout * (x > 0), one_input
)  # fmt: skip


@RELU.bug(
    "dx: passed on everywhere, also where x < 0", "wrong mask", "missing activation derivative"
)
def relu_passed_on(dout, x):
    return dout


@RELU.bug("dx: the mask of the upstream gradient instead of x", "wrong mask")
def relu_masked_by_upstream(dout, x):
    return dout * (dout > 0)


@RELU.bug("dx: the mask alone, without the upstream gradient", "ignores upstream gradient")
def relu_mask_alone(dout, x):
    return (x > 0).astype(float)


@RELU.bug("dx: the mask upside down", "wrong mask")
def relu_upside_down(dout, x):
    return dout * (x < 0)


LEAKY = layer(
    "leaky relu",
    lambda x: (np.where(x > 0, x, 0.1 * x), x),
    lambda dout, x: dout * np.where(x > 0, 1, 0.1),
    one_input,
)


@LEAKY.bug("dx: zero where x < 0, as for ReLU", "wrong branch", "wrong mask")
def leaky_as_relu(dout, x):
    return dout * (x > 0)


@LEAKY.bug("dx: minus the slope where x < 0", "wrong sign", "wrong branch")
def leaky_negative_slope(dout, x):
    return dout * np.where(x > 0, 1, -0.1)


def sigmoid_forward(x):
    y = 1 / (1 + np.exp(-x))
    return y, y


SIGMOID = layer("sigmoid", sigmoid_forward, lambda dout, y: dout * y * (1 - y), one_input)


@SIGMOID.bug("dx: y (1 − y) alone, without the upstream gradient", "ignores upstream gradient")
def sigmoid_alone(dout, y):
    return y * (1 - y)


@SIGMOID.bug("dx: y instead of y (1 − y)", "derivative at the wrong point")
def sigmoid_without_second_factor(dout, y):
    return dout * y


@SIGMOID.bug("dx: minus for plus", "wrong sign")
def sigmoid_negative(dout, y):
    return -dout * y * (1 - y)


def tanh_forward(x):
    return np.tanh(x), np.tanh(x)


TANH = layer("tanh", tanh_forward, lambda dout, y: dout * (1 - y**2), one_input)


@TANH.bug("dx: passed on unchanged", "missing activation derivative")
def tanh_passed_on(dout, y):
    return dout


@TANH.bug("dx: 1 − y instead of 1 − y²", "derivative at the wrong point")
def tanh_without_square(dout, y):
    return dout * (1 - y)


SQUARE = layer("square", lambda x: (x * x, x), lambda dout, x: 2 * x * dout, one_input)


@SQUARE.bug("dx: of the first factor only", "missing accumulation", "constant factor")
def square_first_factor(dout, x):
    return x * dout
