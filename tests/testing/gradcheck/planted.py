"""Bugs planted in plain NumPy layers: name → (kinds, data, input, f, wrong gradient)."""

import numpy as np

EPS = 1e-5


# --- layers: f(*arrays) → y, and the pieces that right and wrong gradients are made of ------------


def conv(x, w, b, s=1, p=0, d=1):
    N, C, H, W = x.shape
    OC, _, KH, KW = w.shape
    OH, OW = (H + 2 * p - d * (KH - 1) - 1) // s + 1, (W + 2 * p - d * (KW - 1) - 1) // s + 1
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    y = np.zeros((N, OC, OH, OW)) + b[:, None, None]
    for h in range(OH):
        for v in range(OW):
            patch = xp[:, :, h * s : h * s + d * KH : d, v * s : v * s + d * KW : d]
            patch = patch[:, :, :KH, :KW]
            y[:, :, h, v] += np.tensordot(patch, w, ((1, 2, 3), (1, 2, 3)))
    return y


def conv_gx(c, x, w, s=1, p=0, d=1, *, step=None, crop=None, assign=False, gap=None):
    """step, crop, gap: what a wrong backward uses for stride, padding, dilation."""
    step, crop, gap = step or s, p if crop is None else crop, gap or d
    N, C, H, W = x.shape
    KH, KW = w.shape[2:]
    gx = np.zeros((N, C, H + 2 * p + 9, W + 2 * p + 9))
    for h in range(c.shape[2]):
        for v in range(c.shape[3]):
            here = np.tensordot(c[:, :, h, v], w, (1, 0))
            rows = slice(h * step, h * step + gap * (KH - 1) + 1, gap)
            columns = slice(v * step, v * step + gap * (KW - 1) + 1, gap)
            gx[:, :, rows, columns] = here if assign else gx[:, :, rows, columns] + here
    return gx[:, :, crop : crop + H, crop : crop + W]


def conv_gw(c, x, w, s=1, p=0, *, assign=False, first=0):
    KH, KW = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p + 3), (p, p + 3)))
    gw = np.zeros_like(w)
    for h in range(c.shape[2]):
        for v in range(c.shape[3]):
            patch = xp[:, :, first + h * s :, first + v * s :][:, :, :KH, :KW]
            here = np.tensordot(c[:, :, h, v], patch, (0, 0))
            gw = here if assign else gw + here
    return gw


def windows(x, k, s):
    """(N, C, OH, OW, k, k)"""
    return np.lib.stride_tricks.sliding_window_view(x, (k, k), (2, 3))[:, :, ::s, ::s]


def pool_gx(c, x, k, s, part, assign=False):
    """part(window (N, C, k, k)) → weights of the same shape."""
    gx = np.zeros_like(x)
    for h in range(c.shape[2]):
        for v in range(c.shape[3]):
            here = (..., slice(h * s, h * s + k), slice(v * s, v * s + k))
            add = part(x[here]) * c[:, :, h, v, None, None]
            gx[here] = add if assign else gx[here] + add
    return gx


def winner(window):
    flat = window.reshape(*window.shape[:2], -1)
    return (np.arange(flat.shape[2]) == flat.argmax(2)[..., None]).reshape(window.shape) * 1.0


def norm(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPS)


def channels(v, x):
    return v.reshape((1, -1) + (1,) * (x.ndim - 2))


def norm_gx(c, x, w, axes, mean=1.0, var=1.0, direct=1.0):
    """w·s·(c − mean − x̂ · …), each term times a factor."""
    s, xh = 1 / np.sqrt(x.var(axes, keepdims=True) + EPS), norm(x, axes)
    g = c * w
    m = g.mean(axes, keepdims=True)
    return s * (direct * g - mean * m - var * xh * (g * xh).mean(axes, keepdims=True))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# --- samples ------------------------------------------------------------------------------------


def linear_data(r):
    N, D, M = r.permutation([3, 4, 5, 6])[:3]
    return r.normal(size=(N, D)), r.normal(size=(D, M)), r.normal(size=M)


def square_data(r):
    return r.normal(size=(3, 4)), r.normal(size=(4, 4)), r.normal(size=4)


def conv_data(r, C=2):
    N, OC = r.integers(2, 4), r.integers(2, 4)
    return (
        r.normal(size=(N, C, 7, 8)), r.normal(size=(OC, C, 3, 3)), r.normal(size=OC)
    )  # fmt: skip


