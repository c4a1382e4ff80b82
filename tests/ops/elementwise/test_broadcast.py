"""Broadcasting of shapes, and the sum that undoes it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.elementwise.broadcast import broadcast_shapes, sum_to

SHAPES = [(), (1,), (3,), (0,), (2, 1), (2, 3), (1, 3), (4, 1, 3), (4, 2, 1), (4, 0, 3)]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SHAPES, SHAPES)))
def test_the_same_shapes_as_numpy(a, b):
    try:
        want = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ValueError, match="^add: shapes .* do not broadcast"):
            broadcast_shapes("add", a, b)
        return
    assert broadcast_shapes("add", a, b) == want


def test_the_message_names_the_axis():
    with pytest.raises(ValueError, match=r"axis -2 has 2 and 4\); sizes must be equal or 1"):
        broadcast_shapes("mul", (2, 3), (4, 3))


@pytest.mark.parametrize("shape", SHAPES)
def test_sum_to_is_the_adjoint_of_broadcasting(shape):
    """⟨broadcast(x), g⟩ = ⟨x, sum_to(g)⟩."""
    rng = np.random.default_rng(0)
    full = (5, *broadcast_shapes("add", shape, (4, 1, 1)))
    x, g = rng.normal(size=shape), rng.normal(size=full)
    back = sum_to(g, shape)
    assert back.shape == shape
    np.testing.assert_allclose(np.sum(np.broadcast_to(x, full) * g), np.sum(x * back), atol=1e-12)


def test_nothing_to_sum():
    g = np.ones((2, 3))
    assert sum_to(g, (2, 3)) is g
