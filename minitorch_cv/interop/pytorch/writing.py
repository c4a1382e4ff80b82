"""Writes tensors as PyTorch's zip archive, which `torch.load(weights_only=True)` reads.

The pickle is put together word by word; tensors are calls of `torch._utils._rebuild_tensor_v2` on
storages. The words are explained in Python's `pickletools.py`.
"""

from __future__ import annotations

import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from ..errors import WeightsError

ALIGNMENT = 64  # of the numbers in the file, as PyTorch aligns them
_STORAGE = {
    "float64": "DoubleStorage", "float32": "FloatStorage", "float16": "HalfStorage",
    "int64": "LongStorage", "int32": "IntStorage", "int16": "ShortStorage", "int8": "CharStorage",
    "uint8": "ByteStorage", "bool": "BoolStorage",
}  # fmt: skip
_EMPTY_ORDERED = b"ccollections\nOrderedDict\n)R"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same weights give the same file


def write(file: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    """Writes a state dict. Arrays that are the very same memory are written once, and stay tied."""
    write_object(file, OrderedDict(arrays))


def write_object(file: IO[bytes], value: Any) -> None:
    """Writes arrays in plain containers: dicts, lists, tuples, text, numbers, None.

    Raises WeightsError for an array that the format does not hold, TypeError for anything else.
    """
    words = _Words()
    pickled = b"\x80\x02" + words.of(value, "") + b"."
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, file, "data.pkl", pickled)
        _put(archive, file, "byteorder", b"little")
        for key, array in words.storages.values():
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            _put(archive, file, f"data/{key}", little.reshape(-1).view(np.uint8).data)
        _put(archive, file, "version", b"3\n")


class _Words:
    """The words of a pickle for a value, and the arrays that they refer to."""

    def __init__(self) -> None:
        self.storages: dict[tuple[int, str, int], tuple[str, np.ndarray]] = {}

    def of(self, value: Any, name: str) -> bytes:
        """name: where in the whole the value is, for messages."""
        if isinstance(value, np.ndarray):
            return self._array(value, name)
        if isinstance(value, (str, np.str_)):
            return _text(str(value))
        if value is None or isinstance(value, (bool, np.bool_)):
            return b"N" if value is None else b"\x88" if value else b"\x89"
        if isinstance(value, (int, np.integer)):
            return _whole(int(value))
        if isinstance(value, (float, np.floating)):
            return b"G" + struct.pack(">d", float(value))
        if isinstance(value, Mapping):
            start = _EMPTY_ORDERED if isinstance(value, OrderedDict) else b"}"
            entries = [self.of(k, name) + self.of(v, _below(name, k)) for k, v in value.items()]
            return start + b"(" + b"".join(entries) + b"u"
        if isinstance(value, (list, tuple)):
            items = b"".join(self.of(v, _below(name, k)) for k, v in enumerate(value))
            return b"](" + items + b"e" if isinstance(value, list) else b"(" + items + b"t"
        raise TypeError(
            f"save: {name or 'the whole'} is a {type(value).__name__}; tensors, numbers, text and "
            "None in dicts, lists and tuples can be saved (of a model, its state_dict())"
        )

    def _array(self, array: np.ndarray, name: str) -> bytes:
        whole = np.ascontiguousarray(array).reshape(array.shape)  # the former makes 0-d arrays 1-d
        place = whole.__array_interface__["data"][0], str(whole.dtype), whole.size
        key, _ = self.storages.setdefault(place, (str(len(self.storages)), whole))
        return _tensor(name, whole, key)


def _below(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _put(archive: zipfile.ZipFile, file: IO[bytes], name: str, data: bytes | memoryview) -> None:
    """One member, whose bytes begin at a multiple of ALIGNMENT."""
    info = zipfile.ZipInfo(f"archive/{name}", _WHEN)
    start = file.tell() + 30 + len(info.filename) + 4  # its head, its name, the filler's own head
    filler = -start % ALIGNMENT
    info.extra = struct.pack("<2sH", b"FB", filler) + bytes(filler)
    archive.writestr(info, data)


def _tensor(name: str, array: np.ndarray, key: str) -> bytes:
    if str(array.dtype) not in _STORAGE:
        raise WeightsError(
            f"save: {name!r} is {array.dtype}, which PyTorch's format does not hold; use .npz"
        )
    strides = tuple(s // array.itemsize for s in array.strides)
    storage = _STORAGE[str(array.dtype)].encode()
    return b"".join([
        b"ctorch._utils\n_rebuild_tensor_v2\n((",
        _text("storage"), b"ctorch\n" + storage + b"\n", _text(key), _text("cpu"),
        _whole(array.size), b"tQ", _whole(0), _tuple(array.shape), _tuple(strides),
        b"\x89", _EMPTY_ORDERED, b"tR",
    ])  # fmt: skip


def _text(text: str) -> bytes:
    raw = text.encode("utf-8")
    return b"X" + struct.pack("<I", len(raw)) + raw


def _whole(number: int) -> bytes:
    if -(2**31) <= number < 2**31:
        return b"J" + struct.pack("<i", number)
    size = number.bit_length() // 8 + 1
    return b"\x8a" + struct.pack("<B", size) + number.to_bytes(size, "little", signed=True)


def _tuple(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_whole, numbers)) + b"t"
