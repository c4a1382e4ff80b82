"""Array libraries: which one do these arrays belong to, and how do arrays move between them?

An `ArrayLibrary` answers for one type of array: NumPy's on the CPU, CuPy's on a GPU. It is found by
one dictionary look-up on the array's type. `autograd` registers a third one for `Tensor`, whose
namespace records what it computes; that is how a `backward` written for arrays is differentiated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from ctypes import addressof, c_char
from typing import Any

import numpy as np

Array = Any  # a NumPy array, a CuPy array, or (when a backward is itself recorded) a Tensor


class ArrayLibrary:
    """One kind of array: its namespace of functions and its transfers.

    name: "cpu", "cuda" or the name of a test device.
    namespace: the module with NumPy's function names.
    array_type: the type that the look-up goes by.
    from_numpy(array, index): a NumPy array → an array of this library on device `index`.
    to_numpy(array): an array of this library → a NumPy array.
    index_of(array): the device index it lies on (0 where there is only one).
    address(array): where its memory begins, as a number.
    in_order(array): may compiled code read and write its elements one after the other?
    count(): how many devices there are.
    synchronize(): waits for work in flight.
    half_products: does its matmul take float16 fast, and add the products up in float32?
    record: `autograd.apply` for Tensors, None for arrays that hold numbers.
    beside(array): a context in which new arrays lie where this one does; None where all do anyway.
    plain(array): the ordinary array of the same device with the same numbers; None where arrays are
        ordinary. Of others only those kernels know that are written for them ("cuda.packed" in the
        registry); everybody else is given plain ones.
    """

    __slots__ = (
        "name", "namespace", "array_type", "from_numpy", "to_numpy", "index_of", "address",
        "in_order", "count", "synchronize", "half_products", "record", "beside",
        "plain",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        namespace: Any,
        array_type: type,
        from_numpy: Callable[..., Array],
        to_numpy: Callable[[Array], np.ndarray],
        index_of: Callable[[Array], int] = lambda array: 0,
        address: Callable[[Array], int] = lambda array: int(array.data.ptr),
        in_order: Callable[[Array], bool] = lambda array: bool(array.flags.c_contiguous),
        count: Callable[[], int] = lambda: 1,
        synchronize: Callable[[], None] = lambda: None,
        record: Callable[..., Any] | None = None,
        half_products: bool = False,
        beside: Callable[[Array], contextlib.AbstractContextManager[Any]] | None = None,
        plain: Callable[[Array], Array] | None = None,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.array_type = array_type
        self.from_numpy = from_numpy
        self.to_numpy = to_numpy
        self.index_of = index_of
        self.address = address
        self.in_order = in_order
        self.count = count
        self.synchronize = synchronize
        self.half_products = half_products
        self.record = record
        self.beside = beside
        self.plain = plain

    def __repr__(self) -> str:
        return f"ArrayLibrary({self.name!r})"


def _address(array: Any) -> int:
    """The shortest way to ask, for arrays that may be written to."""
    return addressof(c_char.from_buffer(array))


CPU = ArrayLibrary(
    "cpu", np, np.ndarray, lambda array, index=0: array, lambda array: array, address=_address,
    in_order=lambda array: array.flags.carray,  # aligned, writeable, and in C order
)  # fmt: skip

_BY_TYPE: dict[type, ArrayLibrary | None] = {np.ndarray: CPU}
_BY_NAME: dict[str, ArrayLibrary] = {"cpu": CPU}


def register_library(library: ArrayLibrary) -> None:
    """Makes a library known under its name and its array type (a later one replaces an earlier)."""
    _BY_NAME[library.name] = library
    _BY_TYPE[library.array_type] = library


def register_form(library: ArrayLibrary) -> None:
    """Makes another type of array known that lies on a device which has a library of its own."""
    _BY_TYPE[library.array_type] = library


def unregister_library(library: ArrayLibrary) -> None:
    """Forgets a library (used by tests that register a device of their own)."""
    _BY_NAME.pop(library.name, None)
    for kind in [kind for kind, known in _BY_TYPE.items() if known is library]:
        del _BY_TYPE[kind]


def library_named(name: str) -> ArrayLibrary | None:
    """The library registered under a device name, or None."""
    return _BY_NAME.get(name)


def library_of(array: Any) -> ArrayLibrary | None:
    """The library an array belongs to; None for None and for scalars, which lie on no device."""
    try:
        return _BY_TYPE[array.__class__]
    except KeyError:
        return _look_up_subclass(array.__class__)


def _look_up_subclass(kind: type) -> ArrayLibrary | None:
    """The answer for a type met for the first time (a subclass, or a scalar), remembered."""
    answer = None
    for known, library in list(_BY_TYPE.items()):
        if library is not None and issubclass(kind, known):
            answer = library
            break
    _BY_TYPE[kind] = answer
    return answer


def beside(array: Any) -> contextlib.AbstractContextManager[Any]:
    """Inside the `with` block new arrays lie where `array` does, also with several GPUs.

    CuPy computes, and puts what it computes, on the current GPU, wherever the arrays lie.
    """
    library = library_of(array)
    if library is None or library.beside is None:
        return _HERE
    return library.beside(array)


_HERE = contextlib.nullcontext()


def is_plain(array: Any) -> bool:
    """Is it an ordinary array (or none at all)?"""
    library = library_of(array)
    return library is None or library.plain is None


def plain(array: Any) -> Any:
    """An array in its ordinary form; anything else as it is."""
    library = library_of(array)
    return array if library is None or library.plain is None else library.plain(array)


def in_order(array: Array) -> bool:
    """Do an array's elements lie one after the other, where they may be written to?"""
    library = library_of(array)
    return library is not None and library.in_order(array)


def array_module(*arrays: Any) -> Any:
    """The namespace with NumPy's function names that the arrays belong to.

    NumPy for NumPy arrays and scalars, CuPy for CuPy arrays, and our own recording namespace as
    soon as one of the inputs is a Tensor.

    Raises TypeError when arrays of two devices are mixed.
    """
    found: ArrayLibrary | None = None
    for array in arrays:
        library = library_of(array)
        if library is None or library is found:
            continue
        if found is None or library.record is not None:
            found = library
        elif found.record is None:
            raise TypeError(
                f"array_module: arrays lie on two devices (got {found.name} and {library.name}); "
                "move one of them with .to()"
            )
    return np if found is None else found.namespace
