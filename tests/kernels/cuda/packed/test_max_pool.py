"""packed/max_pool.cu: windows that overlap, lie apart, hang over the edge; ties, NaN and −∞."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch, planes
from minitorch_cv.kernels.cuda.packed import max_pool
from minitorch_cv.kernels.cuda.packed.array import Packed, packed

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv.autograd.tape import new_tensor
from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import emulated_cuda

OP = op_named("max_pool")
CASES = [
    ((2, 8, 9, 7), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((3, 5, 6, 8), {"kernel_size": 2}),
    ((1, 16, 5, 9), {"kernel_size": (2, 5), "stride": (3, 2), "padding": (1, 2)}),
    ((2, 3, 11, 8), {"kernel_size": (3, 2), "stride": 2, "dilation": (2, 3), "ceil_mode": True}),
    ((2, 8, 13), {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True}),
    ((2, 8, 1, 1), {"kernel_size": 1}),
]


def expected(x, params, draw):
    """(gy, drawn for it; y, indices and gx of the reference)."""
    with use_kernels("reference"):
        (y, indices), saved = OP.run((x,), params)
        gy = nearest_bfloat16(draw(*y.shape))
        (gx,) = OP.backward(gy, saved, (True,))
    return gy, y, indices, nearest_bfloat16(gx)


@pytest.mark.parametrize("hard", [False, True], ids=["numbers", "ties and NaN"])
@pytest.mark.parametrize(("shape", "params"), CASES, ids=str)
def test_against_the_reference(shape, params, hard, order, blocks, draw):
    x = nearest_bfloat16(draw(*shape))
    if hard:
        x = np.round(x)
        x.reshape(-1)[::7], x.reshape(-1)[3::11] = -np.inf, np.nan
    gy, *want = expected(x, params, draw)
    with emulated_cuda(order) as counters:
        (got, places), saved = OP.run((packed(counters.library.from_numpy(x)),), params)
        (slope,) = OP.differentiate(packed(counters.library.from_numpy(gy)), saved, (True,))
        assert OP.differentiate(got, saved, (False,)) == (None,)
        assert all(isinstance(a, Packed) for a in (got, places, slope))
        assert places.dtype == np.int64 and places.bits.dtype == np.int32
        found = [a.plain().get() for a in (got, places, slope)]
    for a, b in zip(found, want, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("C", [8, 5], ids=["by eights", "one by one"])
def test_few_blocks_for_many_places_and_images(C, order, draw, monkeypatch):
    """Threads that go round several times, over places and over images."""
    monkeypatch.setattr(launch, "MOST_BLOCKS", 2)
    monkeypatch.setattr(planes, "ENOUGH", 1)
    x, params = nearest_bfloat16(draw(3, C, 24, 25)), {"kernel_size": 2, "stride": 1}
    gy, y, _, gx = expected(x, params, draw)
    with emulated_cuda(order) as counters:
        (got, _), saved = OP.run((packed(counters.library.from_numpy(x)),), params)
        (slope,) = OP.differentiate(packed(counters.library.from_numpy(gy)), saved, (True,))
        np.testing.assert_array_equal(got.plain().get(), y)
        np.testing.assert_array_equal(slope.plain().get(), gx)


def test_places_are_what_everybody_knows(emulator, draw):
    """Handed out as indices of int64, which max_unpool takes."""
    x, params = nearest_bfloat16(draw(2, 8, 6, 6)), {"kernel_size": 2, "return_indices": True}
    y, indices = F.max_pool2d(mt.tensor(x), **params)
    with emulated_cuda() as counters:
        X = new_tensor(packed(counters.library.from_numpy(x))).requires_grad_()
        got, places = F.max_pool2d(X, **params)
        assert places.dtype == mt.int64 and not places.requires_grad and got.requires_grad
        back = F.max_unpool2d(got, places, 2)
        assert back.cpu().tolist() == F.max_unpool2d(y, indices, 2).tolist()
        assert places.cpu().tolist() == indices.tolist()


def test_a_plain_gradient(emulator, draw):
    x, gy = nearest_bfloat16(draw(2, 3, 4, 4)), draw(2, 3, 2, 2)
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        (y, _), saved = OP.run((packed(send(x)),), {"kernel_size": 2})
        (gx,) = OP.differentiate(send(gy), saved, (True,))
        assert abs(gx.plain().get()).sum() == pytest.approx(abs(nearest_bfloat16(gy)).sum())


def test_what_it_leaves_to_others(emulator, draw):
    """Volumes, windows that dilation carries past all pixels, and planes with too many numbers."""
    with emulated_cuda() as counters:
        volume = packed(counters.library.from_numpy(draw(1, 2, 3, 4, 5)))
        assert not max_pool.supports(volume, kernel_size=2)
        row = packed(counters.library.from_numpy(draw(1, 2, 1, 3)))
        assert not max_pool.supports(row, kernel_size=3, padding=1, dilation=2)
        (y, _), _ = OP.run((volume,), {"kernel_size": 2})
        assert y.shape == (1, 2, 1, 2, 2)
    assert not max_pool.supports(Packed(np.empty(0, np.uint16), (1, 512, 1500, 1500)))
    assert max_pool.supports(Packed(np.empty(0, np.uint16), (64, 64, 112, 112)))
