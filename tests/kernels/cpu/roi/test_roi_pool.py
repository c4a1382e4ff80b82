"""The numba RoI pool equals the reference bit for bit, on shapes larger than the op's samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.backend.threads import get_num_threads, set_num_threads
from minitorch_cv.ops.roi.roi_pool import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.roi.roi_pool")

GRID = [
    {"output_size": size, "spatial_scale": scale}
    for size, scale in itertools.product((7, (1, 5), (40, 3)), (1.0, 0.3, 1 / 16))
]


def regions(C, R=40, scale=1.0):
    """Few different values, so that there are ties; some NaN and infinities; corners on halves."""
    rng = np.random.default_rng(C)
    x = rng.integers(-2, 3, size=(3, C, 23, 31)).astype(np.float32)
    x[rng.random(x.shape) < 0.01] = np.nan
    x[rng.random(x.shape) < 0.2] = -np.inf
    low = rng.uniform(-6, 25, (R, 2))
    boxes = np.round(2 * np.concatenate([low, low + rng.uniform(-2, 25, (R, 2))], 1)) / 2 / scale
    boxes[0, 2], boxes[1 % R, 1] = np.inf, np.nan
    return x, boxes.astype(np.float32), rng.choice([0, 2], R)  # none on image 1


@pytest.mark.parametrize("C", [1, 32, 35])
@pytest.mark.parametrize("params", GRID, ids=str)
def test_equals_the_reference(params, C):
    arrays = regions(C, scale=params["spatial_scale"])
    assert kernel.supports(*arrays, **params)
    y, fields = kernel.forward(*arrays, **params)
    with use_kernels("reference"):
        want, saved = OP.run(arrays, params)
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(fields[0], saved.indices)
    assert y.dtype == want.dtype and fields[0].dtype == saved.indices.dtype
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    needs = (True, False, False)
    gx, *none = kernel.backward(np.asfortranarray(gy), OP.saved(*fields), needs)
    np.testing.assert_allclose(gx, OP.backward(gy, saved, needs)[0], rtol=1e-5, atol=1e-5)
    assert none == [None, None]


def test_not_contiguous():
    x, boxes, index = regions(5)
    odd = x.transpose(0, 1, 3, 2)[..., ::-1], np.asfortranarray(boxes), np.repeat(index, 2)[::2]
    y, _ = kernel.forward(*odd, output_size=3)
    np.testing.assert_array_equal(y, OP.forward(*odd, output_size=3)[0])


def test_no_boxes():
    x, boxes, index = regions(3)
    y, fields = kernel.forward(x, boxes[:0], index[:0], output_size=2)
    gx, *_ = kernel.backward(y, OP.saved(*fields), (True, False, False))
    assert y.shape == (0, 3, 2, 2) and gx.shape == x.shape and not gx.any()
    assert kernel.backward(y, OP.saved(*fields), (False, False, False)) == (None, None, None)


def test_threads_change_nothing():
    x, boxes, index = regions(300, R=200)
    before, found = get_num_threads(), []
    gy = np.random.default_rng(1).normal(size=(200, 300, 7, 7)).astype(np.float32)
    try:
        for threads in (1, 2, 1):
            set_num_threads(threads)
            y, fields = kernel.forward(x, boxes, index, output_size=7)
            found.append((y, kernel.backward(gy, OP.saved(*fields), (True, False, False))[0]))
    finally:
        set_num_threads(before)
    for y, gx in found[1:]:
        np.testing.assert_array_equal(y, found[0][0])
        np.testing.assert_array_equal(gx, found[0][1])


def test_leaves_the_rest_to_the_reference():
    x, boxes, index = regions(3)
    assert not kernel.supports(x.astype(np.float64), boxes.astype(np.float64), index, output_size=2)
    assert not kernel.supports(x, boxes, index, output_size=0)
    assert not kernel.supports(x[..., :0], boxes, index, output_size=2)
