"""What the tests of regions share: boxes, and a kernel held against the reference in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda


class InFloat32:
    """in_float32("roi_pool", x, boxes, index, …) → [(kernel's, reference's) y, saved[0] and gx].

    With the same rounding on both sides bins may be compared bit for bit.
    """

    def __init__(self, order: str) -> None:
        self.order = order
        self.launched: set[str] = set()

    def __call__(self, name: str, *arrays: np.ndarray, **params: Any) -> list[Any]:
        op, needs = op_named(name), (True, False, False)
        with use_kernels("reference"):
            y, saved = op.run(arrays, params)
            gy = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
            want = (y, saved[0], op.backward(gy, saved, needs)[0])
        device = emulated_cuda(self.order)
        with device:
            y, saved = op.run([device.library.from_numpy(a) for a in arrays], params)
            gx = op.differentiate(device.library.from_numpy(gy), saved, needs)[0]
            got = [a.get() for a in (y, saved[0], gx)]
        self.launched |= {kernel for _, kernel in device.device.launched}
        return list(zip(got, want, strict=True))


@pytest.fixture
def in_float32(order):
    return InFloat32(order)


@pytest.fixture
def boxes():
    """boxes(R, H, W): within an image, beyond its edges, a few turned, flat or nowhere."""

    def make(R: int, H: float, W: float, strange: bool = True) -> np.ndarray:
        rng = np.random.default_rng(4)
        centre = rng.uniform(-0.2, 1.2, (R, 2)) * (W, H)
        size = rng.uniform(0.02, 0.7, (R, 2)) * (W, H)
        found = np.concatenate([centre - size / 2, centre + size / 2], 1).astype(np.float32)
        if strange:
            found[3] = found[3, [2, 3, 0, 1]]
            found[5, 2:] = found[5, :2]
            found[7, 1], found[9, 2], found[11, 0] = np.nan, np.inf, -np.inf
            found[13] = (-30 * W, -30 * H, 30 * W, 30 * H)
            found[15] = (3 * W, 3 * H, 4 * W, 4 * H)
        return found

    return make
