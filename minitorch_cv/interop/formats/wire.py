"""Protocol Buffers' wire format: a message is a run of (field number, type, value).

Only what files of weights need: varints, 4 and 8 byte numbers, and runs of bytes, which are texts,
packed numbers or messages again. Nothing is copied until an array is made of it.

Source: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import WeightsError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FIELDS = 1_000_000  # of one message; numbers that matter are packed into one field
_CUT = "is truncated or damaged (a field of its message is longer than the file); get it again"


class Message:
    """The fields of one message. Raises WeightsError where they do not fit its bytes."""

    def __init__(self, data: memoryview) -> None:
        self.fields: dict[int, list[tuple[int, Any]]] = {}
        for number, kind, value in _fields(data):
            self.fields.setdefault(number, []).append((kind, value))

    def messages(self, number: int) -> list[Message]:
        """All messages of a field."""
        return [Message(value) for value in self.runs(number)]

    def runs(self, number: int) -> list[memoryview]:
        """All runs of bytes of a field."""
        return [value for kind, value in self.fields.get(number, []) if kind == BYTES]

    def text(self, number: int) -> str:
        """The last text of a field; empty where there is none."""
        found = self.runs(number)
        return bytes(found[-1]).decode("utf-8") if found else ""

    def integers(self, number: int) -> list[int]:
        """All integers of a field, packed or not, as signed 64-bit numbers."""
        found: list[int] = []
        for kind, value in self.fields.get(number, []):
            if kind == VARINT:
                found.append(value)
            elif kind == BYTES:
                found.extend(_varints(value))
        return [n - 2**64 if n >= 2**63 else n for n in found]

    def integer(self, number: int, default: int = 0) -> int:
        """The last integer of a field."""
        found = self.integers(number)
        return found[-1] if found else default

    def numbers(self, number: int, dtype: str) -> np.ndarray:
        """All floats of a field, packed or not: a copy."""
        parts = [value for kind, value in self.fields.get(number, []) if kind != VARINT]
        joined = bytearray().join(parts)
        size = np.dtype(dtype).itemsize
        if len(joined) % size:
            raise WeightsError("is damaged (packed numbers that are no whole number of them)")
        return np.frombuffer(joined, dtype) if joined else np.empty(0, dtype)


def _fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    place = count = 0
    while place < len(data):
        count += 1
        if count > MOST_FIELDS:
            raise WeightsError(f"is refused: a message of more than {MOST_FIELDS} fields")
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value: Any
            value, place = _varint(data, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            length, place = _varint(data, place)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise WeightsError("is damaged, or no message of Protocol Buffers")
        if length > len(data) - place:
            raise WeightsError(_CUT)
        yield number, kind, data[place : place + length]
        place += length


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise WeightsError(_CUT)
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), place
    raise WeightsError("is damaged (a number of more than ten bytes)")


def _varints(data: memoryview) -> Iterator[int]:
    place = 0
    if len(data) > 10 * MOST_FIELDS:
        raise WeightsError("is refused: too many packed integers")
    while place < len(data):
        value, place = _varint(data, place)
        yield value
