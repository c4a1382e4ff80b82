"""max_unpool: known answers, and that it undoes a max-pool."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.max_pool import OP as MAX_POOL
from minitorch_cv.ops.pool.max_unpool import OP

IMAGE = np.array([[1.0, 5, 2, 0], [3, 4, 8, 7], [9, 6, 0, 1], [2, 3, 4, 5]])[None, None]


def test_maxima_go_back_to_their_places():
    y, indices = MAX_POOL.run((IMAGE,), {"kernel_size": 2})[0]
    back = OP(y, indices, size=(4, 4))
    assert back[0, 0].tolist() == [[0, 5, 0, 0], [0, 0, 8, 0], [9, 0, 0, 0], [0, 0, 0, 5]]


def test_each_channel_has_its_own_places():
    x, indices = np.array([[[1.0], [2.0]]]), np.array([[[2], [0]]])
    assert OP(x, indices, size=(3,)).tolist() == [[[0, 0, 1], [2, 0, 0]]]


def test_gradient_is_picked_at_the_places():
    x, indices = np.array([[[1.0, 2.0]]]), np.array([[[3, 1]]])
    y, saved = OP.run((x, indices), {"size": (2, 2)})
    assert y.tolist() == [[[[0, 2], [0, 1]]]]
    gx, nothing = OP.differentiate(np.array([[[[10.0, 20], [30, 40]]]]), saved, (True, False))
    assert gx.tolist() == [[[40, 20]]] and nothing is None


def test_of_two_numbers_for_one_place_the_later_stays():
    x, indices = np.array([[[1.0, 2.0]]]), np.array([[[1, 1]]])
    y, saved = OP.run((x, indices), {"size": (3,)})
    assert y.tolist() == [[[0, 2, 0]]]
    gx, _ = OP.differentiate(np.array([[[3.0, 4, 5]]]), saved, (True, False))
    assert gx.tolist() == [[[4, 4]]]


@pytest.mark.parametrize("place", [-1, 9])
def test_places_outside_the_image_are_refused(place):
    x, indices = np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), place)
    with pytest.raises(ValueError, match=f"max_unpool2d: an index lies outside .*got {place}"):
        OP(x, indices, size=(3, 3))
