"""What all tests share: the folder of shared data, and a last line that counts what was skipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = str(Path(__file__).resolve().parent)
sys.path.insert(0, HERE)

import device_option  # noqa: E402

sys.path.remove(HERE)  # else its folders would pass for packages: onnx, data

NO_GPU = "no GPU"
NO_DATA = "shared data is missing"
NO_COMPILER = ("no g++: CUDA", "no NVRTC: CUDA", "no nvcc: CUDA")


def pytest_addoption(parser: Any) -> None:
    device_option.add_option(parser)


def pytest_configure(config: Any) -> None:
    config.gpu_skips = config.data_skips = 0
    if config.getoption("device") != "cpu":
        plugin = device_option.OnDevice(config.getoption("device"))
        config.pluginmanager.register(plugin, device_option.NAME)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of shared data sets; the test is skipped where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MINITORCH_CV_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"{NO_DATA} ({folder}); set MINITORCH_CV_DATA")
    return folder


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: how many GPU checks were skipped, and how many tests for want of data."""
    device_option.summarise(terminalreporter)
    reasons = [str(r.longrepr[-1]) for r in terminalreporter.stats.get("skipped", [])]
    tools = sum(any(words in reason for words in NO_COMPILER) for reason in reasons)
    gpu = sum(NO_GPU in reason or "CUDA" in reason for reason in reasons) - tools
    data = sum(NO_DATA in reason for reason in reasons)
    terminalreporter.write_line(
        f"skipped: {gpu} GPU checks (no CUDA device), {data} tests (shared data is missing), "
        f"{tools} tests of CUDA kernels (no g++, NVRTC or nvcc), "
        f"{len(reasons) - gpu - data - tools} others"
    )
