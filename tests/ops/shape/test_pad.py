"""pad: known answers in every mode, and gradients that add up the copies."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.shape.pad import OP

ROW = np.array([[1.0, 2, 3]])

ANSWERS = [
    ("constant", (2, 1), [0, 0, 1, 2, 3, 0], [1, 1, 1]),
    ("reflect", (2, 1), [3, 2, 1, 2, 3, 2], [1, 3, 2]),
    ("replicate", (2, 1), [1, 1, 1, 2, 3, 3], [3, 1, 2]),
    ("circular", (2, 1), [2, 3, 1, 2, 3, 1], [2, 2, 2]),
    ("circular", (3, 3), [1, 2, 3, 1, 2, 3, 1, 2, 3], [3, 3, 3]),
    ("constant", (-1, 2), [2, 3, 0, 0], [0, 1, 1]),
    ("reflect", (-1, 2), [2, 3, 2, 1], [1, 2, 1]),
    ("replicate", (-1, 2), [2, 3, 3, 3], [0, 1, 3]),
    ("circular", (-1, 2), [2, 3, 2, 3], [0, 2, 2]),
    ("constant", (-1, -2), [], [0, 0, 0]),
    ("replicate", (-4, 3), [3, 3], [0, 0, 2]),
    ("replicate", (3, -4), [1, 1], [2, 0, 0]),
    ("reflect", (-4, 2), [1], [1, 0, 0]),
    ("reflect", (2, -4), [3], [0, 0, 1]),
    ("reflect", (0, 0), [1, 2, 3], [1, 1, 1]),
]


@pytest.mark.parametrize(("mode", "pad", "want", "copies"), ANSWERS)
def test_by_hand(mode, pad, want, copies):
    """The gradient of Σ y counts how often each element was copied."""
    y, saved = OP.run((ROW,), {"pad": pad, "mode": mode})
    np.testing.assert_array_equal(y[0], want)
    (gx,) = OP.differentiate(np.ones((1, len(want))), saved, (True,))
    np.testing.assert_array_equal(gx[0], copies)


def test_the_last_axis_comes_first():
    x = np.ones((1, 1))
    y = OP(x, pad=(1, 0, 0, 2), value=7)
    np.testing.assert_array_equal(y, [[7, 1], [7, 7], [7, 7]])


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_the_result_never_shares_memory(mode):
    x = np.ones((2, 3, 3))
    for pad in ((0, 0), (1, 1), (-1, 0)):
        assert not np.shares_memory(OP(x, pad=pad, mode=mode), x)


def test_corners_are_copied_from_both_sides():
    x = np.arange(1.0, 5).reshape(1, 2, 2)
    want = [[4, 3, 4, 3], [2, 1, 2, 1], [4, 3, 4, 3], [2, 1, 2, 1]]
    np.testing.assert_array_equal(OP(x, pad=(1, 1, 1, 1), mode="reflect")[0], want)
