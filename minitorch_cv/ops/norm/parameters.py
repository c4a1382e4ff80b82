"""What the normalisations ask of weight, bias and running statistics."""

from __future__ import annotations

from ...backend.library import Array
from ..precision import check_float

Shape = tuple[int, ...]


def check_parameters(op: str, x: Array, shape: Shape, use: str, **given: Array | None) -> None:
    """Raises unless all that is given has the shape, and one dtype: of x, or float32 with float16.

    use: the layer that has such parameters, for the message.
    """
    check_float(op, "x", x)
    first = None
    for name, array in given.items():
        if array is None:
            continue
        check_shape(op, name, array, x, shape, use)
        first = first or (name, array.dtype)
        if array.dtype != x.dtype and not (x.dtype == "float16" and array.dtype == "float32"):
            raise TypeError(
                f"{op}: x and {name} have one dtype (got {x.dtype} and {array.dtype}); use "
                "x.to(weight.dtype)"
            )
        if array.dtype != first[1]:
            raise TypeError(
                f"{op}: {first[0]} and {name} have one dtype (got {first[1]} and {array.dtype}); "
                f"use {name}.to({first[0]}.dtype)"
            )


def check_shape(op: str, name: str, array: Array, x: Array, shape: Shape, use: str) -> None:
    """Raises ValueError unless a parameter has the shape."""
    if array.shape != shape:
        raise ValueError(
            f"{op}: {name} has the shape {shape} (got x {x.shape}, {name} {array.shape}); use {use}"
        )
