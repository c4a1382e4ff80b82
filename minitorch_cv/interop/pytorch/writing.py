"""Writes a state dict as PyTorch's zip archive, which `torch.load(weights_only=True)` reads.

The pickle is put together word by word: an OrderedDict whose values are calls of
`torch._utils._rebuild_tensor_v2` on storages. The words are explained in Python's `pickletools.py`.
"""

from __future__ import annotations

import struct
import zipfile
from typing import IO

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
    """Writes the archive. Arrays that are the very same memory are written once, and stay tied."""
    storages: dict[tuple[int, str, int], tuple[str, np.ndarray]] = {}
    words = [b"\x80\x02", _EMPTY_ORDERED, b"("]
    for name, array in arrays.items():
        whole = np.ascontiguousarray(array).reshape(array.shape)  # the former makes 0-d arrays 1-d
        place = whole.__array_interface__["data"][0], str(whole.dtype), whole.size
        key, _ = storages.setdefault(place, (str(len(storages)), whole))
        words += [_text(name), _tensor(name, whole, key)]
    words += [b"u."]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, file, "data.pkl", b"".join(words))
        _put(archive, file, "byteorder", b"little")
        for key, array in storages.values():
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            _put(archive, file, f"data/{key}", little.reshape(-1).view(np.uint8).data)
        _put(archive, file, "version", b"3\n")


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
    if number < 2**31:
        return b"J" + struct.pack("<i", number)
    return b"\x8a\x08" + struct.pack("<q", number)


def _tuple(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_whole, numbers)) + b"t"
