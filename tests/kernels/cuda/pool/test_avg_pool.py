"""avg_pool.cu: windows at even steps, windows that share an image, gradients, hard numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda

GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": c, "count_include_pad": i}
    for k, s, p, c, i in itertools.product(
        (2, (3, 4)), (None, (1, 3)), (0, 1), (False, True), (False, True)
    )
]
BOTH = {"window_means", "window_means_backward"}


@pytest.mark.parametrize("params", GRID, ids=lambda p: "-".join(map(str, p.values())))
def test_even_steps(params, compare, draw, blocks):
    compare("avg_pool", draw(2, 3, 23, 17), **params)
    assert compare.launched == BOTH


@pytest.mark.parametrize("divisor", [7, -3])
def test_a_divisor_of_ones_own_and_gaps(divisor, compare, draw):
    compare("avg_pool", draw(2, 2, 19, 14), kernel_size=2, stride=5, divisor_override=divisor)
    compare("avg_pool", draw(2, 2, 40), kernel_size=3, padding=1, divisor_override=divisor)


@pytest.mark.parametrize("size", [(3, 4), (7, 7), (30, 2), (None, 5), 11, (1, 3)], ids=str)
def test_windows_that_share_the_image(size, compare, draw, blocks):
    compare("adaptive_avg_pool", draw(2, 5, 13, 22), output_size=size)
    assert compare.launched == BOTH


@pytest.mark.parametrize("shape", [(3, 50, 7, 7), (2, 1, 61, 53), (1, 3, 1025), (70, 2, 1, 1)])
def test_one_window_for_a_plane(shape, compare, draw, blocks):
    compare("adaptive_avg_pool", draw(*shape) + 5, output_size=1)
    compare("avg_pool", draw(*shape), kernel_size=shape[2:])
    assert compare.launched == {"plane_means", "window_means_backward"}


def test_more_planes_than_blocks_along_y(compare, draw, monkeypatch):
    from minitorch_cv.kernels.cuda import planes

    monkeypatch.setattr(planes, "MOST_PLANES", 3)
    compare("avg_pool", draw(4, 5, 9, 8), kernel_size=3, stride=2, padding=1)
    compare("adaptive_max_pool", draw(4, 5, 9, 8), output_size=3)


@pytest.mark.parametrize("op, params", [
    ("avg_pool", {"kernel_size": 3, "padding": 1}), ("adaptive_avg_pool", {"output_size": 4}),
    ("adaptive_avg_pool", {"output_size": 1}),
])  # fmt: skip
def test_nan_and_infinities_spoil_their_windows(op, params, compare, draw):
    x = draw(2, 3, 11, 13)
    x[0, 1, 2, 3], x[1, 0, 10, 12], x[1, 2, 4, 5], x[1, 2, 5, 5] = np.nan, np.inf, -np.inf, np.inf
    compare(op, x, **params)


@pytest.mark.parametrize("op, params", [
    ("avg_pool", {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    ("adaptive_avg_pool", {"output_size": (4, 30)}),
])  # fmt: skip
def test_adjoint(op, params, compare, draw):
    """⟨A x, g⟩ = ⟨x, Aᵀ g⟩, without a reference."""
    x = draw(2, 2, 15, 9)
    y, gx = compare(op, x, **params)
    g = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    left, right = np.sum(y.astype(float) * g), np.sum(x.astype(float) * gx)
    assert abs(left - right) < 1e-5 * max(1.0, abs(left))


def test_tables_are_sent_once(emulator, draw):
    """And what begins at an odd place is read right."""
    device, op = emulated_cuda(), op_named("avg_pool")
    params = {"kernel_size": 3, "padding": 1, "count_include_pad": False}
    with device as counters:
        x = counters.library.from_numpy(draw(1 + 2 * 60))[1:].reshape(1, 2, 6, 10)
        (y, saved), sent = op.run((x,), params), counters.uploads
        op.run((x,), params)
        assert counters.uploads == sent and counters.total() == 0
        op.differentiate(y, saved, (True,))
        np.testing.assert_allclose(y.get(), op.forward(x.get(), **params)[0], atol=1e-6)
