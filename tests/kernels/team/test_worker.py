"""Workers do every share once, awake and asleep, and are gone when Python ends."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("numba")
threads = pytest.importorskip("minitorch_cv.kernels.threads")


@pytest.fixture(params=[2, 5])
def count(request, monkeypatch):
    """So many threads, also where there are fewer cores."""
    monkeypatch.setattr(threads, "_count", request.param)
    return request.param


def add_one(seen, thread, threads):
    seen[thread] += 1


@pytest.mark.parametrize("rest", [0.0, 1e-4, 5e-3], ids=["awake", "in between", "asleep"])
def test_each_share_is_run_once(count, rest):
    seen = np.zeros(count, np.int64)
    for done in range(1, 101):
        threads.run(add_one, seen, most=count)
        assert (seen == done).all()
        time.sleep(rest)


def test_shares_run_at_the_same_time(count):
    meeting = threading.Barrier(count, timeout=20)
    threads.run(lambda thread, threads: meeting.wait(), most=count)


def test_a_long_share_is_waited_for(count):
    ended = []

    def share(thread, threads):
        time.sleep(0.01 * thread)
        ended.append(thread)

    threads.run(share, most=count)
    assert ended == list(range(count))


def test_what_a_share_raises_is_raised_when_all_are_done(count):
    ended = []

    def share(thread, threads):
        if thread == 1:
            raise KeyError("one of the others")
        time.sleep(0.01)
        ended.append(thread)

    with pytest.raises(KeyError, match="one of the others"):
        threads.run(share, most=count)
    assert len(ended) == count - 1
    seen = np.zeros(count, np.int64)
    threads.run(add_one, seen, most=count)
    assert (seen == 1).all()


def test_two_callers_at_once(count):
    seen = np.zeros((2, count), np.int64)

    def caller(k):
        for _ in range(200):
            threads.run(add_one, seen[k], most=count)

    callers = [threading.Thread(target=caller, args=(k,)) for k in range(2)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert (seen == 200).all()


def test_what_was_given_is_let_go(count):
    given = np.zeros(count)
    before = sys.getrefcount(given)
    threads.run(add_one, given, most=count)
    time.sleep(0.01)
    assert sys.getrefcount(given) == before


@pytest.mark.parametrize("rest", [0.0, 0.05], ids=["awake", "asleep"])
def test_python_ends_at_once(rest):
    script = (
        "import time, numpy as np\n"
        "from minitorch_cv.kernels import threads\n"
        "threads._count = 4\n"
        "def share(seen, thread, threads): seen[thread] += 1\n"
        "threads.run(share, np.zeros(4), most=4)\n"
        f"time.sleep({rest})\n"
        "print(time.perf_counter(), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and not done.stderr
    assert time.perf_counter() - float(done.stdout) < 5
