"""A chain of steps in blocks gives what it gives at once."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.elementwise.blocks import BLOCK, in_blocks
from minitorch_cv.ops.elementwise.table import unary

SIZES = [0, 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7]


def seen(sizes):
    """A step that notes how many elements it is given."""

    def step(a, b):
        sizes.append(a.size)
        return 2 * a - b

    return step


@pytest.mark.parametrize("size", SIZES)
def test_same_as_at_once(size):
    a, b = np.arange(size, dtype=np.float32), np.ones(size, np.float32)
    sizes = []
    y = in_blocks(seen(sizes), a, b)
    np.testing.assert_array_equal(y, 2 * a - b)
    assert y.dtype == np.float32 and sum(sizes) == size and max(sizes) <= max(BLOCK, 1)


def test_shape_is_kept():
    a = np.arange(6.0 * BLOCK).reshape(3, BLOCK, 2)
    y = in_blocks(seen([]), a, a)
    np.testing.assert_array_equal(y, a)


@pytest.mark.parametrize(
    "change", [lambda a: a.T, lambda a: a[:, ::-1], np.asfortranarray], ids=["T", "flip", "F"]
)
def test_other_layouts_are_taken_whole(change):
    a = change(np.random.default_rng(0).normal(size=(300, 200)))
    sizes = []
    np.testing.assert_array_equal(in_blocks(seen(sizes), a, a), a)
    assert sizes == [a.size]


def test_arrays_of_two_shapes_are_taken_whole():
    a = np.ones((2, BLOCK))
    sizes = []
    assert in_blocks(seen(sizes), a, a[:1]).shape == a.shape and sizes == [a.size]


@pytest.mark.parametrize("name", ["gelu", "elu", "softplus"])
def test_ops_give_the_same_on_large_and_small_arrays(name):
    from minitorch_cv.ops.catalog import op_named

    op = op_named(name)
    params = next(iter(op.samples(np.random.default_rng(0)))).params
    x = np.random.default_rng(1).normal(size=(3, BLOCK))
    y, saved = op.run([x], params)
    (gx,) = op.differentiate(2 * x, saved, (True,))
    for k in (0, 2):
        small, small_saved = op.run([x[k, :100]], params)
        np.testing.assert_array_equal(y[k, :100], small)
        (part,) = op.differentiate(2 * x[k, :100], small_saved, (True,))
        np.testing.assert_array_equal(gx[k, :100], part)


def test_halves_are_computed_in_single_precision():
    """x² of 300 overflows in float16; its root does not."""
    op = unary("root", lambda xp, x: xp.sqrt(x * x), lambda xp, gy, x: gy, lambda x: x, long=True)
    y = op(np.full(2 * BLOCK, 300, np.float16))
    assert y.dtype == np.float16 and (y == 300).all()
