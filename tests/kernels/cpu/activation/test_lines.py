"""The logarithm and the maximum that softmax and the losses share."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
lines = pytest.importorskip("minitorch_cv.kernels.cpu.activation.lines")


def test_the_logarithm_is_right_to_two_units_in_the_last_place():
    rng = np.random.default_rng(0)
    s = np.concatenate([np.arange(1, 50), 1 + rng.uniform(size=500), 2 ** rng.uniform(0, 40, 500)])
    for number in s.astype(np.float32):
        exact = np.log(np.float64(number))
        assert abs(lines.log(number) - exact) <= 2 * np.spacing(np.float32(exact))
    assert np.isnan(lines.log(np.float32(np.nan)))


def test_the_top_of_a_row():
    rng = np.random.default_rng(0)
    for size in (1, 7, 16, 100):
        row = rng.normal(size=size).astype(np.float32)
        assert lines.top_of(row) == row.max()
        assert lines.top_of(-abs(row)) == (-abs(row)).max()
        row[0] = np.inf
        assert lines.top_of(row) == np.inf
    assert lines.top_of(np.full(3, -np.inf, np.float32)) == -np.inf
