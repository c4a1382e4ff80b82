"""linear: y = x wᵀ + b, a fully connected layer.

    y[…, o] = b[o] + Σ_i w[o, i] x[…, i]        gx = gy w        gw = Σ gyᵀ x        gb = Σ gy

Shapes: x (…, IN), w (OUT, IN), b (OUT,) or None → y (…, OUT), all of one dtype. w (IN,), without
b, is one output whose axis is left out: y (…). b may have any shape that broadcasts to y's.
Raises: ValueError for shapes, TypeError for dtypes.
Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import sum_to
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_numbers, factor, widen


class Saved(NamedTuple):
    x: Array
    w: Array
    bias_shape: tuple[int, ...] | None


def check(x: Array, w: Array, b: Array | None) -> None:
    if w.ndim not in (1, 2):
        raise ValueError(f"linear: weight is (OUT, IN) (got {w.shape}); reshape it to two axes")
    if x.ndim == 0:
        raise ValueError("linear: x is (…, IN) (got a 0-d tensor); use x.reshape(1, 1)")
    check_numbers("linear", x=x, weight=w, **({} if b is None else {"bias": b}))
    OUT, IN = _sizes(w)
    if x.shape[-1] != IN:
        raise ValueError(
            f"linear: weight expects {IN} input features (got x {x.shape}, weight {w.shape}); "
            + _advice(x.shape, OUT, IN)
        )
    if b is None:
        return
    if w.ndim == 1:
        raise ValueError(
            f"linear: a weight of one axis takes no bias (got weight {w.shape}, bias {b.shape}); "
            "use weight[None]"
        )
    y = (*(x.shape[:-1] or (1,)), OUT)  # one vector counts as one row
    fits = b.ndim <= len(y) and all(
        size in (1, wide) for size, wide in zip(b.shape[::-1], y[::-1], strict=False)
    )
    if not fits:
        raise ValueError(
            f"linear: bias has one number for each of the {OUT} output features (got shape "
            f"{b.shape}, weight {w.shape}); use shape ({OUT},)"
        )


def _sizes(w: Array) -> tuple[int, int]:
    """(OUT, IN)."""
    return (1, w.shape[0]) if w.ndim == 1 else (w.shape[0], w.shape[1])


def _advice(shape: tuple[int, ...], OUT: int, IN: int) -> str:
    """What to do: flatten images whose pixels are as many as the features, else another layer."""
    if len(shape) > 1 and shape[-1] != IN and math.prod(shape) == IN:
        return (
            f"all its numbers together are {IN}: one image without a batch axis? use "
            "image.unsqueeze(0) before the network"
        )
    pixels = math.prod(shape[1:])
    if len(shape) == 4 and pixels == IN:
        return f"flatten the images first: x.flatten(1) is ({shape[0]}, {pixels})"
    if len(shape) == 4:
        return f"flatten the images first, x.flatten(1), and use nn.Linear({pixels}, {OUT})"
    return f"use nn.Linear({shape[-1]}, {OUT})"


def forward(x: Array, w: Array, b: Array | None) -> tuple[Array, Saved]:
    xp = array_module(x, w)
    saved = Saved(x, w, None if b is None else b.shape)
    if w.ndim == 1:
        return like(xp.matmul(factor(x), factor(w)), x), saved
    y = xp.matmul(factor(x), xp.swapaxes(factor(w), 0, 1))
    if b is not None:
        y = xp.reshape(y + b, y.shape)
    return like(y, x), saved


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, w, bias_shape = saved
    OUT, IN = _sizes(w)
    rows = math.prod(x.shape[:-1])  # all leading axes as one
    flat = xp.reshape(factor(gy), (rows, OUT))
    gx = gw = gb = None
    if needs[0]:
        gx = xp.matmul(flat, xp.reshape(factor(w), (OUT, IN)))
        gx = like(xp.reshape(gx, x.shape), gy)
    if needs[1]:
        gw = xp.matmul(xp.swapaxes(flat, 0, 1), xp.reshape(factor(x), (rows, IN)))
        gw = like(xp.reshape(gw, w.shape), gy)
    if needs[2] and bias_shape is not None:
        wide = widen(gy if x.ndim > 1 else xp.reshape(gy, (rows, OUT)))
        gb = like(sum_to(wide, bias_shape), gy)
    return gx, gw, gb


def reference(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    OUT, IN = _sizes(w)
    y = np.zeros((*x.shape[:-1], OUT), np.result_type(x, w, *([] if b is None else [b])))
    bias = np.zeros(()) if b is None else b
    rows = w.reshape(OUT, IN)
    for where in np.ndindex(y.shape):
        *n, o = where
        y[where] = np.broadcast_to(bias, (*(x.shape[:-1] or (1,)), OUT)).reshape(y.shape)[where]
        for i in range(IN):
            y[where] += rows[o, i] * x[tuple(n) + (i,)]
    return y[..., 0] if w.ndim == 1 else y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    yield Sample((draw(4, 3), draw(2, 3), draw(2)), {}, "batch")
    yield Sample((draw(4, 3), draw(2, 3), None), {}, "no bias")
    yield Sample((draw(3), draw(2, 3), draw(2)), {}, "one vector")
    yield Sample((draw(2, 3, 2, 4), draw(3, 4), draw(3)), {}, "more leading axes")
    yield Sample((draw(3, 4).T, draw(3, 2).T, draw(4)[::2]), {}, "not contiguous")
    yield Sample((draw(2, 1), draw(1, 1), draw(1)), {}, "size 1")
    yield Sample((draw(0, 3), draw(2, 3), draw(2)), {}, "empty batch")
    yield Sample((draw(2, 0), draw(3, 0), draw(3)), {}, "no features")
    yield Sample((draw(2, 3, 4), draw(4), None), {}, "weight of one axis")
    yield Sample((draw(4), draw(4), None), {}, "scalar product")
    yield Sample((draw(2, 4, 3), draw(5, 3), draw(2, 1, 5)), {}, "bias for each of a batch")
    yield Sample((draw(4, 3), draw(5, 3), draw(4, 1)), {}, "bias for each row")
    yield Sample((draw(4, 3), draw(5, 3), draw(1)), {}, "one number for a bias")
    yield Sample((draw(3), draw(5, 3), draw(1, 5)), {}, "one vector, bias of one row")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    w, b = rng.normal(size=(10, 12)), rng.normal(size=10)

    def bad(words: str, x: Any, w: Any = w, b: Any = b, error: Any = ValueError) -> ErrorSample:
        return ErrorSample((x, w, b), {}, error, words)

    x = rng.normal(size=(4, 12))
    image = rng.normal(size=(4, 3, 2, 2))
    yield bad("weight expects 12 input features (got x (4, 5), weight (10, 12)); use "
              "nn.Linear(5, 10)", x[:, :5])  # fmt: skip
    yield bad("flatten the images first: x.flatten(1) is (4, 12)", image)
    yield bad("flatten the images first, x.flatten(1), and use nn.Linear(6, 10)", image[..., :1])
    yield bad("one image without a batch axis? use image.unsqueeze(0)", x.reshape(4, 12)[:, :3])
    yield bad("weight is (OUT, IN) (got (1, 10, 12))", x, w[None])
    yield bad("a weight of one axis takes no bias (got weight (12,), bias (10,)", x, w[0])
    yield bad("x is (…, IN) (got a 0-d tensor)", x[0, :1].reshape(()))
    yield bad("bias has one number for each of the 10 output features (got shape (9,)", x, w, b[:9])
    yield bad("x float64, weight float32", x, w.astype(np.float32), error=TypeError)
    yield bad("bias has one number for each", x, w, b[None, None])
    yield bad("e.g. with x.to(float64)", x.astype(np.int64), error=TypeError)
    yield bad("linear: x holds numbers (got bool); use x.float()", x > 0, error=TypeError)


OP = Op(
    "linear", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
