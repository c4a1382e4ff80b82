"""The teaching kernels: a product of matrices, and a convolution without columns."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.launch import Source

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import Emulated


@pytest.mark.parametrize("M, N, K", [(1, 1, 1), (17, 3, 40), (65, 130, 33), (64, 64, 16)])
def test_products(M, N, K, order, draw):
    a, b = draw(M, K), draw(K, N)
    want = a.astype(np.float64) @ b
    kernels = Emulated(Source("teaching/gemm.cu"))
    for name, grid in (("gemm_plain", (2, 3)), ("gemm_tiled", (-(-N // 64), -(-M // 64)))):
        c = np.full((M, N), np.nan, np.float32)
        kernels.launch(name, grid, (16, 16), (a, b, c, M, N, K), order=order)
        np.testing.assert_allclose(c, want, atol=1e-5 * max(1.0, abs(want).max()))


@pytest.mark.parametrize("N, C, size, OC, window", [
    (2, 3, (7, 9), 5, ((3, 2), (1, 2), (1, 0), (1, 1))),
    (1, 5, (6, 5), 40, ((1, 1), (1, 1), (0, 0), (1, 1))),
    (3, 2, (9, 8), 33, ((2, 3), (2, 1), (2, 1), (2, 3))),
], ids=str)  # fmt: skip
def test_convolution(N, C, size, OC, window, order, draw):
    kernel, stride, padding, dilation = window
    x, w = draw(N, C, *size), draw(OC, C, *kernel)
    want, _ = op_named("conv").forward(
        x.astype(np.float64), w.astype(np.float64), None, stride=stride, padding=padding,
        dilation=dilation, groups=1,
    )  # fmt: skip
    y = np.full(want.shape, np.nan, np.float32)
    OH, OW = want.shape[2:]
    grid = (-(-N * OH * OW // 32), -(-OC // 32))
    sizes = (N, C, *size, OC, *kernel, *stride, *padding, *dilation, OH, OW)
    Emulated(Source("teaching/implicit_gemm.cu")).launch(
        "conv_implicit_gemm", grid, (16, 16), (x, w, y, *sizes), order=order
    )
    np.testing.assert_allclose(y, want, atol=1e-5 * abs(want).max())
