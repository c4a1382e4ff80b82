"""In-place operations: what they do to memory, to the tape, and to everything that shares either.

Without recording, the values are written and the version of the memory goes up, so that a backward
that saved them notices. While recording, the tensor moves to a new place on the tape: `x += y`
becomes x' = x + y, and the tensor is x' from then on. If it is a view, its base changes too:
base' = base with the view's elements replaced, and the view is read from base' again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.library import array_module
from ...ops.elementwise import binary, unary
from ...ops.op import Op
from ...ops.shape.getitem import OP as GETITEM
from ...ops.shape.setitem import OP as SETITEM
from .. import tape
from ..modes import state
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor

_ADD, _SUB, _MUL, _DIV, _POW = (binary.BY_NAME[n] for n in ("add", "sub", "mul", "div", "pow"))


class InPlace:
    """Mixin: add_, mul_, zero_, copy_, … and `x[key] = value`."""

    __slots__ = ()

    def add_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self += alpha · other"""
        return update(self, _ADD, other if alpha == 1 else other * alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self −= alpha · other"""
        return update(self, _SUB, other if alpha == 1 else other * alpha)

    def mul_(self, other: Any) -> Tensor:
        """self *= other"""
        return update(self, _MUL, other)

    def div_(self, other: Any) -> Tensor:
        """self /= other"""
        return update(self, _DIV, other)

    def pow_(self, exponent: Any) -> Tensor:
        """self **= exponent"""
        return update(self, _POW, exponent)

    def addcmul_(self, a: Any, b: Any, *, value: Any = 1) -> Tensor:
        """self += value · a · b"""
        return self.add_(a * b, alpha=value)

    def addcdiv_(self, a: Any, b: Any, *, value: Any = 1) -> Tensor:
        """self += value · a / b"""
        return self.add_(a / b, alpha=value)

    def lerp_(self, end: Any, weight: Any) -> Tensor:
        """self += weight · (end − self)"""
        return self.add_((end - self) * weight)

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002
        """Limits the values to [min, max]."""
        return update(self, unary.BY_NAME["clamp"], min=min, max=max)

    def neg_(self) -> Tensor:
        """self = −self"""
        return update(self, unary.BY_NAME["neg"])

    def copy_(self, source: Any) -> Tensor:
        """Takes the values of another tensor, broadcast to this one."""
        return assign(self, Ellipsis, source)

    def fill_(self, value: Any) -> Tensor:
        """Sets every element to one value."""
        return assign(self, Ellipsis, value)

    def zero_(self) -> Tensor:
        """Sets every element to 0."""
        return assign(self, Ellipsis, 0)

    def normal_(self, mean: Any = 0.0, std: Any = 1.0, *, generator: Any = None) -> Tensor:
        """Fills with normal numbers."""
        from ..creation import randn

        noise = randn(self.shape, generator=generator, dtype=self.dtype)  # type: ignore[attr-defined]
        return self.copy_((noise * std + mean).to(self.device))  # type: ignore[attr-defined]

    def uniform_(self, low: Any = 0.0, high: Any = 1.0, *, generator: Any = None) -> Tensor:
        """Fills with uniform numbers from [low, high)."""
        from ..creation import rand

        noise = rand(self.shape, generator=generator, dtype=self.dtype)  # type: ignore[attr-defined]
        return self.copy_((noise * (high - low) + low).to(self.device))  # type: ignore[attr-defined]

    def __setitem__(self, key: Any, value: Any) -> None:
        assign(self, plain_key(key), value)

    def __iadd__(self, other: Any) -> Tensor:
        return self.add_(other)

    def __isub__(self, other: Any) -> Tensor:
        return self.sub_(other)

    def __imul__(self, other: Any) -> Tensor:
        return self.mul_(other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self.div_(other)

    def __ipow__(self, other: Any) -> Tensor:
        return self.pow_(other)


def plain_key(key: Any) -> Any:
    """An index with its Tensors as arrays and its lists as integer arrays."""
    if isinstance(key, tuple):
        return tuple(map(plain_key, key))
    if isinstance(key, tape.TENSOR):
        return key.array if key.array.dtype.kind != "u" else key.array.astype(np.int64)
    if isinstance(key, list):
        return np.array([int(k) if isinstance(k, tape.TENSOR) else k for k in key], _list_type(key))
    if isinstance(key, float):
        raise IndexError(f"getitem: an index is an integer (got {key}); use int()")
    return key


def _list_type(key: list[Any]) -> Any:
    return np.int64 if not key else None


def update(target: Any, op: Op, *others: Any, **params: Any) -> Tensor:
    """target = op(target, *others) in place; the dtype of `target` stays."""
    _judge(target, op.name)
    values = [_in_dtype_of(target, other, op.name) for other in others]
    if not _recorded(target, values):
        arrays = [v.array if isinstance(v, tape.TENSOR) else v for v in values]
        result = op.run([target.array, *arrays], params)[0]
        _fits(op.name, target, result.shape)
        target.array[...] = result
        target._version.value += 1
        return target
    old = _before(target)
    result = apply(op, old, *values, **params)
    _fits(op.name, target, result.shape)
    return _replace(target, result)


def assign(target: Any, key: Any, value: Any) -> Tensor:
    """target[key] = value in place."""
    _judge(target, "setitem")
    if isinstance(value, (np.ndarray, list, tuple)):
        from ..tensor import as_tensor

        value = as_tensor(value)
    if isinstance(value, tape.TENSOR) and value.dtype != target.dtype:
        value = value.to(dtype=target.dtype)
    if not _recorded(target, [value]):
        plain = value.array if isinstance(value, tape.TENSOR) else value
        SETITEM._device([target.array, plain])
        if SETITEM.check is not None:
            SETITEM.check(target.array, plain, key=key)
        target.array[key] = plain
        target._version.value += 1
        return target
    return _replace(target, apply(SETITEM, _before(target), value, key=key))


def _judge(target: Any, name: str) -> None:
    """Raises RuntimeError where memory is read-only, or the gradient of a leaf would be lost."""
    if not getattr(target.array.flags, "writeable", True):
        raise RuntimeError(
            f"{name}: the memory is read-only (the tensor repeats elements after expand, or was "
            "made from a read-only array); .clone() it first"
        )
    if not state.recording or not target._requires_grad:
        return
    if target._node is None:
        raise RuntimeError(
            f"{name}: a leaf that requires grad cannot be changed in place while recording; "
            "use `with no_grad():` to change its values"
        )
    base = target._base
    if base is not None and base._node is None and base._requires_grad:
        raise RuntimeError(
            f"{name}: this is a view of a leaf that requires grad, which cannot be changed in "
            "place while recording; use `with no_grad():` or .clone() first"
        )


def _recorded(target: Any, values: list[Any]) -> bool:
    if not state.recording:
        return False
    base = target._base
    if target._requires_grad or (base is not None and base._requires_grad):
        return True
    return any(isinstance(v, tape.TENSOR) and v._requires_grad for v in values)


def _in_dtype_of(target: Any, other: Any, name: str) -> Any:
    """The operand in the target's dtype. Raises RuntimeError where that would lose its fraction."""
    if isinstance(other, tape.TENSOR):
        if other.dtype.kind == "f" and target.dtype.kind != "f":
            raise RuntimeError(
                f"{name}: a {other.dtype} result cannot be kept in a {target.dtype} tensor; "
                "use the out-of-place form"
            )
        return other if other.dtype == target.dtype else other.to(dtype=target.dtype)
    if isinstance(other, float) and target.dtype.kind != "f":
        raise RuntimeError(
            f"{name}: a float result cannot be kept in a {target.dtype} tensor; "
            "use the out-of-place form"
        )
    return target.dtype.type(other) if isinstance(other, (int, float, np.number)) else other


def _fits(name: str, target: Any, shape: tuple[int, ...]) -> None:
    if shape != target.shape:
        raise RuntimeError(
            f"{name}: the result of shape {shape} does not fit in the tensor of shape "
            f"{target.shape} that is changed in place; use the out-of-place form"
        )


def _before(target: Any) -> Tensor:
    """The tensor as it is now, with a copy of its values, at its place on the tape."""
    if target._seen < target._version.recorded:
        tape.raise_stale("in-place operation")
    old = new_tensor(array_module(target.array).array(target.array))
    old._node, old._index, old._requires_grad = target._node, target._index, target._requires_grad
    return old


def _replace(target: Any, result: Tensor) -> Any:
    """Writes the result into the memory of `target` and moves `target` to its place on the tape."""
    base = target._base
    old_base = None if base is None else _before(base)
    target.array[...] = result.array
    version = target._version
    version.value += 1
    version.recorded = target._seen = version.value
    if base is None or old_base is None:
        _move(target, result)
        return target
    places = _places(target.array, base.array)
    _move(base, apply(SETITEM, old_base.reshape(-1), result, key=places).reshape(base.shape))
    base._seen = version.value
    _move(target, apply(GETITEM, base.reshape(-1), key=places))
    return target


def _move(target: Any, result: Tensor) -> None:
    target._node, target._index = result._node, result._index
    target._requires_grad = result._requires_grad


def _places(view: Any, base: Any) -> Any:
    """For each element of a view, its flat place in the base: the view's strides on a range."""
    if not base.flags.c_contiguous:
        raise RuntimeError(
            "in-place operation: the view's base is not contiguous; use the out-of-place form"
        )
    xp = array_module(base)
    offset = (_address(view) - _address(base)) // base.itemsize
    strides = tuple(step // base.itemsize for step in view.strides)
    flat = np.full(view.shape, offset, np.int64)
    for axis, (size, step) in enumerate(zip(view.shape, strides, strict=True)):
        flat += (np.arange(size) * step).reshape([-1 if k == axis else 1 for k in range(view.ndim)])
    if math.prod(view.shape) != len(np.unique(flat)):
        raise RuntimeError(
            "in-place operation: the tensor repeats elements (it was expanded); .clone() it first"
        )
    return xp.asarray(flat)


def _address(array: Any) -> int:
    pointer = getattr(array, "ctypes", None)
    return int(pointer.data if pointer is not None else array.data.ptr)
