"""A strict fake GPU: NumPy inside, CuPy's manners outside, so that device leaks show anywhere.

As with CuPy, mixing its arrays with NumPy's is a TypeError, NumPy refuses to convert them, every
result stays on the device (sums are 0-d arrays, not numbers), and reading a value (`item`, `bool`,
`float`, `get`, `tolist`) makes the host wait; these waits are counted.

    with fake_device() as fake:
        y = model(x.to("fake"))
        assert fake.total() == 0, fake.last

Source: the behaviour of `cupy.ndarray`, CuPy 13 ("Differences between CuPy and NumPy").
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..backend.library import ArrayLibrary, register_library, unregister_library

_OPS = str(Path(__file__).parents[1] / "ops")
_MISSING = {"errstate", "ndindex", "nditer", "vectorize"}  # what CuPy's namespace does not have
_UPLOADS = {"asarray", "array", "ascontiguousarray", "asfortranarray"}  # these take NumPy arrays


class FakeCounters:
    """What crossed between the device and the host, and where it last happened.

    waits: values read by the host (`item`, `bool`, `float`, …); downloads: arrays copied to the
    host; uploads: NumPy arrays copied to the device (asynchronous on a GPU, so not in `total`);
    masks: boolean indices, whose result has a size that only the device knows; judged: values that
    an op's `check` read, for labels and indices can be judged in no other way.
    """

    def __init__(self) -> None:
        self.waits = self.downloads = self.uploads = self.masks = self.judged = 0
        self.last = ""
        self.library: ArrayLibrary

    def total(self) -> int:
        """Waits and downloads: everything that stops the host until the device is done."""
        return self.waits + self.downloads

    def _note(self, kind: str, what: str) -> None:
        if kind in ("waits", "downloads"):
            frames = [f for f in traceback.extract_stack() if f.filename != __file__]
            if any(f.name.endswith("check") and f.filename.startswith(_OPS) for f in frames):
                kind = "judged"
            else:
                self.last = f"{what} in {frames[-1].filename}, line {frames[-1].lineno}"
        setattr(self, kind, getattr(self, kind) + 1)


_counters = FakeCounters()


def _refuse_numpy(value: Any) -> None:
    if isinstance(value, np.ndarray):
        raise TypeError("fake device: Unsupported type <class 'numpy.ndarray'>; use xp.asarray")


def _unwrap(value: Any) -> Any:
    """FakeArrays as NumPy arrays, also inside tuples, lists and dictionaries. Refuses NumPy's."""
    if isinstance(value, FakeArray):
        return value._inner
    if isinstance(value, (tuple, list)):
        return type(value)(_unwrap(item) for item in value)
    if isinstance(value, dict):
        return {key: _unwrap(item) for key, item in value.items()}
    _refuse_numpy(value)
    return value


def _wrap(value: Any) -> Any:
    """NumPy results as FakeArrays; numbers become 0-d arrays, for the device does not wait."""
    if isinstance(value, (np.ndarray, np.generic)):
        return FakeArray(np.asarray(value))
    if isinstance(value, (tuple, list)):
        return type(value)(_wrap(item) for item in value)
    return value


def _operator(name: str) -> Any:
    method = getattr(np.ndarray, name)

    def operate(self: FakeArray, *others: Any) -> Any:
        if others and not _is_operand(others[0]):
            return NotImplemented
        result = method(self._inner, *map(_unwrap, others))
        return result if result is NotImplemented else _wrap(result)

    operate.__name__ = name
    return operate


def _is_operand(value: Any) -> bool:
    return isinstance(value, (FakeArray, np.ndarray, np.generic, bool, int, float, complex))


def _in_place(name: str) -> Any:
    method = getattr(np.ndarray, name)

    def operate(self: FakeArray, other: Any) -> FakeArray:
        method(self._inner, _unwrap(other))
        return self

    operate.__name__ = name
    return operate


def _method(name: str) -> Any:
    method = getattr(np.ndarray, name)

    def call(self: FakeArray, *args: Any, **kwargs: Any) -> Any:
        return _wrap(method(self._inner, *_unwrap(args), **_unwrap(kwargs)))

    call.__name__ = name
    return call


class _Pointer:
    """`array.data` of CuPy: an address on the device."""

    def __init__(self, ptr: int) -> None:
        self.ptr = ptr


