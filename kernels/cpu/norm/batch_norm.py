"""batch_norm in numba: the statistics of channels, then y; Σ gy and Σ gy (x − μ), then gx.

Each array is read twice. Small images are taken a channel at a time (planes.py), so that the second
reading is from the cache; larger ones, and those with given statistics, an image at a time
(images.py), and so is the gradient of middling ones. Planes shorter than SHORT, and matrices, are
taken by columns (columns.py). Sums are in float64 (runs.py), and so are μ and σ. No result depends
on how many threads there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import threads
from . import columns, images, planes
from .parameters import as_planes, or_constant

SHORT = 40  # values in a plane
# Elements from which on, and in backward up to which, images are better than channels. Measured
# behind and before an elementwise op on an AMD EPYC, whose cores had a cache in common or not: 2 MB
# 0.95 and 1.6 times as fast forward, 1.05 and 1.6 backward; 12 MB 1.1 forward, 0.93 backward.
BY_IMAGES, BY_IMAGES_BACK = 1 << 18, 1 << 20


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
    most, out = threads.worth(8 * x.size), y.reshape(image.shape)
    scales = or_constant(weight, C, 1), or_constant(bias, C, 0)
    if image.shape[2] < SHORT:
        threads.run(
            columns.forward, image, *scales, training, float(eps), out, statistics, most=most
        )
    elif training and x.size < BY_IMAGES:
        threads.run(planes.forward, image, *scales, float(eps), out, statistics, most=most)
    else:
        sums = np.empty((*image.shape[:2], 2) if training else (0, 0, 2))
        if training:
            threads.run(images.plane_moments, image, sums, most=most)
        threads.run(images.forward, image, *scales, float(eps), sums, out, statistics, most=most)
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
    wanted = saved.training, needs[0], needs[1] or needs[2]
    given = as_planes(gy), image, or_constant(weight, C, 1), mean, inverse, wanted
    most = threads.worth(8 * x.size)
    if image.shape[2] >= SHORT and BY_IMAGES <= x.size < BY_IMAGES_BACK:
        parts = np.empty((*image.shape[:2], 2))
        threads.run(images.plane_products, *given[:2], mean, parts, most=most)
        threads.run(images.backward, *given, parts, as_planes(gx), sums, most=most)
    else:
        kernel = columns.backward if image.shape[2] < SHORT else planes.backward
        threads.run(kernel, *given, as_planes(gx), sums, most=most)
    gweight = sums[1].astype(np.float32) if needs[1] and weight is not None else None
    gbias = None
    if needs[2] and saved.bias_dtype is not None:
        gbias = sums[0].astype(saved.bias_dtype)
    return (gx if needs[0] else None), gweight, gbias, None, None
