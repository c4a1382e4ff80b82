"""cross_entropy: how badly the scores x, turned into probabilities by softmax, predict the target.

    ℓ_n = −Σ_k s_{n, k} log p_{n, k},   p = softmax(x)          (0 where t_n = ignore_index)
    s_{n, k} = w_k ((1 − ε) q_{n, k} + ε / C)                   ε = label_smoothing, w = weight
    q_{n, k} = [k = t_n] for class labels, or the target itself where it holds probabilities
    y = ℓ ('none'),  Σ_n ℓ_n ('sum'),  Σ_n ℓ_n / D ('mean')
    D = Σ_n w_{t_n} over the n that count; with probabilities the number of positions

    gx_{n, k} = gy_n (p_{n, k} Σ_j s_{n, j} − s_{n, k})   (gy over D for the mean)
    gq_{n, k} = −gy_n (1 − ε) w_k log p_{n, k}

log p is computed as log_softmax, so that no exponential overflows and no logarithm meets a rounded
0. Where every position is ignored, or there is none, the mean is NaN and its gradient 0, as in
PyTorch. Labels and weight have no gradient; probabilities have one.

Shapes: x (N, C), (N, C, …) or (C,) float; target (N,), (N, …) or () int64 or uint8 labels, or
probabilities of x's shape; weight (C,) or None → y () or, with 'none', (N, …).
Raises: ValueError for a label out of range (named with its position), ε outside [0, 1] or shapes
that do not fit, TypeError for dtypes. Source: C. Szegedy et al., "Rethinking the Inception
Architecture for Computer Vision", CVPR 2016, section 7 (label smoothing). Verified by the op checks
against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..activation.log_softmax import OP as LOG_SOFTMAX
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from . import targets


class Saved(NamedTuple):
    x: Array
    target: Array  # labels, or probabilities, in x's shape
    weight: Array | None
    scale: Any  # one number, also as an array: 1 / D; None where y is not the mean
    ignore_index: int
    label_smoothing: float
    reduction: str


def check(
    x: Array, target: Array, weight: Array | None, *, ignore_index: int = -100,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> None:  # fmt: skip
    targets.check_reduction("cross_entropy", reduction)
    targets.check_scores("cross_entropy", x, weight)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"cross_entropy: label_smoothing is a share (got {label_smoothing}); use 0 … 1"
        )
    if target.shape != x.shape:
        targets.check_labels("cross_entropy", x, target, weight, ignore_index)
        return
    if target.dtype.kind != "f":
        raise TypeError(
            f"cross_entropy: a target of x's shape holds probabilities, floats (got {target.dtype},"
            f" x and target {x.shape}); class labels have no class axis"
        )
    if ignore_index >= 0:
        raise ValueError(
            f"cross_entropy: ignore_index is for class labels (got {ignore_index} with a target of "
            "probabilities); leave it out"
        )


def forward(
    x: Array, target: Array, weight: Array | None, *, ignore_index: int = -100,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> tuple[Array, Saved]:  # fmt: skip
    xp = array_module(x)
    axis = targets.class_axis(x)
    logp = LOG_SOFTMAX(widen(x), axis=axis)
    if target.shape == x.shape:
        share = _shares(target, weight, label_smoothing)
        losses = -xp.sum(logp * share, axis=axis)
        divisor = math.prod(losses.shape)
        scale = 1 / max(divisor, 1)
        dtype = xp.result_type(x, target) if weight is None else xp.result_type(x, target, weight)
    else:
        labels = targets.read_labels(x, target, ignore_index)
        counts = targets.label_weights(labels, weight, logp.dtype)  # (N, 1, …)
        divisor, dtype = xp.sum(counts), x.dtype
        losses = _label_losses(logp, labels, counts, weight, label_smoothing)
        scale = 1 / divisor
    y = xp.asarray(targets.reduce_losses(losses, divisor, reduction), dtype=dtype)
    scale = scale if reduction == "mean" else None
    return y, Saved(x, target, weight, scale, ignore_index, label_smoothing, reduction)


def _shares(q: Array, weight: Array | None, label_smoothing: float) -> Array:
    """s = w ((1 − ε) q + ε / C), of x's shape."""
    if label_smoothing:
        C = q.shape[targets.class_axis(q)]
        q = q * (1 - label_smoothing) + label_smoothing / C
    return q if weight is None else q * targets.along_classes(weight, q.ndim)


def _label_losses(
    logp: Array, labels: targets.Labels, counts: Array, weight: Array | None, label_smoothing: float
) -> Array:
    """ℓ (N, …). The true class is picked, not summed over, so that 0 · log 0 never occurs."""
    xp = array_module(logp)
    axis = targets.class_axis(logp)
    losses = -counts * targets.pick(logp, labels, axis)  # (N, 1, …)
    if label_smoothing:
        weighted = logp if weight is None else logp * targets.along_classes(weight, logp.ndim)
        spread = -xp.sum(weighted, axis=axis, keepdims=True) / logp.shape[axis]
        losses = (1 - label_smoothing) * losses + label_smoothing * spread
    return xp.squeeze(xp.where(labels.kept, losses, 0), axis)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, weight = saved.x, saved.weight
    axis = targets.class_axis(x)
    logp = LOG_SOFTMAX(widen(x), axis=axis)  # again, which saves the memory of keeping it
    q, labels = saved.target, None
    if q.shape != x.shape:
        labels = targets.read_labels(x, q, saved.ignore_index)
        q = targets.one_hot(labels.number, labels.classes, logp)
    g = targets.upstream(widen(gy), x.shape, saved.reduction)
    g = g * _counted(labels, saved.scale, logp.dtype)  # (N, 1, …)
    gx = gq = None
    if needs[0]:
        share = _shares(q, weight, saved.label_smoothing)
        gx = g * (xp.exp(logp) * xp.sum(share, axis=axis, keepdims=True) - share)
        gx = like(gx, x)
    if needs[1] and labels is None:
        gq = -g * (1 - saved.label_smoothing) * logp
        if weight is not None:
            gq = gq * targets.along_classes(weight, x.ndim)
        gq = like(gq, saved.target)
    return gx, gq, None


