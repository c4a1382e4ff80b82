"""Convolution (cross-correlation, as in every framework): x (N, C, H, W), w (F, C, KH, KW), b (F,).

Each tap (i, j) of the kernel sees a strided view of the padded image.
"""

import numpy as np

from .entry import layer, normal


def view(padded, i, j, out_size, S):
    """What tap (i, j) sees: (N, C, OH, OW), a view that can be written to."""
    OH, OW = out_size
    return padded[:, :, i : i + S * OH : S, j : j + S * OW : S][:, :, :OH, :OW]


def pad(x, P):
    return np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))


def crop(padded, x, P):
    return padded[:, :, P : P + x.shape[2], P : P + x.shape[3]]


def out_size(x, w, param):
    """(OH, OW)."""
    S, P = param["stride"], param["pad"]
    return tuple((n + 2 * P - k) // S + 1 for n, k in zip(x.shape[2:], w.shape[2:], strict=True))


def forward(x, w, b, param):
    S, size, xp = param["stride"], out_size(x, w, param), pad(x, param["pad"])
    out = b[:, None, None] + np.zeros((len(x), len(w), *size))
    for i, j in np.ndindex(w.shape[2:]):
        out += np.einsum("nchw,fc->nfhw", view(xp, i, j, size, S), w[:, :, i, j])
    return out, (x, w, param)


def backward(dout, cache):
    x, w, param = cache
    return gradient_x(dout, x, w, param), gradient_w(dout, x, w, param), dout.sum(axis=(0, 2, 3))


def gradient_x(dout, x, w, param):
    S, P = param["stride"], param["pad"]
    dxp = np.zeros_like(pad(x, P))
    for i, j in np.ndindex(w.shape[2:]):
        view(dxp, i, j, dout.shape[2:], S)[...] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return crop(dxp, x, P)


def gradient_w(dout, x, w, param):
    S, xp = param["stride"], pad(x, param["pad"])
    dw = np.zeros_like(w)
    for i, j in np.ndindex(w.shape[2:]):
        dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, view(xp, i, j, dout.shape[2:], S))
    return dw


def make(rng):
    return normal(rng, x=(2, 3, 5, 6), w=(3, 3, 3, 2), b=(3,)), {"stride": 2, "pad": 1}


CONV = layer("conv", forward, backward, make)


@CONV.bug("dw: flipped, as for a true convolution", "kernel flipped")
def dw_flipped(dout, cache):
    dx, dw, db = backward(dout, cache)
    return dx, dw[:, :, ::-1, ::-1], db


@CONV.bug("dx: the kernel is flipped once too often", "kernel flipped")
def dx_with_flipped_kernel(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    return gradient_x(dout, x, w[:, :, ::-1, ::-1], param), dw, db


@CONV.bug("dx: = where overlapping windows need +=", "assigned instead of added")
def dx_assigned(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    S, P = param["stride"], param["pad"]
    dxp = np.zeros_like(pad(x, P))
    for i, j in np.ndindex(w.shape[2:]):
        view(dxp, i, j, dout.shape[2:], S)[...] = np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return crop(dxp, x, P), dw, db


@CONV.bug("dx: the padding is cut off at the wrong end", "shifted")
def dx_not_cropped(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    wide = gradient_x(dout, pad(x, param["pad"]), w, {**param, "pad": 0})
    return wide[:, :, : x.shape[2], : x.shape[3]], dw, db


@CONV.bug("db: of the first image only", "missing sum over broadcast axis")
def db_of_the_first_image(dout, cache):
    dx, dw, db = backward(dout, cache)
    return dx, dw, dout[0].sum(axis=(1, 2))


@CONV.bug("db: the mean over the image instead of the sum", "constant factor")
def db_mean(dout, cache):
    dx, dw, db = backward(dout, cache)
    return dx, dw, dout.mean(axis=(2, 3)).sum(axis=0)


@CONV.bug("dw: overwritten in the loop over the batch", "assigned instead of added")
def dw_of_the_last_image(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    for n in range(len(x)):
        dw = gradient_w(dout[n : n + 1], x[n : n + 1], w, param)  # dw += …
    return dx, dw, db


@CONV.bug("dw: averaged over the batch", "constant factor")
def dw_averaged(dout, cache):
    dx, dw, db = backward(dout, cache)
    return dx, dw / len(dout), db


@CONV.bug("dw: input and output channels swapped", "transposed")
def dw_channels_swapped(dout, cache):
    dx, dw, db = backward(dout, cache)
    return dx, dw.swapaxes(0, 1), db


@CONV.bug("dx: input and output channels of w swapped", "transposed")
def dx_channels_swapped(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    return gradient_x(dout, x, w.swapaxes(0, 1), param), dw, db


@CONV.bug("dw: the windows are one pixel too far right", "shifted")
def dw_shifted(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    return dx, gradient_w(dout, np.roll(x, -1, axis=3), w, param), db


@CONV.bug("dw: as if the upstream gradient were all ones", "ignores upstream gradient")
def dw_of_ones(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    return dx, gradient_w(np.ones_like(dout), x, w, param), db


@CONV.bug("dx: the stride is forgotten", "stride ignored")
def dx_without_stride(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    return gradient_x(dout, x, w, {**param, "stride": 1}), dw, db


@CONV.bug("dx: the loop stops before the last column of taps", "missing taps")
def dx_without_last_tap(dout, cache):
    x, w, param = cache
    dx, dw, db = backward(dout, cache)
    return gradient_x(dout, x, w[:, :, :, :-1], param), dw, db
