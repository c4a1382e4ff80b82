"""The numba concatenate equals the reference bit for bit, wherever threads are cut."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.shape.concatenate import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.shape.concatenate")

SHAPES = [
    ([(3, 4, 5, 2), (3, 1, 5, 2), (3, 0, 5, 2), (3, 7, 5, 2)], 1), ([(5, 3), (2, 3)], 0),
    ([(2, 3, 1), (2, 3, 9)], -1), ([(7, 2, 3)], 2), ([(11,), (1,), (2,)], 0),
]  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("small", [0, 1 << 16])
@pytest.mark.parametrize(("shapes", "axis"), SHAPES, ids=str)
def test_equals_the_reference(shapes, axis, small, threads, monkeypatch):
    monkeypatch.setattr(kernel, "SMALL", small)
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    xs[0].flat[0] = np.nan
    assert kernel.supports(*xs, axis=axis)
    y, fields = kernel.forward(*xs, axis=axis)
    with use_kernels("reference"):
        want, saved = OP.run(xs, {"axis": axis})
    np.testing.assert_array_equal(y, want)
    assert y.dtype == np.float32 and OP.saved(*fields) == saved


def test_more_threads_than_elements():
    y = np.zeros((1, 3), np.float32)
    x = np.arange(1, 4, dtype=np.float32)
    addresses, lengths = np.array([x.ctypes.data], np.intp), np.array([3])
    for thread in range(5):
        kernel._join(addresses, lengths, y, thread, 5)
    np.testing.assert_array_equal(y, [x])


def test_leaves_the_rest_to_the_reference():
    x = np.ones((256, 256), np.float32)
    assert kernel.supports(x, x, axis=0)
    assert not kernel.supports(x, x.T, axis=0)
    assert not kernel.supports(x, x.astype(np.float64), axis=0)
