"""Profile: what ran, how often, what it computed and moved, and that nothing stays behind."""

import time
from typing import NamedTuple

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.ops.op import Op
from minitorch_cv.testing import Profile


def rows_of(seen):
    return {row.name: row for row in seen.rows()}


def test_a_training_step_row_by_row():
    model = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5))
    x = mt.randn(6, 2, 4, 4)
    with Profile() as seen:
        loss = nn.functional.cross_entropy(model(x), mt.zeros(6, dtype="int64"))
        loss.backward()
    rows = rows_of(seen)
    assert {"conv", "relu", "reshape", "linear", "cross_entropy"} <= set(rows)
    products = 6 * 3 * 16 * 2 * 9  # of a 3 × 3 convolution, 2 → 3 channels, on 4 × 4
    assert rows["conv"].forward_flops == 2 * products
    assert rows["conv"].backward_flops == 2 * products  # x needs no gradient: the weight's alone
    assert rows["linear"].forward_flops == 2 * 6 * 48 * 5
    assert rows["linear"].backward_flops == 2 * (2 * 6 * 48 * 5)  # of input and weight
    assert rows["relu"].forward_bytes == 2 * 4 * 6 * 3 * 16  # read once, written once
    assert rows["conv"].calls == rows["relu"].calls == 1
    assert all(row.forward > 0 and row.backward > 0 for row in rows.values())
    spent = sum(row.seconds for row in rows.values())
    assert 0 < spent <= seen.seconds
    assert seen.rows() == sorted(seen.rows(), key=lambda row: -row.seconds)


def test_rows_by_shape_know_their_gradients():
    convs = nn.Sequential(nn.Conv2d(2, 3, 3, stride=2), nn.Conv2d(3, 4, 1))
    with Profile(by_shape=True) as seen:
        convs(mt.randn(1, 2, 7, 9)).sum().backward()
    rows = rows_of(seen)
    assert rows["conv 3×3/2 2→3 7×9"].backward > 0
    assert rows["conv 1×1/1 3→4 3×4"].backward_flops > 0
    assert rows["sum 1×4×3×4"].calls == 1


class Saved(NamedTuple):
    x: object


def test_an_op_is_charged_for_its_own_time_alone():
    def slow(x):
        time.sleep(0.02)
        return x, Saved(x)

    inner = Op("inner", slow, lambda gy, saved, needs: (gy,), Saved)
    outer = Op("outer", lambda x: (inner(x), Saved(x)), lambda gy, saved, needs: (gy,), Saved)
    with Profile() as seen:
        outer(np.ones(3))
    rows = rows_of(seen)
    assert rows["inner"].forward >= 0.02 > rows["outer"].forward


def test_parts_and_errors():
    before = (Op.run, Op.differentiate)
    seen = Profile()
    with seen, seen.part("(mine)"):
        time.sleep(0.01)
    with pytest.raises(ValueError, match="matmul"), seen:
        mt.ones(2, 3) @ mt.ones(2, 3)
    assert (Op.run, Op.differentiate) == before
    assert rows_of(seen)["(mine)"].forward >= 0.01
    calls = {row.name: row.calls for row in seen.rows()}
    _ = mt.ones(2) + 1
    assert {row.name: row.calls for row in seen.rows()} == calls  # only inside the block
