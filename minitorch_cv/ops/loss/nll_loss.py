"""nll_loss: the negative log-likelihood of the true classes; x holds log-probabilities.

    ℓ_n = −w_{t_n} x_{n, t_n}, 0 where t_n = ignore_index
    y = ℓ ('none'),  Σ_n ℓ_n ('sum'),  Σ_n ℓ_n / Σ_n w_{t_n} over the n that count ('mean')
    gx_{n, k} = −gy_n w_{t_n} [k = t_n], by the same divisor

Where every position is ignored, or there is none, the mean is NaN and its gradient 0, as in
PyTorch. target and weight have no gradient.

Shapes: x (N, C), (N, C, …) or (C,) float; target (N,), (N, …) or () int64 or uint8; weight (C,) of
x's dtype or None → y () or, with 'none', like target.
Raises: ValueError for a label out of range (named with its position) or shapes that do not fit,
TypeError for dtypes. Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, section
4.3.4. Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from . import targets


class Saved(NamedTuple):
    number: Array  # as in Labels
    classes: Array  # as in Labels
    scale: Array  # (N, 1, …): how much each position counts in y
    shape: tuple[int, ...]  # of x
    reduction: str


def check(
    x: Array, target: Array, weight: Array | None, *, ignore_index: int = -100,
    reduction: str = "mean",
) -> None:  # fmt: skip
    targets.check_reduction("nll_loss", reduction)
    targets.check_scores("nll_loss", x, weight)
    targets.check_labels("nll_loss", x, target, weight, ignore_index)


def forward(
    x: Array, target: Array, weight: Array | None, *, ignore_index: int = -100,
    reduction: str = "mean",
) -> tuple[Array, Saved]:  # fmt: skip
    xp = array_module(x)
    wide, axis = widen(x), targets.class_axis(x)
    labels = targets.read_labels(x, target, ignore_index)
    counts = targets.label_weights(labels, weight, wide.dtype)  # (N, 1, …)
    total = xp.sum(counts)
    losses = xp.where(labels.kept, -counts * targets.pick(wide, labels, axis), 0)
    y = targets.reduce_losses(xp.squeeze(losses, axis), total, reduction)
    scale = xp.where(labels.kept, counts / total, 0) if reduction == "mean" else counts
    return like(y, x), Saved(labels.number, labels.classes, scale, x.shape, reduction)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return None, None, None
    g = targets.upstream(widen(gy), saved.shape, saved.reduction)
    hot = array_module(gy).equal(saved.number, saved.classes)  # (N, C, …)
    return like(array_module(gy).where(hot, -g * saved.scale, 0), gy), None, None


def reference(
    x: np.ndarray, target: np.ndarray, weight: np.ndarray | None, *, ignore_index: int = -100,
    reduction: str = "mean",
) -> np.ndarray:  # fmt: skip
    losses, total = np.zeros(target.shape if x.ndim > 1 else (), x.dtype), 0.0
    for n in np.ndindex(losses.shape):
        t = int(target[n] if x.ndim > 1 else target.reshape(()))
        if t != ignore_index:
            w = 1.0 if weight is None else weight[t].real
            losses[n] = -w * x[n[:1] + (t,) + n[1:]]
            total += w
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / np.float64(total)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    def label(*shape: int) -> np.ndarray:
        return rng.integers(0, 3, shape)

    w = np.array([0.5, 2.0, 0.7])
    skip = np.array([0, -100, 2, 1, -100])
    image = draw(2, 3, 4, 2)
    yield Sample((draw(5, 3), label(5), None), {}, "matrix")
    yield Sample((draw(5, 3), label(5), w), {"reduction": "none"}, "weights, none")
    yield Sample((draw(5, 3), skip, w), {}, "weights, some ignored")
    yield Sample((draw(5, 3), skip, w), {"reduction": "sum"}, "weights, some ignored, sum")
    yield Sample((draw(5, 3), label(5), w), {"ignore_index": 1}, "a class ignored")
    yield Sample((image, label(2, 4, 2), w), {}, "images")
    yield Sample((image, label(2, 4, 2), None), {"reduction": "none"}, "images, none")
    yield Sample((draw(2, 3, 4), label(2, 4), None), {"reduction": "sum"}, "sequences")
    yield Sample((draw(3), np.array(1), w), {}, "one position")
    yield Sample((draw(3), np.array([2]), w), {"reduction": "none"}, "one position, target (1,)")
    yield Sample((draw(3, 5).T, label(5)[::-1], w), {}, "not contiguous")
    yield Sample((draw(4, 3), label(4).astype(np.uint8), None), {}, "uint8 labels")
    yield Sample((draw(0, 3), label(0), None), {"reduction": "sum"}, "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from targets.label_errors("nll_loss", rng)


OP = Op(
    "nll_loss", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, constants=("weight",),
)  # fmt: skip