def image_data(r):
    return (r.permutation(3 * 2 * 7 * 6).reshape(3, 2, 7, 6) * 0.1,)


def bn_data(r):
    return r.normal(size=(5, 3)) * 2 + 1, r.normal(size=3) + 2, r.normal(size=3)


def bn4_data(r):
    return r.normal(size=(3, 2, 3, 4)) * 2 + 1, r.normal(size=2) + 2, r.normal(size=2)


def ln_data(r):
    return r.normal(size=(3, 6)) * 2, r.normal(size=6) + 2, r.normal(size=6)


def one(r):
    return (r.normal(size=(4, 5)),)


def two(r):
    return r.normal(size=(4, 5)), r.normal(size=(4, 5))


def bn(x, w, b):
    return channels(w, x) * norm(x, (0, *range(2, x.ndim))) + channels(b, x)


def ln(x, w, b):
    return norm(x, (1,)) * w + b


RUN_MEAN, RUN_VAR = np.array([0.5, -1.0, 2.0]), np.array([2.0, 0.5, 1.5])


def bn_eval(x, w, b):
    return w * (x - RUN_MEAN) / np.sqrt(RUN_VAR + EPS) + b


def dropout(x):
    keep = np.random.default_rng(7).random(x.shape) < 0.6
    return x * keep / 0.6


def keep(x, seed=7):
    return np.random.default_rng(seed).random(x.shape) < 0.6


LABELS = np.array([1, 0, 4, 2])
PLACES = np.array([2, 0, 2, 1, 2, 0])
ONEHOT = np.eye(5)[LABELS]


def cross_entropy(x):
    return -np.mean(np.log(softmax(x)[np.arange(4), LABELS]))


def embedding_gw(c, w):
    gw = np.zeros_like(w)
    gw[PLACES] = c
    return gw


def linear(x, w, b):
    return x @ w + b


def strided(x, w, b):
    return conv(x, w, b, s=2, p=1)


def same_conv(x, w, b):
    return conv(x, w, b, p=1)


def dilated(x, w, b):
    return conv(x, w, b, p=1, d=2)


def max_pool(k, s):
    return lambda x: windows(x, k, s).max((4, 5))


def mean_pool(k, s):
    return lambda x: windows(x, k, s).mean((4, 5))


def border_wrong(g):
    g = g.copy()
    g[:, :, 0] *= 1.7
    g[:, :, -1] *= 0.3
    g[:, :, :, 0] *= 0.6
    g[:, :, :, -1] *= -1.2
    return g


def last_tap_lost(g):
    g = g.copy()
    g[..., -1, -1] = 0.0
    return g


# --- bugs: (kind or kinds, data, input, f, wrong gradient(c, *arrays)) ---------------------------

FLIP = (slice(None), slice(None), slice(None, None, -1), slice(None, None, -1))

