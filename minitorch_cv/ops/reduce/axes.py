"""Axes of a reduction, resolved and judged in one place."""

from __future__ import annotations

from typing import Any

from ...backend.library import Array, array_module

Axis = int | tuple[int, ...] | None


def resolve_axes(op: str, ndim: int, axis: Axis) -> tuple[int, ...]:
    """The axes as sorted non-negative numbers; all of them for None or ().

    Raises IndexError for an axis that does not exist and ValueError for one named twice.
    """
    if axis is None or axis == ():
        return tuple(range(ndim))
    axes = []
    for number in (axis,) if isinstance(axis, int) else axis:
        if not -max(ndim, 1) <= number < max(ndim, 1):
            raise IndexError(
                f"{op}: dim {number} does not exist (got a tensor with {ndim} dimensions); "
                f"use {-max(ndim, 1)} … {max(ndim, 1) - 1}"
            )
        axes.append(number % max(ndim, 1))
    if len(set(axes)) < len(axes):
        raise ValueError(f"{op}: dim {axis} names an axis twice")
    return tuple(sorted(axes)) if ndim else ()


def spread(g: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Puts reduced axes back as size 1 and repeats over them: the adjoint of a sum."""
    xp = array_module(g)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return xp.broadcast_to(xp.reshape(g, kept), shape)


def judge(op: str) -> Any:
    """The `check` of a reduction: only the axes can be wrong."""

    def check(x: Array, *, axis: Axis = None, keepdims: bool = False, **_: Any) -> None:
        resolve_axes(op, x.ndim, axis)

    return check
