"""A strict fake GPU: NumPy inside, CuPy's manners outside, so that device leaks show anywhere.

As with CuPy, mixing its arrays with NumPy's is a TypeError, NumPy refuses to convert them,
functions and arguments that CuPy lacks are missing, every result stays on the device (sums are 0-d
arrays, not numbers), and reading a value (`item`, `bool`, `float`, `get`, `tolist`) makes the host
wait; these waits are counted. Fresh memory is NaN (or −1), so that it is seen where it is read.

    with fake_device() as fake:
        y = model(x.to("fake"))
        assert fake.total() == 0, fake.last

Source: the behaviour of `cupy.ndarray`, CuPy 13 and 14 ("Differences between CuPy and NumPy").
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import numpy as np

from ..backend import late
from ..backend.library import (
    ArrayLibrary,
    library_named,
    register_library,
    unregister_library,
)
from .cupy_functions import Rule, method_rule, rules

_PACKAGE = str(Path(__file__).parents[1])
_OPS, _TESTING = f"{_PACKAGE}{os.sep}ops", f"{_PACKAGE}{os.sep}testing"
# Where a user's `item()`, `tolist()` and `.cpu()` go through.
_READERS = {
    f"{_PACKAGE}{os.sep}{os.path.join(*name)}"
    for name in (("autograd", "methods", "convert.py"), ("backend", "device.py"))
}
_FRESH = {"empty", "empty_like"}
_UPLOADS = {"asarray", "array", "ascontiguousarray", "asfortranarray"}  # these take NumPy arrays


class FakeCounters:
    """What crossed between the device and the host, and where it last happened.

    waits: values read by the host (`item`, `bool`, `float`, …); downloads: arrays copied to the
    host; uploads: NumPy arrays copied to the device (asynchronous on a GPU, so not in `total`);
    masks: boolean indices, whose result has a size that only the device knows; judged: values that
    an op's `check` read, for labels and indices can be judged in no other way.
    inside: which functions of this package read values, and how often, as "optim/adam.py: step"
    (waits and downloads alone; a user's own `item()`, `tolist()` or `.cpu()` is not in it).
    """

    def __init__(self) -> None:
        self.waits = self.downloads = self.uploads = self.masks = self.judged = 0
        self.last = ""
        self.inside: Counter[str] = Counter()
        self.library: ArrayLibrary

    def total(self) -> int:
        """Waits and downloads: everything that stops the host until the device is done."""
        return self.waits + self.downloads

    def _note(self, kind: str, what: str) -> None:
        if kind in ("waits", "downloads"):
            frames = list(_frames())
            if any(f.f_code.co_name.endswith("check") and _is_below(f, _OPS) for f in frames):
                kind = "judged"
            else:
                self.last = f"{what} in {frames[0].f_code.co_filename}, line {frames[0].f_lineno}"
                self._note_place(frames)
        setattr(self, kind, getattr(self, kind) + 1)

    def _note_place(self, frames: Sequence[FrameType]) -> None:
        reader = next(f for f in frames if f.f_code.co_filename not in _READERS)
        if _is_below(reader, _PACKAGE) and not _is_below(reader, _TESTING):
            file = Path(reader.f_code.co_filename).relative_to(_PACKAGE).as_posix()
            self.inside[f"{file}: {reader.f_code.co_name}"] += 1


def _frames() -> Iterator[FrameType]:
    """What led here, the innermost first, without this file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename != __file__:
            yield frame
        frame = frame.f_back


def _is_below(frame: FrameType, folder: str) -> bool:
    return frame.f_code.co_filename.startswith(folder)


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
    method, rule = getattr(np.ndarray, name), rules()[f"ndarray.{name}"]

    def call(self: FakeArray, *args: Any, **kwargs: Any) -> Any:
        rule.check(args, kwargs)
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
    device = property(lambda self: SimpleNamespace(id=0))
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
        plain = _plain_key(key)
        try:
            return _wrap(self._inner[plain])
        except IndexError:
            return _wrap(self._inner[_wrapped_key(plain, self.shape)])

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, (list, tuple)):  # numbers of the host
            raise ValueError("fake device: non-scalar numpy.ndarray cannot be used for fill")
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


