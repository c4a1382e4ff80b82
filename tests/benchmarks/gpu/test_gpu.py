"""`python -m benchmarks.gpu` rehearsed on the emulator, part by part and as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import minitorch_cv as mt  # noqa: E402
from benchmarks.gpu import (  # noqa: E402
    __main__ as command,
)
from benchmarks.gpu import (  # noqa: E402
    agreement,
    captured,
    environment,
    kernels,
    networks,
    place,
    record,
    rivals,
    rows,
    sanitizer,
    suite,
)
from minitorch_cv.backend import cuda, verified  # noqa: E402
from minitorch_cv.testing.cuda_emulator import compiler  # noqa: E402


@pytest.fixture
def here():
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    with place.opened(emulate=True) as where:
        yield where


def test_environment(here):
    found = environment.environment(here)
    assert found["passed"] and found["gpu"] == "stand-in" and found["packages"]["numpy"]


def test_agreement_of_ops_kernels_and_updates(here):
    only = ("relu", "batch_norm", "sgd", "gemm", "dropout_mask", "add", "unscale")
    found = agreement.agreement(here, only)
    assert found["passed"] and not found["failed"] and found["ops"] == len(only)
    errors = {name: row["error"] for name, row in found["kernels"].items()}
    assert {"batch_norm_forward", "gemm_plain", "gemm_tiled", "sgd_update"} <= errors.keys()
    exact = ("dropout_mask", "dropout_mask_in_graph", "gradients_unscale")
    assert all(errors[name] == 0 for name in exact)
    assert all(0 <= e < 1e-5 for e in errors.values())


def test_a_wrong_kernel_is_found_and_the_others_go_on(here, monkeypatch):
    from minitorch_cv.kernels.cuda.pool import max_pool

    real = max_pool.forward

    def wrong(x, **params):
        (y, indices), fields = real(x, **params)
        return (y + 1, indices), fields

    monkeypatch.setattr(max_pool, "forward", wrong)
    found = agreement.agreement(here, ("max_pool", "tanh"))
    assert not found["passed"] and list(found["failed"]) == ["max_pool"]
    passed = {name: row["passed"] for name, row in found["kernels"].items()}
    assert passed["max_pool_forward"] is False
    assert all(ok for name, ok in passed.items() if not name.startswith("max_pool"))


def test_runs_that_differ_are_found(here, monkeypatch):
    assert agreement.repeated(here, ("relu", "softmax"))["passed"]
    rng = np.random.default_rng(0)
    real = agreement.results
    monkeypatch.setattr(
        agreement, "results",
        lambda *given: [a + np.float32(rng.random() * 1e-6) for a in real(*given)],
    )  # fmt: skip
    found = agreement.repeated(here, ("relu",))
    assert found == {"passed": False, "ops": 1, "unequal": found["unequal"]}
    assert found["unequal"]["relu"] == "result 0 differs from run to run"


def test_captured(here):
    found = captured.captured(here)
    assert found["passed"] and found["two_runs_equal"]
    assert [row["difference"] for row in found["rules"].values()] == [0.0, 0.0, 0.0]


def test_timing_and_its_tables(here):
    found = kernels.timing(here, ("im2col", "cross_entropy", "adam"))
    assert found["passed"] and found["copy_bytes_per_second"] > 0
    assert found["kernels"]["im2col"]["bytes"] == 2 * 4 * 36 * 4 * (1 + 9)
    assert found["ops"]["im2col"].keys() >= {"forward", "backward"}
    assert found["kernels"]["adam_update"]["bytes"] == 40 * 4 * 7
    steps = networks.networks(here)
    assert steps["passed"] and steps["steps"].keys() == {"lenet", "lenet, tf32", "lenet, bf16"}
    kinds = {"eager", "captured", "eager_with_python", "captured_with_python"}
    assert all(row.keys() == kinds for row in steps["steps"].values())
    text = "\n".join(record.lines({"timing": found, "networks": steps}))
    assert "im2col, backward" in text and "lenet, bf16, captured" in text


def test_convolutions_without_a_plan_are_listed(here):
    def said(missing):
        return "\n".join(record.lines({"networks": {"passed": True, "without_plan": missing}}))

    assert networks.networks(here, ("none of them",))["without_plan"] is None
    assert "cuDNN is not installed" in said(None) and said({}).endswith(": 0")
    text = said({"forward in float32, x (1, 2)": "no engine", "another": "no memory"})
    assert "product: 2\n  forward in float32, x (1, 2): no engine\n  another: no memory" in text


def test_convolutions_are_timed_in_each_setting(here):
    found = kernels.timing(here, ("conv", "conv_transpose"))
    assert found["passed"], found["failed"]
    settings = [
        f"{op}{more}" for op in ("conv", "conv_transpose") for more in ("", ", tf32", ", bf16")
    ]
    assert list(found["ops"]) == settings
    assert all(row.keys() >= {"forward", "backward"} for row in found["ops"].values())
    assert "bfloat16_round" in found["kernels"]
    text = "\n".join(record.lines({"timing": found}))
    assert "conv_transpose, bf16" in text


def test_images_between_convolutions_are_timed_in_bfloat16(here):
    found = kernels.timing(here, ("relu", "add_relu", "batch_norm", "max_pool", "tanh"))
    assert found["passed"], found["failed"]
    both = [name for name in found["ops"] if name.endswith(", bf16")]
    assert sorted(both) == [f"{op}, bf16" for op in ("add_relu", "batch_norm", "max_pool", "relu")]
    assert all(found["ops"][name].keys() >= {"forward", "backward"} for name in both)
    assert {"packed_relu_backward", "packed_batch_norm_sums"} <= found["kernels"].keys()
    # 2 bytes for each of 2 · 4 · 6 · 6 numbers read, and written.
    assert found["kernels"]["packed_relu_forward"]["bytes"] == 2 * 2 * 288


def test_packed_images_are_compared(here, monkeypatch):
    from minitorch_cv.kernels.cuda.launch import Source
    from minitorch_cv.kernels.cuda.packed import array, elementwise

    found = agreement.agreement(here, ("packed",))
    assert found["passed"], found["failed"]
    names = {name for name in found["kernels"] if name.startswith("packed_")}
    assert names == {kernel for name in ("batch_norm", "elementwise", "max_pool")
                     for kernel in Source(f"packed/{name}.cu").kernels}  # fmt: skip
    real = array.combined
    monkeypatch.setattr(array, "combined", lambda kernel, *x: real("packed_relu_forward", x[0]))
    monkeypatch.setattr(elementwise, "combined", array.combined)
    assert list(agreement.agreement(here, ("packed",))["failed"]) == ["packed"]


def test_both_layouts_of_pytorch_are_shown():
    kinds = ("eager", "torch", "torch_channels_last")
    row = {kind + more: 0.5 for kind in kinds for more in ("", "_with_python")}
    steps = {"passed": True, "steps": {"resnet50, bf16": row}}
    assert "PyTorch: channels last" in "\n".join(record.lines({"networks": steps}))


def test_settings_are_put_back(here):
    x = mt.ones(2, 2, device="cuda") / 3
    for setting in rivals.SETTINGS:
        with rivals.ours_in(setting):
            assert mt.backends.cudnn.allow_tf32 is (setting == "tf32")
            assert mt.is_autocast_enabled("cuda") is (setting == "bf16")
            y = (x @ x).cpu().numpy()
        assert (y.view(np.uint32) & 0xFFFF == 0).all() == (setting == "bf16")
    assert not mt.backends.cudnn.allow_tf32 and rivals.after("bf16") == "fp32"
    assert rivals.named("conv", "fp32") == "conv" and rivals.named("conv", "tf32") == "conv, tf32"


def test_bfloat16_is_compared(here):
    only = ("bfloat16", "conv_bfloat16", "conv_transpose_bfloat16", "linear_bfloat16",
            "matmul_bfloat16")  # fmt: skip
    found = agreement.agreement(here, only)
    assert found["passed"], found["failed"]
    errors = {name: row["error"] for name, row in found["kernels"].items()}
    assert errors["channels_second_widen"] == errors["bfloat16_add_and_round"] == 0


def test_a_wrong_rounding_is_found(here, monkeypatch):
    from minitorch_cv.kernels.cuda.elementwise import bfloat16

    monkeypatch.setattr(bfloat16, "rounded", lambda x: x)
    monkeypatch.setattr(bfloat16.ROUND, "forward", lambda x: (x * np.float32(1.01), ()))
    found = agreement.agreement(here, ("bfloat16", "conv_bfloat16"))
    assert list(found["failed"]) == ["bfloat16", "conv_bfloat16"]


def test_a_row_that_fails_is_told(here, monkeypatch):
    monkeypatch.setitem(kernels._MOVED, "adam", "?")
    found = kernels.timing(here, ("tanh", "adam"))
    assert not found["passed"] and list(found["failed"]) == ["adam"] and "tanh" in found["ops"]


def test_every_op_with_a_kernel_has_a_row_and_every_row_runs(here):
    for row in rows.rows(True):
        error, wrong = agreement._error_of(row, here)
        assert not wrong and error < 1e-4, row.op
    names = [row.op for row in rows.rows(True)]
    assert len(set(names)) == len(names)
    assert [row.op for row in rows.rows(False)] == names


def test_the_suite_is_called_with_the_device(here, monkeypatch):
    assert suite.command(False, ())[7:9] == ["--device", "cuda"]
    found = suite.suite(here, ("tests/backend/test_dtypes.py",))
    assert found["passed"] and found["counts"]["passed"] > 3
    found = suite.suite(here, ("tests/no_such_file.py",))
    assert not found["passed"] and found["exit_code"]
    monkeypatch.setattr(suite, "SECONDS", 0.2)
    found = suite.suite(here, ("tests/backend/test_dtypes.py",))
    assert found["error"] == "did not finish in 0.2 s"


def test_counts_of_pytest_are_read():
    said = "x\nFAILED tests/a.py::b - why\nERROR tests/c.py\n3 failed, 12 passed, 1 error in 2s\n"
    assert suite._read(said) == {
        "counts": {"failed": 3, "passed": 12, "errors": 1},
        "failed": ["tests/a.py::b - why", "tests/c.py"],
    }


def test_the_sanitizer(here, monkeypatch):
    assert sanitizer.sanitizer(here, ("tanh",)) == {
        "passed": True, "tools": {"memcheck": ""}, "failed": {},
    }  # fmt: skip
    monkeypatch.setattr(sanitizer, "program", lambda: None)
    real = here._replace(small=False)
    assert sanitizer.sanitizer(real)["skipped"] == "compute-sanitizer is not installed"
    monkeypatch.setattr(sanitizer, "program", lambda: "compute-sanitizer")
    answers = iter([(9, "========= Invalid read\nx"), (0, "========= ERROR SUMMARY: 0 errors"),
                    (1, "no driver"), (9, "========= race")])  # fmt: skip

    def run(*given, **_):
        code, said = next(answers)
        return subprocess.CompletedProcess(given, code, said, "")

    monkeypatch.setattr(sanitizer.subprocess, "run", run)
    found = sanitizer.sanitizer(real, ("tanh",))
    assert list(found["failed"]) == ["memcheck", "synccheck"] and not found["passed"]
    assert found["tools"]["initcheck"].startswith("cannot work here (exit code 1)")


def test_records_of_kernels(tmp_path):
    parts = {
        "environment": {"passed": True, "gpu": "NVIDIA H200 (a)", "date": "2026-01-02"},
        "agreement": {"passed": True, "kernels": {
            "im2col": {"file": "", "error": 1e-7, "passed": True},
            "col2im": {"file": "", "error": float("inf"), "passed": False},
            "unknown": {"file": "", "error": 0.0, "passed": True}}},
        "timing": {"passed": True, "kernels": {"im2col": {"microseconds": 119.0, "share": 0.9}}},
    }  # fmt: skip
    file = record.write(parts, tmp_path, tmp_path / "verified.json")
    assert file.name == "gpu-nvidia-h200-a.json"
    known = {kernel.name: kernel for kernel in verified.kernels(tmp_path / "verified.json")}
    assert known["im2col"].state == "same" and known["im2col"].record["share"] == 0.9
    assert known["col2im"].failed and known["col2im"].record["error"] == "inf"


def run(*words, timeout=300):
    given = [sys.executable, "-m", "benchmarks.gpu", *words]
    return subprocess.run(given, cwd=ROOT, capture_output=True, text=True, timeout=timeout)


@pytest.mark.skipif(cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_one_line_and_exit_code_2():
    done = run()
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("benchmarks.gpu: no GPU: ") and "pip install" in done.stderr


def test_the_whole_command(tmp_path):
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    words = ("--emulate", "--out", str(tmp_path), "--ops", "tanh", "sgd", "--only")
    done = run(*words, "environment", "agreement", "timing")
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "gpu-stand-in.json").read_text(encoding="utf-8"))
    assert all(part["passed"] for part in written.values()) and len(written) == 3
    assert "sgd_update" in json.loads((tmp_path / "verified.json").read_text())["kernels"]
    assert "sgd_update" in done.stdout


def test_a_part_that_dies_or_hangs_has_failed_and_the_others_go_on(tmp_path, monkeypatch):
    def start(given, name, work):
        texts = {"environment": "import os; os.abort()", "timing": "import time; time.sleep(60)"}
        answer = f'open(r"{work}/{name}.json", "w").write(\'{{"passed": true}}\')'
        (work / f"{name}.err").write_text("said", encoding="utf-8")
        return subprocess.Popen([sys.executable, "-c", texts.get(name, answer)], text=True)

    monkeypatch.setattr(command, "_start", start)
    monkeypatch.setitem(command.PARTS, "timing", command.PARTS["timing"]._replace(seconds=1))
    words = ["--emulate", "--out", str(tmp_path)]
    assert command.main([*words, "--only", "environment", "suite", "repeated", "timing"]) == 1
    written = json.loads((tmp_path / "gpu-unknown.json").read_text(encoding="utf-8"))
    assert [part["passed"] for part in written.values()] == [False, True, True, False]
    assert written["environment"]["end"] == "said"
    assert written["timing"]["error"] == "did not finish in 1 s"


def test_processes_of_the_suite_fit_on_the_gpu(monkeypatch):
    monkeypatch.setattr(suite.os, "cpu_count", lambda: 16)
    workers = {memory: suite.command(False, (), memory << 30)[10] for memory in (1, 8, 24, 141)}
    assert workers == {1: "1", 8: "4", 24: "12", 141: "12"}
    monkeypatch.setattr(suite.os, "cpu_count", lambda: 2)
    assert suite.command(False, (), 141 << 30)[10] == "2"
