"""What may be said against the arguments of conv and conv_transpose, in one wording."""

from __future__ import annotations

from typing import Any

from ...backend.library import Array
from ..geometry import is_int

KERNEL_SIZES = {1: "K", 2: "KH, KW", 3: "KD, KH, KW"}


def axes_of(op: str, w: Array) -> int:
    """How many axes of space a weight is for. Raises ValueError unless they are 1, 2 or 3."""
    if w.ndim not in (3, 4, 5):
        raise ValueError(
            f"{op}: weight has one, two or three axes of space after its two of channels (got "
            f"shape {w.shape}); use e.g. the weight of nn.Conv2d"
        )
    return w.ndim - 2


def check_weight_axes(op: str, w: Array, n: int, channels: str) -> None:
    """Raises ValueError unless the weight has n axes of space; channels: its first two sizes."""
    if w.ndim != n + 2:
        raise ValueError(
            f"{op}: weight is ({channels}, {KERNEL_SIZES[n]}) (got {w.shape}); reshape it"
        )


def check_groups(op: str, groups: Any, channels: int, which: str, w: Array) -> None:
    """Raises TypeError or ValueError unless groups is an int that divides the channels."""
    if not is_int(groups):
        raise TypeError(f"{op}: groups is an int (got {groups!r}); use groups=1")
    if groups < 1:
        raise ValueError(f"{op}: groups is at least 1 (got {groups}); use groups=1")
    if channels % groups:
        raise ValueError(
            f"{op}: groups must divide the {channels} {which} channels (got groups={groups}, "
            f"weight {w.shape}); choose a divisor of {channels}"
        )


def check_bias(op: str, b: Array | None, OC: int, w: Array) -> None:
    """Raises ValueError unless there is one number for each output channel."""
    if b is not None and b.shape != (OC,):
        raise ValueError(
            f"{op}: bias has one number for each of the {OC} output channels (got shape "
            f"{b.shape}, weight {w.shape}); use shape ({OC},)"
        )


def kernel_text(kernel: tuple[int, ...]) -> str:
    """The kernel as one writes it for a layer: 5 for (5, 5)."""
    return str(kernel[0] if len(set(kernel)) == 1 else kernel)
