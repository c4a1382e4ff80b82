"""Zeros of the right shape in place of what a costly op would compute, and what it would cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...backend.library import array_module
from ...ops.elementwise import activations, binary, unary
from ...ops.op import Op
from ...ops.pool.view import adaptive_size
from .windows import step_of

_ELEMENTWISE = {"where", "convert", "clone", *unary.BY_NAME, *binary.BY_NAME, *activations.BY_NAME}


def cost(op: str, arrays: Sequence[Any], shape: tuple[int, ...]) -> int:
    """Multiplications, each with its addition, of a convolution or a linear layer; else 0.

    convolution: output elements · (in_channels / groups) · kernel elements
    transposed:  input elements · (out_channels / groups) · kernel elements
    linear:      output elements · in_features
    """
    if op == "conv":
        return math.prod(shape) * math.prod(arrays[1].shape[1:])
    if op == "conv_transpose":
        return math.prod(arrays[0].shape) * math.prod(arrays[1].shape[1:])
    return math.prod(shape) * arrays[1].shape[-1] if op == "linear" else 0


def zeros_for(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
    """What `op.run` would answer without what it saves, all zeros; None for a cheap op."""
    if op.name in _ELEMENTWISE:
        return _elementwise(op, arrays, params)
    x, shape = arrays[0], _shape(op.name, arrays, params)
    if shape is None:
        return None
    xp = array_module(x)
    y = xp.zeros(shape, dtype=x.dtype)
    if op.name == "batch_norm":
        return y, arrays[3], arrays[4]
    return (y, xp.zeros(shape, dtype=np.int64)) if op.name.endswith("max_pool") else y


def _shape(op: str, arrays: Sequence[Any], params: dict[str, Any]) -> tuple[int, ...] | None:
    x = arrays[0]
    if op in ("max_pool", "avg_pool"):
        return (*x.shape[:2], *(along.outputs for along in step_of(op, arrays, params).axes))
    if op in ("conv", "conv_transpose"):
        w = arrays[1]
        channels = w.shape[0] if op == "conv" else w.shape[1] * params.get("groups", 1)
        sizes = (along.outputs for along in step_of(op, arrays, params).axes)
        return (x.shape[0], channels, *sizes)
    if op.startswith("adaptive"):
        return (*x.shape[:2], *adaptive_size(op, params["output_size"], x.shape[2:]))
    if op == "interpolate":
        return (*x.shape[:2], *params["size"])
    if op == "linear":
        return (*x.shape[:-1], *arrays[1].shape[:-1])
    still = op == "local_response_norm" or (op == "batch_norm" and not params["training"])
    return tuple(x.shape) if still else None


def _elementwise(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
    """The dtype is found by running it on the first elements."""
    first = [a[(slice(0, 1),) * a.ndim] if hasattr(a, "ndim") else a for a in arrays]
    with np.errstate(all="ignore"):
        y = op.forward(*first, **params)[0]
    shape = np.broadcast_shapes(*(a.shape for a in arrays if hasattr(a, "shape")))
    return array_module(y).zeros(shape, dtype=y.dtype)
