"""Reader of the idx format: a header of big-endian integers, then the bytes of one array.

    offset 0   2 bytes  zero
    offset 2   1 byte   type (8: unsigned byte, the only one read here)
    offset 3   1 byte   number of axes
    offset 4   4 bytes  size of each axis, then the values in row-major order

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", file formats.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

import numpy as np

_MOST_ITEMS = 2**20  # a header that promises more is not believed


class Expected(NamedTuple):
    """What a file should be.

    kind: "images" or "labels"; shape: of the array; md5: of the uncompressed original.
    """

    kind: str
    shape: tuple[int, ...]
    md5: str

    @property
    def magic(self) -> int:
        return 0x0800 + len(self.shape)

    @property
    def nbytes(self) -> int:
        """Of the uncompressed file."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


_KINDS = {0x0801: "labels", 0x0803: "images"}


def read_idx(path: Path, expected: Expected, verify: bool = False) -> np.ndarray:
    """The array of one idx file, gzipped or not, as uint8 (n, ...).

    The number of entries may differ from `expected`, everything else may not: a subset is read, a
    file that is no such array is refused. No more is read than the header promises, plus one byte.
    verify: refuse any content whose md5 is not the expected one.
    Raises ValueError that names the file, what was found, and what was expected.
    """
    if not path.is_file():
        _refuse(path, expected, "is not a file")
    with open(path, "rb") as file:
        start = file.read(64)
    _judge_start(path, expected, start)
    if start[:2] != b"\x1f\x8b":
        with open(path, "rb") as plain:
            return _read(path, expected, plain, verify)
    with gzip.open(path, "rb") as packed:
        try:
            return _read(path, expected, packed, verify)  # type: ignore[arg-type]
        except EOFError:
            _refuse(path, expected, "is truncated: the gzip stream stops before its end")
        except (OSError, zlib.error) as error:
            _refuse(path, expected, f"is damaged: {error}")


def _judge_start(path: Path, expected: Expected, start: bytes) -> None:
    """Refuses what is clearly something else, by its first bytes."""
    if not start:
        _refuse(path, expected, "is empty")
    _judge_html(path, expected, start)
    if start[:2] not in (b"\x1f\x8b", b"\0\0"):
        _refuse(path, expected, f"is neither gzip nor idx: it starts with {start[:4]!r}")


def _judge_html(path: Path, expected: Expected, start: bytes) -> None:
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        _refuse(path, expected, "is an HTML page, probably a server's error message")


def _read(path: Path, expected: Expected, file: BinaryIO, verify: bool) -> np.ndarray:
    axes = len(expected.shape)
    header = file.read(4 + 4 * axes)
    magic = int.from_bytes(header[:4], "big")
    if len(header) >= 4 and magic != expected.magic:
        _judge_html(path, expected, header)
        what = f"an idx file of {_KINDS[magic]}" if magic in _KINDS else "no such idx file"
        _refuse(path, expected, f"is {what}: magic number {magic}, expected {expected.magic}")
    if len(header) < 4 + 4 * axes:
        _refuse(path, expected, f"is truncated: its header has {len(header)} bytes")
    sizes = tuple(int.from_bytes(header[4 + 4 * k : 8 + 4 * k], "big") for k in range(axes))
    if sizes[1:] != expected.shape[1:] or not 0 < sizes[0] <= _MOST_ITEMS:
        _refuse(path, expected, f"has an array of shape {sizes} according to its header")
    total = math.prod(sizes)
    content = file.read(total)
    if len(content) < total:
        _refuse(
            path, expected,
            f"is truncated: {len(content)} of the {total} values of shape {sizes} are there",
        )  # fmt: skip
    if file.read(1):  # reading to the end also has gzip compare its checksum
        _refuse(path, expected, f"goes on after the {total} values that its header promises")
    if verify:
        found = hashlib.md5(header + content, usedforsecurity=False).hexdigest()
        if found != expected.md5:
            _refuse(path, expected, f"has another content: md5 {found} uncompressed")
    return np.frombuffer(content, np.uint8).reshape(sizes)


def _refuse(path: Path, expected: Expected, what: str) -> NoReturn:
    size = f"{path.stat().st_size} bytes on disk" if path.exists() else "missing"
    raise ValueError(
        f"idx: {path.name} {what} (got {size} in {path.parent}; expected {expected.kind} of shape "
        f"{expected.shape}, {expected.nbytes} bytes uncompressed with md5 {expected.md5}); "
        "fetch the file again"
    ) from None
