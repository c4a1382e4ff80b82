"""The numba RoIAlign against the float64 reference, on shapes larger than the op's samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.threads import get_num_threads, set_num_threads
from minitorch_cv.ops.roi.roi_align import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.roi.roi_align")

GRID = [
    {"output_size": size, "sampling_ratio": ratio, "aligned": aligned, "spatial_scale": scale}
    for size, ratio, aligned, scale in itertools.product(
        (7, (1, 5)), (-1, 2), (False, True), (1.0, 1 / 8)
    )
]


def regions(C, H=23, W=31, R=40, scale=1.0):
    rng = np.random.default_rng(C)
    x = rng.normal(size=(3, C, H, W)).astype(np.float32)
    low = rng.uniform(-6, 25, (R, 2))
    boxes = np.concatenate([low, low + rng.uniform(-2, 25, (R, 2))], 1) / scale
    return x, boxes.astype(np.float32), rng.choice([0, 2], R)  # none on image 1


def judge(x, boxes, index, params, layout=lambda a: a):
    y, fields = kernel.forward(x, boxes, index, **params)
    exact = (x.astype(np.float64), boxes.astype(np.float64), index)
    with np.errstate(all="ignore"):
        want, saved = OP.forward(*exact, **params)
    close(y, want)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    gx, *none = kernel.backward(layout(gy), OP.saved(*fields), (True, False, False))
    close(gx, OP.backward(gy.astype(np.float64), saved, (True, False, False))[0])
    assert none == [None, None]


def close(got, want):
    assert got.dtype == np.float32 and got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * max(abs(want).max(), 1))


@pytest.mark.parametrize("params", GRID, ids=str)
def test_equals_the_reference(params):
    arrays = regions(35, scale=params["spatial_scale"])
    assert kernel.supports(*arrays, **params)
    judge(*arrays, params)


@pytest.mark.parametrize("C", [1, 31, 32, 33, 64])
def test_any_number_of_channels(C):
    judge(*regions(C, R=9), {"output_size": (3, 2), "sampling_ratio": 2})


def test_images_of_one_row_or_column():
    judge(*regions(3, H=1), {"output_size": 2})
    judge(*regions(3, W=1), {"output_size": 2})


def test_not_contiguous():
    x, boxes, index = regions(5)
    odd = x.transpose(0, 1, 3, 2)[..., ::-1], np.asfortranarray(boxes), np.repeat(index, 2)[::2]
    judge(*odd, {"output_size": 3}, layout=lambda gy: np.asfortranarray(gy))


def test_no_boxes_and_images_without_boxes():
    x, boxes, index = regions(3, R=0)
    y, fields = kernel.forward(x, boxes, index, output_size=2)
    assert y.shape == (0, 3, 2, 2)
    grads = OP.differentiate(y, OP.saved(*fields), (True, False, False))
    assert grads[0].shape == x.shape and not grads[0].any()
    judge(*regions(3, R=1), {"output_size": 2})


def test_threads_change_nothing():
    x, boxes, index = regions(300, R=200)
    before, found = get_num_threads(), []
    try:
        for threads in (1, 2, 1):
            set_num_threads(threads)
            y, fields = kernel.forward(x, boxes, index, output_size=7, sampling_ratio=2)
            found.append((y, kernel.backward(y, OP.saved(*fields), (True, False, False))[0]))
    finally:
        set_num_threads(before)
    for y, gx in found[1:]:
        np.testing.assert_array_equal(y, found[0][0])
        np.testing.assert_array_equal(gx, found[0][1])


def test_nan_and_infinities_reach_the_same_bins():
    x, boxes, index = regions(33, R=20)
    rng = np.random.default_rng(0)
    for bad in (np.nan, np.inf, -np.inf):
        x[tuple(rng.integers(0, size, 40) for size in x.shape)] = bad
    params = {"output_size": 4, "sampling_ratio": 2}
    y, fields = kernel.forward(x, boxes, index, **params)
    with np.errstate(all="ignore"):
        want, _ = OP.forward(x, boxes, index, **params)
    np.testing.assert_allclose(y, want, atol=1e-5)
    assert np.isnan(y).any() and np.isinf(y).any() and np.isfinite(y).any()
    gy = np.zeros_like(y)
    inside = np.argmin(abs(boxes - [5, 5, 20, 15]).sum(1))
    gy[inside, 5, 1, 2] = np.nan
    gx, *_ = kernel.backward(gy, OP.saved(*fields), (True, False, False))
    assert 1 <= np.isnan(gx).sum() <= 16  # the pixels of one bin


def test_leaves_the_rest_to_the_reference():
    x, boxes, index = regions(3)
    assert not kernel.supports(x.astype(np.float64), boxes.astype(np.float64), index, output_size=2)
    assert not kernel.supports(x, boxes, index, output_size=(2, 0))
    assert not kernel.supports(x[:, :, :0], boxes, index, output_size=2)
    assert kernel.backward(x, None, (False, False, False)) == (None, None, None)
