"""Products of bfloat16 through cuBLAS, by themselves and inside a recorded step."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.backend.cuda import products
from minitorch_cv.backend.cuda.products import Products, bfloat16_products
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator.standin import Cublas

SHAPES = [
    ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((6, 1, 3, 4), (1, 2, 4, 5)),
    ((1, 4), (4, 1)), ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((2, 1, 1), (1, 1)),
]  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("left, right", SHAPES)
def test_equals_numpy(left, right, turned, standin):
    rng = np.random.default_rng(0)
    a, b = (nearest_bfloat16(rng.normal(size=s).astype("f")) for s in (left, right))
    halves = [np.ascontiguousarray(v.swapaxes(-1, -2) if turned else v) for v in (a, b)]
    there = [
        standin.library.from_numpy((v.view(np.uint32) >> 16).astype(np.uint16)) for v in halves
    ]
    if turned:
        there = [v.swapaxes(-1, -2) for v in there]
    got = Products(standin.cupy, Cublas(), 0).bfloat16(*there)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.get(), np.matmul(a, b), rtol=1e-5, atol=1e-6)


def test_what_is_asked_of_cublas(standin):
    """Factors of type 14 (CUDA_R_16BF), a result of type 0 and sums of type 68, in float32."""
    calls = []

    class Noting(Cublas):
        def __getattr__(self, name):
            return lambda *given: calls.append((name, given)) or 0

        def cublasGemmStridedBatchedEx(self, *given):  # noqa: N802
            calls.append(("gemm", given))
            return super().cublasGemmStridedBatchedEx(*given)

    blas = Products(standin.cupy, Noting(), 3)
    x = standin.library.from_numpy(np.ones((2, 3), np.uint16))
    blas.bfloat16(x, x.T)
    assert [name for name, _ in calls] == [
        "cublasCreate_v2", "cublasSetStream_v2", "cublasSetWorkspace_v2", "gemm",
    ]  # fmt: skip
    given = calls[-1][1]
    assert (given[8], given[12], given[17], given[21]) == (14, 14, 0, 68)


def test_one_handle_for_each_stream(standin):
    first = bfloat16_products(standin.cupy, 0)
    assert bfloat16_products(standin.cupy, 0).args == first.args
    with standin.cupy.cuda.Stream():
        assert bfloat16_products(standin.cupy, 0).args != first.args
    assert len(products._kept) == 2


def train(graphed, steps=6):
    mt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.ConvTranspose2d(4, 2, 2),
        nn.Flatten(), nn.Linear(162, 10),
    ).to("cuda")  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.05)

    def step(x, labels):
        optimizer.zero_grad()
        with mt.autocast("cuda", dtype=mt.bfloat16):
            loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    run, losses = mt.cuda.graph(step) if graphed else step, []
    for number in range(steps):
        x = np.random.default_rng(number).normal(size=(5, 1, 8, 8)).astype("f")
        there = mt.from_numpy(x).to("cuda"), mt.from_numpy(np.arange(5)).to("cuda")
        losses.append(run(*there).detach().clone())
    return [t.detach().cpu().numpy() for t in (*losses, *model.state_dict().values())]


def test_a_recorded_step_equals_a_plain_one(standin):
    want = train(False)
    launched = len(standin.device.launched)
    got = train(True)
    names = {kernel for _, kernel in standin.device.launched[launched:]}
    assert {"bfloat16_narrow", "bfloat16_add_and_round"} <= names
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
    assert products._recording is None
    assert len(products._kept) == 1  # the graph's stream took the graph's own handle
