"""Methods of `Tensor` that turn, repeat, split and slide: what shaping.py's views do not cover."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.device import to_numpy
from ...backend.library import array_module
from ...ops.shape.strided import OP as STRIDED
from ..joining import cat
from ..tape import apply, new_tensor
from .shaping import axes_of, axis_of, own_axis, shape_of

if TYPE_CHECKING:
    from ..tensor import Tensor


class Layout:
    """Mixin: roll, rot90, tile, repeat_interleave, tensor_split, unfold, …"""

    __slots__ = ()
    array: Any
    shape: Any
    ndim: Any

    def roll(self, shifts: Any, dims: Any = None) -> Tensor:
        """Moved along some axes; what falls off the end comes back at the start"""
        x: Any = self
        steps = shape_of((shifts,))
        if dims is None or dims == ():
            if len(steps) != 1:
                raise ValueError(f"roll: several shifts need as many dims (got {shifts})")
            return x.flatten().roll(steps, 0).reshape(x.shape)
        axes = shape_of((dims,))
        if len(axes) != len(steps) or x.ndim == 0:
            raise ValueError(
                f"roll: shifts and dims are as many, dims of the tensor (got {shifts} and {dims} "
                f"for shape {x.shape})"
            )
        if x.array.size == 0:
            return x.clone()
        for step, dim in zip(steps, axes, strict=True):
            axis = axis_of("roll", dim, x.ndim)
            size = x.shape[axis]
            if step % size:
                cut = size - step % size
                x = cat([x.narrow(axis, cut, size - cut), x.narrow(axis, 0, cut)], axis)
        own: Any = self
        return own.clone() if x is own else x

    def rot90(self, k: int = 1, dims: Any = (0, 1)) -> Tensor:
        """Turned by k · 90° in the plane of two axes, from the first towards the second"""
        x: Any = self
        if len(dims) != 2 or x.ndim < 2:
            raise ValueError(f"rot90: expects two dims (got {dims} for shape {x.shape})")
        first, second = axes_of("rot90", dims, x.ndim)
        turns = k % 4
        if turns == 0:
            return x.clone()
        if turns == 2:
            return x.flip(first, second)
        if turns == 1:
            return x.flip(second).transpose(first, second)
        return x.flip(first).transpose(first, second)

    def fliplr(self) -> Tensor:
        """The second axis reversed"""
        if self.ndim < 2:
            raise ValueError(f"fliplr: expects at least 2 axes (got shape {self.shape})")
        return self.flip(1)  # type: ignore[attr-defined]

    def flipud(self) -> Tensor:
        """The first axis reversed"""
        if self.ndim < 1:
            raise ValueError("flipud: expects at least 1 axis (got a number)")
        return self.flip(0)  # type: ignore[attr-defined]

    def tile(self, *dims: Any) -> Tensor:
        """Copies laid side by side; missing counts are 1 in front"""
        counts = shape_of(dims)
        return self.repeat((1,) * (self.ndim - len(counts)) + counts)  # type: ignore[attr-defined]

    def repeat_interleave(
        self, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
    ) -> Tensor:
        """Each element (slice along `dim`) as often as `repeats` says, one after the other

        Without repeats, x itself holds them: the answer is 0 x[0] times, 1 x[1] times, …
        """
        x: Any = self
        if repeats is None:
            return new_tensor(_repeated(x, x.numel()))
        if dim is None:
            return x.reshape(-1).repeat_interleave(repeats, 0, output_size=output_size)
        axis = own_axis("repeat_interleave", dim, x)
        places = _repeated(repeats, x.shape[axis])
        if output_size not in (None, places.size):
            raise ValueError(
                f"repeat_interleave: output_size is the sum of the repeats, {places.size} (got "
                f"{output_size})"
            )
        return x[(slice(None),) * axis + (places,)]

    def tensor_split(self, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Parts cut at some places, or so many of (nearly) equal size, the larger ones first"""
        x: Any = self
        axis = own_axis("tensor_split", dim, x)
        cuts = indices_or_sections
        if hasattr(cuts, "array"):
            cuts = cuts.tolist()
        if isinstance(cuts, (tuple, list)):
            ends = [None, *shape_of((cuts,)), None]
        else:
            (parts,) = shape_of((cuts,))
            if parts < 1:
                raise ValueError(f"tensor_split: the number of parts is positive (got {parts})")
            length, more = divmod(x.shape[axis], parts)
            ends = [k * length + min(k, more) for k in range(parts + 1)]
        key = (slice(None),) * axis
        return tuple(x[key + (slice(*part),)] for part in zip(ends, ends[1:], strict=False))

    def hsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """`tensor_split` along the second axis (the first of a vector)"""
        return _split_evenly("hsplit", self, indices_or_sections, 1 if self.ndim > 1 else 0, 1)

    def vsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """`tensor_split` along the first axis"""
        return _split_evenly("vsplit", self, indices_or_sections, 0, 2)

    def dsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """`tensor_split` along the third axis"""
        return _split_evenly("dsplit", self, indices_or_sections, 2, 3)

    def broadcast_to(self, size: Any) -> Tensor:
        """Sizes of 1 repeated without copying"""
        return self.expand(size)  # type: ignore[attr-defined]

    def unfold(self, dimension: int, size: int, step: int) -> Tensor:
        """All windows of `size` elements along an axis, every `step`; they become the last axis"""
        x: Any = self
        axis = axis_of("unfold", dimension, x.ndim)
        total = x.shape[axis] if x.ndim else 1
        if size < 0 or step <= 0 or size > total:
            raise ValueError(
                f"unfold: windows of {size} every {step} do not fit an axis of {total}; "
                "use 0 ≤ size ≤ the axis and a positive step"
            )
        if x.ndim == 0:
            return x.reshape(1)[:size]
        shape, steps = list(x.shape), np.eye(x.ndim, dtype=int)
        shape[axis] = (total - size) // step + 1
        ways = [
            [n * (step if k == axis else 1) for n in way] for k, way in enumerate(steps.tolist())
        ]
        ways.append(steps[axis].tolist())
        start = (0,) * x.ndim
        return apply(STRIDED, x, shape=(*shape, size), start=start, steps=tuple(map(tuple, ways)))

    def ravel(self) -> Tensor:
        """One axis"""
        return self.reshape(-1)  # type: ignore[attr-defined]


def _repeated(repeats: Any, size: int) -> Any:
    """The number of each slice, as often as it is wanted. Raises ValueError or TypeError."""
    if not hasattr(repeats, "array"):
        repeats = new_tensor(np.array(index(repeats)))
    xp, counts = array_module(repeats.array), repeats.array
    if counts.dtype.name not in ("int32", "int64"):
        raise TypeError(f"repeat_interleave: repeats are integers (got {counts.dtype})")
    if counts.ndim > 1 or counts.size not in (1, size) or (counts < 0).any():
        raise ValueError(
            f"repeat_interleave: repeats is one number ≥ 0, or one for each of the {size} slices "
            f"(got {repeats})"
        )
    return xp.repeat(xp.arange(size), to_numpy(xp.broadcast_to(counts, (size,))).tolist())


def _split_evenly(op: str, x: Any, sections: Any, axis: int, least: int) -> tuple[Tensor, ...]:
    if x.ndim < least:
        raise ValueError(f"{op}: expects at least {least} axes (got shape {x.shape})")
    if isinstance(sections, int) and (sections < 1 or x.shape[axis] % sections):
        raise ValueError(
            f"{op}: {x.shape[axis]} cannot be split into {sections} equal parts; use tensor_split"
        )
    return x.tensor_split(sections, axis)
