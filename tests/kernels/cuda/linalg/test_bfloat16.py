"""linear and matmul in bfloat16 through cuBLAS, of which a stand-in reads the addresses."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.linalg.bfloat16 import LINEAR, MATMUL

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv.backend.cuda import products
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import compiler
from minitorch_cv.testing.cuda_emulator.standin import Cublas, standin_cuda

CASES = [
    ("linear", (5, 33), (7, 33), (7,)), ("linear", (2, 3, 17), (4, 17), None),
    ("linear", (17,), (4, 17), (4,)), ("linear", (1, 1), (1, 1), (1,)),
    ("matmul", (6, 19), (19, 5)), ("matmul", (3, 1, 4, 19), (2, 19, 5)),
    ("matmul", (2, 4, 9), (9, 3)), ("matmul", (1, 8), (4, 8, 3)),
]  # fmt: skip
OTHERS = [  # that the ops themselves do, on rounded numbers
    ("linear", (4, 17), (17,), None), ("linear", (3, 17), (4, 17), (1,)),
    ("linear", (0, 5), (3, 5), (3,)), ("matmul", (9,), (9, 3)), ("matmul", (0, 9), (9, 3)),
]  # fmt: skip


@pytest.fixture
def device():
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    return standin_cuda()


def call(name, *inputs):
    return mt.matmul(*inputs) if name == "matmul" else F.linear(*inputs)


def both(device, name, *shapes):
    """y and the gradients on the GPU and on the CPU."""
    rng, results = np.random.default_rng(0), []
    drawn = [None if s is None else rng.normal(size=s).astype("f") for s in shapes]
    numbers = rng.normal(size=1000).astype("f")
    for place in ("cuda", "cpu"):
        with device as counters:
            leaves = [a if a is None else mt.tensor(a).to(place).requires_grad_() for a in drawn]
            with mt.autocast(place, dtype=mt.bfloat16):
                y = call(name, *leaves)
            y.backward(mt.tensor(numbers[: y.numel()].reshape(y.shape)).to(place))
            assert counters.total() == 0, counters.last
            results.append(
                [t.detach().cpu().numpy() for t in (y, *(p.grad for p in leaves if p is not None))]
            )
    for a, b in zip(*results, strict=True):
        assert a.dtype == np.float32 and a.shape == b.shape
        np.testing.assert_array_equal(a, nearest_bfloat16(a))
        np.testing.assert_allclose(a, b, rtol=2**-7, atol=2**-16 * abs(b).max(initial=0))
    return {kernel for _, kernel in device.device.launched}


@pytest.mark.parametrize("case", CASES)
def test_it_gives_what_the_cpu_gives(case, device):
    assert "bfloat16_add_and_round" in both(device, *case)


@pytest.mark.parametrize("case", OTHERS)
def test_other_shapes_go_the_ops_own_way(case, device):
    assert "bfloat16_narrow" not in both(device, *case)


def test_factors_that_are_views(device):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=s).astype("f") for s in ((9, 6, 2), (5, 8)))
    with device as counters:
        there = [counters.library.from_numpy(v) for v in (a, b)]
        left, right = there[0].transpose(2, 1, 0)[:, ::2], there[1].T[:, 1:]
        wanted = nearest_bfloat16(a.transpose(2, 1, 0)[:, ::2, :8]) @ nearest_bfloat16(b.T[:, 1:])
        y, _ = MATMUL.forward(left[..., :8], right)
        np.testing.assert_allclose(y.get(), wanted, rtol=2**-7, atol=1e-6)


def test_where_nobody_multiplies_them(device, monkeypatch):
    def missing(cupy):
        raise RuntimeError("no cuBLAS")

    with device as counters:
        x = counters.library.from_numpy(np.ones((3, 3), "f"))
        assert LINEAR.supports(x, x, None) and MATMUL.supports(x, x)
        assert not LINEAR.supports(x.astype("float16"), x, None)
        products._kept.clear()
        monkeypatch.setattr(products, "load_cublas", missing)
        assert not LINEAR.supports(x, x, None) and not MATMUL.supports(x, x)
        products._kept.clear()
        monkeypatch.setattr(products, "load_cublas", lambda cupy: Cublas())
        monkeypatch.setattr(products, "_has_units", lambda cupy, index: False)
        assert not MATMUL.supports(x, x)  # a GPU before Ampere
    assert "bfloat16_narrow" not in both(device, "linear", (3, 4), (2, 4), (2,))
