"""batch_norm: each channel shifted and scaled to mean 0 and variance 1, then by weight and bias.

    y = γ x̂ + β,   x̂ = (x − μ) σ,   σ = 1 / √(v + ε),   γ = weight, β = bias
    training: μ and v are the mean and the biased variance of the n values of a channel
    evaluation: μ = running_mean, v = running_var

    gβ = Σ gy,   gγ = Σ gy x̂
    gx = γ σ (gy − (gβ + x̂ gγ) / n) in training,   γ σ gy in evaluation

The op changes nothing: μ and v are returned beside y, and the caller updates the running statistics
(PyTorch takes the unbiased variance n / (n − 1) v for those). They have no gradient. In evaluation
the caller hands in copies of them if they may change before backward.

Shapes: x (N, C, …) float; weight, bias, running_mean, running_var (C,) or None → y like x, μ and v
(C,) like running_mean. eps: ε, added to the variance. A float16 x may come with float32 parameters.
Raises: ValueError for one value per channel in training, missing statistics, shapes, or ε;
TypeError for dtypes. Source: S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, algorithm 1
and section 3. Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen
from .parameters import check_parameters


class Saved(NamedTuple):
    x: Array
    weight: Array | None
    mean: Array  # (1, C, 1 …)
    inverse: Array  # (1, C, 1 …): σ, the inverse of the standard deviation
    bias_dtype: Any
    training: bool


def check(
    x: Array, weight: Array | None, bias: Array | None, running_mean: Array | None,
    running_var: Array | None, *, training: bool, eps: float,
) -> None:  # fmt: skip
    check_call("batch_norm", x, weight, bias, running_mean, running_var, training, eps)


def check_call(
    op: str, x: Array, weight: Array | None, bias: Array | None, running_mean: Array | None,
    running_var: Array | None, training: bool, eps: float,
) -> None:  # fmt: skip
    """What batch_norm, alone or with a shortcut, asks of its arguments."""
    if x.ndim < 2:
        raise ValueError(f"{op}: x is (N, C, …) (got {x.shape}); use x.unsqueeze(0)")
    check_float(op, "x", x)
    C, n = x.shape[1], values_per_channel(x.shape)
    if (running_mean is None) != (running_var is None):
        raise ValueError(f"{op}: running_mean and running_var go together; pass both or None")
    if not training and running_mean is None:
        raise ValueError(
            f"{op}: evaluation needs running_mean and running_var (got None); use training=True"
        )
    if training and n == 1:
        raise ValueError(
            f"{op}: expected more than 1 value per channel when training (got x "
            f"{x.shape}); use a larger batch or .eval()"
        )
    if not (eps > 0 or (eps == 0 and not training)):
        raise ValueError(f"{op}: eps is positive (got {eps}); use e.g. 1e-5")
    check_parameters(
        op, x, (C,), f"nn.BatchNorm{max(x.ndim - 2, 1)}d({C})", weight=weight, bias=bias,
        running_mean=running_mean, running_var=running_var,
    )  # fmt: skip


def values_per_channel(shape: tuple[int, ...]) -> int:
    """n: how many values of (N, C, …) share one mean."""
    return shape[0] * math.prod(shape[2:])


def _across(ndim: int) -> tuple[int, ...]:
    """The axes that the statistics are taken over: all but the channels'."""
    return (0, *range(2, ndim))


def forward(
    x: Array, weight: Array | None, bias: Array | None, running_mean: Array | None,
    running_var: Array | None, *, training: bool, eps: float,
) -> tuple[tuple[Array, Array, Array], Saved]:  # fmt: skip
    xp = array_module(x, weight, bias)
    wide = widen(x)
    shape = (1, x.shape[1]) + (1,) * (x.ndim - 2)  # (1, C, 1 …)
    if training:
        axes, n = _across(x.ndim), max(values_per_channel(x.shape), 1)
        mean = xp.sum(wide, axis=axes, keepdims=True) / n
        centred = wide - mean
        var = xp.sum(centred * centred, axis=axes, keepdims=True) / n
    else:
        given: Any = (running_mean, running_var)  # check has seen that they are there
        mean, var = (like(xp.reshape(s, shape), wide) for s in given)
        centred = wide - mean
    inverse = 1 / xp.sqrt(var + eps)
    factor = inverse if weight is None else inverse * xp.reshape(widen(weight), shape)
    y = centred * factor
    if bias is not None:
        y = y + xp.reshape(widen(bias), shape)
    bias_dtype = None if bias is None else bias.dtype
    saved = Saved(x, weight, mean, inverse, bias_dtype, training)
    model = x if running_mean is None else running_mean
    mean, var = (like(xp.reshape(s, (x.shape[1],)), model) for s in (mean, var))
    return (like(y, x), mean, var), saved


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, weight, inverse = saved.x, saved.weight, saved.inverse
    axes, C, g = _across(x.ndim), x.shape[1], widen(gy)
    normal: Any = None
    total_g: Any = None
    total_gx: Any = None
    gx = gweight = gbias = None
    if needs[1] or (needs[0] and saved.training):
        normal = (widen(x) - saved.mean) * inverse  # x̂
        total_gx = xp.sum(g * normal, axis=axes, keepdims=True)  # gγ (1, C, 1 …)
    if needs[2] or (needs[0] and saved.training):
        total_g = xp.sum(g, axis=axes, keepdims=True)  # gβ (1, C, 1 …)
    if needs[0]:
        gx = g
        if saved.training:
            n = values_per_channel(x.shape)
            gx = g - (total_g / n + normal * (total_gx / n))
        scale = inverse if weight is None else inverse * xp.reshape(widen(weight), inverse.shape)
        gx = like(gx * scale, x)
    if needs[1] and weight is not None:
        gweight = like(xp.reshape(total_gx, (C,)), weight)
    if needs[2] and saved.bias_dtype is not None:
        gbias = xp.asarray(xp.reshape(total_g, (C,)), dtype=saved.bias_dtype)
    return gx, gweight, gbias, None, None


