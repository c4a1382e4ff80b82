"""conv_transpose against PyTorch: values, gradients and second derivatives over a grid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.conv import columns
from minitorch_cv.ops.conv.conv_transpose import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional

GRID = [
    {"stride": s, "padding": p, "dilation": d, "output_padding": e}
    for s, p, d, e in itertools.product((1, 2, (1, 3)), (0, (2, 1)), (1, (1, 2)), (0, (0, 1)))
    if e == 0 or s != 1 or d != 1
]


def draw(*shape):
    return np.random.default_rng(3).normal(size=shape)


@pytest.mark.parametrize("params", GRID, ids=str)
@pytest.mark.parametrize("kernel", [(3, 2), (1, 1)])
def test_grid(params, kernel, agrees_with_torch):
    arrays = (draw(2, 3, 5, 4), draw(3, 4, *kernel), draw(4))
    agrees_with_torch(OP, F.conv_transpose2d, arrays, params)


@pytest.mark.parametrize(
    ("n", "function"),
    [(1, F.conv_transpose1d), (3, F.conv_transpose3d)],
)
@pytest.mark.parametrize("groups", [1, 2])
def test_other_dimensions(n, function, groups, agrees_with_torch):
    arrays = (draw(2, 4, *(4, 3, 2)[-n:]), draw(4, 3, *(2, 3, 2)[:n]), draw(3 * groups))
    params = {"stride": 2, "padding": 1, "output_padding": 1, "groups": groups, "dilation": 2}
    agrees_with_torch(OP, function, arrays, params)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtypes(dtype, agrees_with_torch):
    arrays = (draw(2, 3, 4, 4), draw(3, 4, 3, 3), draw(4))
    agrees_with_torch(OP, F.conv_transpose2d, arrays, {"stride": 2, "padding": 1}, dtype)


def test_a_few_images_at_a_time(agrees_with_torch, monkeypatch):
    monkeypatch.setattr(columns, "_CHUNK", 2 * 4 * 4 * 20)
    arrays = (draw(5, 3, 5, 4), draw(3, 4, 2, 2), draw(4))
    agrees_with_torch(OP, F.conv_transpose2d, arrays, {"stride": 2})


def test_empty_batch(agrees_with_torch):
    arrays = (draw(0, 3, 5, 5), draw(3, 4, 3, 3), draw(4))
    agrees_with_torch(OP, F.conv_transpose2d, arrays, {})
