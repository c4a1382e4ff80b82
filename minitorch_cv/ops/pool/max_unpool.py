"""max_unpool: puts numbers back to the places that a max-pool found them at; all else is 0.

    y[n, c, indices[n, c, p, q]] = x[n, c, p, q]
    gx[n, c, p, q] = gy[n, c, indices[n, c, p, q]]

with the image y[n, c] counted through from its first pixel to its last. A place that is named twice
holds the number that was written last, and all who wrote there get its gradient, as in PyTorch.

Shapes: x (N, C, H, W), or with one or three axes instead of H, W; indices alike, int64 → y
(N, C, *size), the dtype of x (a float dtype). size: of the image that y shall be.
Raises: ValueError where shapes do not agree or a place lies outside the image, TypeError for
dtypes.
Source: M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", 2014, section
2.1 (unpooling with switches). Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_floats
from ..shape.gather import OP as GATHER
from .view import check_axes, check_pixels
from .window_sum import Sizes


class Saved(NamedTuple):
    indices: Array


def check(x: Array, indices: Array, *, size: Sizes) -> None:
    check_axes("max_unpool", x)
    op = f"max_unpool{x.ndim - 2}d"
    check_pixels(op, x, 2)
    check_floats(op, x=x)
    if indices.dtype != "int64":
        raise TypeError(f"{op}: indices are int64 (got {indices.dtype}); use indices.long()")
    if indices.shape != x.shape:
        raise ValueError(
            f"{op}: there is one index for each number (got x {x.shape}, indices {indices.shape}); "
            "use the indices that the max-pool returned"
        )
    if math.prod(x.shape) == 0:
        return
    low, high, count = int(indices.min()), int(indices.max()), math.prod(size)
    if low < 0 or high >= count:
        raise ValueError(
            f"{op}: an index lies outside the image (got {low if low < 0 else high} for "
            f"{' · '.join(map(str, size))} = {count} pixels); give output_size, the size of the "
            "image that was pooled"
        )


def forward(x: Array, indices: Array, *, size: Sizes) -> tuple[Array, Saved]:
    xp = array_module(x)
    R, P, S = math.prod(x.shape[:2]), math.prod(x.shape[2:]), math.prod(size)
    y = xp.zeros(R * S, dtype=x.dtype)
    places = xp.reshape(indices, (R, P)) + S * xp.arange(R)[:, None]  # in all images together
    y[xp.reshape(places, (R * P,))] = xp.reshape(x, (R * P,))
    return xp.reshape(y, (*x.shape[:2], *size)), Saved(indices)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return None, None
    xp, indices = array_module(gy), saved.indices
    (N, C, *size), shape = gy.shape, indices.shape
    places = xp.reshape(indices, (N, C, math.prod(shape[2:])))
    picked = GATHER(xp.reshape(gy, (N, C, math.prod(size))), places)
    return xp.reshape(picked, shape), None


def reference(x: np.ndarray, indices: np.ndarray, *, size: Sizes) -> np.ndarray:
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for where in np.ndindex(x.shape):
        y[where[:2] + tuple(np.unravel_index(indices[where], size))] = x[where]
    return y


def _sample(rng: np.random.Generator, shape: tuple[int, ...], size: Sizes, label: str) -> Sample:
    """Every place of an image is named at most once."""
    indices = np.zeros(shape, np.int64)
    for n, c in np.ndindex(shape[:2]):
        chosen = rng.permutation(math.prod(size))[: math.prod(shape[2:])]
        indices[n, c] = chosen.reshape(shape[2:])
    return Sample((rng.normal(size=shape), indices), {"size": size}, label)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield _sample(rng, (2, 3, 2, 2), (4, 5), "two axes")
    yield _sample(rng, (2, 1, 3), (7,), "one axis")
    yield _sample(rng, (1, 2, 2, 1, 2), (3, 2, 4), "three axes")
    yield _sample(rng, (1, 1, 1, 1), (1, 1), "image of one pixel")
    whole = _sample(rng, (3, 2, 2, 3), (2, 3), "not contiguous")
    x, indices = whole.arrays
    yield whole._replace(arrays=(x.swapaxes(2, 3), indices.swapaxes(2, 3)))
    yield _sample(rng, (0, 2, 2, 2), (4, 4), "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, zeros = rng.normal(size=(1, 2, 2, 2)), np.zeros((1, 2, 2, 2), np.int64)

    def bad(words: str, x: Any, indices: Any, error: type[Exception] = ValueError) -> ErrorSample:
        return ErrorSample((x, indices), {"size": (4, 4)}, error, words)

    yield bad("max_unpool: images are (N, C, W), (N, C, H, W) or", x[0, 0], zeros[0, 0])
    yield bad("max_unpool2d: the images have no pixels", x[..., :0], zeros[..., :0])
    yield bad("there is one index for each number", x, zeros[..., :1])
    yield bad("an index lies outside the image (got 16 for 4 · 4 = 16 pixels)", x, zeros + 16)
    yield bad("an index lies outside the image (got -1", x, zeros - 1)
    yield bad("indices are int64 (got int32)", x, zeros.astype(np.int32), TypeError)
    yield bad("x must be of a float dtype", zeros, zeros, TypeError)


OP = Op(
    "max_unpool", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
