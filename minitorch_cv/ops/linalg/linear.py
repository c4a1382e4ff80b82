"""linear: y = x wᵀ + b, a fully connected layer.

    y[…, o] = b[o] + Σ_i w[o, i] x[…, i]        gx = gy w        gw = Σ gyᵀ x        gb = Σ gy

Shapes: x (…, IN), w (OUT, IN), b (OUT,) or None → y (…, OUT), all of one float dtype.
Raises: ValueError for shapes, TypeError for dtypes.
Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import check_float
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen


class Saved(NamedTuple):
    x: Array
    w: Array


def check(x: Array, w: Array, b: Array | None) -> None:
    if w.ndim != 2:
        raise ValueError(f"linear: weight is (OUT, IN) (got {w.shape}); reshape it to two axes")
    if x.ndim == 0:
        raise ValueError("linear: x is (…, IN) (got a 0-d tensor); use x.reshape(1, 1)")
    check_float("linear", x=x, weight=w, **({} if b is None else {"bias": b}))
    OUT, IN = w.shape
    if x.shape[-1] != IN:
        raise ValueError(
            f"linear: weight expects {IN} input features (got x {x.shape}, weight {w.shape}); "
            + _advice(x.shape, OUT, IN)
        )
    if b is not None and b.shape != (OUT,):
        raise ValueError(
            f"linear: bias has one number for each of the {OUT} output features (got shape "
            f"{b.shape}, weight {w.shape}); use shape ({OUT},)"
        )


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
    y = xp.matmul(widen(x), xp.swapaxes(widen(w), 0, 1))
    if b is not None:
        y = y + b
    return like(y, x), Saved(x, w)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, w = saved
    wide = widen(gy)
    OUT, IN = w.shape
    gx = gw = gb = None
    if needs[0]:
        gx = like(xp.matmul(wide, widen(w)), gy)
    rows = math.prod(gy.shape[:-1])  # all leading axes as one
    flat = xp.reshape(wide, (rows, OUT))
    if needs[1]:
        gw = like(xp.matmul(xp.swapaxes(flat, 0, 1), xp.reshape(widen(x), (rows, IN))), gy)
    if needs[2]:
        gb = like(xp.sum(flat, axis=0), gy)
    return gx, gw, gb


def reference(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    OUT, IN = w.shape
    y = np.zeros((*x.shape[:-1], OUT), np.result_type(x, w, *([] if b is None else [b])))
    for where in np.ndindex(y.shape):
        *n, o = where
        y[where] = 0 if b is None else b[o]
        for i in range(IN):
            y[where] += w[o, i] * x[tuple(n) + (i,)]
    return y


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
    yield bad("weight is (OUT, IN) (got (12,))", x, w[0])
    yield bad("x is (…, IN) (got a 0-d tensor)", x[0, :1].reshape(()))
    yield bad("bias has one number for each of the 10 output features (got shape (9,)", x, w, b[:9])
    yield bad("x float64, weight float32", x, w.astype(np.float32), error=TypeError)
    yield bad("x must be of a float dtype (got int64)", x.astype(np.int64), error=TypeError)


OP = Op(
    "linear", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
