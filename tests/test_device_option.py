"""The option `--device`: tests on another device, and what it says where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

from minitorch_cv.backend.cuda import is_available

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_tests_run_on_the_fake_device_and_tell_who_waited():
    ran = run("--device", "fake", "tests/optim/test_hooks.py", "tests/nn/test_parameter.py")
    assert ran.returncode == 0, ran.stdout
    assert "about the CPU: moves it to the CPU" in ran.stdout
    assert "waited for the device" in ran.stdout and "NOT IN THE LIST" not in ran.stdout


def test_other_rooms_are_left_out():
    ran = run("--device", "fake", "--collect-only", "tests/backend", "tests/detection")
    assert "tests/detection/test_nms.py" in ran.stdout and "tests/backend" not in ran.stdout


@pytest.mark.skipif(is_available(), reason="there is a GPU")
def test_without_a_gpu_cuda_is_one_line():
    ran = run("--device", "cuda", "tests/optim/test_hooks.py")
    assert ran.returncode == 4 and "Traceback" not in ran.stderr
    assert "--device cuda: device: cuda is not available on this machine" in ran.stderr
