"""ONNX: the initialisers of a graph, by name. The graph itself, which is a program, is not read.

Source: ONNX's `onnx/onnx.proto`, where the field numbers below come from.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import WeightsError
from ..pytorch.storages import MOST_AXES, widen_bfloat16
from .wire import Message

_GRAPH, _INITIALIZER = 7, 5  # of a model, of a graph
_DIMS, _TYPE, _NAME, _RAW, _LOCATION = 1, 2, 8, 9, 14  # of a tensor
_FLOATS, _INT32S, _INT64S, _DOUBLES, _UINT64S = 4, 5, 7, 10, 11
EXTERNAL = 1

# data_type → (dtype of the raw bytes, the typed field that holds the numbers where `raw_data` is
# not used). Small types lie in the field of 32-bit integers, bit for bit.
TYPES = {
    1: ("<f4", _FLOATS), 2: ("u1", _INT32S), 3: ("i1", _INT32S), 4: ("<u2", _INT32S),
    5: ("<i2", _INT32S), 6: ("<i4", _INT32S), 7: ("<i8", _INT64S), 9: ("u1", _INT32S),
    10: ("<f2", _INT32S), 11: ("<f8", _DOUBLES), 12: ("<u4", _UINT64S), 13: ("<u8", _UINT64S),
    16: ("<u2", _INT32S),
}  # fmt: skip
BOOL, FLOAT16, BFLOAT16 = 9, 10, 16


def read(data: memoryview) -> dict[str, np.ndarray]:
    """name → array. bfloat16 becomes float32, which holds it exactly."""
    arrays: dict[str, np.ndarray] = {}
    for graph in Message(data).messages(_GRAPH):
        for tensor in graph.messages(_INITIALIZER):
            arrays[tensor.text(_NAME)] = _array(tensor)
    if not arrays:
        raise WeightsError("is no ONNX model, or one without initialisers")
    return arrays


def _array(tensor: Message) -> np.ndarray:
    name, kind, shape = tensor.text(_NAME)[:80], tensor.integer(_TYPE), tensor.integers(_DIMS)
    if tensor.integer(_LOCATION) == EXTERNAL:
        raise WeightsError(
            f"keeps {name!r} in another file; save it as one file (onnx.save with "
            "save_as_external_data=False)"
        )
    if kind not in TYPES:
        raise WeightsError(f"is refused: {name!r} has ONNX's data type {kind}, which NumPy lacks")
    dtype, field = TYPES[kind]
    flat = tensor.numbers(_RAW, dtype) if tensor.runs(_RAW) else _typed(tensor, kind, dtype, field)
    fit = len(shape) <= MOST_AXES and min(shape, default=0) >= 0
    if not fit or math.prod(shape) != flat.size:
        raise WeightsError(f"is damaged ({name!r} {shape[:8]} has {flat.size} numbers)")
    if kind == BOOL:
        flat = flat != 0
    if kind == BFLOAT16:
        raw, flat = flat, np.empty(flat.size, np.float32)
        widen_bfloat16(raw, flat)
    return flat.reshape(shape)


def _typed(tensor: Message, kind: int, dtype: str, field: int) -> np.ndarray:
    if field in (_FLOATS, _DOUBLES):
        return tensor.numbers(field, dtype)
    numbers = tensor.integers(field)
    if field == _UINT64S:
        return np.array([n % 2**64 for n in numbers], np.uint64).astype(dtype)
    wide = np.array(numbers, np.int64)
    if kind == FLOAT16:
        return wide.astype(np.uint16).view(np.float16)
    return wide.astype(dtype)