def _counted(labels: targets.Labels | None, scale: Any, dtype: Any) -> Any:
    """How much each position counts in y: (N, 1, …) for labels, one number for probabilities."""
    if labels is None:
        return 1.0 if scale is None else scale
    xp = array_module(labels.kept)
    if scale is None:
        return xp.asarray(labels.kept, dtype=dtype)
    return xp.where(labels.kept, scale, 0)  # not 0 · ∞, where nothing counts


def reference(
    x: np.ndarray, target: np.ndarray, weight: np.ndarray | None, *, ignore_index: int = -100,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> np.ndarray:  # fmt: skip
    C = x.shape[targets.class_axis(x)]
    w = [1.0] * C if weight is None else [value.real for value in weight]
    where = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    losses, divisor = np.zeros(where, np.result_type(x, target, np.float64)), 0.0
    for n in np.ndindex(where):
        places = [n[:1] + (k,) + n[1:] for k in range(C)]
        row = [x[place] for place in places]
        counted: Iterable[int] = range(C)
        if target.shape == x.shape:
            q = [target[place] for place in places]
            divisor += 1.0
        else:
            t = int(target[n] if x.ndim > 1 else target.reshape(()))
            if t == ignore_index:
                continue
            q = [float(k == t) for k in range(C)]
            divisor += w[t]
            counted = range(C) if label_smoothing else [t]
        top = max(score.real for score in row)
        log_total = top + np.log(sum(np.exp(score - top) for score in row))
        for k in counted:
            share = w[k] * ((1 - label_smoothing) * q[k] + label_smoothing / C)
            losses[n] -= share * (row[k] - log_total)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / np.float64(divisor)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    def label(*shape: int) -> np.ndarray:
        return rng.integers(0, 3, shape)

    w, skip = np.array([0.5, 2.0, 0.7]), np.array([0, -100, 2, 1, -100])
    x, image, share = draw(5, 3), draw(2, 3, 4, 2), rng.dirichlet(np.ones(3), 5)
    shares = np.moveaxis(rng.dirichlet(np.ones(3), (2, 4, 2)), -1, 1)
    smooth = {"label_smoothing": 0.2}
    yield Sample((x, label(5), None), {}, "matrix")
    yield Sample((x, label(5), w), {"reduction": "none"}, "weights, none")
    yield Sample((x, skip, w), {}, "weights, some ignored")
    yield Sample((x, skip, w), smooth, "weights, some ignored, smoothed")
    yield Sample((x, skip, w), {**smooth, "reduction": "sum"}, "the same, sum")
    yield Sample((x, skip, None), {**smooth, "reduction": "none"}, "no weights, smoothed, none")
    yield Sample((x, label(5), None), {"ignore_index": 1}, "a class ignored")
    yield Sample((x, share, None), {}, "probabilities")
    yield Sample((x, share, w), smooth, "probabilities, weights, smoothed")
    yield Sample((x, share, w), {"reduction": "sum"}, "probabilities, weights, sum")
    yield Sample((image, label(2, 4, 2), w), smooth, "images")
    yield Sample((image, label(2, 4, 2), None), {"reduction": "none"}, "images, none")
    yield Sample((image, shares, w), {"reduction": "none"}, "images, probabilities, none")
    yield Sample((draw(2, 3, 4), label(2, 4), None), {"reduction": "sum"}, "sequences")
    yield Sample((draw(3), np.array(1), w), smooth, "one position")
    yield Sample((draw(3), share[0], w), {}, "one position, probabilities")
    yield Sample((draw(3, 5).T, label(5)[::-1], w), {}, "not contiguous")
    yield Sample((draw(4, 3) * 300, label(4), None), {}, "scores whose e^x overflows")
    yield Sample((x[:4], label(4).astype(np.uint8), None), {}, "uint8 labels")
    yield Sample((draw(0, 3), label(0), None), {"reduction": "sum"}, "empty batch")
    yield Sample((draw(0, 3), share[:0], None), {}, "empty batch, probabilities, mean")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from targets.label_errors("cross_entropy", rng)
    x, t = rng.normal(size=(4, 3)), np.array([0, 2, 1, 0])
    for share in (-0.1, 1.5, float("nan")):
        params = {"label_smoothing": share}
        yield ErrorSample((x, t, None), params, ValueError, "label_smoothing is a share")
    whole = np.ones((4, 3), np.int64)
    yield ErrorSample((x, whole, None), {}, TypeError, "a target of x's shape holds probabilities")
    params = {"ignore_index": 1}
    yield ErrorSample((x, abs(x), None), params, ValueError, "ignore_index is for class labels")


OP = Op(
    "cross_entropy", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, constants=("weight",),
)  # fmt: skip
