"""Checkpoints: what goes in comes out, nothing else is taken for one, nothing old is lost."""

import errno
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.tasks import checkpoint as files
from minitorch_cv.tasks.checkpoint import Checkpoint
from minitorch_cv.tasks.errors import CheckpointError


def small(seed: int = 0) -> Checkpoint:
    rng = np.random.default_rng(seed)
    tensors = {
        "model.w": rng.normal(size=(3, 4)).astype(np.float32),
        "model.t": rng.normal(size=(4, 3)).T,  # not contiguous
        "model.count": np.array(7),  # 0-d
        "optimizer.0": np.zeros((0, 2), np.float16),
    }
    return Checkpoint(tensors, {"epoch": 3, "loss": 0.1 + 0.2, "big": 2**63 + 1, "name": "ü"})


def test_round_trip_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    files.save(path, small())
    back = files.load(path)
    assert back.training == small().training
    for name, array in small().tensors.items():
        assert back.tensors[name].dtype == array.dtype
        assert back.tensors[name].shape == array.shape
        assert np.array_equal(back.tensors[name], array)
    assert set(back.part("model")) == {"w", "t", "count"}
    assert os.listdir(tmp_path) == ["c.safetensors"]


def test_a_head_of_any_length_is_read(tmp_path: Path) -> None:
    """A length whose first byte is 128 begins as a pickle does, one of 80 as an archive."""
    path, first = tmp_path / "c.safetensors", set()
    for size in range(0, 256, 8):
        files.save(path, Checkpoint(small().tensors, {"fill": "x" * size}))
        assert files.load(path).training["fill"] == "x" * size
        first.add(path.read_bytes()[0])
    assert 0x80 in first


def test_it_is_an_ordinary_safetensors_file(tmp_path: Path) -> None:
    from safetensors import safe_open

    path = tmp_path / "c.safetensors"
    files.save(path, small())
    with safe_open(path, framework="numpy") as file:
        assert "model.w" in file.keys()  # noqa: SIM118 (not a dictionary)
        assert json.loads(file.metadata()["training"])["epoch"] == 3


def damage(content: bytes, how: str) -> bytes:
    from safetensors.numpy import save

    return {
        "empty": b"",
        "html": b"<!DOCTYPE html><html><body>404</body></html>",
        "text": b"hello, I am no checkpoint at all",
        "pth": b"PK\x03\x04" + content,
        "pickle": b"\x80\x02}q\x00.",
        "cut in the head": content[:40],
        "cut in the tensors": content[:-5],
        "longer": content + b"x",
        "a flipped bit": content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        "zeros": bytes(1000),
        "head is a list": (2).to_bytes(8, "little") + b"[]",
        "head of numbers": (7).to_bytes(8, "little") + b'{"a":1}',
        "foreign": save({"w": np.zeros(3)}, {"format": "pt"}),
        "no metadata": save({"w": np.zeros(3)}),
        "other version": content.replace(b'"version":"1"', b'"version":"9"'),
    }[how]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("empty", "empty"),
        ("html", "HTML page"),
        ("text", "not a safetensors file"),
        ("pth", "PyTorch or pickle"),
        ("pickle", "PyTorch or pickle"),
        ("cut in the head", "truncated"),
        ("cut in the tensors", "truncated"),
        ("longer", "damaged"),
        ("a flipped bit", "checksum"),
        ("zeros", "not a safetensors file"),
        ("head is a list", "not a safetensors file"),
        ("head of numbers", "damaged"),
        ("foreign", "not a checkpoint of"),
        ("no metadata", "not a checkpoint of"),
        ("other version", "version '9'"),
    ],
)
def test_anything_else_is_refused_by_name_and_size(tmp_path: Path, how: str, words: str) -> None:
    path = tmp_path / "c.safetensors"
    files.save(path, small())
    content = damage(path.read_bytes(), how)
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        files.load(path)
    message = str(caught.value)
    assert words in message
    assert f"{path} ({len(content)} bytes)" in message
    assert "\n" not in message


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no file"):
        files.load(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match="cannot read"):
        files.load(tmp_path)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failing_write_keeps_the_old_file(tmp_path: Path, monkeypatch, failing: str) -> None:
    path = tmp_path / "c.safetensors"
    files.save(path, small(0))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match="No space left"):
        files.save(path, small(1))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["c.safetensors"]  # no temporary file stays behind


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    """A real write error: the process may write files of at most 500 bytes."""
    path = tmp_path / "c.safetensors"
    files.save(path, small(0))
    before = path.read_bytes()
    assert len(before) > 500
    code = (
        "import sys; from pathlib import Path; from minitorch_cv.tasks import checkpoint as f\n"
        "c = f.load(sys.argv[1])\n"
        "try: f.save(sys.argv[1], c)\n"
        "except OSError as error: print('refused', error)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, preexec_fn=limit,
        check=True,
    )  # fmt: skip
    assert "refused" in done.stdout
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["c.safetensors"]


def test_the_temporary_file_is_renamed_only_when_it_is_whole(tmp_path: Path, monkeypatch) -> None:
    seen = []
    real = os.replace

    def watched(source: str, target: Path) -> None:
        seen.append((Path(source).parent, len(Path(source).read_bytes())))
        real(source, target)

    monkeypatch.setattr(os, "replace", watched)
    path = tmp_path / "c.safetensors"
    files.save(path, small())
    assert seen == [(tmp_path, path.stat().st_size)]


def test_checksum_sees_names_shapes_and_bytes() -> None:
    a = np.arange(6, dtype=np.float32)
    sums = {
        files.checksum({"a": a}),
        files.checksum({"b": a}),
        files.checksum({"a": a.reshape(2, 3)}),
        files.checksum({"a": a + 1}),
        files.checksum({"a": a.view(np.int32)}),
    }
    assert len(sums) == 5
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in sums)
