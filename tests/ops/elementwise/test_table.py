"""Rows of the elementwise table: what they keep, and the dtypes of 0-d arrays."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.elementwise import activations, binary, unary
from minitorch_cv.ops.elementwise.table import is_scalar, like

ROWS = [*unary.ROWS, *activations.ROWS]


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_0d_arrays_keep_their_dtype(op, dtype):
    sample = next(iter(op.samples(np.random.default_rng(0))))
    x = np.asarray(sample.arrays[0].reshape(-1)[0], dtype)
    y, saved = op.run([x], sample.params)
    assert y.dtype == dtype
    (gx,) = op.differentiate(np.asarray(1, dtype), saved, (True,))
    assert gx.dtype == dtype


def test_only_what_the_derivative_names_is_kept():
    x = np.ones(3)
    assert unary.BY_NAME["exp"].forward(x)[1].x is None
    assert unary.BY_NAME["sin"].forward(x)[1].y is None
    saved = binary.BY_NAME["add"].forward(x, x)[1]
    assert (saved.a, saved.b, saved.y) == (None, None, None)
    assert unary.BY_NAME["exp"].saved_inputs == () and unary.BY_NAME["exp"].saves_output
    assert unary.BY_NAME["sin"].saved_inputs == (0,) and not unary.BY_NAME["sin"].saves_output


def test_like():
    g = np.ones(2, np.float32)
    assert like(g, g) is g
    assert like(np.float64(1.5), g).dtype == np.float32


def test_is_scalar():
    assert is_scalar(2) and is_scalar(np.float32(2)) and not is_scalar(np.ones(()))
