"""roi_align against torchvision's own version in Python, where that is installed.

Its samples are cut off by no edge, and it takes no more of them along a bin than the image has
pixels: so these boxes reach at most one pixel over the edge.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.ops.roi.roi_align import OP

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models"))

from beside_torchvision import torchvision_models  # noqa: E402

GRID = [
    {"output_size": size, "spatial_scale": scale, "sampling_ratio": ratio, "aligned": aligned}
    for size, scale, ratio, aligned in itertools.product(
        (1, (3, 2), 7), (1.0, 0.3), (-1, 1, 3), (False, True)
    )
]


@pytest.fixture(scope="module")
def theirs():
    torchvision_models()
    from torchvision.ops.roi_align import _roi_align

    return getattr(_roi_align, "__wrapped__", _roi_align)  # without its compiler


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("params", GRID, ids=str)
def test_agrees(params, dtype, theirs, agrees_with_torch):
    rng = np.random.default_rng(0)
    scale = params["spatial_scale"]
    low = rng.uniform((0, -0.4), (8, 6), (6, 2))
    boxes = np.concatenate([low, np.minimum(low + rng.uniform(0.1, 9, (6, 2)), (11, 10))], 1)
    index = rng.integers(2, size=6)

    def call(x, boxes, index, output_size, spatial_scale, sampling_ratio, aligned):
        OH, OW = (output_size,) * 2 if isinstance(output_size, int) else output_size
        rois = torch.cat([index[:, None].to(boxes.dtype), boxes], 1)
        return theirs(x, rois, spatial_scale, OH, OW, sampling_ratio, aligned)

    x = rng.normal(size=(2, 3, 10, 11))
    agrees_with_torch(OP, call, (x, boxes / scale, index), params, dtype)
