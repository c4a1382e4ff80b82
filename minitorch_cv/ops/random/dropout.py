"""dropout: keeps each element with probability 1 − p and scales it so that the mean stays.

    y = x · mask / (1 − p)        gx = gy · mask / (1 − p)

mask: bool, True where an element is kept; it is drawn outside, so that the op itself is pure. It
may be broadcast against x: a mask of shape (N, C, 1, 1) drops whole channels. p = 1 drops
everything and gives zeros. NaN and ±∞ become NaN where they are dropped (0 · ∞), as in PyTorch. In
evaluation dropout is the identity, and nobody calls this op.

Shapes: x (…) float, mask broadcast to x → y like x. p: a probability, 0 ≤ p ≤ 1.
Raises: ValueError for p outside [0, 1] or a mask that does not fit, TypeError for a mask that is
not bool or an x of integers.
Source: N. Srivastava et al., "Dropout", JMLR 15, 2014, section 10 (scaling while training).
Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float


class Saved(NamedTuple):
    mask: Array
    p: float


def check(x: Array, mask: Array, *, p: float) -> None:
    check_p("dropout", p)
    check_float("dropout", "x", x)
    if mask.dtype != np.bool_:
        raise TypeError(f"dropout: mask is a bool tensor (got {mask.dtype}); use e.g. rand > p")
    sizes = zip(reversed(mask.shape), reversed(x.shape), strict=False)
    if mask.ndim > x.ndim or any(size not in (1, full) for size, full in sizes):
        raise ValueError(
            f"dropout: mask does not broadcast to x (got x {x.shape}, mask {mask.shape}); "
            "draw it with the shape of x"
        )


def check_p(op: str, p: float) -> None:
    """Raises ValueError for a p that is no probability."""
    if not 0 <= p <= 1:  # NaN is refused, too
        raise ValueError(f"{op}: p is a probability (got {p}); use 0 <= p <= 1")


def _noise(mask: Array, p: float, model: Array) -> Array:
    """mask / (1 − p), in the dtype of `model`."""
    xp = array_module(mask)
    return like(xp.asarray(mask, dtype=model.dtype) * (1 / (1 - p) if p < 1 else 0.0), model)


def forward(x: Array, mask: Array, *, p: float) -> tuple[Array, Saved]:
    return x * _noise(mask, p, x), Saved(mask, p)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (gy * _noise(saved.mask, saved.p, gy) if needs[0] else None), None


def reference(x: np.ndarray, mask: np.ndarray, *, p: float) -> np.ndarray:
    kept = np.broadcast_to(mask, x.shape)
    y = np.zeros_like(x)
    for where in np.ndindex(x.shape):
        y[where] = x[where] / (1 - p) if kept[where] and p < 1 else x[where] * 0.0
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int, p: float) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=shape), rng.random(shape) >= p

    yield Sample(draw(3, 5, p=0.5), {"p": 0.5}, "half")
    yield Sample(draw(2, 3, 4, 4, p=0.3), {"p": 0.3}, "images")
    yield Sample(
        (rng.normal(size=(2, 3, 2, 2)), np.array([[[[1]], [[0]], [[1]]]]) > 0), {"p": 0.4},
        "whole channels",
    )  # fmt: skip
    yield Sample(draw(4, 3, p=0.0), {"p": 0.0}, "p = 0 keeps everything")
    yield Sample(draw(4, 3, p=1.0), {"p": 1.0}, "p = 1 drops everything")
    x, mask = draw(5, 3, p=0.5)
    yield Sample((x.T, mask.T), {"p": 0.5}, "not contiguous")
    yield Sample(draw(0, 3, p=0.5), {"p": 0.5}, "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    mask = x > 0
    for p in (-0.1, 1.1, float("nan")):
        yield ErrorSample((x, mask), {"p": p}, ValueError, "dropout: p is a probability")
    yield ErrorSample((x, x), {"p": 0.5}, TypeError, "dropout: mask is a bool tensor")
    yield ErrorSample((x, mask[:, :2]), {"p": 0.5}, ValueError, "mask does not broadcast to x")
    yield ErrorSample((x, mask[None]), {"p": 0.5}, ValueError, "mask does not broadcast to x")
    whole = np.arange(3)
    yield ErrorSample((whole, whole > 0), {"p": 0.5}, TypeError, "dropout: x is a float tensor")


OP = Op(
    "dropout", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
