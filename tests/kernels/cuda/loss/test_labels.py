"""labels_judge: every label is looked at, and only a bad one is written down."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.loss import labels

from minitorch_cv.testing.cuda_emulator import emulated_cuda

RNG = np.random.default_rng(4)


def answers(order, values, low, high, also):
    """What is in five places after question 12 has been put into place 2."""
    with emulated_cuda(order) as counters:
        there, kept = map(counters.library.from_numpy, (values, np.array([3, 4, 5, 6, 7])))
        assert labels.takes(there, low, high)
        labels.judge(there, low, high, also, kept, 2, 12)
        return kept.get().tolist()


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 1000])
def test_one_bad_label_anywhere_is_found(n, dtype, order, blocks):
    good = RNG.integers(0, 21, n).astype(dtype)
    assert answers(order, good, 0, 21, None) == [3, 4, 5, 6, 7]
    assert answers(order, good.reshape(-1, 1)[::-1], 0, 21, None) == [3, 4, 5, 6, 7]
    for place in {0, n // 2, n - 1} if n else ():
        for value in (21, 255):
            bad = good.copy()
            bad[place] = value
            assert answers(order, bad, 0, 21, None) == [3, 4, 12, 6, 7]
            want = [3, 4, 5, 6, 7] if value == 255 else [3, 4, 12, 6, 7]
            assert answers(order, bad, 0, 21, 255) == want


def test_bounds(order):
    for value, low, high, also, good in (
        (-1, 0, 4, None, False), (-1, -1, 4, None, True), (-2, -1, 4, None, False),
        (0, 0, 4, None, True), (3, 0, 4, None, True), (4, 0, 4, None, False),
        (-100, 0, 4, -100, True), (-100, 0, 4, -99, False), (2, 0, 4, 2, True),
        (2**62, 0, 4, None, False), (2**62, 0, 4, 2**62, True),
    ):  # fmt: skip
        found = answers(order, np.array([1, value, 1]), low, high, also)
        assert found == [3, 4, 5 if good else 12, 6, 7], (value, low, high, also)


def test_what_the_kernel_leaves_to_others(emulator):
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        assert not labels.takes(send(np.zeros(3, np.int32)), 0, 4)
        assert not labels.takes(np.zeros(3, np.int64), 0, 4)
        assert not labels.takes(send(np.zeros(3, np.int64)), 0, 0)
