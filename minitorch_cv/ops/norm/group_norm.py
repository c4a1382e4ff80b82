"""group_norm: the channels of each sample, in groups, shifted and scaled to mean 0 and variance 1.

    y = γ x̂ + β,   x̂ = (x − μ) σ,   σ = 1 / √(v + ε),   γ = weight, β = bias
    μ and v: mean and biased variance of the n = C/G · S values of one group of one sample

    gβ = Σ gy,   gγ = Σ gy x̂   over samples and positions
    gx = σ (γ gy − (Σ γ gy + x̂ Σ γ gy x̂) / n)   with sums over the group

One group is layer normalisation with a weight for each channel, C groups are instance
normalisation. μ and v are returned beside y, without gradient: instance_norm keeps them.

Shapes: x (N, C, …) float; weight, bias (C,) or None → y like x; μ and v (N, G), float32 where x is
float16. G: num_groups, a divisor of C; S: the product of the axes after C. eps: ε, added to the
variance. A float16 x may come with float32 parameters.
Raises: ValueError for shapes or groups, TypeError for dtypes.
Source: Y. Wu, K. He, "Group Normalization", ECCV 2018, section 3.1, equations 1 to 7.
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
from ..precision import check_float, widen
from .layer_norm import centre
from .parameters import check_parameters


class Saved(NamedTuple):
    x: Array
    weight: Array | None
    mean: Array  # (N, G, 1, 1)
    inverse: Array  # (N, G, 1, 1): σ
    bias_dtype: Any


def check(
    x: Array, weight: Array | None, bias: Array | None, *, num_groups: int, eps: float
) -> None:
    if x.ndim < 2:
        raise ValueError(f"group_norm: x is (N, C, …) (got {x.shape}); use x.unsqueeze(0)")
    check_float("group_norm", "x", x)
    if not is_int(num_groups):
        raise TypeError(f"group_norm: num_groups is an int (got {num_groups!r}); use e.g. 2")
    C = x.shape[1]
    if num_groups < 1 or C % num_groups:
        raise ValueError(
            "group_norm: num_groups is positive and divides the channels (got x "
            f"{x.shape}, num_groups={num_groups}); use a divisor of {C}"
        )
    if math.prod(x.shape) == num_groups:  # of one group alone every sample would become its bias
        raise ValueError(
            f"group_norm: expected more than 1 value per group (got x {x.shape}, "
            f"num_groups={num_groups}); use fewer groups or a larger batch"
        )
    use = f"nn.GroupNorm({num_groups}, {C})"
    check_parameters("group_norm", x, (C,), use, weight=weight, bias=bias)


def in_groups(x: Array, G: int) -> Array:
    """(N, C, …) as (N, G, C/G, S), float16 widened."""
    N, C, *rest = x.shape
    return array_module(x).reshape(widen(x), (N, G, C // G, math.prod(rest)))


def _by_channel(p: Array, G: int) -> Array:
    """(C,) as (G, C/G, 1), float16 widened."""
    return array_module(p).reshape(widen(p), (G, p.shape[0] // G, 1))


def forward(
    x: Array, weight: Array | None, bias: Array | None, *, num_groups: int, eps: float
) -> tuple[tuple[Array, Array, Array], Saved]:
    xp = array_module(x, weight, bias)
    N, G = x.shape[0], num_groups
    centred, mean, var = centre(in_groups(x, G), (2, 3))  # (N, G, C/G, S), (N, G, 1, 1) twice
    inverse = 1 / xp.sqrt(var + eps)
    y = centred * (inverse if weight is None else inverse * _by_channel(weight, G))
    if bias is not None:
        y = y + _by_channel(bias, G)
    saved = Saved(x, weight, mean, inverse, None if bias is None else bias.dtype)
    statistics = (xp.reshape(s, (N, G)) for s in (mean, var))
    return (like(xp.reshape(y, x.shape), x), *statistics), saved


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, weight, inverse = saved.x, saved.weight, saved.inverse
    C, G = x.shape[1], inverse.shape[1]
    g, n = in_groups(gy, G), max(math.prod(x.shape[1:]) // G, 1)
    normal = (in_groups(x, G) - saved.mean) * inverse  # x̂ (N, G, C/G, S)
    along = xp.sum(g * normal, axis=3, keepdims=True)  # (N, G, C/G, 1)
    total = xp.sum(g, axis=3, keepdims=True)
    gx = gweight = gbias = None
    if needs[0]:
        scale: Any = 1 if weight is None else _by_channel(weight, G)
        total_h = xp.sum(total * scale, axis=2, keepdims=True) / n  # (N, G, 1, 1)
        along_h = xp.sum(along * scale, axis=2, keepdims=True) / n
        gx = (g * scale - (total_h + normal * along_h)) * inverse
        gx = like(xp.reshape(gx, x.shape), x)
    if needs[1] and weight is not None:
        gweight = like(xp.reshape(xp.sum(along, axis=0), (C,)), weight)
    if needs[2] and saved.bias_dtype is not None:
        gbias = xp.asarray(xp.reshape(xp.sum(total, axis=0), (C,)), dtype=saved.bias_dtype)
    return gx, gweight, gbias


def reference(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None, *, num_groups: int,
    eps: float,
) -> np.ndarray:  # fmt: skip
    y = np.zeros(x.shape, np.result_type(*(v for v in (x, weight, bias) if v is not None)))
    N, C = x.shape[:2]
    for n in range(N):
        for group in range(num_groups):
            channels = [c for c in range(C) if c * num_groups // C == group]
            places = [(n, c, *s) for c in channels for s in np.ndindex(x.shape[2:])]
            mean = sum(x[place] for place in places) / max(len(places), 1)
            var = sum((x[place] - mean) ** 2 for place in places) / max(len(places), 1)
            for place in places:
                c = place[1]
                y[place] = (x[place] - mean) / np.sqrt(var + eps)
                y[place] *= 1 if weight is None else weight[c]
                y[place] += 0 if bias is None else bias[c]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0.5, 2.0, shape)

    w, b = draw(4), draw(4)
    one, two, four = ({"num_groups": g, "eps": 1e-5} for g in (1, 2, 4))
    yield Sample((draw(2, 4, 3, 2), w, b), two, "images, two groups")
    yield Sample((draw(3, 4, 2), w, b), one, "one group")
    yield Sample((draw(2, 4, 3), w, b), four, "a group for each channel")
    yield Sample((draw(2, 4), w, b), two, "matrix")
    yield Sample((draw(2, 4, 2), w, None), {**two, "eps": 0.1}, "weight alone, large eps")
    yield Sample((draw(1, 4, 2), None, b), two, "bias alone, one sample")
    yield Sample((draw(2, 4, 2, 2, 1), None, None), two, "volumes, plain")
    yield Sample((draw(2, 3, 4).transpose(0, 2, 1), w, b), two, "not contiguous")
    yield Sample((draw(3, 4), w, b), {**four, "eps": 0.1}, "one value in a group")
    yield Sample((draw(0, 4, 3), w, b), two, "empty batch")
    yield Sample((draw(2, 4, 0), w, b), two, "no positions")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, w = rng.normal(size=(2, 4, 3)), np.ones(4)

    def bad(error: type[Exception], words: str, groups: Any, *a: Any) -> ErrorSample:
        params = {"num_groups": groups, "eps": 1e-5}
        return ErrorSample((*a, *(None,) * (3 - len(a))), params, error, words)

    for groups in (3, 8, 0, -2):
        yield bad(ValueError, "group_norm: num_groups is positive and divides", groups, x)
    yield bad(ValueError, "expected more than 1 value per group", 4, x[:1, :, :1])
    yield bad(TypeError, "group_norm: num_groups is an int", 2.0, x)
    yield bad(ValueError, "group_norm: x is (N, C, …)", 2, x[0, 0])
    yield bad(ValueError, "group_norm: weight has the shape (4,)", 2, x, np.ones(3))
    yield bad(ValueError, "group_norm: bias has the shape (4,)", 2, x, w, np.ones((4, 1)))
    yield bad(TypeError, "group_norm: x is a float tensor", 2, x.astype(np.int64))
    yield bad(TypeError, "x and bias have one dtype", 2, x, None, w.astype(np.float32))


OP = Op(
    "group_norm", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, composite=True, extra_outputs=2,
)  # fmt: skip
