"""Precision: half-precision values are added up in float32, and only floats are differentiated."""

from __future__ import annotations

from ..backend.library import Array, array_module


def widen(x: Array) -> Array:
    """float16 as float32, whose sums neither overflow nor lose small terms; others as they are."""
    return array_module(x).asarray(x, dtype="float32") if x.dtype == "float16" else x


def check_float(op: str, name: str, x: Array) -> None:
    """Raises TypeError for integers and booleans."""
    if x.dtype.kind != "f":
        raise TypeError(f"{op}: {name} is a float tensor (got {x.dtype}); use {name}.float()")
