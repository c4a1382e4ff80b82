"""`Tensor`: an array with a place on the tape."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backend.device import chosen_device, device, device_of, to_device, to_numpy
from ..backend.dtypes import as_dtype, get_default_dtype
from ..backend.library import library_of, plain
from ..backend.numbers import as_numbers, checked
from . import engine, tape
from .methods.algebra import Algebra
from .methods.arithmetic import Arithmetic
from .methods.convert import Convert
from .methods.diagonals import Diagonals
from .methods.indexing import Indexing
from .methods.inplace import InPlace
from .methods.inplace_forms import InPlaceForms
from .methods.layout import Layout
from .methods.pointwise import Pointwise
from .methods.reducing import Reducing
from .methods.scanning import Scanning
from .methods.scattering import Scattering
from .methods.shaping import Shaping
from .methods.sorting import Sorting
from .methods.statistics import Statistics
from .show import tensor_repr


class Tensor(
    Arithmetic, Pointwise, Shaping, Layout, Indexing, Scattering, Diagonals, Sorting, Reducing,
    Statistics, Scanning, Algebra, InPlace, InPlaceForms, Convert,
):  # fmt: skip
    """A multi-dimensional array that can be differentiated (PyTorch: `torch.Tensor`).

    array: the NumPy or CuPy array inside (shared, not copied). What a convolution in bfloat16 has
        made on a GPU lies there in 16 bits, and is widened when it is first asked for.
    grad: the gradient that `backward` accumulated, a Tensor or None.
    requires_grad: is a gradient wanted? True for results of operations on such tensors, too.

    `Tensor(data)` is of the default float dtype; `minitorch_cv.tensor(data)` keeps the data's.
    """

    __slots__ = (
        "array", "grad", "_requires_grad", "_node", "_index", "_version", "_seen", "_base",
        "_hooks", "__weakref__",
    )  # fmt: skip
    __array_ufunc__ = None  # NumPy's operators leave `ndarray + Tensor` to the Tensor

    array: Any
    _packed: Any = None  # the values, where they are packed (PackedTensor)
    grad: Tensor | None
    _requires_grad: bool
    _node: tape.Node | None
    _index: int
    _version: tape.Version
    _seen: int
    _base: Tensor | None
    _hooks: dict[int, Callable[[Tensor], Tensor | None]] | None

    def __init__(self, data: Any = (), *, dtype: Any = None, requires_grad: bool = False) -> None:
        fresh = tensor(data, dtype=get_default_dtype() if dtype is None else dtype)
        for name in ("array", "grad", "_node", "_index", "_version", "_seen", "_base", "_hooks"):
            setattr(self, name, getattr(fresh, name))
        self._requires_grad = False
        self.requires_grad = requires_grad

    # What it is.

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def device(self) -> device:
        return device_of(self.array)

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def nbytes(self) -> int:
        return int(self.array.nbytes)

    @property
    def itemsize(self) -> int:
        return int(self.array.itemsize)

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.itemsize

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one of its sizes."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of axes."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    nelement = numel

    def is_floating_point(self) -> bool:
        """True for float16, float32 and float64."""
        return self.dtype.kind == "f"

    def is_contiguous(self) -> bool:
        """True where the memory lies in row-major order."""
        return bool(self.array.flags.c_contiguous)

    def stride(self, dim: int | None = None) -> Any:
        """Steps between neighbours along each axis, in elements."""
        strides = tuple(step // self.itemsize for step in self.array.strides)
        return strides if dim is None else strides[dim]

    def data_ptr(self) -> int:
        """The address of the first element."""
        pointer = getattr(self.array, "ctypes", None)
        return int(pointer.data if pointer is not None else self.array.data.ptr)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: a 0-d tensor has no length")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iter: a 0-d tensor cannot be iterated over")
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return tensor_repr(self)

    # Its place on the tape.

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self._node is not None and not value:
            raise RuntimeError(
                "requires_grad: a tensor that was computed from others cannot be switched off; "
                "use .detach()"
            )
        if value and self.dtype.kind != "f":
            raise RuntimeError(
                f"requires_grad: only float tensors have gradients (got dtype {self.dtype}); "
                "use .float() first"
            )
        self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets `requires_grad` and returns the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """True for a tensor that no recorded operation made."""
        return self._node is None

    @property
    def grad_fn(self) -> tape.Node | None:
        """The node of the tape that this tensor came from; None for a leaf."""
        return self._node

    @property
    def output_nr(self) -> int:
        """Which output of `grad_fn` this is."""
        return self._index

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Adds the gradient of this tensor to `.grad` of every leaf (see `autograd.backward`)."""
        engine.backward(self, gradient, retain_graph, create_graph)

    def retain_grad(self) -> None:
        """Keeps `.grad` of a tensor that is not a leaf. Raises RuntimeError without a graph."""
        import weakref

        if not self._requires_grad:
            raise RuntimeError("retain_grad: the tensor does not require grad")
        if self._node is not None:
            if self._node.retained is None:
                self._node.retained = {}
            self._node.retained[self._index] = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """True after `retain_grad` on a tensor that is not a leaf."""
        kept = self._node.retained if self._node is not None else None
        return bool(kept) and self._index in (kept or {})

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Calls `hook(grad)` when the gradient is known; an answer replaces the gradient.

        Returns a handle whose `remove()` takes the hook off again.
        """
        if not self._requires_grad:
            raise RuntimeError("register_hook: the tensor does not require grad")
        if self._node is None:
            if self._hooks is None:
                self._hooks = {}
            return Handle(self._hooks, hook)
        if self._node.hooks is None:
            self._node.hooks = {}
        return Handle(self._node.hooks.setdefault(self._index, {}), hook)

    def detach(self) -> Tensor:
        """The same memory, off the tape."""
        out = tape.new_tensor(self.array)
        out._version, out._seen = self._version, self._version.recorded
        return out

    def detach_(self) -> Tensor:
        """Takes this tensor itself off the tape."""
        self._node, self._index, self._requires_grad = None, 0, False
        return self

    @property
    def data(self) -> Tensor:
        """The same memory, off the tape; assigning replaces the values, not the place."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"data: expects a Tensor (got {type(value).__name__})")
        self.array = value.array
        self._version.value += 1

    # Copies.

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None:
            raise RuntimeError("deepcopy: only leaves can be copied; use .detach().clone()")
        out = self._like(self.array.copy())
        out._requires_grad = self._requires_grad
        out.grad = copy.deepcopy(self.grad, memo)
        memo[id(self)] = out
        return out

    def _like(self, array: Any) -> Tensor:
        """A new tensor of the same class around another array."""
        out = tape.new_tensor(array)
        if self._packed is None:
            out.__class__ = self.__class__
        return out

    def __reduce__(self) -> Any:
        array = to_numpy(self.array)  # which makes an ordinary Tensor of a packed one
        return _rebuild, (self.__class__, array, self._requires_grad)


