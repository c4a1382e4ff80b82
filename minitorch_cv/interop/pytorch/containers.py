"""The three formats of `torch.save`: a zip archive, one stream of pickles, and a tar archive.

- zip (since PyTorch 1.6): `data.pkl` describes the object, `data/0`, `data/1`, … are the storages.
- stream (0.1.9 to 1.5): a magic number, the version, facts about the machine and the object, each
  a pickle; then the storages' keys, and for each of them a count (int64) and the raw numbers.
- tar (before 0.1.9): members `storages`, `tensors` and `pickle`; the last refers to the others.

Source: PyTorch's documentation, "Serialization semantics"; the files themselves.
"""

from __future__ import annotations

import io
import struct
import tarfile
from typing import IO, Any

from ..archive import Archive
from ..errors import WeightsError
from ..reader import Reader
from .allowed import ALLOWED, build, tensor
from .machine import Machine
from .storages import Kind, Storage

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


def read_zip(archive: Archive) -> Any:
    """The object in a zip archive of PyTorch."""
    members = archive.members
    found = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(found) != 1:
        raise WeightsError("is a zip archive, but no PyTorch file (it has no data.pkl)")
    root = found[0].removesuffix("data.pkl")
    if f"{root}constants.pkl" in members:
        raise WeightsError(
            "is a TorchScript archive (a program, not only weights); in PyTorch, save "
            "torch.jit.load(path).state_dict()"
        )
    order = archive.read(f"{root}byteorder") if f"{root}byteorder" in members else b"little"
    if order not in (b"little", b"big"):
        raise WeightsError("is damaged (its byte order is neither little nor big)")
    storages: dict[tuple[str, str], Storage] = {}

    def persistent(value: Any) -> Storage:
        kind, key, count, _ = _storage_id(value)
        name = f"{root}data/{key}"
        if name not in members:
            raise WeightsError(f"is damaged or refused: there is no storage {key[:80]!r} in it")
        if (key, kind.name) not in storages:
            storage = Storage(kind, count, members[name].file_size)
            storage.fill(_Member(archive, name), order == b"big")
            storages[key, kind.name] = storage
        return storages[key, kind.name]

    text = archive.read(found[0])
    return Machine(Reader(io.BytesIO(text), len(text)), ALLOWED, persistent, build).load()


class _Member:
    def __init__(self, archive: Archive, name: str) -> None:
        self.archive, self.name = archive, name

    def fill(self, array: Any) -> None:
        self.archive.fill(self.name, array)


def _storage_id(value: Any) -> tuple[Kind, str, Any, Any]:
    """(kind, key, count, view) of a persistent id ("storage", kind, key, device, count[, view])."""
    if type(value) is tuple and len(value) in (5, 6) and value[0] == "storage":
        kind, key = value[1], str(value[2]) if type(value[2]) is int else value[2]
        if type(kind) is Kind and type(key) is str:
            return kind, key, value[4], value[5] if len(value) == 6 else None
    raise WeightsError("is refused: its pickle refers to something else than a storage")


def read_stream(file: IO[bytes], size: int) -> Any:
    """The object in a stream of pickles."""
    reader = Reader(file, size)
    storages: dict[str, Storage] = {}
    left = size

    def persistent(value: Any) -> Storage:
        nonlocal left
        kind, key, count, view = _storage_id(value)
        if key not in storages:
            storages[key] = Storage(kind, count, left)
            left -= count * kind.stored.itemsize
        if view is None:
            return storages[key]
        _, offset, length = view
        return storages[key].part(offset, length)

    machine = Machine(reader, ALLOWED, persistent, build)
    magic = machine.load()
    if type(magic) is not int or magic != MAGIC:
        raise WeightsError("is a pickle, but not one that torch.save wrote; use torch.save, "
                           "safetensors or np.savez")  # fmt: skip
    version = machine.load()
    if type(version) is not int or version != VERSION:
        raise WeightsError(f"is a PyTorch file of a version that is not {VERSION}")
    machine.load()  # facts about the machine that wrote it; the numbers are little-endian always
    result = machine.load()
    keys = machine.load()
    if type(keys) is not list or any(type(key) not in (str, int) for key in keys):
        raise WeightsError("is damaged (the names of its storages are no names)")
    if sorted(map(str, keys)) != sorted(storages):
        raise WeightsError("is damaged (the storages named and those in it are not the same)")
    for key in map(str, keys):
        _fill_counted(storages[key], reader)
    return result


def _fill_counted(storage: Storage, reader: Reader) -> None:
    """Numbers with their count in front."""
    (count,) = struct.unpack("<q", reader.take(8))
    if count != len(storage.array):
        raise WeightsError(
            f"is damaged (a storage of {len(storage.array)} numbers comes with {count})"
        )
    storage.fill(reader)


def read_tar(file: IO[bytes], size: int) -> Any:
    """The object in a tar archive."""
    with tarfile.open(fileobj=file, mode="r:") as archive:
        parts = {}
        for name in ("storages", "tensors", "pickle"):
            member = archive.extractfile(name)
            if member is None:
                raise WeightsError(f"is a tar archive, but no PyTorch file ({name} is no file)")
            length = min(archive.getmember(name).size, size)
            parts[name] = Machine(Reader(member, length), ALLOWED, _nothing, build)
        objects = _tar_storages(parts["storages"], size)
        _tar_tensors(parts["tensors"], objects)
        last = parts["pickle"]

        def persistent(value: Any) -> Any:
            if type(value) not in (int, str) or int(value) not in objects:
                raise WeightsError("is refused: its pickle refers to something that it lacks")
            return objects[int(value)]

        last.persistent = persistent
        return last.load()


def _nothing(value: Any) -> Any:  # noqa: ARG001
    raise WeightsError("is refused: a reference where none can be")


def _tar_storages(machine: Machine, size: int) -> dict[int, Any]:
    objects: dict[int, Any] = {}
    left = size
    for _ in range(_count(machine.load())):
        key, _, kind = machine.load()
        if type(kind) is not Kind:
            raise WeightsError("is damaged (a storage without a type)")
        (count,) = struct.unpack("<q", machine.reader.take(8))
        storage = Storage(kind, count, left)
        left -= count * kind.stored.itemsize
        storage.fill(machine.reader)
        objects[_count(key)] = storage
    for view, root, offset, count in machine.load():
        objects[_count(view)] = objects[_count(root)].part(offset, count)
    return objects


def _tar_tensors(machine: Machine, objects: dict[int, Any]) -> None:
    """Adds the tensors: each a pickle (key, storage, type), then axes, sizes, strides, offset."""
    for _ in range(_count(machine.load())):
        key, storage, _ = machine.load()
        (axes,) = struct.unpack("<i", machine.reader.take(4))
        machine.reader.take(4)
        numbers = struct.unpack(f"<{2 * _count(axes)}q", machine.reader.take(16 * _count(axes)))
        (offset,) = struct.unpack("<q", machine.reader.take(8))
        made = tensor(objects[_count(storage)], offset, numbers[:axes], numbers[axes:])
        objects[_count(key)] = made


def _count(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise WeightsError("is damaged (a number of things, or a key, that is no whole number)")
    return number
