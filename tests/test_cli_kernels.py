"""`minitorch-cv kernels`, and `minitorch-cv warmup --device cuda`."""

from __future__ import annotations

import json

import pytest

from minitorch_cv.backend import verified
from minitorch_cv.backend.cuda_kernels import all_sources
from minitorch_cv.cli import main
from minitorch_cv.testing.cuda_emulator import compiler
from minitorch_cv.testing.cuda_emulator.standin import standin_cuda


@pytest.fixture
def file(tmp_path, monkeypatch):
    place = tmp_path / "verified.json"
    monkeypatch.setattr(verified, "path", lambda: place)
    return place


def test_a_table_of_80_columns(file, capsys):
    source = all_sources()[0]
    names = list(source.kernels)
    record = {"file": source.path, "own_hash": "", "share": 0.87, "date": "2026-01-02T03:04",
              "gpu": "NVIDIA GeForce RTX 4090 Laptop"}  # fmt: skip
    first = {**record, "hash": "", "passed": True}
    second = {**record, "hash": source.hash, "passed": False}
    verified.write(dict(zip(names, (first, second), strict=False)), file)
    assert main(["kernels"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert f"{source.path:<71} {source.hash[:8]}" in lines
    rows = {line.split()[0]: line.split() for line in lines if line.startswith("  ")}
    assert rows[names[0]][1:4] == ["2026-01-02", "passed", "87%"]
    assert rows[names[0]][-2:] == ["its", "file"] and rows[names[1]][2] == "failed"
    assert rows["im2col"] == ["im2col", "never"]
    assert lines[-3].endswith("1 as they ran on hardware (1 of them failed), 1 changed since,")
    assert lines[-1] == "to run them all: make gpu"


def test_json(file, capsys):
    assert main(["kernels", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == sum(len(source.kernels) for source in all_sources())
    assert {"name", "file", "hash", "state", "changed", "record", "failed"} == rows[0].keys()


def test_a_broken_record_is_bad_input(file, capsys):
    file.write_text("?", encoding="utf-8")
    assert main(["kernels"]) == 2
    assert "verified.json: it cannot be read" in capsys.readouterr().err


def test_warmup_without_a_gpu(capsys, monkeypatch):
    from minitorch_cv.backend.cuda import loading

    monkeypatch.setattr(loading, "missing", lambda: "CuPy is not installed; pip install it")
    assert main(["warmup", "--device", "cuda"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "CuPy is not installed; pip install it" in error


@pytest.mark.parametrize("broken", [False, True])
def test_warmup_compiles_every_file(broken, capsys, monkeypatch):
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    device, prepared = standin_cuda(), []

    def prepare(self, source):
        prepared.append(source.path)
        if broken and source.path == "conv/im2col.cu":
            raise RuntimeError("line 3: error")

    with device:
        monkeypatch.setattr(type(device.device), "prepare", prepare)
        assert main(["warmup", "--device", "cuda"]) == int(broken)
    assert prepared == [source.path for source in all_sources()]
    out, err = capsys.readouterr()
    files = len(prepared)
    assert f"in {files - broken} of {files} files are ready on stand-in after " in out
    assert ("conv/im2col.cu: does not compile: line 3: error" in err) is broken