def reference(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None,
    running_mean: np.ndarray | None, running_var: np.ndarray | None, *, training: bool, eps: float,
) -> np.ndarray:  # fmt: skip
    given = [v for v in (x, weight, bias) if v is not None]
    y = np.zeros(x.shape, np.result_type(*given))
    for c in range(x.shape[1]):
        places = [n for n in np.ndindex(x.shape) if n[1] == c]
        if training:
            mean = sum(x[n] for n in places) / max(len(places), 1)
            var = sum((x[n] - mean) ** 2 for n in places) / max(len(places), 1)
        else:
            mean, var = running_mean[c], running_var[c]  # type: ignore[index]
        for n in places:
            y[n] = (x[n] - mean) / np.sqrt(var + eps)
            y[n] = y[n] * (1 if weight is None else weight[c]) + (0 if bias is None else bias[c])
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0.5, 2.0, shape)

    w, b, mean, var = draw(3), draw(3), draw(3), rng.uniform(0.5, 2.0, 3)
    train, evaluate = {"training": True, "eps": 1e-5}, {"training": False, "eps": 1e-3}
    yield Sample((draw(5, 3), w, b, mean, var), train, "training, matrix")
    yield Sample((draw(2, 3, 4, 2), w, b, mean, var), train, "training, images")
    yield Sample((draw(2, 3, 4), w, b, None, None), {**train, "eps": 0.1}, "training, large eps")
    yield Sample((draw(4, 3), None, None, mean, var), train, "training, plain")
    yield Sample((draw(4, 3), w, None, None, None), train, "training, weight alone")
    yield Sample((draw(4, 3), None, b, None, None), train, "training, bias alone")
    yield Sample((draw(3, 4).T, w, b, None, None), train, "training, not contiguous")
    yield Sample((draw(1, 3, 2, 2), w, b, None, None), train, "training, one image")
    yield Sample((draw(5, 3), w, b, mean, var), evaluate, "evaluation, matrix")
    yield Sample((draw(2, 3, 2, 2), w, b, mean, var), evaluate, "evaluation, images")
    yield Sample((draw(1, 3), None, None, mean, var), evaluate, "evaluation, plain, one row")
    yield Sample((draw(3, 4).T, None, b, mean, var), evaluate, "evaluation, bias alone")
    yield Sample((draw(0, 3, 2, 2), w, b, mean, var), evaluate, "evaluation, empty batch")
    yield Sample((draw(0, 3), w, b, mean, var), train, "training, empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, one = rng.normal(size=(4, 3)), np.ones(3)
    train, evaluate = {"training": True, "eps": 1e-5}, {"training": False, "eps": 1e-5}

    def bad(error: type[Exception], words: str, params: dict[str, Any], *a: Any) -> ErrorSample:
        return ErrorSample((*a, *(None,) * (5 - len(a))), params, error, words)

    one_value = "expected more than 1 value per channel when training"
    yield bad(ValueError, one_value, train, x[:1])
    yield bad(ValueError, one_value, train, x[:1, :, None, None])
    yield bad(ValueError, "batch_norm: x is (N, C, …)", train, x[0])
    yield bad(ValueError, "evaluation needs running_mean", evaluate, x)
    yield bad(ValueError, "go together", train, x, one, one, one)
    yield bad(ValueError, "go together", evaluate, x, one, one, None, one)
    yield bad(ValueError, "batch_norm: weight has the shape (3,)", train, x, np.ones(4))
    yield bad(ValueError, "batch_norm: bias has the shape (3,)", train, x, one, np.ones(2))
    yield bad(
        ValueError, "running_mean has the shape", evaluate, x, one, one, np.ones(4), np.ones(4)
    )
    yield bad(ValueError, "running_var has the shape", evaluate, x, one, one, one, np.ones(4))
    yield bad(ValueError, "(got x (4, 3), weight (1, 3))", train, x, one[None])
    yield bad(ValueError, "batch_norm: eps is positive", {"training": True, "eps": 0.0}, x)
    negative = {"training": False, "eps": -1.0}
    yield bad(ValueError, "eps is positive", negative, x, None, None, one, one)
    yield bad(TypeError, "batch_norm: x is a float tensor", train, x.astype(np.int64))
    yield bad(TypeError, "x and weight have one dtype", train, x, one.astype(np.float32))


OP = Op(
    "batch_norm", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, composite=True, extra_outputs=2,
    constants=("running_mean", "running_var"),
)  # fmt: skip
