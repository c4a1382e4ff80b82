"""More tiles, images, channels and boxes than warps and blocks: loops over the grid go round."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.roi import nms, regions

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda


@pytest.fixture
def one_block(monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    monkeypatch.setattr(regions, "MOST_PLANES", 1)


@pytest.mark.parametrize("name", ["roi_pool", "roi_align"])
def test_regions(name, in_float32, boxes, draw, one_block):
    """8 warps for 20 tiles of 4 × 8 pixels, one block for two images and three groups of 8."""
    index = np.arange(20) % 2
    results = in_float32(name, draw(2, 20, 17, 26), boxes(20, 17, 26), index, output_size=3)
    for got, want in results:
        np.testing.assert_allclose(got, want, atol=1e-5)


def test_boxes(order, draw, one_block):
    corners = abs(draw(600, 2))
    found = np.concatenate([corners, corners + abs(draw(600, 2))], 1)
    with use_kernels("reference"):
        want, _ = op_named("nms").run((found, scores := draw(600)), {"iou_threshold": 0.3})
    device = emulated_cuda(order)
    with device:
        given = [device.library.from_numpy(a) for a in (found, scores)]
        got, _ = op_named("nms").run(given, {"iou_threshold": 0.3})
        np.testing.assert_array_equal(got.get(), want)
    assert {file for file, _ in device.device.launched} == {nms.KERNELS.path}
