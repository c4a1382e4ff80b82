"""conv and conv_transpose in bfloat16: what the library is given, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.conv import conv
from minitorch_cv.kernels.cuda.packed.conv import CONV, CONV_TRANSPOSE

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv.backend.registry import find_kernel
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import emulated_cuda

CASES = [
    ("conv", (3, 5, 9, 7), (4, 5, 3, 2), {"stride": (2, 1), "padding": (1, 2)}),
    ("conv", (2, 6, 8, 5), (9, 2, 3, 3), {"padding": "same", "groups": 3}),
    ("conv", (2, 40, 7, 6), (37, 40, 1, 1), {}),
    ("conv", (2, 3, 11), (4, 3, 3), {"dilation": 2}),
    ("conv", (1, 2, 4, 5, 3), (3, 2, 2, 1, 3), {"padding": 1}),
    ("conv_transpose", (2, 4, 5, 3), (4, 3, 3, 2), {"groups": 2, "stride": 2, "output_padding": 1}),
    ("conv_transpose", (2, 3, 6), (3, 2, 4), {"stride": 3, "padding": 1}),
]
NAMES = [f"{name} {shape}" for name, shape, _, _ in CASES]


def run(place, name, drawn, params, gy):
    leaves = [mt.tensor(a).to(place).requires_grad_() for a in drawn]
    with mt.autocast(place, dtype=mt.bfloat16):
        y = getattr(F, f"{name}{drawn[0].ndim - 2}d")(*leaves, **params)
    gy = np.broadcast_to(gy, y.shape) if gy is None else gy[: y.numel()].reshape(y.shape)
    y.backward(mt.tensor(gy).to(place))
    return [t.detach().cpu().numpy() for t in (y, *(p.grad for p in leaves))]


@pytest.mark.parametrize(("name", "x", "w", "params"), CASES, ids=NAMES)
def test_it_gives_what_the_cpu_gives(name, x, w, params, library, order):
    rng = np.random.default_rng(0)
    channels = w[0] if name == "conv" else w[1] * params.get("groups", 1)
    drawn = [rng.normal(size=s).astype("f") for s in (x, w, (channels,))]
    gy = rng.normal(size=4000).astype("f")
    want = run("cpu", name, drawn, params, gy)
    device = emulated_cuda(order)
    with device as counters:
        got = run("cuda", name, drawn, params, gy)
        assert counters.masks == counters.waits == 0
    assert len(library.ran) == 3 and set(library.kinds) == {"BFLOAT16"}
    launched = {kernel for _, kernel in device.device.launched}
    assert "im2col" not in launched and "channels_second_widen" in launched
    for a, b in zip(got, want, strict=True):
        assert a.dtype == np.float32 and a.shape == b.shape
        np.testing.assert_array_equal(a, nearest_bfloat16(a))
        # A bias is added to rounded products, so that two roundings may differ from one.
        np.testing.assert_allclose(a, b, rtol=2**-7, atol=2**-8 * abs(b).max())


def test_x_and_w_are_narrowed_and_turned_once(library, order):
    """For the gradients it is kept as the library has read it, and w as well."""
    device, x = emulated_cuda(order), np.ones((2, 3, 6, 5), "f")
    with device:
        leaves = [mt.tensor(a).to("cuda").requires_grad_() for a in (x, np.ones((4, 3, 3, 3), "f"))]
        with mt.autocast("cuda", dtype=mt.bfloat16):
            y = F.conv2d(*leaves)
        kept = y.grad_fn.saved.packed
        assert [a.dtype for a in kept] == [np.uint16] * 2
        assert [a.shape for a in kept] == [(2, 6, 5, 3), (4, 3, 3, 3)]
        y.sum().backward()
    narrowed = [kernel for _, kernel in device.device.launched if kernel == "channels_last_narrow"]
    assert len(narrowed) == 2 + 1  # x and w, then gy
    assert len(library.ran) == 3


@pytest.mark.parametrize("name", ["conv", "conv_transpose"])
def test_second_derivatives(name, library, emulator):
    rng, results = np.random.default_rng(0), []
    drawn = [rng.normal(size=s).astype("f") for s in ((2, 3, 6, 5), (3, 3, 3, 2))]
    for place in ("cpu", "cuda"):
        with emulated_cuda():
            x, w = (mt.tensor(a).to(place).requires_grad_() for a in drawn)
            with mt.autocast(place, dtype=mt.bfloat16):
                y = getattr(F, f"{name}2d")(x, w, padding=1)
            gx, gw = mt.autograd.grad((y * y).sum(), (x, w), create_graph=True)
            (gx.sum() + (gw * gw).sum()).backward()
            results.append([t.detach().cpu().numpy() for t in (gx, gw, x.grad, w.grad)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b, a, rtol=2**-6, atol=2**-6 * abs(a).max())


def test_the_registry_picks_them(library):
    with emulated_cuda():
        assert find_kernel("conv_bfloat16", "cuda") is CONV
        assert find_kernel("conv_transpose_bfloat16", "cuda") is CONV_TRANSPOSE


def test_without_a_plan_the_readable_way_runs_on_rounded_numbers(library, emulator):
    library.refuses = lambda graph: graph.io == "BFLOAT16"
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=s).astype("f") for s in ((2, 3, 6, 5), (4, 3, 3, 3), (4,))]
    gy = rng.normal(size=400).astype("f")
    want, device = run("cpu", "conv", drawn, {"padding": 1}, gy), emulated_cuda()
    with device:
        got = run("cuda", "conv", drawn, {"padding": 1}, gy)
    assert set(library.kinds) == {"FLOAT"}  # of the rounded float32
    assert "bfloat16_round" in {kernel for _, kernel in device.device.launched}
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2**-7, atol=1e-6)


def test_gradients_without_a_plan(library, emulator):
    library.refuses = lambda graph: graph.name == "w"
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=s).astype("f") for s in ((2, 3, 6, 5), (4, 3, 3, 3), (4,))]
    gy = rng.normal(size=400).astype("f")
    want = run("cpu", "conv", drawn, {"padding": 1}, gy)
    with emulated_cuda():
        got = run("cuda", "conv", drawn, {"padding": 1}, gy)
    assert library.kinds == ["BFLOAT16", "FLOAT"] or library.kinds == ["BFLOAT16"]
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2**-7, atol=2**-8 * abs(b).max())


def test_other_numbers_are_not_theirs(library):
    with emulated_cuda() as counters:
        x, w = (counters.library.from_numpy(np.ones(s)) for s in ((1, 2, 4, 4), (2, 2, 3, 3)))
        assert not CONV.supports(x, w, None)
        x, w = x.astype("float16"), w.astype("float16")
        assert not CONV.supports(x, w, None) and conv.OP.supports(x, w, None)
    assert op_named("conv").name == "conv"
