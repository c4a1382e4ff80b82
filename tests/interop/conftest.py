"""Files of PyTorch's formats put together by hand, word by word, so that no test needs PyTorch."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

MAGIC = 0x1950A86A20F9469CFC6C


class Words:
    """The words of pickles."""

    @staticmethod
    def of(value: object) -> bytes:
        """A plain value as words, without a head and an end."""
        return pickle.dumps(value, 2)[2:-1]

    @staticmethod
    def named(module: str, name: str) -> bytes:
        return f"c{module}\n{name}\n".encode()

    @staticmethod
    def called(function: bytes, *arguments: bytes) -> bytes:
        return function + b"(" + b"".join(arguments) + b"tR"

    def storage(self, kind: str, key: str, count: int, *more: bytes) -> bytes:
        parts = self.of("storage"), self.named("torch", kind), self.of(key), self.of("cpu")
        return b"(" + b"".join([*parts, self.of(count), *more]) + b"tQ"

    def tensor(self, storage: bytes, offset: object, size: object, stride: object) -> bytes:
        rebuild = self.named("torch._utils", "_rebuild_tensor_v2")
        ordered = self.called(self.named("collections", "OrderedDict"))
        facts = self.of(offset), self.of(size), self.of(stride), self.of(False)
        return self.called(rebuild, storage, *facts, ordered)

    def dict(self, **values: bytes) -> bytes:
        return b"}(" + b"".join(self.of(k) + v for k, v in values.items()) + b"u"


@pytest.fixture(scope="session")
def words() -> Words:
    return Words()


@pytest.fixture()
def zipped(tmp_path: Path):
    """zipped(words, {"0": bytes}, name=bytes) → a PyTorch zip file with these words in it."""

    def build(text: bytes, storages=None, method=zipfile.ZIP_STORED, **members: bytes) -> Path:
        path = tmp_path / "file.pth"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02" + text + b".")
            for key, raw in (storages or {}).items():
                archive.writestr(f"archive/data/{key}", raw)
            for name, raw in {"version": b"3\n", **members}.items():
                archive.writestr(f"archive/{name}", raw)
        return path

    return build


@pytest.fixture()
def streamed(tmp_path: Path):
    """streamed(words, {"key": (count, bytes)}) → a file as PyTorch 0.4 wrote it."""

    def build(text: bytes, storages=None, magic: int = MAGIC, version: int = 1001) -> Path:
        file = io.BytesIO()
        facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"long": 4}}
        for value in (magic, version, facts):
            file.write(pickle.dumps(value, 2))
        file.write(b"\x80\x02" + text + b".")
        file.write(pickle.dumps(list(storages or {}), 2))
        for count, raw in (storages or {}).values():
            file.write(struct.pack("<q", count) + raw)
        path = tmp_path / "file.th"
        path.write_bytes(file.getvalue())
        return path

    return build
