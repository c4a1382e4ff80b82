"""packed/batch_norm.cu against float64: channels by eights and one by one, shared by blocks."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.packed import batch_norm
from minitorch_cv.kernels.cuda.packed.array import Packed, packed

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import emulated_cuda

SHAPES = [(3, 8, 5, 4), (2, 3, 7, 9), (40, 16, 3), (2, 264, 2, 3), (5, 37, 1), (4, 300, 2), (6, 8)]
OP = op_named("batch_norm")
HALF = 2**-8  # of bfloat16's steps: what rounding to the nearest may change, relative


def run(arrays, gy, training, order="forward", needs=(True,) * 3, eps=1e-5):
    """The kernel's results in NumPy; images come back packed."""
    device = emulated_cuda(order)
    with device as counters:
        send = counters.library.from_numpy
        x, *others = (None if a is None else send(a) for a in arrays)
        y, saved = OP.run((packed(x), *others), {"training": training, "eps": eps})
        grads = OP.differentiate(packed(send(gy)), saved, (*needs, False, False))
        assert isinstance(y[0], Packed) and isinstance(grads[0], (Packed, type(None)))
        found = [a.plain() if isinstance(a, Packed) else a for a in (*y, *grads[:3])]
        return [None if a is None else a.get() for a in found], device.device.launched


def reference(arrays, gy, training, eps=1e-5):
    wide = [None if a is None else a.astype(np.float64) for a in arrays]
    with use_kernels("reference"):
        y, saved = OP.run(wide, {"training": training, "eps": eps})
        return [*y, *OP.backward(gy.astype(np.float64), saved, (True,) * 3 + (False,) * 2)[:3]]


def close(got, want, mean=1e-5):
    """Images within a rounding of bfloat16's, what is kept in float32 within its own."""
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        if b is None:
            assert a is None
            continue
        size = max(1.0, float(abs(b).max()))
        assert a.shape == b.shape and a.dtype == np.float32
        if k in (0, 3):
            np.testing.assert_array_equal(a, nearest_bfloat16(a))
            np.testing.assert_allclose(a, b, rtol=1.02 * HALF, atol=mean * size)
        else:
            np.testing.assert_allclose(a, b, rtol=0, atol=mean * size)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(shape, training, order, draw):
    C = shape[1]
    x, gy = (nearest_bfloat16(draw(*shape) * 2 + 0.5) for _ in range(2))
    arrays = (x, draw(C), draw(C), draw(C), abs(draw(C)) + 0.5)
    got, launched = run(arrays, gy, training, order)
    close(got, reference(arrays, gy, training))
    assert {kernel for _, kernel in launched} >= {
        "packed_batch_norm_moments", "packed_batch_norm_forward", "packed_batch_norm_slopes",
        "packed_batch_norm_backward", "packed_batch_norm_gradient_sums",
    }  # fmt: skip
    assert ("packed_batch_norm_sums" in {kernel for _, kernel in launched}) == training


@pytest.mark.parametrize("C", [8, 6], ids=["by eights", "one by one"])
@pytest.mark.parametrize("splits", [1, 3, 70])
def test_pixels_shared_by_blocks(splits, C, order, draw, monkeypatch):
    """Threads that go round several times, and sums of more blocks than a warp has lanes."""
    monkeypatch.setattr(batch_norm, "_ENOUGH", splits)
    monkeypatch.setattr(batch_norm, "_TOGETHER", 1)
    monkeypatch.setattr(batch_norm, "_MOST_PIXELS", 10**9)
    monkeypatch.setattr(batch_norm, "THREADS", 32)
    x, gy = (nearest_bfloat16(draw(44, C, 53)) for _ in range(2))
    arrays = (x, draw(C), draw(C), None, None)
    seen = []
    share = batch_norm._share
    monkeypatch.setattr(batch_norm, "_share", lambda x: seen.append(share(x)) or seen[-1])
    got, _ = run(arrays, gy, True, order)
    assert {s.splits for s in seen} <= {splits, 69}
    close(got, reference(arrays, gy, True))


def test_without_parameters_and_only_what_is_needed(order, draw):
    x, gy = (nearest_bfloat16(draw(4, 8, 6)) for _ in range(2))
    arrays = (x, None, None, None, None)
    close(run(arrays, gy, True, order)[0], reference(arrays, gy, True))
    (*_, gx, gweight, gbias), _ = run(arrays, gy, True, order, (True, False, False))
    assert gweight is None and gbias is None and gx is not None
    arrays = (x, draw(8), draw(8), draw(8), abs(draw(8)) + 0.5)
    got, launched = run(arrays, gy, False, order, (True, False, False))
    assert got[4] is got[5] is None
    assert [kernel for _, kernel in launched].count("packed_batch_norm_gradient_sums") == 0
    (*_, gx, gweight, gbias), _ = run(arrays, gy, True, order, (False, True, True))
    assert gx is None and gweight is not None and gbias is not None


def test_a_large_mean_does_not_cancel(order, draw):
    """Values of 256 and its neighbours in bfloat16, 2 apart."""
    x = nearest_bfloat16(draw(20, 8, 30) * 3 + 256)
    arrays, gy = (x, None, None, None, None), nearest_bfloat16(draw(*x.shape))
    close(run(arrays, gy, True, order)[0], reference(arrays, gy, True), mean=1e-4)


def test_nan_and_infinity_stay_in_their_channel(order, draw):
    x = nearest_bfloat16(draw(3, 9, 5))
    x[0, 2, 0], x[1, 4, 3], x[0, 7, 0] = np.nan, np.inf, np.inf
    got, _ = run((x, *(None,) * 4), x, True, order)
    others = [c for c in range(9) if c not in (2, 4, 7)]
    assert np.isnan(got[0][:, 2]).all() and np.isnan(got[0][1, 4, 3])
    assert np.isfinite(got[0][:, others]).all() and np.isfinite(got[3][:, others]).all()


def test_channel_sums(order, draw):
    for shape in ((3, 8, 50), (2, 5, 7, 3)):
        x = nearest_bfloat16(draw(*shape))
        with emulated_cuda(order) as counters:
            got = batch_norm.channel_sums(packed(counters.library.from_numpy(x))).get()
        want = x.astype(np.float64).sum(axis=(0, *range(2, x.ndim)))
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-5)


def test_shares():
    """Enough blocks for the largest GPU, and no thread that adds up too much in float32."""

    def share(*shape):
        return batch_norm._share(Packed(None, shape))

    assert share(64, 64, 112, 112)[2:] == (8, 1, 784, 1024)
    assert share(64, 2048, 7, 7)[2:] == (32, 8, 32, 98)
    for shape in ((256, 64, 112, 112), (512, 8, 224, 224), (1, 3, 2, 2)):
        made = share(*shape)
        assert made.length <= 128 * (256 // made.packs)
        assert made.splits * made.length >= made.pixels > (made.splits - 1) * made.length


def test_float32_is_not_packed_by_it(emulator, draw):
    with emulated_cuda() as counters:
        x = counters.library.from_numpy(draw(2, 3, 4))
        assert not batch_norm.supports(x, None)
        half = counters.library.from_numpy(draw(3).astype(np.float16))
        assert not batch_norm.supports(packed(x), half)
