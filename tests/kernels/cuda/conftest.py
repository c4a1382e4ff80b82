"""Runs ops on the emulator, and skips what needs a C++ compiler where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import ORDERS, compiler, emulated_cuda


@pytest.fixture
def emulator():
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")


@pytest.fixture(params=ORDERS)
def order(request, emulator):
    """The order in which the emulator runs warps, threads and blocks."""
    return request.param


@pytest.fixture(params=["whole grids", "few blocks"])
def blocks(request, monkeypatch):
    """Once as launched, once with so few blocks that each has to go round several times."""
    if request.param == "few blocks":
        monkeypatch.setattr(launch, "MOST_BLOCKS", 2)


class Compare:
    """compare("conv", x, w, None, stride=2): the kernel against float64, value and gradients."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.launched: set[str] = set()

    def __call__(self, name: str, *arrays: Any, tolerance: float = 1e-5, **params: Any) -> Any:
        op, rng = op_named(name), np.random.default_rng(0)
        wide = [a.astype(np.float64) if _is_float(a) else a for a in arrays]
        needs = tuple(
            _is_float(a) and n not in op.constants for a, n in zip(arrays, op.inputs, strict=True)
        )
        with use_kernels("reference"):
            y, saved = op.run(wide, params)
            ys = y if isinstance(y, tuple) else (y,)
            gy = rng.normal(size=ys[0].shape).astype(np.float32)
            want = (*ys, *op.backward(gy.astype(np.float64), saved, needs))
        device = emulated_cuda(self.order)
        with device:
            there = [device.library.from_numpy(a) if a is not None else None for a in arrays]
            y, saved = op.run(there, params)
            grads = op.differentiate(device.library.from_numpy(gy), saved, needs)
            got = [None if a is None else a.get() for a in (*(y if len(ys) > 1 else (y,)), *grads)]
        self.launched |= {kernel for _, kernel in device.device.launched}
        for k, (a, b) in enumerate(zip(got, want, strict=True)):
            if b is None:
                assert a is None
            else:
                self.same(f"{name}, result {k}", a, b, tolerance)
        return got

    def same(self, what: str, a: Any, b: Any, tolerance: float) -> None:
        assert a.shape == b.shape and a.dtype == (b.dtype if b.dtype != np.float64 else np.float32)
        finite = np.isfinite(b)
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=what)
        np.testing.assert_array_equal(a[~finite], b[~finite].astype(a.dtype), err_msg=what)
        size = max(1.0, float(np.max(abs(b[finite]), initial=0.0)))
        np.testing.assert_allclose(
            a[finite], b[finite], rtol=0, atol=tolerance * size, err_msg=what
        )


def _is_float(a: Any) -> bool:
    return a is not None and a.dtype.kind == "f"


@pytest.fixture
def compare(order):
    return Compare(order)


@pytest.fixture
def draw():
    """draw(3, 5): normal numbers in float32."""
    rng = np.random.default_rng(3)
    return lambda *shape: rng.normal(size=shape).astype(np.float32)
