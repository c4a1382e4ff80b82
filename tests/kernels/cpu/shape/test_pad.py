"""The numba pad equals the reference bit for bit, adding and cutting off."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.shape.pad import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.shape.pad")

PADS = [
    (1, 1, 1, 1), (2, 0, 0, 3), (-1, 2, 3, -2), (-3, -4, -1, -1), (5, 0), (-13, 0), (-20, 7),
    (0, 0, 4, 4, 0, 0), (), (0, 0, -17, 1),
]  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("value", [0.0, -1.5, float("inf")])
@pytest.mark.parametrize("pad", PADS, ids=str)
def test_equals_the_reference(pad, value, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    x = np.random.default_rng(0).normal(size=(3, 5, 17, 26)).astype(np.float32)
    x[0, 0, 3, 4] = np.nan
    for given in (x, x.swapaxes(2, 3)[..., ::-1], x[0, 0], x[:0]):
        room = np.repeat(given.shape[::-1], 2)
        if len(pad) > len(room) or any(-n > size for n, size in zip(pad, room, strict=False)):
            continue
        params = {"pad": pad, "value": value}
        assert kernel.supports(given, **params)
        y, fields = kernel.forward(given, **params)
        with use_kernels("reference"):
            want, saved = OP.run((given,), params)
        np.testing.assert_array_equal(y, want)
        assert y.dtype == np.float32 and OP.saved(*fields) == saved


def test_leaves_the_rest_to_the_reference():
    x = np.ones((2, 3, 4), np.float32)
    assert not kernel.supports(x, pad=(1, 1), mode="reflect")
    assert not kernel.supports(x, pad=(0, 0, 0, 0, 1, 0))
    assert not kernel.supports(x[0, 0], pad=(1, 1))
    assert not kernel.supports(x.astype(np.float64), pad=(1, 1))
