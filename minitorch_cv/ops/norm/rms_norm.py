"""rms_norm: the last axes of each sample divided by their root mean square.

    y = γ x̂,   x̂ = x r,   r = 1 / √(Σ x² / n + ε),   γ = weight
    gγ = Σ gy x̂   over all samples;   h = γ gy
    gx = r (h − x̂ Σ h x̂ / n)   with sums over the last axes

Nothing is shifted: that is all in which it differs from layer_norm.

Shapes: x (…, *normalized_shape) float; weight (*normalized_shape) or None → y like x.
eps: ε, added to the mean square; None is the distance from 1 to the next number, of float64 for a
float64 x, of float32 for the others.
Raises: ValueError for shapes, TypeError for dtypes.
Source: B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019, equation 4.
Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float
from .layer_norm import Shape, as_rows, check_last_axes
from .parameters import check_shape


class Saved(NamedTuple):
    x: Array
    weight: Array | None
    inverse: Array  # (R, 1): r of each of the R rows of n values
    normalized_shape: Shape


def check(
    x: Array, weight: Array | None, *, normalized_shape: Shape, eps: float | None = None
) -> None:
    check_last_axes("rms_norm", x, normalized_shape)
    check_float("rms_norm", "x", x)
    if weight is not None:
        use = f"nn.RMSNorm({list(normalized_shape)})"
        check_shape("rms_norm", "weight", weight, x, tuple(normalized_shape), use)


def forward(
    x: Array, weight: Array | None, *, normalized_shape: Shape, eps: float | None = None
) -> tuple[Array, Saved]:
    xp = array_module(x, weight)
    rows = as_rows(x, normalized_shape)  # (R, n)
    if eps is None:
        eps = 2.0**-52 if x.dtype == "float64" else 2.0**-23
    square = xp.sum(rows * rows, axis=1, keepdims=True) / math.prod(normalized_shape)  # (R, 1)
    inverse = 1 / xp.sqrt(square + eps)
    y = rows * inverse
    if weight is not None:
        y = y * as_rows(weight, normalized_shape)  # (1, n)
    return like(xp.reshape(y, x.shape), x), Saved(x, weight, inverse, tuple(normalized_shape))


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, weight, inverse, shape = saved.x, saved.weight, saved.inverse, saved.normalized_shape
    g = as_rows(gy, shape)  # (R, n)
    normal = as_rows(x, shape) * inverse  # x̂ (R, n)
    gx = gweight = None
    if needs[0]:
        h = g if weight is None else g * as_rows(weight, shape)
        along = xp.sum(h * normal, axis=1, keepdims=True) / math.prod(shape)  # (R, 1)
        gx = (h - normal * along) * inverse
        gx = like(xp.reshape(gx, x.shape), x)
    if needs[1] and weight is not None:
        gweight = like(xp.reshape(xp.sum(g * normal, axis=0), shape), weight)
    return gx, gweight


def reference(
    x: np.ndarray, weight: np.ndarray | None, *, normalized_shape: Shape, eps: float | None = None
) -> np.ndarray:
    y = np.zeros(x.shape, x.dtype if weight is None else np.result_type(x, weight))
    eps = np.finfo(x.dtype).eps if eps is None else eps
    inner = list(np.ndindex(*normalized_shape))
    for sample in np.ndindex(x.shape[: x.ndim - len(normalized_shape)]):
        square = sum(x[sample + place] ** 2 for place in inner) / max(len(inner), 1)
        for place in inner:
            scale = 1 if weight is None else weight[place]
            y[sample + place] = x[sample + place] / np.sqrt(square + eps) * scale
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0.5, 2.0, shape)

    one, two = ({"normalized_shape": s, "eps": 1e-5} for s in ((4,), (3, 2)))
    yield Sample((draw(3, 4), draw(4)), one, "matrix")
    yield Sample((draw(2, 3, 4) * 1e-3, draw(4)), {**one, "eps": 1e-6}, "as small as eps")
    yield Sample((draw(2, 4), draw(4)), {**one, "eps": None}, "eps None")
    yield Sample((draw(4), None), one, "one sample, plain")
    yield Sample((draw(2, 2, 3, 2), draw(3, 2)), two, "two axes")
    yield Sample((draw(3, 2), None), {**two, "eps": 0.5}, "all axes, large eps")
    yield Sample((draw(4, 3).T, draw(2, 4).T[:, 0]), one, "not contiguous")
    yield Sample((draw(2, 1), draw(1)), {**one, "normalized_shape": (1,)}, "size 1")
    yield Sample((draw(0, 4), draw(4)), one, "empty batch")
    yield Sample((draw(2, 0), draw(0)), {**one, "normalized_shape": (0,)}, "size 0")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))

    def bad(error: type[Exception], words: str, shape: Any, *a: Any) -> ErrorSample:
        params = {"normalized_shape": shape, "eps": 1e-5}
        return ErrorSample((*a, *(None,) * (2 - len(a))), params, error, words)

    yield bad(ValueError, "rms_norm: x ends in the axes of normalized_shape", (2,), x)
    yield bad(ValueError, "rms_norm: normalized_shape names at least one axis", (), x)
    yield bad(TypeError, "rms_norm: normalized_shape is a tuple of ints", 3, x)
    yield bad(ValueError, "rms_norm: weight has the shape (3,)", (3,), x, np.ones(2))
    yield bad(TypeError, "rms_norm: x is a float tensor", (3,), x.astype(np.int64))


OP = Op(
    "rms_norm", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, composite=True,
)  # fmt: skip
