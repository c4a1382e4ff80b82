"""Depthwise convolution (one kernel for each channel) and transposed convolution."""

import numpy as np

from .conv import crop, out_size, pad, view
from .entry import layer, normal


def depthwise_forward(x, w, param):
    """x (N, C, H, W), w (C, 1, KH, KW): channel c of the output sees only channel c of x."""
    S, size, xp = param["stride"], out_size(x, w, param), pad(x, param["pad"])
    out = sum(
        view(xp, i, j, size, S) * w[:, :, i, j][:, :, None] for i, j in np.ndindex(w.shape[2:])
    )
    return out, (x, w, param)


def depthwise_backward(dout, cache):
    x, w, param = cache
    S, P = param["stride"], param["pad"]
    xp, dw = pad(x, P), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    for i, j in np.ndindex(w.shape[2:]):
        view(dxp, i, j, dout.shape[2:], S)[...] += dout * w[:, :, i, j][:, :, None]
        dw[:, 0, i, j] = (dout * view(xp, i, j, dout.shape[2:], S)).sum(axis=(0, 2, 3))
    return crop(dxp, x, P), dw


DEPTHWISE = layer(
    "depthwise conv",
    depthwise_forward,
    depthwise_backward,
    lambda rng: (normal(rng, x=(2, 3, 6, 5), w=(3, 1, 3, 2)), {"stride": 2, "pad": 1}),
)


@DEPTHWISE.bug("dw: flipped, as for a true convolution", "kernel flipped")
def depthwise_dw_flipped(dout, cache):
    dx, dw = depthwise_backward(dout, cache)
    return dx, dw[:, :, ::-1, ::-1]


@DEPTHWISE.bug("dx: shifted by the padding", "shifted")
def depthwise_dx_shifted(dout, cache):
    x, w, param = cache
    dx, dw = depthwise_backward(dout, cache)
    wide, _ = depthwise_backward(dout, (pad(x, 1), w, {**param, "pad": 0}))
    return wide[:, :, : x.shape[2], : x.shape[3]], dw


@DEPTHWISE.bug(
    "dw: of the first image only", "missing sum over broadcast axis", "missing accumulation"
)
def depthwise_dw_of_the_first_image(dout, cache):
    x, w, param = cache
    dx, dw = depthwise_backward(dout, cache)
    return dx, depthwise_backward(dout[:1], (x[:1], w, param))[1]


@DEPTHWISE.bug("dx: = where overlapping windows need +=", "assigned instead of added")
def depthwise_dx_assigned(dout, cache):
    x, w, param = cache
    dx, dw = depthwise_backward(dout, cache)
    dxp = np.zeros_like(pad(x, 1))
    for i, j in np.ndindex(w.shape[2:]):
        view(dxp, i, j, dout.shape[2:], param["stride"])[...] = dout * w[:, :, i, j][:, :, None]
    return crop(dxp, x, 1), dw


def transposed_forward(x, w, b, param):
    """x (N, C, H, W), w (C, F, KH, KW), b (F,): every pixel of x stamps its kernel on out."""
    S = param["stride"]
    H, W = ((n - 1) * S + k for n, k in zip(x.shape[2:], w.shape[2:], strict=True))
    out = np.zeros((len(x), w.shape[1], H, W)) + b[:, None, None]
    for i, j in np.ndindex(w.shape[2:]):
        view(out, i, j, x.shape[2:], S)[...] += np.einsum("nchw,cf->nfhw", x, w[:, :, i, j])
    return out, (x, w, param)


def transposed_backward(dout, cache):
    x, w, param = cache
    S, dx, dw = param["stride"], np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(w.shape[2:]):
        seen = view(dout, i, j, x.shape[2:], S)
        dx += np.einsum("nfhw,cf->nchw", seen, w[:, :, i, j])
        dw[:, :, i, j] = np.einsum("nchw,nfhw->cf", x, seen)
    return dx, dw, dout.sum(axis=(0, 2, 3))


TRANSPOSED = layer(
    "transposed conv",
    transposed_forward,
    transposed_backward,
    lambda rng: (normal(rng, x=(2, 3, 3, 4), w=(3, 3, 3, 2), b=(3,)), {"stride": 2}),
)


@TRANSPOSED.bug("dx: with the kernel flipped", "kernel flipped")
def transposed_dx_flipped(dout, cache):
    x, w, param = cache
    dx, dw, db = transposed_backward(dout, cache)
    return transposed_backward(dout, (x, w[:, :, ::-1, ::-1], param))[0], dw, db


@TRANSPOSED.bug("dw: input and output channels swapped", "transposed")
def transposed_dw_swapped(dout, cache):
    dx, dw, db = transposed_backward(dout, cache)
    return dx, dw.swapaxes(0, 1), db


@TRANSPOSED.bug("dx: only the last tap counts, = for +=", "assigned instead of added")
def transposed_dx_assigned(dout, cache):
    x, w, param = cache
    dx, dw, db = transposed_backward(dout, cache)
    for i, j in np.ndindex(w.shape[2:]):
        seen = view(dout, i, j, x.shape[2:], param["stride"])
        dx = np.einsum("nfhw,cf->nchw", seen, w[:, :, i, j])  # dx += …
    return dx, dw, db


@TRANSPOSED.bug("db: divided by the batch size", "constant factor")
def transposed_db_mean(dout, cache):
    dx, dw, db = transposed_backward(dout, cache)
    return dx, dw, db / len(dout)
