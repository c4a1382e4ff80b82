"""Gradients that are sums at places: the same bits in any order, and the host waits for none."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import ORDERS, emulated_cuda
from minitorch_cv.testing.cuda_emulator.standin import standin_cuda

RNG = np.random.default_rng(8)
X = RNG.normal(size=(5, 4, 6)).astype(np.float32)
SCALE = 2.0 ** RNG.integers(-12, 12, 400).astype(np.float32)
KEYS = {
    "one array": np.repeat([3, 1, -1, 3], 100),
    "two arrays": (np.repeat([0, -1], 200), slice(None), np.tile([5, 0, -6, 2], 100)),
    "array and integer": (np.repeat([0, 2], 200), -1),
    "behind a slice": (slice(1, 4), np.tile([0, 3, 3, 1], 100)),
    "with a new axis": (None, np.tile([4, 0], 200), Ellipsis, slice(None, None, -2)),
}


def on_device(order, function, *arrays):
    """(arrays that the function answers, what crossed or waited, the kernels that ran)."""
    device = emulated_cuda(order)
    with device as counters:
        tensors = [mt.from_numpy(a).to("cuda").requires_grad_() for a in arrays]
        found = function(*tensors)
        waits = counters.total(), counters.masks
        kernels = {kernel for _, kernel in device.device.launched}
        return [t.detach().cpu().numpy() for t in found], waits, kernels


@pytest.mark.parametrize("name", KEYS)
def test_indexing(name, emulator):
    key = KEYS[name]

    def gradient(x):
        y = x[key]
        scale = mt.from_numpy(SCALE[: y.shape[-1]]).to(y.device)
        y.backward(y * scale)
        return [x.grad]

    (want,) = gradient(mt.from_numpy(X.astype(np.float64)).requires_grad_())
    found = [on_device(order, gradient, X) for order in ORDERS]
    for (gx,), waits, kernels in found:
        assert waits == (0, 0) and "scatter_add_sums" in kernels
        np.testing.assert_allclose(gx, want.numpy(), rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(found[0][0][0], found[1][0][0])


def test_indexing_twice(order):
    """A second derivative: of the gradient of Σ x[i]³."""

    def gradients(x):
        y = x[KEYS["two arrays"]]
        (g,) = mt.autograd.grad((y * y * y).sum(), x, create_graph=True)
        return [g, *mt.autograd.grad((g * g).sum(), x)]

    want = gradients(mt.from_numpy(X.astype(np.float64)).requires_grad_())
    got, waits, _ = on_device(order, gradients, X)
    assert waits == (0, 0)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-4, atol=1e-2)


def test_a_mask_selects_nothing_twice(order):
    """Its gradient is written, not added; the mask itself was waited for in the forward pass."""
    mask = X > 0

    def gradient(x):
        y = x[mt.from_numpy(mask).to(x.device)]
        y.backward(2 * y)
        return [x.grad]

    (gx,), (waits, _), kernels = on_device(order, gradient, X)
    np.testing.assert_array_equal(gx, np.where(mask, 2 * X, 0))
    assert waits == 0 and not any("scatter" in kernel for kernel in kernels)


def test_a_mask_and_an_array(order):
    mask, numbers = np.array([True, False, True, True, False]), np.array([1, 3, 3])

    def gradient(x):
        y = x[mask, numbers]
        y.backward(y)
        return [x.grad]

    (gx,), _, _ = on_device(order, gradient, X)
    (want,) = gradient(mt.from_numpy(X).requires_grad_())
    np.testing.assert_array_equal(gx, want.numpy())


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_grid_sample(mode, emulator):
    """Many points on few pixels, and many beyond the edges, which all go to one place."""
    x = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    grid = RNG.uniform(-1.5, 1.5, (2, 20, 20, 2)).astype(np.float32)
    gy = RNG.normal(size=(2, 3, 20, 20)).astype(np.float32)

    def gradients(x, grid):
        y = F.grid_sample(x, grid, mode=mode, align_corners=False)
        y.backward(mt.from_numpy(gy.astype(x.dtype)).to(y.device))
        return [x.grad, grid.grad]

    wide = (mt.from_numpy(a.astype(np.float64)).requires_grad_() for a in (x, grid))
    want = gradients(*wide)
    found = [on_device(order, gradients, x, grid) for order in ORDERS]
    for got, waits, kernels in found:
        assert waits == (0, 0) and "scatter_add_sums" in kernels
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-3)
    for a, b in zip(found[0][0], found[1][0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_adjoint_of_indexing_on_all_its_samples(order):
    device = emulated_cuda(order)
    with device:
        for name in ("scatter", "getitem", "strided", "gather"):
            cuda_equals_cpu(op_named(name), np.random.default_rng(0))
    assert ("shape/scatter_add.cu", "scatter_add_sums") in device.device.launched


def test_a_recorded_step(emulator):
    """A captured step repeats them, on other numbers, as a plain step computes them."""

    def step(image, index, grid):
        x = image.detach().requires_grad_()
        y = F.grid_sample(x[index], grid, align_corners=False)
        (y * y).sum().backward()
        return x.grad

    given = [
        (RNG.normal(size=(4, 2, 5, 5)).astype(np.float32), RNG.integers(-4, 4, 6),
         RNG.uniform(-1.2, 1.2, (6, 9, 9, 2)).astype(np.float32))
        for _ in range(5)
    ]  # fmt: skip
    answers = []
    with standin_cuda():
        for run in (step, mt.cuda.graph(step)):
            for arrays in given:
                there = [mt.from_numpy(a).to("cuda") for a in arrays]
                answers.append(run(*there).detach().cpu().numpy().copy())
    for plain, recorded in zip(answers[:5], answers[5:], strict=True):
        np.testing.assert_array_equal(plain, recorded)
