"""safetensors: the length of a head, the head (JSON: dtype, shape and place of each tensor), bytes.

Source: the safetensors format, https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
from typing import IO, Any

import numpy as np

from ..errors import WeightsError
from ..pytorch.storages import MOST_AXES, widen_bfloat16
from ..reader import Reader

LONGEST_HEAD = 100_000_000  # as the format has it
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "u1",
}  # fmt: skip


def read(file: IO[bytes], size: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """(name → array, metadata). bfloat16 becomes float32, which holds it exactly."""
    reader = Reader(file, size)
    length = int.from_bytes(reader.take(8), "little")
    if length > LONGEST_HEAD:
        raise WeightsError("is not a safetensors file (its head would be too long)")
    head = json.loads(reader.take(length), object_pairs_hook=_unique)
    if type(head) is not dict:
        raise WeightsError("is damaged (its head is no dictionary)")
    metadata = head.pop("__metadata__", None) or {}
    if type(metadata) is not dict:
        raise WeightsError("is damaged (its metadata are no dictionary)")
    arrays: dict[str, np.ndarray] = {}
    place = 0
    for name, entry in sorted(head.items(), key=lambda item: _offsets(item[1])):
        start, end = _offsets(entry)
        if start != place:
            raise WeightsError(f"is damaged (there is a hole or an overlap before {name[:80]!r})")
        arrays[name] = _tensor(name, entry, end - start, reader)
        place = end
    if reader.left:
        raise WeightsError(f"is damaged ({reader.left} bytes at its end belong to no tensor)")
    return {name: arrays[name] for name in head}, metadata


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise WeightsError("is damaged (its head has a name twice)")
    return made


def _offsets(entry: Any) -> tuple[int, int]:
    start, end = entry["data_offsets"]
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        raise WeightsError("is damaged (a tensor without a place)")
    return start, end


def _tensor(name: str, entry: dict[str, Any], size: int, reader: Reader) -> np.ndarray:
    kind, shape = entry["dtype"], entry["shape"]
    if type(kind) is not str or kind not in DTYPES:
        raise WeightsError(f"is refused: {name[:80]!r} has the dtype {str(kind)[:20]}, which NumPy "
                           "does not have")  # fmt: skip
    fit = type(shape) is list and len(shape) <= MOST_AXES
    if not fit or any(type(n) is not int or n < 0 for n in shape):
        raise WeightsError(f"is damaged ({name[:80]!r} has a wrong shape)")
    dtype = np.dtype(DTYPES[kind])
    if math.prod(shape) * dtype.itemsize != size:
        raise WeightsError(f"is damaged ({name[:80]!r} {shape} does not have {size} bytes)")
    if size > reader.left:
        raise WeightsError("is truncated; get it again")
    array = np.empty(shape, dtype)
    reader.fill(array)
    if kind == "BOOL":
        if array.max(initial=0) > 1:
            raise WeightsError("is damaged (a truth value that is neither 0 nor 1)")
        return array.view(bool)
    if kind == "BF16":
        wide = np.empty(shape, np.float32)
        widen_bfloat16(array, wide)
        return wide
    return array


def to_bytes(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """A file's content, written by the package."""
    from safetensors.numpy import save

    return save({name: np.array(a, order="C") for name, a in arrays.items()}, metadata)
