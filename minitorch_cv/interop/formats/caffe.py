"""Caffe's `.caffemodel`: a NetParameter message; every layer has its numbers in `blobs`.

Names follow PyTorch: blob 0 of a layer is `<layer>.weight`, blob 1 `<layer>.bias`. A BatchNorm
layer's three blobs (sums of mean and variance, and by what to divide them) become `running_mean`
and `running_var`; its weight and bias are those of the Scale layer behind it.

Source: Caffe's `src/caffe/proto/caffe.proto`, where the field numbers below come from.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import WeightsError
from ..pytorch.storages import MOST_AXES
from .wire import Message

# NetParameter and its layers, new and before 2014 (V1): fields of name, type, blobs.
LAYERS, LAYERS_V1 = 100, 2
_NAME, _TYPE, _BLOBS = 1, 2, 7
_NAME_V1, _TYPE_V1, _BLOBS_V1 = 4, 5, 6
INNER_PRODUCT_V1 = 14
# BlobProto.
_AXES_OLD = (1, 2, 3, 4)  # num, channels, height, width
_DATA, _SHAPE, _DATA_DOUBLE = 5, 7, 8


def read(data: memoryview) -> dict[str, np.ndarray]:
    """name → array."""
    net = Message(data)
    layers = [
        (layer.text(_NAME), layer.text(_TYPE), layer.runs(_BLOBS)) for layer in net.messages(LAYERS)
    ]
    for layer in net.messages(LAYERS_V1):
        kind = "InnerProduct" if layer.integer(_TYPE_V1) == INNER_PRODUCT_V1 else ""
        layers.append((layer.text(_NAME_V1), kind, layer.runs(_BLOBS_V1)))
    arrays: dict[str, np.ndarray] = {}
    for name, kind, runs in layers:
        blobs = [_blob(Message(run), name) for run in runs]
        for part, array in zip(_parts(kind, len(blobs)), _values(kind, blobs), strict=True):
            if f"{name}.{part}" in arrays:
                raise WeightsError(f"is damaged (two layers with blobs are called {name[:80]!r})")
            arrays[f"{name}.{part}"] = array
    if not arrays:
        raise WeightsError("is no .caffemodel, or one without weights (no layer has blobs)")
    return arrays


def _parts(kind: str, count: int) -> list[str]:
    if kind == "BatchNorm" and count == 3:
        return ["running_mean", "running_var"]
    return [*("weight", "bias"), *(f"blob{k}" for k in range(2, count))][:count]


def _values(kind: str, blobs: list[np.ndarray]) -> list[np.ndarray]:
    if kind == "BatchNorm" and len(blobs) == 3:
        factor = float(blobs[2].reshape(-1)[0]) if blobs[2].size else 0.0
        scale = 1 / factor if factor else 0.0
        return [(blob * scale).astype(blob.dtype) for blob in blobs[:2]]
    if kind == "InnerProduct" and blobs and blobs[0].ndim == 4:
        blobs = [blobs[0].reshape(blobs[0].shape[-2:]), *blobs[1:]]
    return [b.reshape(-1) if k and b.shape[:-1] == (1,) * (b.ndim - 1) else b
            for k, b in enumerate(blobs)]  # fmt: skip


def _blob(blob: Message, layer: str) -> np.ndarray:
    array = blob.numbers(_DATA, "<f4")
    if not array.size:
        array = blob.numbers(_DATA_DOUBLE, "<f8")
    if _SHAPE in blob.fields:
        shape = [n for message in blob.messages(_SHAPE) for n in message.integers(1)]
    else:
        shape = [blob.integer(axis) for axis in _AXES_OLD]
    fit = len(shape) <= MOST_AXES and min(shape, default=0) >= 0
    if not fit or math.prod(shape) != array.size:
        raise WeightsError(
            f"is damaged (a blob of layer {layer[:80]!r} {shape[:8]} has {array.size} numbers)"
        )
    return array.reshape(shape)
