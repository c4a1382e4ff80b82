"""Layers that move values: padding, upsampling, broadcasting, residual connection, transpose."""

import numpy as np

from .entry import layer, normal


def image(rng):
    return normal(rng, x=(2, 2, 3, 4)), None


# Padding: one row above, two columns left.

PAD = layer(
    "zero padding",
    lambda x: (np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2))), x.shape),
    lambda dout, shape: dout[:, :, 1:-1, 2:-2],
    image,
)


@PAD.bug("dx: the padding is cut off at the wrong end", "shifted")
def pad_wrong_end(dout, shape):
    return dout[:, :, : shape[2], : shape[3]]


# Nearest-neighbour upsampling by 2.

UPSAMPLE = layer(
    "upsampling",
    lambda x: (x.repeat(2, axis=2).repeat(2, axis=3), x.shape),
    lambda dout, shape: dout.reshape(*shape[:3], 2, shape[3], 2).sum(axis=(3, 5)),
    image,
)


@UPSAMPLE.bug("dx: of one of the four copies", "assigned instead of added", "missing accumulation")
def upsample_one_copy(dout, shape):
    return dout[:, :, ::2, ::2]


@UPSAMPLE.bug("dx: the mean of the four copies instead of the sum", "constant factor")
def upsample_mean(dout, shape):
    return dout.reshape(*shape[:3], 2, shape[3], 2).mean(axis=(3, 5))


# Scale and shift of each channel: out = s x + t, broadcast over batch and image.


def scale_forward(x, s, t):
    return x * s[:, None, None] + t[:, None, None], (x, s)


def scale_backward(dout, cache):
    x, s = cache
    return dout * s[:, None, None], (dout * x).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


SCALE = layer(
    "channel scale",
    scale_forward,
    scale_backward,
    lambda rng: (normal(rng, x=(2, 3, 4, 2), s=(3,), t=(3,)), None),
)


@SCALE.bug("ds: of the first image only", "missing sum over broadcast axis")
def scale_first_image(dout, cache):
    x, s = cache
    dx, ds, dt = scale_backward(dout, cache)
    return dx, (dout * x)[0].sum(axis=(1, 2)), dt


@SCALE.bug("dt: of the last column only", "missing sum over broadcast axis")
def scale_last_column(dout, cache):
    dx, ds, dt = scale_backward(dout, cache)
    return dx, ds, dout[:, :, :, -1].sum(axis=(0, 2))


@SCALE.bug("dx: the scale is forgotten", "missing factor", "missing activation derivative")
def scale_forgotten(dout, cache):
    dx, ds, dt = scale_backward(dout, cache)
    return dout, ds, dt


# A residual connection: out = x + tanh(x w).


def residual_forward(x, w):
    y = np.tanh(x @ w)
    return x + y, (x, w, y)


def residual_backward(dout, cache):
    x, w, y = cache
    inner = dout * (1 - y**2)
    return dout + inner @ w.T, x.T @ inner


RESIDUAL = layer(
    "residual connection",
    residual_forward,
    residual_backward,
    lambda rng: (normal(rng, x=(3, 4), w=(4, 4)), None),
)


@RESIDUAL.bug("dx: of the branch only, the shortcut is forgotten", "missing accumulation")
def residual_without_shortcut(dout, cache):
    x, w, y = cache
    dx, dw = residual_backward(dout, cache)
    return dx - dout, dw


@RESIDUAL.bug("dx: of the shortcut only, the branch is forgotten", "missing accumulation")
def residual_without_branch(dout, cache):
    dx, dw = residual_backward(dout, cache)
    return dout, dw


# Rows and columns swapped, as between attention heads.

TRANSPOSE = layer(
    "transpose",
    lambda x: (x.swapaxes(1, 2), None),
    lambda dout, cache: dout.swapaxes(1, 2),
    lambda rng: (normal(rng, x=(2, 4, 4)), None),
)


@TRANSPOSE.bug("dx: reshaped instead of transposed", "transposed")
def transpose_reshaped(dout, cache):
    return dout.reshape(len(dout), 4, 4)
