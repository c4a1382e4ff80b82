"""layer_norm on the GPU: group_norm.cu, where each value of a sample is a channel of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .group_norm import Sizes, differentiate, normalise, supports

__all__ = ["backward", "forward", "supports"]


def forward(
    x: Any, weight: Any, bias: Any, *, normalized_shape: Sequence[int], eps: float
) -> tuple[Any, tuple[Any, ...]]:
    y, mean, _, inverse = normalise(x, weight, bias, _sizes(x, normalized_shape), eps)
    bias_dtype = None if bias is None else bias.dtype
    kept = (mean.reshape((-1, 1)), inverse.reshape((-1, 1)))
    return y, (x, weight, *kept, bias_dtype, tuple(normalized_shape))


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, shape = saved.x, saved.normalized_shape
    if not supports(x, saved.weight):
        return NotImplemented
    gx, *parameters = differentiate(gy, saved, _sizes(x, shape), needs)
    return gx, *(None if g is None else g.reshape(shape) for g in parameters)


def _sizes(x: Any, shape: Sequence[int]) -> Sizes:
    n = math.prod(shape)
    return Sizes(x.size // n, n, 1, 1)