def _rebuild(kind: type[Tensor], array: np.ndarray, requires_grad: bool) -> Tensor:
    out = tape.new_tensor(array)
    out.__class__ = kind
    out._requires_grad = requires_grad
    return out


class Handle:
    """Takes a hook off again: `handle.remove()`, or at the end of a `with` block."""

    _next = 0

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        Handle._next += 1
        self.key = Handle._next
        self.hooks = hooks
        hooks[self.key] = hook

    def remove(self) -> None:
        """Takes the hook off; a second call does nothing."""
        self.hooks.pop(self.key, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,  # noqa: A002
    requires_grad: bool = False,
) -> Tensor:
    """A new leaf with a copy of `data`: numbers, nested lists, an array or a Tensor.

    Python floats become the default dtype (float32), ints int64; arrays keep their dtype.
    Raises ValueError for ragged lists and TypeError for data that are no numbers.
    """
    out = tape.new_tensor(_as_array(data, dtype, copy_it=True))
    where = chosen_device(device)
    if where is not None:
        out = out.to(where)
    elif isinstance(data, Tensor):
        out = out.to(data.device)
    out.requires_grad = requires_grad
    return out


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:  # noqa: A002
    """`data` as a Tensor, sharing memory where it already is an array of that type."""
    where = chosen_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None and where is None else data.to(device=where, dtype=dtype)
    out = tape.new_tensor(_as_array(data, dtype, copy_it=False))
    return out if where is None else out.to(where)


def from_numpy(array: np.ndarray) -> Tensor:
    """A Tensor that shares memory with a NumPy array. Raises TypeError for anything else."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expects a NumPy array (got {type(array).__name__})")
    return tape.new_tensor(checked(array))


def _as_array(data: Any, dtype: Any, copy_it: bool) -> Any:
    if isinstance(data, Tensor):
        data = data.array
    library = library_of(data)
    if library is not None and library.name != "cpu":
        data = to_device(data, device("cpu"))
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data) if copy_it else np.asarray(data)
    else:
        if isinstance(data, (list, tuple)) and any(isinstance(item, Tensor) for item in data):
            data = [item.tolist() if isinstance(item, Tensor) else item for item in data]
        array = checked(as_numbers(data, keep_floats=dtype is not None))
    return checked(array.astype(as_dtype(dtype), copy=False) if dtype is not None else array)


class PackedTensor(Tensor):
    """A Tensor whose values lie packed (backend/library.py: `plain`) until its array is asked for.

    It is an ordinary Tensor from then on. Packed memory is written to by nobody, and no view shares
    it: an in-place operation hands the tensor other values.
    """

    __slots__ = ()

    @property
    def array(self) -> Any:
        """The values, widened."""
        wide = plain(self._packed)
        self.array = wide
        return wide

    @array.setter
    def array(self, value: Any) -> None:
        self.__class__ = Tensor  # type: ignore[assignment]
        self.array = value

    @property
    def _packed(self) -> Any:
        return _ARRAY.__get__(self)

    @_packed.setter
    def _packed(self, value: Any) -> None:
        _ARRAY.__set__(self, value)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._packed.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._packed.dtype

    @property
    def ndim(self) -> int:
        return self._packed.ndim

    @property
    def device(self) -> device:
        return device_of(self._packed)

    def numel(self) -> int:
        return int(self._packed.size)


_ARRAY: Any = vars(Tensor)["array"]  # where every Tensor keeps its values
PackedTensor.__name__ = PackedTensor.__qualname__ = "Tensor"  # as everybody sees it
tape.TENSOR, tape.PACKED_TENSOR = Tensor, PackedTensor
