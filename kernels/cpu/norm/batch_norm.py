"""batch_norm in numba: one channel at a time, all its planes, so that they stay in the cache.

Training reads a channel once for its statistics (float64 sums: runs.py) and a second time, from the
cache, to write y. Backward is the same with Σ gy and Σ gy (x − μ), then gx. Planes shorter than
SHORT, and matrices, are taken by columns instead (columns.py). A thread has channels of its own, so
that no result depends on how many threads there are. μ and σ are kept in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import threads
from . import columns, planes
from .parameters import as_planes, or_constant

SHORT = 40  # values in a plane


def supports(x: np.ndarray, *_: Any, **__: Any) -> bool:
    return bool(x.dtype == np.float32 and x.size)


def forward(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None,
    running_mean: np.ndarray | None, running_var: np.ndarray | None, *, training: bool, eps: float,
) -> tuple[tuple[np.ndarray, ...], tuple[Any, ...]]:  # fmt: skip
    image, C = as_planes(x), x.shape[1]
    y = np.empty(x.shape, np.float32)
    statistics = np.empty((3, C), np.float64)  # μ, v, σ
    if not training:
        statistics[0], statistics[1] = running_mean, running_var
    threads.run(
        columns.forward if image.shape[2] < SHORT else planes.forward,
        image, or_constant(weight, C, 1), or_constant(bias, C, 0), training, float(eps),
        y.reshape(image.shape), statistics, most=threads.worth(8 * x.size),
    )  # fmt: skip
    mean, inverse = statistics[::2].reshape(2, 1, C, *(1,) * (x.ndim - 2))
    single = statistics.astype(np.float32)
    bias_dtype = None if bias is None else bias.dtype
    return (y, single[0], single[1]), (x, weight, mean, inverse, bias_dtype, training)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight = saved.x, saved.weight
    if not supports(x):
        return NotImplemented
    image, C = as_planes(x), x.shape[1]
    gx = np.empty(x.shape if needs[0] else (0,) * x.ndim, np.float32)
    mean, inverse = (np.asarray(s, np.float64).reshape(C) for s in (saved.mean, saved.inverse))
    sums = np.empty((2, C), np.float64)  # Σ gy, Σ gy x̂
    threads.run(
        columns.backward if image.shape[2] < SHORT else planes.backward,
        as_planes(gy), image, or_constant(weight, C, 1), mean, inverse,
        (saved.training, needs[0], needs[1] or needs[2]), as_planes(gx), sums,
        most=threads.worth(8 * x.size),
    )  # fmt: skip
    gweight = sums[1].astype(np.float32) if needs[1] and weight is not None else None
    gbias = None
    if needs[2] and saved.bias_dtype is not None:
        gbias = sums[0].astype(saved.bias_dtype)
    return (gx if needs[0] else None), gweight, gbias, None, None
