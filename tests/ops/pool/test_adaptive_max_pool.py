"""adaptive_max_pool: known answers, ties and NaN."""

from __future__ import annotations

import numpy as np

from minitorch_cv.ops.pool.adaptive_max_pool import OP

ROW = np.array([1.0, 2, 5, 4, 3]).reshape(1, 1, 1, 5)


def pool(x, size):
    y, indices = OP.run((x,), {"output_size": size})[0]
    return y[0, 0].tolist(), indices[0, 0].tolist()


def test_windows_share_what_does_not_divide():
    """Five columns in two windows: [0, 3) and [2, 5); in three: [0, 2), [1, 4) and [3, 5)."""
    assert pool(ROW, (1, 2)) == ([[5, 5]], [[2, 2]])
    assert pool(ROW, (1, 3)) == ([[2, 5, 4]], [[1, 2, 3]])


def test_a_larger_output_repeats_pixels():
    assert pool(ROW[..., :2], (1, 4)) == ([[1, 1, 2, 2]], [[0, 0, 1, 1]])


def test_indices_count_through_the_image():
    x = np.array([[1.0, 2], [3, 4], [9, 0]])[None, None]
    assert pool(x, 1) == ([[9]], [[4]])


def test_lines_and_volumes():
    y, indices = OP.run((ROW[0],), {"output_size": 2})[0]
    assert y.tolist() == [[[5, 5]]] and indices.tolist() == [[[2, 2]]]
    volume = np.arange(12.0).reshape(1, 1, 2, 2, 3)
    y, indices = OP.run((volume,), {"output_size": (1, 2, 1)})[0]
    assert y.ravel().tolist() == [8, 11] and indices.ravel().tolist() == [8, 11]
    assert y.shape == indices.shape == (1, 1, 1, 2, 1)


def test_gradient_adds_up_where_one_element_wins_twice():
    _, saved = OP.run((ROW,), {"output_size": (1, 2)})
    (gx,) = OP.differentiate(np.array([[[[3.0, 6]]]]), saved, (True,))
    assert gx[0, 0].tolist() == [[0, 0, 9, 0, 0]]


def test_ties_and_nan():
    """The first of equals, the last NaN; where all is −inf the first element."""
    assert pool(np.zeros((1, 1, 2, 3)), (1, 2)) == ([[0, 0]], [[0, 1]])
    x = np.array([[np.nan, 1, np.nan, 2]])[None, None]
    assert pool(x, 1)[1] == [[2]]
    assert pool(np.full((1, 1, 2, 4), -np.inf), 2)[1] == [[0, 2], [4, 6]]
