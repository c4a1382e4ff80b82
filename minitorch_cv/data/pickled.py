"""Reads a pickle that may hold plain containers, numbers, text and NumPy arrays, and nothing else.

A pickle is a program. This reader lets it name four functions, each replaced by one of ours that
judges its arguments; every other name is refused, and nothing is executed. It reads the pickles of
the CIFAR datasets, as Python 2 and Python 3 wrote them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np


def read_pickle(file: IO[bytes], name: str) -> Any:
    """The object in a pickle; text of Python 2 becomes bytes. name: of the file, for messages.

    Raises ValueError for a pickle that is damaged or names something else.
    """
    try:
        return _Reader(file, encoding="bytes").load()
    except _RefusedError as error:
        raise ValueError(f"{name} is refused: {error}") from None
    except Exception as error:  # a damaged pickle fails in many ways
        raise ValueError(f"{name} is no pickle, or a damaged one ({error})") from None


class _RefusedError(ValueError):
    pass


def _empty_array(kind: Any, shape: Any, code: Any) -> np.ndarray:  # noqa: ARG001
    """The array that a pickle then fills from bytes of its own."""
    if kind is not np.ndarray or shape != (0,):
        raise _RefusedError("it makes an array in an unusual way")
    return np.ndarray((0,), np.uint8)


def _dtype(code: Any, *rest: Any) -> np.dtype[Any]:  # noqa: ARG001
    dtype = np.dtype(code.decode("ascii") if isinstance(code, bytes) else code)
    if dtype.kind not in "fiub":
        raise _RefusedError(f"it holds an array of dtype {dtype}")
    return dtype


def _encode(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise _RefusedError("it encodes text in an unusual way")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encode,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in _ALLOWED:
            raise _RefusedError(f"its pickle names {module}.{name}; only arrays and numbers may be")
        return _ALLOWED[module, name]
