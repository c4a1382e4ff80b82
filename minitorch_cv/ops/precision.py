"""Precision: half-precision values are added up in float32, and only floats are differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend.library import Array, array_module, library_of


def widen(x: Array) -> Array:
    """float16 as float32, whose sums neither overflow nor lose small terms; others as they are."""
    half = x.dtype.char == "e"
    return array_module(x).asarray(x, dtype="float32") if half else x


def nearest_bfloat16(x: Array) -> Array:
    """The nearest numbers of bfloat16, in float32; at a tie the even one.

    bfloat16 is the upper half of a float32, so it is rounding at bit 16. Beyond 3.39e38 comes ∞; a
    NaN stays one.
    """
    xp = array_module(x)
    x = x.astype("float32", copy=False)
    bits = x.view(np.uint32)
    bits = (bits + (0x7FFF + ((bits >> 16) & 1))) & 0xFFFF0000
    return xp.where(x == x, bits.view(np.float32), x)


def factor(x: Array) -> Array:
    """A factor of a matrix product: float16 as it is where the device adds up in float32."""
    library = library_of(x)
    return x if library is not None and library.half_products else widen(x)


def check_float(op: str, name: str, x: Array) -> None:
    """Raises TypeError for integers and booleans."""
    if x.dtype.kind != "f":
        raise TypeError(f"{op}: {name} is a float tensor (got {x.dtype}); use {name}.float()")


def check_floats(op: str, **arrays: Array) -> None:
    """Raises TypeError unless all arrays are of one and the same float dtype."""
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise TypeError(
                f"{op}: {name} must be of a float dtype (got {array.dtype}); use {name}.float()"
            )
    _check_same(op, arrays, next(iter(arrays.values())).dtype)


def check_numbers(op: str, **arrays: Array) -> None:
    """Raises TypeError unless all arrays are of one and the same dtype, of floats or integers."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise TypeError(f"{op}: {name} holds numbers (got {array.dtype}); use {name}.float()")
    floats = [array.dtype for array in arrays.values() if array.dtype.kind == "f"]
    _check_same(op, arrays, floats[0] if floats else next(iter(arrays.values())).dtype)


def _check_same(op: str, arrays: dict[str, Array], wanted: Any) -> None:
    for name, array in arrays.items():
        if array.dtype != wanted:
            listing = ", ".join(f"{key} {value.dtype}" for key, value in arrays.items())
            raise TypeError(
                f"{op}: inputs are of different dtypes (got {listing}); bring them to one, "
                f"e.g. with {name}.to({wanted})"
            )