class FakeArray:
    """An array on the fake device."""

    __slots__ = ("_inner",)
    __array_ufunc__ = None  # NumPy's operators leave `ndarray + FakeArray` to us, and we refuse

    def __init__(self, inner: np.ndarray) -> None:
        self._inner = inner

    shape = property(lambda self: self._inner.shape)
    dtype = property(lambda self: self._inner.dtype)
    ndim = property(lambda self: self._inner.ndim)
    size = property(lambda self: self._inner.size)
    nbytes = property(lambda self: self._inner.nbytes)
    itemsize = property(lambda self: self._inner.itemsize)
    strides = property(lambda self: self._inner.strides)
    flags = property(lambda self: self._inner.flags)
    data = property(lambda self: _Pointer(self._inner.ctypes.data))
    T = property(lambda self: FakeArray(self._inner.T))
    real = property(lambda self: FakeArray(self._inner.real))

    @property
    def base(self) -> FakeArray | None:
        """The array whose memory this is; itself, where others look at its memory.

        (On the device those would hold this very array; here they hold what is inside of it.)
        """
        if self._inner.base is not None:
            return FakeArray(self._inner)
        return None if _holders(self) == _ONE_HOLDER else self

    def __len__(self) -> int:
        return len(self._inner)

    def __repr__(self) -> str:
        return f"FakeArray(shape={self.shape}, dtype={self.dtype})"

    def __iter__(self) -> Iterator[FakeArray]:
        return (self[i] for i in range(len(self)))

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(
            "fake device: Implicit conversion to a NumPy array is not allowed; use .get()"
        )

    def __getitem__(self, key: Any) -> FakeArray:
        return _wrap(self._inner[_plain_key(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._inner[_plain_key(key)] = _unwrap(value)

    def get(self) -> np.ndarray:
        """A copy on the host: CuPy's explicit transfer."""
        _counters._note("downloads", "get()")
        return self._inner.copy()

    def tolist(self) -> Any:
        _counters._note("downloads", "tolist()")
        return self._inner.tolist()

    def item(self, *place: Any) -> Any:
        _counters._note("waits", "item()")
        return self._inner.item(*place)

    def __bool__(self) -> bool:
        _counters._note("waits", "bool()")
        return bool(self._inner)

    def __float__(self) -> float:
        _counters._note("waits", "float()")
        return float(self._inner)

    def __int__(self) -> int:
        _counters._note("waits", "int()")
        return int(self._inner)

    def __index__(self) -> int:
        _counters._note("waits", "index()")
        return self._inner.__index__()

    def __complex__(self) -> complex:
        _counters._note("waits", "complex()")
        return complex(self._inner)


def _holders(array: FakeArray) -> int:
    return sys.getrefcount(array._inner)


_ONE_HOLDER = _holders(FakeArray(np.empty(0)))


def _plain_key(key: Any) -> Any:
    """An index as NumPy takes it. CuPy copies a NumPy index array to the device by itself."""
    if isinstance(key, tuple):
        return tuple(_plain_key(part) for part in key)
    if isinstance(key, FakeArray):
        if key.dtype == np.bool_:
            _counters._note("masks", "a boolean index")
        return key._inner
    if isinstance(key, (np.ndarray, list)):
        _counters._note("uploads", "an index")
    return key


_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod"
_COMPARE = "eq ne lt le gt ge neg pos abs invert"
_METHODS = (
    "all any argmax argmin argsort astype clip conj copy cumsum diagonal dot fill flatten max mean "
    "min nonzero prod ravel repeat reshape round sort squeeze std sum swapaxes take trace "
    "transpose var view"
)

for _name in _BINARY.split():
    for _prefix in ("", "r"):
        if hasattr(np.ndarray, f"__{_prefix}{_name}__"):
            setattr(FakeArray, f"__{_prefix}{_name}__", _operator(f"__{_prefix}{_name}__"))
    if hasattr(np.ndarray, f"__i{_name}__"):
        setattr(FakeArray, f"__i{_name}__", _in_place(f"__i{_name}__"))
for _name in _COMPARE.split():
    setattr(FakeArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in _METHODS.split():
    setattr(FakeArray, _name, _method(_name))


class _Function:
    """A NumPy function (or ufunc, with `at` and `reduce`) that takes and gives FakeArrays."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.__name__ = getattr(inner, "__name__", "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.__name__ in _UPLOADS and args and isinstance(args[0], np.ndarray):
            _counters._note("uploads", self.__name__)
            return FakeArray(np.array(self._inner(args[0], *args[1:], **kwargs)))
        result = self._inner(*_unwrap(args), **_unwrap(kwargs))
        if self.__name__ in ("allclose", "array_equal"):
            result = np.asarray(result)  # CuPy leaves the answer on the device
        if isinstance(result, (np.ndarray, np.generic, tuple, list)):
            return _wrap(result)
        return FakeArray(np.asarray(result)) if self.__name__ in _UPLOADS else result

    def __getattr__(self, name: str) -> Any:
        return _Function(getattr(self._inner, name))


class FakeNamespace:
    """NumPy's functions for FakeArrays; dtypes and constants as they are."""

    def __init__(self, module: Any = np) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name in _MISSING:
            raise AttributeError(f"fake device: CuPy has no function {name!r}")
        value = getattr(self._module, name)
        if isinstance(value, type) or not (callable(value) or type(value) is type(np)):
            return value
        return FakeNamespace(value) if type(value) is type(np) else _Function(value)

    def __repr__(self) -> str:
        return f"<fake {self._module.__name__}>"


def _upload(array: np.ndarray, index: int = 0) -> FakeArray:
    _counters._note("uploads", "to('fake')")
    return FakeArray(np.array(array))


class fake_device:  # noqa: N801 (a context manager, used like a function)
    """Registers the device "fake" inside a `with` block, and counts what crosses to the host."""

    def __enter__(self) -> FakeCounters:
        global _counters
        self.previous = _counters
        _counters = FakeCounters()
        _counters.library = self.library = ArrayLibrary(
            "fake", FakeNamespace(), FakeArray, _upload, lambda array: array.get()
        )
        register_library(self.library)
        return _counters

    def __exit__(self, *exc: object) -> None:
        global _counters
        _counters = self.previous
        unregister_library(self.library)
