"""Python's numbers and nested lists as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import get_default_dtype


def as_numbers(data: Any, keep_floats: bool) -> np.ndarray:
    """Numbers and nested lists; floats in the default dtype, unless another is asked for."""
    try:
        array = np.array(data)
    except ValueError:
        raise ValueError("tensor: the nested lists are ragged; give all rows one length") from None
    if array.dtype.kind == "f" and not keep_floats and not _holds_numpy_floats(data):
        return array.astype(get_default_dtype())
    if array.size == 0 and array.dtype == np.float64:
        return array.astype(get_default_dtype())
    return array


def _holds_numpy_floats(data: Any) -> bool:
    """True for lists of NumPy arrays, which keep their dtype."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.floating)) and not isinstance(data, float)


def checked(array: np.ndarray) -> np.ndarray:
    """The array itself. Raises TypeError for what are no numbers."""
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"tensor: expects numbers or booleans (got dtype {array.dtype}); "
            "convert the data to a numeric NumPy array first"
        )
    return array
