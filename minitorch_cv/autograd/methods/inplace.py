"""In-place operations: what they do to memory, to the tape, and to everything that shares either.

Without recording, the values are written and the version of the memory goes up, so that a backward
that saved them notices. While recording, the tensor moves to a new place on the tape: `x += y`
becomes x' = x + y, and the tensor is x' from then on. If it is a view, its base changes too:
base' = base with the view's elements replaced, and the view is read from base' again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.dtypes import rank
from ...backend.library import array_module, beside
from ...ops.op import Op
from ...ops.shape.getitem import OP as GETITEM
from ...ops.shape.setitem import OP as SETITEM
from .. import tape
from ..modes import state
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor


class InPlace:
    """Mixin: add_, mul_, zero_, copy_, … and `x[key] = value`."""

    __slots__ = ()

    def add_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self += alpha · other"""
        return call(self, "add", other, alpha=alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self −= alpha · other"""
        return call(self, "sub", other, alpha=alpha)

    def mul_(self, other: Any) -> Tensor:
        """self *= other"""
        return call(self, "mul", other)

    def div_(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """self /= other"""
        return call(self, "div", other, rounding_mode=rounding_mode)

    def pow_(self, exponent: Any) -> Tensor:
        """self **= exponent"""
        return call(self, "pow", exponent)

    def addcmul_(self, a: Any, b: Any, *, value: Any = 1) -> Tensor:
        """self += value · a · b"""
        return call(self, "addcmul", a, b, value=value)

    def addcdiv_(self, a: Any, b: Any, *, value: Any = 1) -> Tensor:
        """self += value · a / b"""
        return call(self, "addcdiv", a, b, value=value)

    def lerp_(self, end: Any, weight: Any) -> Tensor:
        """self += weight · (end − self)"""
        return call(self, "lerp", end, weight)

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002
        """Limits the values to [min, max]."""
        return call(self, "clamp", min, max)

    def neg_(self) -> Tensor:
        """self = −self"""
        return call(self, "neg")

    def copy_(self, source: Any) -> Tensor:
        """Takes the values of another tensor (or a number), broadcast to this one."""
        if not isinstance(source, tape.TENSOR):
            source = as_number("copy_", self, source)
        return assign(self, Ellipsis, source)

    def fill_(self, value: Any) -> Tensor:
        """Sets every element to one value."""
        return assign(self, Ellipsis, as_number("fill_", self, value))

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


def call(target: Any, name: str, *args: Any, **kwargs: Any) -> Tensor:
    """target = target.name(*args, **kwargs) in place."""
    others = (*args, *kwargs.values())
    return change(target, f"{name}_", others, lambda x: getattr(x, name)(*args, **kwargs))


def update(target: Any, op: Op, **params: Any) -> Tensor:
    """target = op(target) in place."""
    return change(target, op.name, (), lambda x: apply(op, x, **params))


def change(target: Any, name: str, others: Any, compute: Callable[[Any], Any]) -> Tensor:
    """target = compute(target) in place; others: what it computes with. The dtype stays."""
    judge(target, name)
    recorded = _recorded(target, others)
    result = compute(before(target) if recorded else target)
    if result.shape != target.shape:
        raise RuntimeError(
            f"{name}: the result of shape {result.shape} does not fit in the tensor of shape "
            f"{target.shape} that is changed in place; use the out-of-place form"
        )
    if rank(result.dtype) > rank(target.dtype):
        raise RuntimeError(
            f"{name}: a {result.dtype} result cannot be kept in a {target.dtype} tensor; "
            "use the out-of-place form"
        )
    packed = result._packed is not None and target._packed is not None
    if packed and (result._requires_grad or not recorded):
        return _take(target, result, recorded)
    if recorded:
        if result._requires_grad:
            return replace(target, result.to(dtype=target.dtype))
        return assign(target, Ellipsis, result)  # a constant, from which no gradient goes back
    with beside(target.array):
        target.array[...] = result.array
    target._version.value += 1
    return target


def assign(target: Any, key: Any, value: Any) -> Tensor:
    """target[key] = value in place."""
    judge(target, "setitem")
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
        with beside(target.array):
            target.array[key] = plain
        target._version.value += 1
        return target
    return replace(target, apply(SETITEM, before(target), value, key=key))


def judge(target: Any, name: str) -> None:
    """Raises RuntimeError where memory is read-only, or the gradient of a leaf would be lost."""
    if target._packed is None and not getattr(target.array.flags, "writeable", True):
        raise RuntimeError(
            f"{name}: the memory is read-only (the tensor repeats elements after expand, or was "
            "made from a read-only array); .clone() it first"
        )
    judge_leaf(target, name)
    if not state.recording or not target._requires_grad:
        return
    base = target._base
    if base is not None and base._node is None and base._requires_grad:
        raise RuntimeError(
            f"{name}: this is a view of a leaf that requires grad, which cannot be changed in "
            "place while recording; use `with no_grad():` or .clone() first"
        )


def judge_leaf(target: Any, name: str) -> None:
    """Raises RuntimeError where the gradient of a leaf would be lost."""
    if state.recording and target._requires_grad and target._node is None:
        raise RuntimeError(
            f"{name}: a leaf that requires grad cannot be changed in place while recording; "
            "use `with no_grad():` to change its values"
        )


def as_number(op: str, x: Any, value: Any) -> Any:
    """A number as a tensor without axes, of x's dtype. Raises TypeError or ValueError."""
    if isinstance(value, tape.TENSOR):
        if value.ndim:
            raise ValueError(f"{op}: value is a number (got a tensor of shape {value.shape})")
        return value.to(dtype=x.dtype)
    if not isinstance(value, (bool, int, float, np.number)):
        raise TypeError(f"{op}: value is a number (got {type(value).__name__})")
    if x.dtype.kind in "iu":
        limits = np.iinfo(x.dtype)
        if not limits.min <= value <= limits.max:
            raise ValueError(f"{op}: {value} cannot be kept in a tensor of {x.dtype}")
    return new_tensor(array_module(x.array).full((), value, x.dtype))


def _recorded(target: Any, values: Any) -> bool:
    if not state.recording:
        return False
    base = target._base
    if target._requires_grad or (base is not None and base._requires_grad):
        return True
    return any(isinstance(v, tape.TENSOR) and v._requires_grad for v in values)


def before(target: Any) -> Tensor:
    """The tensor as it is now, with a copy of its values, at its place on the tape."""
    if target._seen < target._version.recorded:
        tape.raise_stale("in-place operation")
    packed = target._packed  # such memory is never written to
    old = new_tensor(array_module(target.array).array(target.array) if packed is None else packed)
    old._node, old._index, old._requires_grad = target._node, target._index, target._requires_grad
    return old


def replace(target: Any, result: Tensor) -> Any:
    """Writes the result into the memory of `target` and moves `target` to its place on the tape."""
    base = target._base
    old_base = None if base is None else before(base)
    with beside(target.array):
        target.array[...] = result.array
    version = target._version
    version.value += 1
    version.recorded = target._seen = version.value
    if base is None or old_base is None:
        move(target, result)
        return target
    places = _places(target.array, base.array)
    move(base, apply(SETITEM, old_base.reshape(-1), result, key=places).reshape(base.shape))
    base._seen = version.value
    move(target, apply(GETITEM, base.reshape(-1), key=places))
    return target


def _take(target: Any, result: Any, recorded: bool) -> Any:
    """`target` is the result from here on, where both are packed: no view shares such memory."""
    target._packed, version = result._packed, target._version
    version.value += 1
    if recorded:
        version.recorded = target._seen = version.value
        move(target, result)
    return target


def move(target: Any, result: Tensor) -> None:
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
