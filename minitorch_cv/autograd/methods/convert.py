"""Methods of `Tensor` that change the dtype or the device, or leave the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.cuda import is_pinned, missing, pin
from ...backend.device import device, to_device, to_numpy
from ...backend.dtypes import as_dtype, bool_, float16, float32, float64, int8, int32, int64, uint8
from ...backend.late import raise_late
from ...ops.elementwise.cast import CLONE, CONVERT
from ..function import Transfer
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor


class Convert:
    """Mixin: to, float, double, …, numpy, item, tolist."""

    __slots__ = ()
    array: Any

    def to(
        self, *args: Any, device: Any = None, dtype: Any = None, copy: bool = False,
        non_blocking: bool = False,
    ) -> Tensor:  # fmt: skip
        """The tensor on another device or of another dtype; itself where nothing changes.

        Takes a device, a dtype, both, or another tensor whose device and dtype are meant.
        non_blocking: accepted. The host never waits on the way to a GPU (and from pinned memory,
        `pin_memory()`, the GPU copies by itself); it always waits on the way back.
        """
        for arg in args:
            if arg is None or isinstance(arg, bool):
                continue
            if hasattr(arg, "array"):
                device, dtype = arg.device, arg.dtype
            elif _is_device(arg):
                device = arg
            else:
                dtype = arg
        out: Any = self
        if device is not None:
            out = _to_device(out, device)
        if dtype is not None and as_dtype(dtype) != out.array.dtype:
            out = apply(CONVERT, out, dtype=as_dtype(dtype))
        return out.clone() if copy and out is self else out

    def type(self, dtype: Any = None) -> Any:
        """The tensor as another dtype; without one, the dtype's name."""
        return str(self.array.dtype) if dtype is None else self.to(dtype=dtype)

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor in the dtype of `other`."""
        return self.to(dtype=other.dtype)

    def half(self) -> Tensor:
        """As float16."""
        return self.to(dtype=float16)

    def float(self) -> Tensor:
        """As float32."""
        return self.to(dtype=float32)

    def double(self) -> Tensor:
        """As float64."""
        return self.to(dtype=float64)

    def char(self) -> Tensor:
        """As int8."""
        return self.to(dtype=int8)

    def byte(self) -> Tensor:
        """As uint8."""
        return self.to(dtype=uint8)

    def int(self) -> Tensor:
        """As int32."""
        return self.to(dtype=int32)

    def long(self) -> Tensor:
        """As int64."""
        return self.to(dtype=int64)

    def bool(self) -> Tensor:
        """As bool: what is not zero is true."""
        return self.to(dtype=bool_)

    def cpu(self) -> Tensor:
        """On the CPU."""
        return self.to("cpu")

    def cuda(self, index: Any = None) -> Tensor:
        """On a GPU. Raises ValueError where there is none."""
        return self.to("cuda" if index is None else f"cuda:{index}")

    def pin_memory(self) -> Tensor:
        """A copy in pinned memory, from which a GPU copies by itself; itself where it lies there.

        TypeError for a tensor on a GPU, RuntimeError where there is none.
        """
        out = new_tensor(pin(self._on_the_host("pin_memory")))
        out.requires_grad = self._requires_grad  # type: ignore[attr-defined]
        return out

    def is_pinned(self) -> Any:
        """Does it lie in pinned memory? False, too, where there is no GPU."""
        return isinstance(self.array, np.ndarray) and missing() is None and is_pinned(self.array)

    def _on_the_host(self, name: str) -> np.ndarray:
        if not isinstance(self.array, np.ndarray):
            raise TypeError(f"{name}: the tensor lies on a GPU; only the host's memory is pinned")
        return self.array

    # New ones, of the dtype and on the device of this one.

    def new_tensor(self, data: Any, **options: Any) -> Tensor:
        """`tensor(data)`"""
        from ..tensor import tensor

        return tensor(data, **self._options(options))

    def new_zeros(self, *size: Any, **options: Any) -> Tensor:
        """`zeros(size)`"""
        from ..creation import zeros

        return zeros(*size, **self._options(options))

    def new_ones(self, *size: Any, **options: Any) -> Tensor:
        """`ones(size)`"""
        from ..creation import ones

        return ones(*size, **self._options(options))

    def new_empty(self, *size: Any, **options: Any) -> Tensor:
        """`empty(size)`"""
        from ..creation import empty

        return empty(*size, **self._options(options))

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Tensor:
        """`full(size, fill_value)`"""
        from ..creation import full

        return full(size, fill_value, **self._options(options))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        own: Any = self
        given = {name: value for name, value in options.items() if value is not None}
        return {"dtype": own.dtype, "device": own.device, **given}

    # Copies, and the way out.

    def clone(self) -> Tensor:
        """A copy; the gradient flows through."""
        return apply(CLONE, self)

    def contiguous(self) -> Tensor:
        """In row-major memory: itself where it already is."""
        return self.clone() if not self.array.flags.c_contiguous else self  # type: ignore[return-value]

    def numpy(self) -> np.ndarray:
        """The NumPy array inside, shared. TypeError on a GPU, RuntimeError on the tape."""
        if self._requires_grad:  # type: ignore[attr-defined]
            raise RuntimeError(
                "numpy: the tensor requires grad, and changes of the array would go unnoticed; "
                "use .detach().numpy()"
            )
        if not isinstance(self.array, np.ndarray):
            raise TypeError("numpy: the tensor lies on a GPU; use .cpu().numpy()")
        return self.array

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def item(self) -> Any:
        """The one number inside, as a Python number. Raises ValueError for any other size."""
        if self.array.size != 1:
            raise ValueError(
                f"item: only one-element tensors are numbers (got shape {self.array.shape})"
            )
        return self._number()

    def _number(self) -> Any:
        raise_late(self.array)
        return self.array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return to_numpy(self.array).tolist()

    def __bool__(self) -> Any:
        if self.array.size != 1:
            raise ValueError(
                "bool: the truth of a tensor with more than one element is unclear "
                f"(got shape {self.array.shape}); use .any() or .all()"
            )
        return bool_.type(self._number()).item()

    def __float__(self) -> Any:
        return _python_float(self.item())

    def __int__(self) -> Any:
        return _python_int(self.item())

    def __index__(self) -> Any:
        if self.array.dtype.kind not in "iu":
            raise TypeError(f"index: only integer tensors are indices (got {self.array.dtype})")
        return _python_int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.array.ndim == 0 and spec else str(self)


_python_float, _python_int = (1.0).__class__, (1).__class__


def _is_device(arg: Any) -> Any:
    if isinstance(arg, device):
        return True
    return isinstance(arg, str) and np.dtype("O") == _dtype_or_object(arg)


def _dtype_or_object(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:
        return np.dtype("O")


def _to_device(tensor: Any, where: Any) -> Any:
    """The tensor on a device; recorded, so that the gradient comes back to where it was."""
    where = device(where)
    array = to_device(tensor.array, where)
    if array is tensor.array:
        return tensor
    if not tensor._requires_grad:
        return new_tensor(array)
    return Transfer.apply(tensor, where)
