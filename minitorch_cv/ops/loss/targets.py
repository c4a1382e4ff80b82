"""What the losses share: class labels as targets, and how the losses of all positions become one.

A position is one place where a class is predicted: a row of x (N, C), or a pixel of x (N, C, H, W).
The class axis of x is 1, or 0 where x has no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.late import OutOfRange, judge
from ...backend.library import Array, array_module
from ..op import ErrorSample
from ..precision import check_float

REDUCTIONS = ("none", "mean", "sum")


def check_reduction(op: str, reduction: str) -> None:
    """Raises ValueError for anything but 'none', 'mean' and 'sum'."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{op}: no such reduction (got {reduction!r}); use one of {REDUCTIONS}")


def class_axis(x: Array) -> int:
    """Which axis of x counts the classes."""
    return 0 if x.ndim == 1 else 1


def check_scores(op: str, x: Array, weight: Array | None) -> None:
    """Raises where x holds no scores of classes, or where `weight` is not one number for each."""
    if x.ndim == 0:
        raise ValueError(f"{op}: x is (C,), (N, C) or (N, C, …) (got a 0-d tensor)")
    check_float(op, "x", x)
    K = x.shape[class_axis(x)]
    if weight is not None and weight.shape != (K,):
        raise ValueError(
            f"{op}: weight has one number for each of the {K} classes (got x {x.shape}, "
            f"weight {weight.shape})"
        )
    if weight is not None and weight.dtype.kind != "f":
        raise TypeError(f"{op}: weight is a float tensor (got {weight.dtype}); use weight.float()")


def check_labels(op: str, x: Array, target: Array, weight: Array | None, ignore_index: int) -> None:
    """Raises where `target` is not one class number of a fitting dtype for each position of x."""
    if target.dtype not in ("int64", "uint8"):
        raise TypeError(
            f"{op}: target holds class numbers, int64 or uint8 (got {target.dtype}); use "
            "target.long()"
        )
    if weight is not None and weight.dtype != x.dtype:
        raise TypeError(
            f"{op}: x and weight have one dtype (got {x.dtype} and {weight.dtype}); use "
            "weight.to(x.dtype)"
        )
    expected = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if target.shape != expected and not (x.ndim == 1 and target.shape == (1,)):
        raise ValueError(
            f"{op}: target has one class number for each position of x (got x {x.shape}, target "
            f"{target.shape}); a target of shape {expected} fits"
        )
    _check_range(op, target, x.shape[class_axis(x)], ignore_index)


def _check_range(op: str, target: Array, K: int, ignore_index: int) -> None:
    """Raises ValueError that names the first label out of range and where it is.

    On a device this is found out when the host next reads from there (backend/late.py).
    """
    if math.prod(target.shape) == 0:
        return
    if isinstance(target, np.ndarray) and target.min() >= 0 and target.max() < K:
        return  # as nearly always: two passes in place of six

    is_bad = OutOfRange(0, K, ignore_index if K else None)

    def complain() -> None:
        first = int(array_module(target).argmax(is_bad(target)))
        place = tuple(map(int, np.unravel_index(first, target.shape)))
        at = place[0] if len(place) == 1 else place
        raise ValueError(
            f"{op}: label {int(target[place])} at position {at} is out of range for {K} classes; "
            f"labels are 0 … {K - 1}, or ignore_index={ignore_index} for a position that does not "
            "count"
        )

    judge(target, is_bad, complain)


class Labels(NamedTuple):
    """Class numbers, ready to be compared with the class axis; constants of the tape."""

    number: Array  # (N, 1, …): the label, 0 where it is ignored
    kept: Array  # (N, 1, …): bool, False where it is ignored
    classes: Array  # (1, K, 1 …): 0 … K − 1


def read_labels(x: Array, target: Array, ignore_index: int) -> Labels:
    """The labels with an axis of size 1 where x has its classes."""
    xp = array_module(x)
    axis = class_axis(x)
    shape = tuple(1 if k == axis else size for k, size in enumerate(x.shape))
    target = xp.asarray(xp.reshape(target, shape), dtype="int64")
    kept = target != ignore_index
    K = x.shape[axis]
    classes = xp.reshape(xp.arange(K), tuple(K if k == axis else 1 for k in range(x.ndim)))
    return Labels(xp.where(kept, target, 0), kept, classes)