BUGS = {
    "linear gx minus": ("wrong sign", linear_data, 0, linear, lambda c, x, w, b: -c @ w.T),
    "linear gw mean": ("constant factor", linear_data, 1, linear,
                       lambda c, x, w, b: x.T @ c / len(x)),
    "linear gw transposed": ("transposed", linear_data, 1, linear,
                             lambda c, x, w, b: (c.T @ x).reshape(w.shape)),
    "square gx transposed": ("transposed", square_data, 0, linear, lambda c, x, w, b: c @ w),
    "square gw transposed": ("transposed", square_data, 1, linear,
                             lambda c, x, w, b: (x.T @ c).T),
    "linear gb one row": ("missing sum over broadcast axis", linear_data, 2, linear,
                          lambda c, x, w, b: c[0]),
    "linear gb last row": ("missing sum over broadcast axis", linear_data, 2, linear,
                           lambda c, x, w, b: c[-1]),
    "linear gb unsummed": ("missing sum over broadcast axis", linear_data, 2, linear,
                           lambda c, x, w, b: c),
    "linear gb mean": ("constant factor", linear_data, 2, linear,
                       lambda c, x, w, b: c.mean(0)),
    "linear gb total": ("summed over too many axes", linear_data, 2, linear,
                        lambda c, x, w, b: np.full(b.shape, c.sum())),
    "linear gx no gy": ("ignores upstream gradient", linear_data, 0, linear,
                        lambda c, x, w, b: np.ones_like(c) @ w.T),
    "linear gw no gy": ("ignores upstream gradient", linear_data, 1, linear,
                        lambda c, x, w, b: x.T @ np.ones_like(c)),
    "linear gw last of batch": (("assigned instead of added",), linear_data, 1, linear,
                                lambda c, x, w, b: np.outer(x[-1], c[-1])),
    "linear gx zero": ("zero", linear_data, 0, linear, lambda c, x, w, b: 0 * x),
    "add broadcast row": ("missing sum over broadcast axis",
                          lambda r: (r.normal(size=(1, 5)), r.normal(size=(4, 5))), 0,
                          lambda a, b: a + b, lambda c, a, b: c[:1]),
    "mul broadcast mean": ("constant factor",
                           lambda r: (r.normal(size=(5,)), r.normal(size=(3, 5))), 0,
                           lambda a, b: a * b, lambda c, a, b: (c * b).mean(0)),
    "mul without factor": (("missing factor", "missing activation derivative"), two, 0,
                           lambda a, b: a * b, lambda c, a, b: c),
    "mul swapped": ("another input's gradient", two, 0, lambda a, b: a * b * b,
                    lambda c, a, b: 2 * c * a * b),
    "sub sign": ("wrong sign", two, 1, lambda a, b: a - b, lambda c, a, b: c),
    "div lost": (("missing factor", "extra factor", "another input's gradient"), two, 1,
                 lambda a, b: a / b, lambda c, a, b: -c * a / b),
    "gw gy squared": ("not linear in upstream gradient", linear_data, 1, linear,
                      lambda c, x, w, b: x.T @ (c * c)),
    "conv gx minus": ("wrong sign", conv_data, 0, same_conv,
                      lambda c, x, w, b: -conv_gx(c, x, w, p=1)),
    "conv gw flipped": ("kernel flipped", conv_data, 1, same_conv,
                        lambda c, x, w, b: conv_gw(c, x, w, p=1)[FLIP]),
    "conv gx flipped": ("kernel flipped", conv_data, 0, same_conv,
                        lambda c, x, w, b: conv_gx(c, x, w[FLIP], p=1)),
    "strided gx flipped": ("kernel flipped", conv_data, 0, strided,
                           lambda c, x, w, b: conv_gx(c, x, w[FLIP], s=2, p=1)),
    "conv gw H W swapped": ("transposed", conv_data, 1, same_conv,
                            lambda c, x, w, b: conv_gw(c, x, w, p=1).swapaxes(2, 3)),
    "conv gx not cropped": ("shifted", conv_data, 0, same_conv,
                            lambda c, x, w, b: conv_gx(c, x, w, p=1, crop=0)),
    "strided gx not cropped": ("shifted", conv_data, 0, strided,
                               lambda c, x, w, b: conv_gx(c, x, w, s=2, p=1, crop=0)),
    "conv gw not padded": ("shifted", conv_data, 1, same_conv,
                           lambda c, x, w, b: conv_gw(c, x, w, p=1, first=1)),
    "conv gx assigned": ("assigned instead of added", conv_data, 0, same_conv,
                         lambda c, x, w, b: conv_gx(c, x, w, p=1, assign=True)),
    "strided gx assigned": ("assigned instead of added", conv_data, 0, strided,
                            lambda c, x, w, b: conv_gx(c, x, w, s=2, p=1, assign=True)),
    "conv gw assigned": ("assigned instead of added", conv_data, 1, strided,
                         lambda c, x, w, b: conv_gw(c, x, w, s=2, p=1, assign=True)),
    "stride ignored gx": ("stride ignored", conv_data, 0, strided,
                          lambda c, x, w, b: conv_gx(c, x, w, s=2, p=1, step=1)),
    "stride ignored gw": ("stride ignored", conv_data, 1, strided,
                          lambda c, x, w, b: conv_gw(c, x, w, s=1, p=1)),
    "dilation ignored": ("dilation ignored", conv_data, 0, dilated,
                         lambda c, x, w, b: conv_gx(c, x, w, p=1, d=2, gap=1)),
    "conv border": ("only the border", conv_data, 0, same_conv,
                    lambda c, x, w, b: border_wrong(conv_gx(c, x, w, p=1))),
    "conv last tap": ("only the last", conv_data, 1, same_conv,
                      lambda c, x, w, b: last_tap_lost(conv_gw(c, x, w, p=1))),
    "conv gb over N": ("constant factor", conv_data, 2, strided,
                       lambda c, x, w, b: c.mean((0, 2, 3))),
    "conv gb last": ("missing sum over broadcast axis", conv_data, 2, strided,
                     lambda c, x, w, b: c[-1].sum((1, 2))),
    "conv gb one pixel": ("missing sum over broadcast axis", conv_data, 2, strided,
                          lambda c, x, w, b: c[:, :, 0, 0].sum(0)),
    "max whole window": ("sent to all ties", image_data, 0, max_pool(2, 2),
                         lambda c, x: pool_gx(c, x, 2, 2, np.ones_like)),
    "max overlap whole": ("sent to all ties", image_data, 0, max_pool(3, 2),
                          lambda c, x: pool_gx(c, x, 3, 2, np.ones_like)),
    "max assigned": ("assigned instead of added", image_data, 0, max_pool(3, 2),
                     lambda c, x: pool_gx(c, x, 3, 2, winner, True)),
    "max first": ("sent to the wrong element", image_data, 0, max_pool(2, 2),
                  lambda c, x: pool_gx(c, x, 2, 2, lambda w: winner(-np.indices(w.shape)[2:].sum(0)
                                                                     * 1.0))),
    "mean no divide": ("constant factor", image_data, 0, mean_pool(2, 2),
                       lambda c, x: pool_gx(c, x, 2, 2, np.ones_like)),
    "mean assigned": ("assigned instead of added", image_data, 0, mean_pool(3, 2),
                      lambda c, x: pool_gx(c, x, 3, 2, lambda w: w * 0 + 1 / 9, True)),
    "bn no mean": ("missing mean term", bn_data, 0, bn,
                   lambda c, x, w, b: norm_gx(c, x, w, 0, mean=0)),
    "bn no var": ("missing variance term", bn_data, 0, bn,
                  lambda c, x, w, b: norm_gx(c, x, w, 0, var=0)),
    "bn eval": ("train/eval mixed up", bn_data, 0, bn,
                lambda c, x, w, b: norm_gx(c, x, w, 0, 0, 0)),
    "bn var halved": ("missing variance term", bn_data, 0, bn,
                      lambda c, x, w, b: norm_gx(c, x, w, 0, var=0.5)),
    "bn no gamma": ("missing factor", bn_data, 0, bn,
                    lambda c, x, w, b: norm_gx(c, x, w, 0) / w),
    "bn gw raw x": (("wrong array",), bn_data, 1, bn, lambda c, x, w, b: (c * x).sum(0)),
    "bn gb mean": ("constant factor", bn_data, 2, bn, lambda c, x, w, b: c.mean(0)),
    "bn eval as train": ("train/eval mixed up", bn_data, 0, bn_eval,
                         lambda c, x, w, b: norm_gx(c, x, w, 0)),
    "bn4 no mean": ("missing mean term", bn4_data, 0, bn,
                    lambda c, x, w, b: norm_gx(c, x, channels(w, x), (0, 2, 3), mean=0)),
    "bn4 no var": ("missing variance term", bn4_data, 0, bn,
                   lambda c, x, w, b: norm_gx(c, x, channels(w, x), (0, 2, 3), var=0)),
    "bn4 eval": ("train/eval mixed up", bn4_data, 0, bn,
                 lambda c, x, w, b: norm_gx(c, x, channels(w, x), (0, 2, 3), 0, 0)),
    "bn eps": ("slightly off", bn_data, 0, bn,
               lambda c, x, w, b: norm_gx(c, x, w, 0) * np.sqrt(x.var(0) / (x.var(0) + 0.02))),
    "ln no mean": ("missing mean term", ln_data, 0, ln,
                   lambda c, x, w, b: norm_gx(c, x, w, (1,), mean=0)),
    "ln no var": ("missing variance term", ln_data, 0, ln,
                  lambda c, x, w, b: norm_gx(c, x, w, (1,), var=0)),
    "softmax diagonal": ("softmax as elementwise", one, 0, softmax,
                         lambda c, x: c * softmax(x) * (1 - softmax(x))),
    "softmax no sum": ("missing softmax term", one, 0, softmax, lambda c, x: c * softmax(x)),
    "softmax passes": (("missing activation derivative",), one, 0, softmax, lambda c, x: c),
    "log_softmax": (("not linear in upstream gradient", "missing softmax term"), one, 0,
                    lambda x: np.log(softmax(x)), lambda c, x: c - softmax(x)),
    "ce no N": ("constant factor", one, 0, cross_entropy,
                lambda c, x: c * (softmax(x) - ONEHOT)),
    "ce no onehot": ("missing target term", one, 0, cross_entropy, lambda c, x: c * softmax(x) / 4),
    "ce no gy": ("ignores upstream gradient", one, 0, cross_entropy,
                 lambda c, x: (softmax(x) - ONEHOT) / 4),
    "ce sign": ("wrong sign", one, 0, cross_entropy, lambda c, x: c * (ONEHOT - softmax(x)) / 4),
    "mse no 2": ("constant factor", two, 0, lambda a, b: np.mean((a - b) ** 2),
                 lambda c, a, b: c * (a - b) / a.size),
    "dropout not scaled": ("dropout not scaled", one, 0, dropout, lambda c, x: c * keep(x)),
    "dropout twice": ("dropout not scaled", one, 0, dropout, lambda c, x: c * keep(x) / 0.36),
    "dropout new mask": ("dropout mask not reused", one, 0, dropout,
                         lambda c, x: c * keep(x, 8) / 0.6),
    "dropout no mask": ("dropout mask not reused", one, 0, dropout, lambda c, x: c / 0.6),
    "relu of gy": ("wrong mask", one, 0, lambda x: x * (x > 0), lambda c, x: c * (c > 0)),
    "relu guided": ("wrong mask", one, 0, lambda x: x * (x > 0),
                    lambda c, x: c * (c > 0) * (x > 0)),
    "relu inverted": ("wrong mask", one, 0, lambda x: x * (x > 0), lambda c, x: c * (x < 0)),
    "relu none": (("wrong mask", "missing activation derivative"), one, 0,
                  lambda x: x * (x > 0), lambda c, x: c),
    "leaky zero": ("wrong branch", one, 0, lambda x: np.where(x > 0, x, 0.1 * x),
                   lambda c, x: c * (x > 0)),
    "elu branch": ("wrong branch", one, 0, lambda x: np.where(x > 0, x, 1.5 * np.expm1(x)),
                   lambda c, x: c * np.where(x > 0, 1, np.exp(x))),
    "sigmoid of x": ("derivative at the wrong point", one, 0, sigmoid,
                     lambda c, x: c * x * (1 - x)),
    "sigmoid passes": ("missing activation derivative", one, 0, sigmoid, lambda c, x: c),
    "sigmoid at y": ("derivative at the wrong point", one, 0, sigmoid,
                     lambda c, x: c * sigmoid(sigmoid(x)) * (1 - sigmoid(sigmoid(x)))),
    "tanh of x": ("derivative at the wrong point", one, 0, np.tanh, lambda c, x: c * (1 - x * x)),
    "x*x half": ("missing accumulation", one, 0, lambda x: x * x, lambda c, x: c * x),
    "x@xT one": ("missing accumulation", one, 0, lambda x: x @ x.T, lambda c, x: c @ x),
    "residual no skip": ("missing accumulation", one, 0, lambda x: x + np.tanh(x @ MIX),
                         lambda c, x: (c * (1 - np.tanh(x @ MIX) ** 2)) @ MIX.T),
    "residual skip only": ("missing accumulation", one, 0, lambda x: x + np.tanh(x @ MIX),
                           lambda c, x: c),
    "residual tanh skip only": ("missing accumulation", one, 0, lambda x: x + np.tanh(x),
                                lambda c, x: c),
    "embedding assigned": ("assigned instead of added", lambda r: (r.normal(size=(4, 5)),), 0,
                           lambda w: w[PLACES], embedding_gw),
    "float32": ("low precision", two, 0, lambda a, b: np.tanh(a) * b,
                lambda c, a, b: (c * b * (1 - np.tanh(a) ** 2)).astype(np.float16)
                .astype(np.float64)),
    "L2 leftover": ("extra or missing term", linear_data, 1, linear,
                    lambda c, x, w, b: x.T @ c + 0.1 * w),
}  # fmt: skip
MIX = np.random.default_rng(5).normal(size=(5, 5))
