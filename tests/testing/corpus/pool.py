"""Pooling of x (N, C, H, W): maxima and means of windows of KH × KW, with a stride."""

import numpy as np

from .conv import crop, pad, view
from .entry import layer, normal


def windows(x, param):
    """(KH*KW, N, C, OH, OW): what each place of the window sees."""
    (KH, KW), S = param["size"], param["stride"]
    size = (x.shape[2] - KH) // S + 1, (x.shape[3] - KW) // S + 1
    return np.stack([view(x, i, j, size, S) for i, j in np.ndindex(KH, KW)])


def spread(parts, x, param):
    """The adjoint of `windows`: each part is added where its place of the window looked."""
    dx = np.zeros_like(x)
    for part, (i, j) in zip(parts, np.ndindex(*param["size"]), strict=True):
        view(dx, i, j, part.shape[2:], param["stride"])[...] += part
    return dx


def overwrite(parts, x, param):
    """`spread` with the bug of this module: = for +=."""
    dx = np.zeros_like(x)
    for part, (i, j) in zip(parts, np.ndindex(*param["size"]), strict=True):
        view(dx, i, j, part.shape[2:], param["stride"])[...] = part
    return dx


def chosen(seen):
    """True at the first maximum of each window."""
    return np.arange(len(seen))[:, None, None, None, None] == seen.argmax(axis=0)


# Max pooling.


def max_forward(x, param):
    return windows(x, param).max(axis=0), (x, param)


def max_backward(dout, cache):
    x, param = cache
    return spread(chosen(windows(x, param)) * dout, x, param)


def max_make(rng):
    return normal(rng, x=(2, 2, 5, 7)), {"size": (3, 3), "stride": 2}  # the windows overlap


MAX_POOL = layer("max pool", max_forward, max_backward, max_make)


@MAX_POOL.bug("dx: = where overlapping windows need +=", "assigned instead of added")
def max_assigned(dout, cache):
    x, param = cache
    dx = np.zeros_like(x)
    seen = windows(x, param)
    for n, c, h, w in np.ndindex(dout.shape):
        i, j = divmod(int(seen[:, n, c, h, w].argmax()), param["size"][1])
        dx[n, c, h * param["stride"] + i, w * param["stride"] + j] = dout[n, c, h, w]
    return dx


@MAX_POOL.bug("dx: the mask alone, without the upstream gradient", "ignores upstream gradient")
def max_without_upstream(dout, cache):
    x, param = cache
    return spread(chosen(windows(x, param)) * np.ones_like(dout), x, param)


@MAX_POOL.bug("dx: to every place of the window instead of the maximum", "sent to all ties")
def max_to_all(dout, cache):
    x, param = cache
    return spread(np.ones_like(windows(x, param)) * dout, x, param)


@MAX_POOL.bug("dx: to the minimum instead of the maximum", "sent to the wrong element")
def max_to_minimum(dout, cache):
    x, param = cache
    return spread(chosen(-windows(x, param)) * dout, x, param)


@MAX_POOL.bug("dx: always to the first place of the window", "sent to the wrong element")
def max_to_first(dout, cache):
    x, param = cache
    first = np.zeros_like(windows(x, param))
    first[0] = 1
    return spread(first * dout, x, param)


def grey_make(rng):
    """Pixels of 8 grey levels, as in a real image: most windows hold ties."""
    return {"x": rng.integers(0, 8, (2, 2, 5, 7)) / 8}, {"size": (3, 3), "stride": 2}


GREY_POOL = layer("max pool with ties", max_forward, max_backward, grey_make)


@GREY_POOL.bug("dx: x == maximum sends it to all tied places", "sent to all ties")
def max_to_all_ties(dout, cache):
    x, param = cache
    seen = windows(x, param)
    return spread((seen == seen.max(axis=0)) * dout, x, param)


