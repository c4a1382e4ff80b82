"""More windows, pixels and planes than threads and blocks: loops over the grid go round."""

from __future__ import annotations

import pytest
from minitorch_cv.kernels.cuda import launch, planes

CASES = {
    "max_pool": {"kernel_size": 2, "stride": 1},
    "avg_pool": {"kernel_size": 2, "stride": 1},
    "adaptive_max_pool": {"output_size": (19, 17)},
    "adaptive_avg_pool": {"output_size": (19, 17)},
}


@pytest.mark.parametrize("name", CASES)
def test_one_block(name, compare, draw, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    monkeypatch.setattr(planes, "MOST_PLANES", 2)
    compare(name, draw(1, 5, 43, 29), **CASES[name])
