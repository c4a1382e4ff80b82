"""conv against PyTorch: values, gradients and second derivatives over a grid; refused calls."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.conv import columns
from minitorch_cv.ops.conv.conv import OP

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")
F = torch.nn.functional

GRID = [
    {"stride": s, "padding": p, "dilation": d}
    for s, p, d in itertools.product((1, 2, (1, 3)), (0, 1, (2, 1)), (1, 2, (1, 2)))
]
SAME = [{"padding": "same", "dilation": d} for d in (1, 2, (3, 1))] + [{"padding": "valid"}]


def draw(*shape):
    return np.random.default_rng(3).normal(size=shape)


@pytest.mark.parametrize("params", GRID + SAME, ids=str)
@pytest.mark.parametrize("kernel", [(3, 2), (2, 3), (1, 1)])
def test_grid(params, kernel, agrees_with_torch):
    arrays = (draw(2, 3, 7, 6), draw(4, 3, *kernel), draw(4))
    agrees_with_torch(OP, F.conv2d, arrays, params)


@pytest.mark.parametrize(
    ("channels", "out", "groups"), [(4, 6, 2), (4, 4, 4), (3, 6, 3), (6, 2, 2)]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_groups(channels, out, groups, dtype, agrees_with_torch):
    arrays = (draw(2, channels, 5, 5), draw(out, channels // groups, 3, 2), draw(out))
    agrees_with_torch(OP, F.conv2d, arrays, {"groups": groups, "padding": 1}, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("bias", [True, False])
def test_dtypes(dtype, bias, agrees_with_torch):
    arrays = (draw(2, 3, 6, 6), draw(4, 3, 3, 3), draw(4) if bias else None)
    agrees_with_torch(OP, F.conv2d, arrays, {"stride": 2, "padding": 1}, dtype)


def test_half_precision_adds_up_in_float32(agrees_with_torch):
    """4608 products: added up in float16, the sum would lose more than it keeps."""
    arrays = (draw(1, 512, 3, 3), draw(2, 512, 3, 3) / 48, draw(2))
    agrees_with_torch(OP, F.conv2d, arrays, {}, "float16")


@pytest.mark.parametrize("padding", [1, "same"])
def test_a_few_images_at_a_time(padding, agrees_with_torch, monkeypatch):
    """Batches that do not fit into one piece of columns, with a rest."""
    monkeypatch.setattr(columns, "_CHUNK", 2 * 3 * 4 * 25)
    arrays = (draw(5, 3, 5, 5), draw(4, 3, 2, 2), draw(4))
    agrees_with_torch(OP, F.conv2d, arrays, {"padding": padding})


def test_empty_batch(agrees_with_torch):
    agrees_with_torch(OP, F.conv2d, (draw(0, 3, 5, 5), draw(4, 3, 3, 3), draw(4)), {})


def test_nan_and_inf_go_where_the_kernel_reaches():
    x = draw(1, 1, 6, 6)
    x[0, 0, 2, 3], x[0, 0, 5, 0] = np.nan, np.inf
    w = abs(draw(1, 1, 3, 3)) + 0.1
    ours = OP(x, w, None, padding=1)
    theirs = F.conv2d(torch.tensor(x), torch.tensor(w), padding=1).numpy()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(theirs))


REFUSED = [
    ((1, 3, 5, 5), (4, 2, 3, 3), (4,), {}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (3,), {}),
    ((1, 3, 5, 5), (4, 3, 6, 3), (4,), {}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"dilation": 3}),
    ((1, 4, 5, 5), (3, 2, 3, 3), (3,), {"groups": 2}),
    ((1, 4, 5, 5), (4, 4, 3, 3), (4,), {"groups": 2}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"groups": 0}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"groups": -1}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"stride": 0}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"stride": -1}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"padding": -1}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"dilation": 0}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"padding": "same", "stride": 2}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"padding": "full"}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"stride": (1, 1, 1)}),
    ((1, 3, 5, 5), (4, 3, 3, 3), (4,), {"stride": 1.5}),
    ((3, 5), (4, 3, 3, 3), (4,), {}),
    ((1, 3, 5, 5), (4, 3, 3), (4,), {}),
    ((1, 3, 0, 5), (4, 3, 3, 3), (4,), {}),
    ((1, 3, 5, 5), (0, 3, 3, 3), (0,), {}),
]


@pytest.mark.parametrize(("x", "w", "b", "params"), REFUSED, ids=str)
def test_both_refuse(x, w, b, params):
    arrays = [draw(*shape) for shape in (x, w, b)]
    with pytest.raises((ValueError, TypeError), match="^conv[12]d: "):
        OP(*arrays, **params)
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        F.conv2d(*map(torch.tensor, arrays), **params)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_both_refuse_mixed_dtypes(which):
    arrays = [draw(1, 3, 5, 5), draw(4, 3, 3, 3), draw(4)]
    arrays[which] = arrays[which].astype(np.float32)
    with pytest.raises(TypeError, match="conv2d: inputs are of different dtypes"):
        OP(*arrays)
    with pytest.raises(RuntimeError):
        F.conv2d(*map(torch.tensor, arrays))
