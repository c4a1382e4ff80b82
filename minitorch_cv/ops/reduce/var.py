"""var: the variance over some axes, y = Σ (x − x̄)² / (n − correction); std: its root.

    var: gx = gy · 2 (x − x̄) / (n − correction)
    std: gx = gy / y · (x − x̄) / (n − correction),   and 0 where y = 0

correction 1 (the default) gives the unbiased estimate, 0 the biased one. With n ≤ correction the
result is NaN or infinite, as PyTorch has it. Shapes as for sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float
from .axes import Axis, judge, resolve_axes, spread


class Saved(NamedTuple):
    x: Array
    axes: tuple[int, ...]
    divisor: int  # n − correction; forward takes 0 for a negative one, as PyTorch does


class RootSaved(NamedTuple):
    x: Array
    y: Array
    axes: tuple[int, ...]
    divisor: int


def _judge(name: str) -> Callable[..., None]:
    check_axes = judge(name)

    def check(x: Array, **params: Any) -> None:
        check_float(name, "x", x)
        check_axes(x, **params)

    return check


def forward(
    x: Array, *, axis: Axis = None, correction: int = 1, keepdims: bool = False
) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes = resolve_axes("var", x.ndim, axis)
    n = math.prod(x.shape[k] for k in axes)
    divisor = n - correction
    mean = xp.sum(x, axis=axes, keepdims=True) / n if n else 0.0
    total = xp.sum((x - mean) ** 2, axis=axes, keepdims=keepdims)
    y = total / divisor if divisor > 0 else total * math.inf  # 0 · inf = NaN, as 0 / 0
    return like(y, x), Saved(x, axes, divisor)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    x, axes = saved.x, saved.axes
    xp = array_module(gy)
    n = math.prod(x.shape[k] for k in axes)
    mean = xp.sum(x, axis=axes, keepdims=True) / max(n, 1)
    scale = 2 / saved.divisor if saved.divisor else math.inf
    return (spread(gy, x.shape, axes) * like((x - mean) * scale, gy),)


def root_forward(x: Array, **params: Any) -> tuple[Array, RootSaved]:
    variance, saved = forward(x, **params)
    y = array_module(x).sqrt(variance)
    return y, RootSaved(x, y, saved.axes, saved.divisor)


def root_backward(gy: Array, saved: RootSaved, needs: Needs) -> Grads:
    xp, y = array_module(gy), saved.y
    gv = gy / xp.where(xp.equal(y, 0), 1, 2 * y)  # of the variance; where y = 0, x − x̄ is 0, too
    return backward(gv, Saved(saved.x, saved.axes, saved.divisor), needs)


def reference(
    x: np.ndarray, *, axis: Axis = None, correction: int = 1, keepdims: bool = False
) -> np.ndarray:
    axes = resolve_axes("var", x.ndim, axis)
    kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
    n = 1
    for k in axes:
        n *= x.shape[k]
    mean, y = np.zeros(kept, x.dtype), np.zeros(kept, x.dtype)
    for where in np.ndindex(x.shape):
        mean[tuple(0 if k in axes else i for k, i in enumerate(where))] += x[where] / n
    for where in np.ndindex(x.shape):
        place = tuple(0 if k in axes else i for k, i in enumerate(where))
        y[place] += (x[where] - mean[place]) ** 2 / (n - correction)
    return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(3, 4)),), {}, "all axes")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1, "correction": 0}, "biased")
    yield Sample(
        (rng.normal(size=(2, 3, 4)),), {"axis": (0, 2), "keepdims": True}, "two axes, kept"
    )
    yield Sample((rng.normal(size=(4, 3)).T,), {"axis": 0}, "not contiguous")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty")
    yield Sample((rng.normal(size=(3, 1)),), {"axis": 1}, "n = correction: 0 / 0 = NaN")
    yield Sample((rng.normal(size=(3, 2)),), {"axis": 1}, "n − correction = 1")


def root_reference(x: np.ndarray, **params: Any) -> np.ndarray:
    variance = reference(x, **params)
    return np.where(abs(variance) < 1e-50, 0, np.sqrt(variance))  # (steps are 1e-30): slope 0 at 0


def root_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from samples(rng)
    level = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
    yield Sample((level,), {"axis": 1}, "all equal", kink=True)


def _wrong(name: str) -> Callable[[np.random.Generator], Iterable[ErrorSample]]:
    def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
        x = rng.normal(size=(2, 3))
        yield ErrorSample((x,), {"axis": 5}, IndexError, f"{name}: dim 5 does not exist")
        yield ErrorSample((np.arange(3),), {}, TypeError, f"{name}: x is a float tensor")

    return error_samples


OP = Op(
    "var", forward, backward, Saved, check=_judge("var"), reference=reference, samples=samples,
    error_samples=_wrong("var"),
)  # fmt: skip
STD = Op(
    "std", root_forward, root_backward, RootSaved, check=_judge("std"), reference=root_reference,
    samples=root_samples, error_samples=_wrong("std"),
)  # fmt: skip
