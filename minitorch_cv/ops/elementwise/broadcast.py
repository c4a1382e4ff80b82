"""Broadcasting and its adjoint: what was repeated forward is summed backward."""

from __future__ import annotations

from ...backend.library import Array, array_module

Shape = tuple[int, ...]


def broadcast_shapes(op: str, *shapes: Shape) -> Shape:
    """The shape that all shapes broadcast to. ValueError, naming `op`, where there is none."""
    ndim = max(len(shape) for shape in shapes)
    result = [1] * ndim
    for shape in shapes:
        for axis, size in enumerate(shape, start=ndim - len(shape)):
            if size == 1 or size == result[axis]:
                continue
            if result[axis] != 1:
                raise ValueError(
                    f"{op}: shapes {' and '.join(map(str, shapes))} do not broadcast "
                    f"(axis {axis - ndim} has {result[axis]} and {size}); sizes must be equal or 1"
                )
            result[axis] = size
    return tuple(result)


def sum_to(g: Array, shape: Shape) -> Array:
    """Sums `g` over the axes along which `shape` was broadcast: the adjoint of broadcasting."""
    if g.shape == shape:
        return g
    xp = array_module(g)
    extra = g.ndim - len(shape)
    repeated = [axis for axis, size in enumerate(shape) if size == 1 and g.shape[axis + extra] != 1]
    axes = tuple(range(extra)) + tuple(axis + extra for axis in repeated)
    return xp.reshape(xp.sum(g, axis=axes), shape)
