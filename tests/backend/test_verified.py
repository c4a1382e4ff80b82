"""kernels/verified.json: written, read, and held against the kernels of today."""

from __future__ import annotations

import json

import pytest

from minitorch_cv.backend import cuda_kernels, verified


@pytest.fixture
def file(tmp_path):
    return tmp_path / "verified.json"


def record(name, **changes):
    source = next(s for s in cuda_kernels.all_sources() if name in s.kernels)
    return {
        "file": source.path, "hash": source.hash, "own_hash": verified.own_hash(source),
        "gpu": "NVIDIA H200", "date": "2026-01-02T03:04:05", "passed": True, "error": 1e-7,
        "share": 0.9, **changes,
    }  # fmt: skip


def by_name(file):
    return {kernel.name: kernel for kernel in verified.kernels(file)}


def test_nothing_has_run_without_a_file(file):
    known = by_name(file)
    assert {"im2col", "col2im", "gemm_tiled"} <= known.keys()
    assert {kernel.state for kernel in known.values()} == {"never"}
    assert known["im2col"].file == "conv/im2col.cu" and len(known["im2col"].hash) == 64


def test_states(file):
    verified.write({
        "im2col": record("im2col"),
        "col2im": record("col2im", hash="other", own_hash="other"),
        "gemm_tiled": record("gemm_tiled", hash="other"),
        "gemm_plain": record("gemm_plain", passed=False),
    }, file)  # fmt: skip
    known = by_name(file)
    assert [(known[n].state, known[n].changed) for n in ("im2col", "col2im", "gemm_tiled")] == [
        ("same", ""), ("changed", "its file"), ("changed", "common.cuh"),
    ]  # fmt: skip
    assert known["gemm_plain"].failed and not known["im2col"].failed
    assert known["max_pool_forward"].state == "never"


def test_old_records_stay_until_their_kernel_is_gone(file):
    verified.write({"im2col": record("im2col")}, file)
    text = json.loads(file.read_text(encoding="utf-8"))
    text["kernels"]["lost"] = {"file": "lost.cu"}
    file.write_text(json.dumps(text), encoding="utf-8")
    assert by_name(file)["lost"].state == "gone"
    verified.write({"col2im": record("col2im")}, file)
    assert sorted(json.loads(file.read_text(encoding="utf-8"))["kernels"]) == ["col2im", "im2col"]


@pytest.mark.parametrize("text", ["", "[]", '{"kernels": 3}', '{"kernels": {"im2col": 3}}'])
def test_other_files_are_one_clear_error(text, file):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="verified.json: it cannot be read .*run: make gpu"):
        verified.read(file)


def test_its_place_is_the_package_of_kernels():
    assert verified.path().parent.name == "kernels"
    verified.kernels()
