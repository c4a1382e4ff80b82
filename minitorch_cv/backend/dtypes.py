"""Number types and PyTorch's rules for mixing them.

A dtype is NumPy's own object; `default_dtype` is what float data without a type becomes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

float16 = half = np.dtype("float16")
float32 = float = np.dtype("float32")
float64 = double = np.dtype("float64")
int8 = np.dtype("int8")
int16 = short = np.dtype("int16")
int32 = int_ = np.dtype("int32")
int64 = long = np.dtype("int64")
uint8 = np.dtype("uint8")
bool_ = np.dtype("bool")


class _Bfloat16:
    """A word for `autocast`: the numbers of bfloat16, 8 bits of mantissa, in float32 arrays.

    NumPy has no such arrays, and CuPy only from version 14 on, so no tensor is of it.
    """

    name = "bfloat16"

    def __repr__(self) -> str:
        return self.name


bfloat16 = _Bfloat16()

_default = float32


def get_default_dtype() -> np.dtype[Any]:
    """The dtype that Python floats become: float32 unless it was changed."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Sets the dtype that Python floats become. Raises TypeError unless it is a float dtype."""
    global _default
    dtype = as_dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"set_default_dtype: expects a float dtype (got {dtype})")
    _default = dtype


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype meant by a name, a NumPy type or Python's float, int and bool (as in PyTorch)."""
    if dtype.__class__ is float32.__class__:
        return dtype
    if dtype is _FLOAT:
        return _default
    if dtype is _INT:
        return int64
    if is_bfloat16(dtype):
        raise TypeError(
            f"dtype: no array holds bfloat16 (got {dtype!r}); use mt.float32, and "
            "mt.autocast(device, dtype=mt.bfloat16) for products that are rounded to it"
        )
    try:
        return np.dtype(dtype)
    except TypeError:
        raise TypeError(
            f"dtype: no such type (got {dtype!r}); use mt.float32, mt.float64, mt.int64, mt.bool …"
        ) from None


def is_bfloat16(dtype: Any) -> bool:
    """Is it a name for bfloat16: ours, its text, or PyTorch's?"""
    return str(dtype) in ("bfloat16", "torch.bfloat16")


_FLOAT = (1.0).__class__
_INT = (1).__class__
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}  # PyTorch's categories: bool < integer < float


def rank(dtype: np.dtype[Any]) -> int:
    """The place of a dtype's category in the order bool < integer < float."""
    return _RANK[dtype.kind]


def scalar_dtype(dtype: np.dtype[Any], value: Any) -> np.dtype[Any]:
    """The dtype of `tensor (dtype) ∘ value` for a Python number: the tensor's, unless the number is
    of a higher category (an integer tensor times 0.5 is of the default float type)."""
    kind = dtype.kind
    if kind == "f":
        return dtype
    if isinstance(value, (_FLOAT, np.floating)):
        return _default
    if kind == "b" and not isinstance(value, (bool, np.bool_)):
        return int64
    return dtype


def promote_dtypes(
    a: np.dtype[Any], b: np.dtype[Any], a_is_scalar: bool = False, b_is_scalar: bool = False
) -> np.dtype[Any]:
    """The dtype of `a ∘ b` for two tensors, by PyTorch's rule.

    Of two categories (bool < integer < float) the higher one wins with its own width; a 0-d tensor
    counts only where its category is higher. int64 with float16 is therefore float16, not float64.
    """
    if a == b:
        return a
    rank_a, rank_b = rank(a), rank(b)
    if rank_a > rank_b:
        return a
    if rank_b > rank_a:
        return b
    if a_is_scalar and not b_is_scalar:
        return b
    if b_is_scalar and not a_is_scalar:
        return a
    return np.promote_types(a, b)
