"""linear against PyTorch: leading axes, dtypes, refused calls."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.linalg.linear import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


@pytest.mark.parametrize("lead", [(), (1,), (5,), (2, 3), (2, 1, 3), (0,), (2, 0)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_leading_axes(lead, bias, dtype, agrees_with_torch):
    arrays = (draw(*lead, 4), draw(3, 4), draw(3) if bias else None)
    agrees_with_torch(OP, F.linear, arrays, {}, dtype)


def test_half_precision_adds_up_in_float32(agrees_with_torch):
    """4096 equal products: added up in float16, the sum would stop growing at 2048."""
    agrees_with_torch(OP, F.linear, (np.ones((2, 4096)), np.ones((1, 4096)), None), {}, "float16")


REFUSED = [
    ((2, 5), (3, 4), (3,)), ((4, 3, 2, 2), (10, 12), (10,)), ((2, 4), (3, 4), (4,)),
    ((2, 4), (3, 4), (2, 2)), ((), (3, 4), (3,)), ((2, 4), (1, 3, 4), (3,)),
]  # fmt: skip


@pytest.mark.parametrize(("x", "w", "b"), REFUSED, ids=str)
def test_both_refuse(x, w, b):
    with pytest.raises(ValueError, match="^linear: "):
        OP(np.ones(x), np.ones(w), np.ones(b))
    with pytest.raises((RuntimeError, ValueError)):
        F.linear(torch.ones(x), torch.ones(w), torch.ones(b))


def test_both_refuse_mixed_dtypes():
    arrays = np.ones((2, 4)), np.ones((3, 4), np.float32), np.ones(3)
    with pytest.raises(TypeError, match="linear: inputs are of different dtypes"):
        OP(*arrays)
    with pytest.raises(RuntimeError):
        F.linear(*map(torch.tensor, arrays))
