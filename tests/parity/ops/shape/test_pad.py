"""pad against PyTorch: modes, numbers of axes, negative numbers, dtypes; refused calls."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.shape.pad import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional
MODES = ["constant", "reflect", "replicate", "circular"]


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pad", list(itertools.product((0, 1, 3, -1), (0, 2, -2))), ids=str)
def test_images(mode, pad, agrees_with_torch):
    agrees_with_torch(OP, F.pad, (draw(2, 3, 4, 5),), {"pad": (*pad, 1, 2), "mode": mode})
    agrees_with_torch(OP, F.pad, (draw(2, 3, 5, 4),), {"pad": (2, 0, *pad), "mode": mode})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("shape", "axes"), [((3, 4), 1), ((2, 3, 4), 1), ((2, 2, 4, 3, 3), 3)])
def test_other_numbers_of_axes(mode, shape, axes, agrees_with_torch):
    agrees_with_torch(OP, F.pad, (draw(*shape),), {"pad": (1, 2) * axes, "mode": mode})


@pytest.mark.parametrize("pad", [(1,) * 8, (-1, 1, 2, -2, 0, 0, 1, 0), (), (-5, 0)], ids=str)
def test_constant_on_every_axis(pad, agrees_with_torch):
    agrees_with_torch(OP, F.pad, (draw(2, 3, 4, 5),), {"pad": pad, "value": 2.5})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtypes(mode, dtype, agrees_with_torch):
    agrees_with_torch(OP, F.pad, (draw(2, 3, 4, 5),), {"pad": (1, 2, 2, 1), "mode": mode}, dtype)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_a_value_in_the_dtype_of_x(dtype):
    x = np.arange(6).reshape(1, 6).astype(dtype)
    y = OP(x, pad=(1, 2), value=2.7)
    want = F.pad(torch.tensor(x), (1, 2), value=2.7).numpy()
    np.testing.assert_array_equal(y, want)
    assert y.dtype == x.dtype


REFUSED = [
    ((1,), "constant"), ((1,) * 10, "constant"), ((-3, -3), "constant"), ((-6, 6), "constant"),
    ((5, 0, 0, 0), "reflect"), ((0, 0, 0, 4), "reflect"), ((6, 0, 0, 0), "circular"),
    ((0, 0, 5, 0), "circular"), ((1, 1, 1), "reflect"), ((1, 1), "mirror"), ((0.5, 1), "constant"),
]  # fmt: skip


@pytest.mark.parametrize(("pad", "mode"), REFUSED, ids=str)
def test_both_refuse(pad, mode):
    x = np.ones((1, 2, 4, 5))
    with pytest.raises((ValueError, TypeError), match="^pad: "):
        OP(x, pad=pad, mode=mode)
    with pytest.raises((RuntimeError, NotImplementedError, TypeError)):
        F.pad(torch.tensor(x), pad, mode=mode)


def test_both_refuse_a_value_without_constant_mode():
    with pytest.raises(ValueError, match="mode 'reflect' takes no value"):
        OP(np.ones((1, 1, 4, 4)), pad=(1, 1, 1, 1), mode="reflect", value=1.0)
    with pytest.raises(RuntimeError):
        F.pad(torch.ones(1, 1, 4, 4), (1, 1, 1, 1), mode="reflect", value=1.0)
