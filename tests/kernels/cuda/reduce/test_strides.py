"""More sums than threads, and more pieces of a sum than blocks that share it."""

from __future__ import annotations

import pytest
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.reduce import sums


@pytest.mark.parametrize("shape, axis", [
    ((300, 40), 1), ((40, 300), 0), ((9, 30, 50), (0, 2)), ((9, 30, 11, 3), (0, 2)), ((9000,), 0),
], ids=str)  # fmt: skip
def test_one_block(shape, axis, compare, draw, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    monkeypatch.setattr(sums, "_ENOUGH", 1)
    compare("sum", draw(*shape) + 0.3, axis=axis)