def edge_forward(x, param):
    """Max pooling after padding with copies of the border, so that windows hold ties."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    return windows(padded, param).max(axis=0), (padded, param)


def edge_backward(dout, cache):
    padded, param = cache
    return fold_edge(spread(chosen(windows(padded, param)) * dout, padded, param))


def fold_edge(dxp):
    """The gradient of copied borders goes to what they are copies of."""
    dx = dxp[:, :, 1:-1].copy()
    dx[:, :, 0] += dxp[:, :, 0]
    dx[:, :, -1] += dxp[:, :, -1]
    inner = dx[:, :, :, 1:-1].copy()
    inner[:, :, :, 0] += dx[:, :, :, 0]
    inner[:, :, :, -1] += dx[:, :, :, -1]
    return inner


EDGE_POOL = layer("max pool with copied borders", edge_forward, edge_backward, max_make)


@EDGE_POOL.bug("dx: x == maximum sends it to all tied places", "sent to all ties")
def edge_to_all_ties(dout, cache):
    padded, param = cache
    seen = windows(padded, param)
    return fold_edge(spread((seen == seen.max(axis=0)) * dout, padded, param))


@EDGE_POOL.bug("dx: what the copied border received is dropped", "missing accumulation")
def edge_dropped(dout, cache):
    padded, param = cache
    dxp = spread(chosen(windows(padded, param)) * dout, padded, param)
    return dxp[:, :, 1:-1, 1:-1]


# Average pooling, with zeros around.


def mean_forward(x, param):
    padded = pad(x, param["pad"])
    return windows(padded, param).mean(axis=0), (x, padded, param)


def mean_backward(dout, cache):
    x, padded, param = cache
    parts = np.broadcast_to(dout / np.prod(param["size"]), (np.prod(param["size"]), *dout.shape))
    return crop(spread(parts, padded, param), x, param["pad"])


def mean_make(rng):
    return normal(rng, x=(2, 2, 5, 6)), {"size": (3, 2), "stride": 2, "pad": 1}


AVERAGE_POOL = layer("average pool", mean_forward, mean_backward, mean_make)


@AVERAGE_POOL.bug("dx: not divided by the size of the window", "constant factor")
def mean_not_divided(dout, cache):
    return mean_backward(dout, cache) * 6


@AVERAGE_POOL.bug("dx: divided by the height of the window only", "constant factor")
def mean_divided_by_height(dout, cache):
    return mean_backward(dout, cache) * 2


@AVERAGE_POOL.bug("dx: = where overlapping windows need +=", "assigned instead of added")
def mean_assigned(dout, cache):
    x, padded, param = cache
    return crop(overwrite(np.stack([dout / 6] * 6), padded, param), x, param["pad"])


@AVERAGE_POOL.bug("dx: the padding is cut off at the wrong end", "shifted")
def mean_shifted(dout, cache):
    x, padded, param = cache
    return spread(np.stack([dout / 6] * 6), padded, param)[:, :, : x.shape[2], : x.shape[3]]


@AVERAGE_POOL.bug("dx: to the first place of the window only", "missing taps", "zero")
def mean_to_first(dout, cache):
    x, padded, param = cache
    parts = [dout / 6] + [0 * dout] * 5
    return crop(spread(parts, padded, param), x, param["pad"])


def global_forward(x):
    return x.mean(axis=(2, 3)), x.shape


def global_backward(dout, shape):
    return np.broadcast_to(dout[:, :, None, None] / (shape[2] * shape[3]), shape)


GLOBAL_POOL = layer(
    "global average pool",
    global_forward,
    global_backward,
    lambda rng: (normal(rng, x=(2, 3, 4, 5)), None),
)


@GLOBAL_POOL.bug("dx: not divided by H·W", "constant factor")
def global_not_divided(dout, shape):
    return np.broadcast_to(dout[:, :, None, None], shape)


@GLOBAL_POOL.bug("dx: constant 1 / H·W, without the upstream gradient", "ignores upstream gradient")
def global_without_upstream(dout, shape):
    return np.full(shape, 1 / (shape[2] * shape[3]))
