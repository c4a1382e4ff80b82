"""A vanilla recurrent network: h_t = tanh(x_t wx + h_{t−1} wh + b), x (N, T, D), h0 (N, H)."""

import numpy as np

from .entry import layer, normal


def forward(x, h0, wx, wh, b):
    hs = [h0]
    for t in range(x.shape[1]):
        hs.append(np.tanh(x[:, t] @ wx + hs[-1] @ wh + b))
    return np.stack(hs[1:], axis=1), (x, hs, wx, wh)


def backward(dout, cache):
    x, hs, wx, wh = cache
    dx, dwx, dwh, db, dh = np.zeros_like(x), 0, 0, 0, 0
    for t in reversed(range(x.shape[1])):
        inner = (dout[:, t] + dh) * (1 - hs[t + 1] ** 2)
        dx[:, t], dh = inner @ wx.T, inner @ wh.T
        dwx, dwh = dwx + x[:, t].T @ inner, dwh + hs[t].T @ inner
        db = db + inner.sum(axis=0)
    return dx, dh, dwx, dwh, db


def make(rng):
    return normal(rng, x=(2, 3, 4), h0=(2, 3), wx=(4, 3), wh=(3, 3), b=(3,)), None


RECURRENT = layer("recurrent", forward, backward, make)


@RECURRENT.bug("db: of the first step only, = for += over time",
               "assigned instead of added", "missing accumulation")  # fmt: skip
def db_of_the_first_step(dout, cache):
    x, hs, wx, wh = cache
    dx, dwx, dwh, db, dh = np.zeros_like(x), 0, 0, 0, 0
    for t in reversed(range(x.shape[1])):
        inner = (dout[:, t] + dh) * (1 - hs[t + 1] ** 2)
        dx[:, t], dh = inner @ wx.T, inner @ wh.T
        dwx, dwh = dwx + x[:, t].T @ inner, dwh + hs[t].T @ inner
        db = inner.sum(axis=0)  # db = db + …
    return dx, dh, dwx, dwh, db


@RECURRENT.bug("dwh: transposed", "transposed")
def dwh_transposed(dout, cache):
    dx, dh, dwx, dwh, db = backward(dout, cache)
    return dx, dh, dwx, dwh.T, db


@RECURRENT.bug("dh: not passed back through time", "missing accumulation")
def not_through_time(dout, cache):
    x, hs, wx, wh = cache
    dx, dwx, dwh, db, dh = np.zeros_like(x), 0, 0, 0, 0
    for t in reversed(range(x.shape[1])):
        inner = dout[:, t] * (1 - hs[t + 1] ** 2)  # (dout[:, t] + dh) * …
        dx[:, t], dh = inner @ wx.T, inner @ wh.T
        dwx, dwh = dwx + x[:, t].T @ inner, dwh + hs[t].T @ inner
        db = db + inner.sum(axis=0)
    return dx, dh, dwx, dwh, db
