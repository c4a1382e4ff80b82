"""Sizes of sliding windows: pairs, padding and the output size, worked out in one place."""

from __future__ import annotations

from typing import Any

Pair = tuple[int, int]


def pair(value: Any, op: str, name: str) -> Pair:
    """`3` and `(3, 3)` mean (3, 3). Raises TypeError for anything but one or two integers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    if isinstance(value, (tuple, list)) and len(value) in (1, 2):
        if all(isinstance(v, int) and not isinstance(v, bool) for v in value):
            return value[0], value[-1]
    raise TypeError(f"{op}: {name} is an int or a pair of ints (got {value!r})")


def output_size(size: int, kernel: int, stride: int, pads: int, dilation: int, ceil: bool) -> int:
    """How many windows fit: ⌊(size + pads − dilation (kernel − 1) − 1) / stride⌋ + 1.

    pads: both sides together. ceil: ⌈…⌉ instead, but the last window must start inside the input
    or its left padding (which is half of `pads` wherever ceil is used).
    """
    span = size + pads - dilation * (kernel - 1) - 1
    if not ceil:
        return span // stride + 1
    count = -(-span // stride) + 1
    return count - 1 if (count - 1) * stride >= size + pads // 2 else count
