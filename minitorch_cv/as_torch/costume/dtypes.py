"""`torch.float32`, …: number types under PyTorch's names."""

from __future__ import annotations

from typing import Any

import numpy as np

_NAMES = {
    "float16": ("float16", "half"), "float32": ("float32", "float"),
    "float64": ("float64", "double"), "int8": ("int8",), "int16": ("int16", "short"),
    "int32": ("int32", "int"), "int64": ("int64", "long"), "uint8": ("uint8",),
    "uint16": ("uint16",), "uint32": ("uint32",), "uint64": ("uint64",), "bool": ("bool",),
}  # fmt: skip


class dtype:  # noqa: N801 (PyTorch's name)
    """A number type: NumPy's own, written as PyTorch writes it.

    NumPy takes it wherever it takes a dtype (it has an attribute `dtype`), and everything that a
    NumPy dtype has (kind, itemsize, …) is here, too.
    """

    __slots__ = ("dtype",)
    dtype: np.dtype[Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dtype, name)

    @property
    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def is_complex(self) -> bool:
        return False

    @property
    def is_signed(self) -> bool:
        return self.dtype.kind in "fi"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, dtype):
            return self.dtype == other.dtype
        try:
            return bool(self.dtype == other)
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"torch.{self.dtype}"

    def __reduce__(self) -> Any:
        return dtype_of, (str(self.dtype),)


def _made(name: str) -> dtype:
    made = dtype()
    made.dtype = np.dtype(name)
    return made


_DTYPES = {np.dtype(name): _made(name) for name in _NAMES}
BY_NAME: dict[str, Any] = {
    name: _DTYPES[np.dtype(ours)] for ours, names in _NAMES.items() for name in names
}


class _Bfloat16:
    """`torch.bfloat16`: what `autocast` takes; no tensor is of it."""

    is_floating_point, is_complex, itemsize = True, False, 2

    def __repr__(self) -> str:
        return "torch.bfloat16"


BY_NAME["bfloat16"] = _Bfloat16()


def dtype_of(kind: Any) -> dtype:
    """The one object that stands for a NumPy dtype."""
    return _DTYPES[np.dtype(kind)]