def _wrapped_key(key: Any, shape: tuple[int, ...]) -> Any:
    """CuPy looks at no index array: a number out of range goes round. Others are IndexErrors."""
    parts = key if isinstance(key, tuple) else (key,)
    kinds = {type(part) for part in parts}
    if np.ndarray not in kinds or type(Ellipsis) in kinds:
        raise IndexError(f"fake device: no such place {key!r} in an array of shape {shape}")
    sizes = iter(shape)
    return tuple(
        part if part is None else part % n if isinstance(part, np.ndarray) else part
        for part in parts
        for n in ([0] if part is None else [next(sizes)])
    )


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

    def __init__(self, inner: Any, rule: Rule | None = None) -> None:
        self._inner, self._rule = inner, rule
        self.__name__ = getattr(inner, "__name__", "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._rule is not None:
            self._rule.check(args, kwargs)
        if self.__name__ in _UPLOADS and args and isinstance(args[0], np.ndarray):
            _counters._note("uploads", self.__name__)
            return FakeArray(np.array(self._inner(args[0], *args[1:], **kwargs)))
        if self.__name__ == "take_along_axis" and len(args) == 3:  # CuPy's goes round, too
            args = (args[0], args[1] % max(args[0].shape[args[2]], 1), args[2])
        result = self._inner(*_unwrap(args), **_unwrap(kwargs))
        if self.__name__ in ("allclose", "array_equal"):
            result = np.asarray(result)  # CuPy leaves the answer on the device
        if self.__name__ in _FRESH:
            spoil(result)
        if isinstance(result, (np.ndarray, np.generic, tuple, list)):
            return _wrap(result)
        return FakeArray(np.asarray(result)) if self.__name__ in _UPLOADS else result

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)  # of a ufunc
        if self._rule is not None and callable(method) and name not in self._rule.methods:
            raise NotImplementedError(f"fake device: CuPy has no {self.__name__}.{name}")
        if not callable(method):
            return method
        return _Function(method, method_rule(self.__name__, name))


def spoil(fresh: np.ndarray) -> None:
    """Fills memory that nobody has written to: NaN, −1, or the largest number without a sign."""
    fresh[...] = np.frombuffer(b"\xff" * fresh.itemsize, fresh.dtype)[0]


class FakeNamespace:
    """NumPy's functions for FakeArrays; dtypes and constants as they are."""

    def __init__(self, module: Any = np, prefix: str = "") -> None:
        self._module, self._prefix = module, prefix

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if type(value) is type(np):
            return FakeNamespace(value, f"{self._prefix}{name}.")
        if not callable(value):
            return value
        rule = rules().get(self._prefix + name)
        if rule is None:
            raise AttributeError(f"fake device: CuPy has no {self._prefix + name!r}")
        if isinstance(value, type):
            return FakeArray if value is np.ndarray else value
        return _Function(value, rule)

    def __repr__(self) -> str:
        return f"<fake {self._module.__name__}>"


def _upload(array: np.ndarray, index: int = 0) -> FakeArray:
    _counters._note("uploads", "to('fake')")
    return FakeArray(np.array(array))


class fake_device:  # noqa: N801 (a context manager, used like a function)
    """Registers the device "fake" inside a `with` block, and counts what crosses to the host."""

    def __enter__(self) -> FakeCounters:
        global _counters
        self.previous, self.outer = _counters, library_named("fake")
        _counters = FakeCounters()
        _counters.library = self.library = ArrayLibrary(
            "fake", FakeNamespace(), FakeArray, _upload, lambda array: array.get()
        )
        register_library(self.library)
        return _counters

    def __exit__(self, *exc: object) -> None:
        global _counters
        _counters = self.previous
        late.forget(self.library.name)
        unregister_library(self.library)
        if self.outer is not None:  # a block inside of another
            register_library(self.outer)
