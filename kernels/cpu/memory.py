"""Addresses as arrays, where a kernel takes so many arrays that it gets a table of them."""

from __future__ import annotations

from typing import Any

from numba import carray, njit, types
from numba.extending import intrinsic


@intrinsic
def _pointer(context: Any, address: Any) -> Any:  # noqa: ARG001 (numba's form)
    """An address as a pointer to float32 values."""
    signature = types.CPointer(types.float32)(address)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return signature, generate


@njit(cache=True, nogil=True, forceinline=True)
def floats(address, first, last):  # type: ignore[no-untyped-def]
    """The values from number `first` to before `last`, as an array."""
    return carray(_pointer(address + 4 * first), (last - first,))
