"""layer_norm: the last axes of each sample shifted and scaled to mean 0 and variance 1.

    y = γ x̂ + β,   x̂ = (x − μ) σ,   σ = 1 / √(v + ε),   γ = weight, β = bias
    μ and v: mean and biased variance of the n values that lie in the last axes

    gβ = Σ gy,   gγ = Σ gy x̂   over all samples;   h = γ gy
    gx = σ (h − (Σ h + x̂ Σ h x̂) / n)   with sums over the last axes

Shapes: x (…, *normalized_shape) float; weight, bias (*normalized_shape) or None → y like x. eps: ε,
added to the variance. A float16 x may come with float32 parameters.
Raises: ValueError for shapes, TypeError for dtypes.
Source: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016, section 3, equation 4.
Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import is_int
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from .parameters import check_parameters

Shape = tuple[int, ...]


class Saved(NamedTuple):
    x: Array
    weight: Array | None
    mean: Array  # (R, 1): one for each of the R rows of n values
    inverse: Array  # (R, 1): σ
    bias_dtype: Any
    normalized_shape: Shape


def check(
    x: Array, weight: Array | None, bias: Array | None, *, normalized_shape: Shape, eps: float
) -> None:
    check_last_axes("layer_norm", x, normalized_shape)
    use = f"nn.LayerNorm({list(normalized_shape)})"
    check_parameters("layer_norm", x, tuple(normalized_shape), use, weight=weight, bias=bias)


def check_last_axes(op: str, x: Array, shape: Any) -> None:
    """Raises unless x ends in the sizes of `shape`, a tuple with at least one int."""
    if not isinstance(shape, (tuple, list)) or not all(map(is_int, shape)):
        raise TypeError(f"{op}: normalized_shape is a tuple of ints (got {shape!r}); use e.g. (8,)")
    if not shape:
        raise ValueError(f"{op}: normalized_shape names at least one axis (got ()); use e.g. (8,)")
    if x.shape[-len(shape) :] != tuple(shape):
        raise ValueError(
            f"{op}: x ends in the axes of normalized_shape (got x {x.shape}, normalized_shape "
            f"{tuple(shape)}); use e.g. normalized_shape={x.shape[-1:]}"
        )


def centre(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """(x − μ, μ, v) over some axes, which are kept with size 1; of no values μ and v are 0."""
    xp = array_module(x)
    n = max(math.prod(x.shape[axis] for axis in axes), 1)
    mean = xp.sum(x, axis=axes, keepdims=True) / n
    centred = x - mean
    return centred, mean, xp.sum(centred * centred, axis=axes, keepdims=True) / n


def as_rows(x: Array, shape: Shape) -> Array:
    """(…, *shape) as (R, n): a row for each of the R samples, float16 widened."""
    n = math.prod(shape)
    R = math.prod(x.shape[: x.ndim - len(shape)])
    return array_module(x).reshape(widen(x), (R, n))


def forward(
    x: Array, weight: Array | None, bias: Array | None, *, normalized_shape: Shape, eps: float
) -> tuple[Array, Saved]:
    xp = array_module(x, weight, bias)
    centred, mean, var = centre(as_rows(x, normalized_shape), (1,))  # (R, n), (R, 1), (R, 1)
    inverse = 1 / xp.sqrt(var + eps)
    y = centred * inverse
    if weight is not None:
        y = y * as_rows(weight, normalized_shape)  # (1, n)
    if bias is not None:
        y = y + as_rows(bias, normalized_shape)
    bias_dtype = None if bias is None else bias.dtype
    saved = Saved(x, weight, mean, inverse, bias_dtype, tuple(normalized_shape))
    return like(xp.reshape(y, x.shape), x), saved


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, weight, inverse, shape = saved.x, saved.weight, saved.inverse, saved.normalized_shape
    g = as_rows(gy, shape)  # (R, n)
    normal = (as_rows(x, shape) - saved.mean) * inverse  # x̂ (R, n)
    gx = gweight = gbias = None
    if needs[0]:
        h = g if weight is None else g * as_rows(weight, shape)
        n = math.prod(shape)
        total = xp.sum(h, axis=1, keepdims=True) / n  # (R, 1)
        along = xp.sum(h * normal, axis=1, keepdims=True) / n
        gx = (h - (total + normal * along)) * inverse
        gx = like(xp.reshape(gx, x.shape), x)
    if needs[1] and weight is not None:
        gweight = like(xp.reshape(xp.sum(g * normal, axis=0), shape), weight)
    if needs[2] and saved.bias_dtype is not None:
        gbias = xp.asarray(xp.reshape(xp.sum(g, axis=0), shape), dtype=saved.bias_dtype)
    return gx, gweight, gbias


def reference(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None, *,
    normalized_shape: Shape, eps: float,
) -> np.ndarray:  # fmt: skip
    y = np.zeros(x.shape, np.result_type(*(v for v in (x, weight, bias) if v is not None)))
    inner = list(np.ndindex(*normalized_shape))
    for sample in np.ndindex(x.shape[: x.ndim - len(normalized_shape)]):
        mean = sum(x[sample + place] for place in inner) / max(len(inner), 1)
        var = sum((x[sample + place] - mean) ** 2 for place in inner) / max(len(inner), 1)
        for place in inner:
            scale = 1 if weight is None else weight[place]
            shift = 0 if bias is None else bias[place]
            y[sample + place] = (x[sample + place] - mean) / np.sqrt(var + eps) * scale + shift
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0.5, 2.0, shape)

    one, two = ({"normalized_shape": s, "eps": 1e-5} for s in ((4,), (3, 2)))
    yield Sample((draw(3, 4), draw(4), draw(4)), one, "matrix")
    yield Sample((draw(2, 3, 4), draw(4), None), {**one, "eps": 0.1}, "weight alone, large eps")
    yield Sample((draw(4), None, draw(4)), one, "one sample, bias alone")
    yield Sample((draw(2, 2, 3, 2), draw(3, 2), draw(3, 2)), two, "two axes")
    yield Sample((draw(3, 2), None, None), two, "all axes, plain")
    yield Sample((draw(4, 3).T, draw(2, 4).T[:, 0], None), one, "not contiguous")
    single = {"normalized_shape": (1,), "eps": 0.1}
    yield Sample((draw(2, 1), draw(1), draw(1)), single, "size 1")
    yield Sample((draw(0, 4), draw(4), draw(4)), one, "empty batch")
    yield Sample((draw(2, 0), draw(0), draw(0)), {**one, "normalized_shape": (0,)}, "size 0")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, w = rng.normal(size=(2, 3)), np.ones(3)

    def bad(error: type[Exception], words: str, shape: Any, *a: Any) -> ErrorSample:
        params = {"normalized_shape": shape, "eps": 1e-5}
        return ErrorSample((*a, *(None,) * (3 - len(a))), params, error, words)

    yield bad(ValueError, "layer_norm: x ends in the axes of normalized_shape", (2,), x)
    yield bad(ValueError, "x ends in the axes", (1, 2, 3), x)
    yield bad(ValueError, "names at least one axis", (), x)
    yield bad(TypeError, "layer_norm: normalized_shape is a tuple of ints", 3, x)
    yield bad(TypeError, "normalized_shape is a tuple of ints", (3.0,), x)
    yield bad(ValueError, "layer_norm: weight has the shape (3,)", (3,), x, np.ones(2))
    yield bad(ValueError, "layer_norm: bias has the shape (2, 3)", (2, 3), x, None, w)
    yield bad(TypeError, "layer_norm: x is a float tensor", (3,), x.astype(np.int64))
    yield bad(TypeError, "x and weight have one dtype", (3,), x, w.astype(np.float32))
    half, single = w.astype(np.float16), w.astype(np.float32)
    yield bad(TypeError, "weight and bias have one", (3,), x.astype(np.float16), half, single)


OP = Op(
    "layer_norm", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, composite=True,
)  # fmt: skip