def label_weights(labels: Labels, weight: Array | None, dtype: Any) -> Array:
    """(N, 1, …): the weight of each position's label, 0 where it is ignored."""
    if weight is None:
        return labels.kept.astype(dtype)
    return array_module(weight).where(labels.kept, weight.astype(dtype)[labels.number], 0)


def pick(scores: Array, labels: Labels, axis: int) -> Array:
    """(N, 1, …): the score of each position's label."""
    return array_module(scores).take_along_axis(scores, labels.number, axis)


def one_hot(number: Array, classes: Array, model: Array) -> Array:
    """1 at each position's label and 0 at all other classes, in the dtype of `model`."""
    xp = array_module(number)
    return xp.asarray(xp.equal(number, classes), dtype=model.dtype)


def along_classes(weight: Array, ndim: int) -> Array:
    """weight (K,) in the shape in which it is broadcast against x: (1, K, 1 …)."""
    shape = (1, weight.shape[0]) + (1,) * (ndim - 2) if ndim > 1 else weight.shape
    return array_module(weight).reshape(weight, shape)


def reduce_losses(losses: Array, divisor: Any, reduction: str) -> Array:
    """The loss of each position → y; 'mean' divides the sum by `divisor`."""
    if reduction == "none":
        return losses
    total = array_module(losses).sum(losses)
    return total if reduction == "sum" else total / divisor


def upstream(gy: Array, shape: tuple[int, ...], reduction: str) -> Array:
    """gy (N, …) as (N, 1, …), where x of that `shape` has its classes; a number stays one."""
    if reduction != "none":
        return gy
    axis = 0 if len(shape) == 1 else 1
    return array_module(gy).reshape(gy, (*shape[:axis], 1, *shape[axis + 1 :]))


def label_errors(op: str, rng: np.random.Generator) -> Iterable[ErrorSample]:
    """The bad inputs that cross_entropy and nll_loss share."""
    x, t = rng.normal(size=(4, 3)), np.array([0, 2, 1, 0])
    image = rng.normal(size=(2, 3, 2, 2))
    pixels = np.zeros((2, 2, 2), np.int64)
    pixels[1, 0, 1] = 7

    def bad(error: type[Exception], words: str, *arrays: Any, **params: Any) -> ErrorSample:
        return ErrorSample(arrays, params, error, words)

    yield bad(ValueError, "label 3 at position 1 is out of range for 3 classes", x, t + 1, None)
    yield bad(ValueError, "label -1 at position 0 is out of range", x, t - 1, None)
    yield bad(ValueError, "label 7 at position (1, 0, 1)", image, pixels, None)
    yield bad(ValueError, "label 5 at position ()", x[0], np.array(5), None)
    yield bad(ValueError, "a target of shape (4,) fits", x, t[:3], None)
    yield bad(ValueError, "a target of shape (2, 2, 2) fits", image, pixels[:, 0], None)
    yield bad(ValueError, "a target of shape () fits", x[0], t, None)
    yield bad(TypeError, "target holds class numbers", x, t.astype(np.int32), None)
    yield bad(TypeError, "target holds class numbers", x, t.astype(np.float64), None)
    yield bad(TypeError, f"{op}: x is a float tensor", x.astype(np.int64), t, None)
    yield bad(ValueError, "x is (C,), (N, C) or (N, C, …)", np.array(0.5), np.array(0), None)
    yield bad(ValueError, "one number for each of the 3 classes", x, t, np.ones(4))
    yield bad(TypeError, "weight is a float tensor", x, t, np.ones(3, np.int64))
    yield bad(TypeError, "x and weight have one dtype", x, t, np.ones(3, np.float32))
    yield bad(ValueError, f"{op}: no such reduction", x, t, None, reduction="avg")
