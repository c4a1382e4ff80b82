"""reshape shares memory where it can, and works out one size."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.shape.reshape import OP, resolve

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.cpu("NumPy's views of memory")
@pytest.mark.parametrize("shape", [(24,), (-1,), (4, -1), (2, 12), (1, 24, 1), (2, 3, 2, 2)])
def test_shares_memory(shape):
    y = OP(X, shape=shape)
    np.testing.assert_array_equal(y, X.reshape(shape))
    assert np.shares_memory(y, X)


def test_copies_where_it_must():
    assert not np.shares_memory(OP(X.T, shape=(24,)), X)


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [((0, 3), (3, 0), (3, 0)), ((0,), (0, 5), (0, 5)), ((), (1,), (1,)), ((6,), (2, -1), (2, 3))],
)
def test_resolve(old, new, want):
    assert resolve(old, new) == want


def test_minus_1_next_to_0_is_undecided():
    with pytest.raises(ValueError, match="does not fit 0 elements"):
        resolve((0, 3), (0, -1))


def test_the_message_says_what_to_do():
    with pytest.raises(ValueError, match=r"has 8 elements, but the tensor of shape \(2, 3\) has 6"):
        resolve((2, 3), (4, 2))
