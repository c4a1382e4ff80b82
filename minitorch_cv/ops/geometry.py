"""Sizes of sliding windows: pairs, padding and the output size, worked out and judged here."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ..backend.library import Array


def is_int(value: Any) -> bool:
    """True for Python's and NumPy's integers, not for True and False."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def numbers_from(value: Any, n: int, op: str, name: str, least: int) -> tuple[int, ...]:
    """n numbers that are at least `least`; one number stands for n equal ones.

    Raises TypeError for anything but one or n integers, ValueError for a smaller one.
    """
    if value.__class__ is int and value >= least:  # the common case, without a look at the others
        return (value,) * n
    if value.__class__ is tuple and len(value) == n:
        for number in value:
            if number.__class__ is not int or number < least:
                break
        else:
            return value
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


def check_images(op: str, x: Array, n: int = 2) -> None:
    """Raises ValueError unless x has a batch axis, channels and n axes of space: (N, C, H, W)."""
    if x.ndim == n + 2:
        return
    what, layout, many = {
        1: ("sequences", "(N, C, L)", "three"),
        2: ("images", "(N, C, H, W)", "four"),
        3: ("volumes", "(N, C, D, H, W)", "five"),
    }[n]
    if x.ndim == n + 1:
        raise ValueError(
            f"{op}: {what} are {layout} (got x {x.shape}, without a batch axis); "
            "add one with x[None]"
        )
    raise ValueError(f"{op}: {what} are {layout} (got x {x.shape}); reshape x to {many} axes")


def check_fits(
    op: str,
    x: Array,
    kernel: tuple[int, ...],
    pads: tuple[int, ...],
    dilation: tuple[int, ...],
    empty: bool = False,
) -> None:
    """Raises ValueError where not a single window fits in the padded image.

    pads: of both sides together, axis by axis. empty: an axis of size 0 will do if padding makes
    room for a window.
    """
    names = ("length",) if len(kernel) == 1 else ("depth", "height", "width")[-len(kernel) :]
    for axis, size, k, p, d in zip(names, x.shape[2:], kernel, pads, dilation, strict=True):
        window = d * (k - 1) + 1
        if window > size + p or (size == 0 and not empty):
            raise ValueError(
                f"{op}: the kernel is larger than the padded input (got {axis} {size} + {p} of "
                f"padding = {size + p}, but the kernel covers {d}·({k} − 1) + 1 = {window}); "
                "use a larger image, more padding or a smaller kernel"
            )
