"""One place rules the threads of BLAS and of the kernels."""

import os
import subprocess
import sys

import pytest
from minitorch_cv.kernels import threads as kernel_threads

import minitorch_cv as mt
from minitorch_cv.backend import threads


def in_process(script, **variables):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, **variables},
    )  # fmt: skip
    return done.stdout.split()


def test_the_count_is_remembered():
    before = mt.get_num_threads()
    try:
        mt.set_num_threads(1)
        assert mt.get_num_threads() == 1
        assert {library.num_threads for library in threads._blas_libraries()} <= {1}
    finally:
        mt.set_num_threads(before)


def test_no_more_threads_than_cores():
    script = "import minitorch_cv as mt; mt.set_num_threads(10_000); print(mt.get_num_threads())"
    assert int(in_process(script)[0]) == kernel_threads._cores()


@pytest.mark.parametrize("value", ["1", "1,2", " 1"])
def test_the_environment_is_obeyed(value):
    script = "import minitorch_cv as mt; print(mt.get_num_threads())"
    assert in_process(script, OMP_NUM_THREADS=value) == ["1"]


def test_nonsense_in_the_environment_is_no_limit():
    script = "import minitorch_cv as mt; print(mt.get_num_threads())"
    told = in_process(script, OMP_NUM_THREADS="many", NUMBA_NUM_THREADS="")
    assert told == [str(kernel_threads._cores())]


def test_it_loads_no_kernels():
    script = "import sys, minitorch_cv as mt; mt.set_num_threads(1); print('numba' in sys.modules)"
    assert in_process(script) == ["False"]


def test_a_forked_process_has_its_own_threads():
    script = """
import os, numpy as np, minitorch_cv as mt
x, w = mt.randn(8, 32, 40, 40), mt.randn(32, 32, 3, 3)
y = mt.nn.functional.conv2d(x, w)
child = os.fork()
if child == 0:
    same = np.array_equal(mt.nn.functional.conv2d(x, w).array, y.array)
    os._exit(0 if same else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert in_process(script) == ["0"]


def test_at_least_one():
    with pytest.raises(ValueError, match="set_num_threads: expects at least 1"):
        mt.set_num_threads(0)
