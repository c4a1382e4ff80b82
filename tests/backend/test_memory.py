"""Freed memory is kept, or given back: seen in the page faults of a process of its own."""

import os
import subprocess
import sys

import pytest

from minitorch_cv.backend import memory

FAULTS = """
import resource
import numpy as np
import minitorch_cv as mt
{setting}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    np.full(20_000_000, 1.0, np.float32)
work()
before = faults()
for _ in range(5):
    work()
print(faults() - before)
"""
ON_GLIBC = pytest.mark.skipif(
    memory._from_glibc("mallopt") is None, reason="the C library is not glibc"
)


def faults(setting, **variables):
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(setting=setting)], capture_output=True, text=True,
        check=True, env={**os.environ, **variables},
    )  # fmt: skip
    return int(done.stdout)


@ON_GLIBC
def test_pages_are_faulted_once():
    kept = faults("mt.Tensor")
    assert kept < 20
    assert faults("mt.keep_memory(False)") > 10 * (kept + 1)
    assert faults("mt.Tensor", MINITORCH_CV_KEEP_MEMORY="0") > 10 * (kept + 1)


@ON_GLIBC
def test_a_limit_below_the_array_keeps_nothing():
    assert faults("mt.keep_memory(limit=1_000_000)") > 200


@ON_GLIBC
def test_released_on_request():
    script = (
        "import numpy as np, minitorch_cv as mt\n"
        "mt.keep_memory()\n"
        "def resident():\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "np.full(50_000_000, 1.0, np.float32)\n"
        "held = resident()\n"
        "mt.release_memory()\n"
        "print(held - resident())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert int(done.stdout) > 150_000_000


def test_elsewhere_nothing_changes(monkeypatch):
    monkeypatch.setattr(memory, "_from_glibc", lambda name: None)
    assert memory.keep_memory() is False
    memory.release_memory()


def test_a_negative_limit():
    with pytest.raises(ValueError, match="keep_memory: the limit is in bytes"):
        memory.keep_memory(limit=-1)
