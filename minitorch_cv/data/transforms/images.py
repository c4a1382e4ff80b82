"""What all transforms ask of an image: is it a Pillow image or planes, and how large is it?

A *Pillow image* is a picture as it is stored. *Planes* are a NumPy array or a Tensor (..., H, W);
what goes in as a Tensor comes out as one (off the tape).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...backend.device import to_numpy
from ...backend.random import default_generator
from ..collate import is_tensor, to_tensor


def is_pillow(value: Any) -> bool:
    """True for a Pillow image; found out without importing Pillow."""
    return hasattr(value, "getbands")


def judge_planes(name: str, image: Any, axes: int = 2) -> None:
    """Raises TypeError for anything but an array or Tensor, ValueError for too few axes."""
    if not isinstance(image, np.ndarray) and not is_tensor(image):
        raise TypeError(
            f"{name}: expects an array (got {type(image).__name__}); use ToTensor() first"
        )
    if image.ndim < axes:
        form = "(..., C, H, W)" if axes == 3 else "(..., H, W)"
        raise ValueError(f"{name}: expects {form} (got shape {tuple(image.shape)})")


def on_planes(
    name: str, image: Any, change: Callable[[np.ndarray], np.ndarray], axes: int = 2
) -> Any:
    """The planes as `change` makes them of a NumPy array: array in, array out; Tensor in, Tensor
    out."""
    judge_planes(name, image, axes)
    if is_tensor(image):
        return to_tensor(change(to_numpy(image.array)))
    return change(image)


def size_of(name: str, image: Any) -> tuple[int, int]:
    """(H, W). Raises TypeError for what is no image."""
    if is_pillow(image):
        return image.height, image.width
    judge_planes(name, image)
    return int(image.shape[-2]), int(image.shape[-1])


def channels_of(name: str, image: Any) -> int:
    """The number of channels: bands of a Pillow image, the third axis from the end of planes."""
    if is_pillow(image):
        return len(image.getbands())
    judge_planes(name, image)
    return 1 if image.ndim == 2 else int(image.shape[-3])


def two_sizes(name: str, size: Any, hint: str) -> tuple[int, ...]:
    """An int or one or two of them as a tuple. Raises ValueError for others and sizes below 1."""
    sizes = (size,) if isinstance(size, int) else tuple(size)
    if len(sizes) not in (1, 2) or any(not isinstance(s, int) or s < 1 for s in sizes):
        raise ValueError(
            f"{name}: size is an int or (height, width), at least 1 (got {size!r}); {hint}"
        )
    return sizes


def square(name: str, size: Any) -> tuple[int, int]:
    """(height, width) of an int, which stands for both, or of two."""
    sizes = two_sizes(name, size, "use one number for a square")
    return sizes[0], sizes[-1]


def sides(name: str, padding: Any) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of one width, (left and right, top and bottom), or all four."""
    widths = [padding] if isinstance(padding, int) else list(padding)
    if len(widths) not in (1, 2, 4) or any(not isinstance(w, int) or w < 0 for w in widths):
        raise ValueError(f"{name}: padding is 1, 2 or 4 integers, none negative (got {padding!r})")
    left, top, right, bottom = (widths * 4)[:4]
    return left, top, right, bottom


def fill_of(fill: Any, channels: int) -> Any:
    """A fill value as planes add it: a number, or (C, 1, 1) for one of each channel."""
    if isinstance(fill, Sequence) and not isinstance(fill, str):
        values = np.asarray(fill)
        if len(values) not in (1, channels):
            raise ValueError(
                f"fill: {len(values)} values do not fit an image of {channels} channels; give one "
                "number, or one for each channel"
            )
        return values[:, None, None]
    return 0 if fill is None else fill


def draw() -> float:
    """A uniform number in [0, 1) of the default generator, which `manual_seed` seeds."""
    return float(default_generator.rand((), np.float64))


def draw_between(low: float, high: float) -> float:
    """A uniform number in [low, high)."""
    return low + (high - low) * draw()


def draw_int(low: int, high: int) -> int:
    """A whole number, low ≤ i < high."""
    return int(default_generator.randint(low, high, ())[()])


def draw_order(count: int) -> list[int]:
    """0 … count − 1 in random order."""
    return default_generator.randperm(count).tolist()
