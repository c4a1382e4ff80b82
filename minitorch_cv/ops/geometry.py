"""Sizes of sliding windows: pairs, padding and the output size, worked out and judged here."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ..backend.library import Array

Pair = tuple[int, int]


def is_int(value: Any) -> bool:
    """True for Python's and NumPy's integers, not for True and False."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def pair(value: Any, op: str, name: str) -> Pair:
    """`3` and `(3, 3)` mean (3, 3). Raises TypeError for anything but one or two integers."""
    if is_int(value):
        return int(value), int(value)
    if isinstance(value, (tuple, list)) and len(value) in (1, 2) and all(map(is_int, value)):
        return int(value[0]), int(value[-1])
    raise TypeError(f"{op}: {name} is an int or a pair of ints (got {value!r}); use e.g. {name}=2")


def pair_from(value: Any, op: str, name: str, least: int) -> Pair:
    """A pair of numbers that are at least `least`. Raises ValueError for a smaller one."""
    numbers = pair(value, op, name)
    if min(numbers) < least:
        raise ValueError(f"{op}: {name} is at least {least} (got {value!r}); use {name}={least}")
    return numbers


def numbers_from(value: Any, n: int, op: str, name: str, least: int) -> tuple[int, ...]:
    """n numbers that are at least `least`; one number stands for n equal ones.

    Raises TypeError for anything but one or n integers, ValueError for a smaller one.
    """
    given = (value,) if is_int(value) else value
    if (
        not isinstance(given, (tuple, list))
        or len(given) not in (1, n)
        or not all(map(is_int, given))
    ):
        many = f"{n} ints" if n > 1 else "a tuple with one int"
        raise TypeError(f"{op}: {name} is an int or {many} (got {value!r}); use e.g. {name}=2")
    numbers = tuple(int(number) for number in given) * (n // len(given))
    if min(numbers) < least:
        raise ValueError(f"{op}: {name} is at least {least} (got {value!r}); use {name}={least}")
    return numbers


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


def check_images(op: str, x: Array) -> None:
    """Raises ValueError unless x has the four axes (N, C, H, W)."""
    if x.ndim == 3:
        raise ValueError(
            f"{op}: images are (N, C, H, W) (got x {x.shape}, without a batch axis); "
            "add one with x[None]"
        )
    if x.ndim != 4:
        raise ValueError(f"{op}: images are (N, C, H, W) (got x {x.shape}); reshape x to four axes")


def check_float(op: str, **arrays: Array) -> None:
    """Raises TypeError unless all arrays are of one and the same float dtype."""
    first = next(iter(arrays.values()))
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise TypeError(
                f"{op}: {name} must be of a float dtype (got {array.dtype}); use {name}.float()"
            )
        if array.dtype != first.dtype:
            listing = ", ".join(f"{key} {value.dtype}" for key, value in arrays.items())
            raise TypeError(
                f"{op}: inputs are of different dtypes (got {listing}); bring them to one, "
                f"e.g. with {name}.to({first.dtype})"
            )


def check_fits(op: str, x: Array, kernel: Pair, pads: Pair, dilation: Pair) -> None:
    """Raises ValueError where not a single window fits in the padded image.

    pads: of both sides together, (height, width).
    """
    for axis, size, k, p, d in zip(
        ("height", "width"), x.shape[2:], kernel, pads, dilation, strict=True
    ):
        window = d * (k - 1) + 1
        if size == 0 or window > size + p:
            raise ValueError(
                f"{op}: the kernel is larger than the padded input (got {axis} {size} + {p} of "
                f"padding = {size + p}, but the kernel covers {d}·({k} − 1) + 1 = {window}); "
                "use a larger image, more padding or a smaller kernel"
            )
