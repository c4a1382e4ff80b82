"""Folding of batch norm as PyTorch does it: weights, which calls raise, signatures."""

import inspect

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.nn import utils

torch = pytest.importorskip("torch")
fusion = torch.nn.utils.fusion
NAMES = fusion.__all__


@pytest.mark.parametrize("name", NAMES)
def test_arguments(name):
    ours, theirs = inspect.signature(getattr(utils, name)), inspect.signature(getattr(fusion, name))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]


def pairs(dtype, transpose, bias):
    """The same layers of both libraries, with the same numbers."""
    rng = np.random.default_rng(0)
    made = []
    for library in (mt, torch):
        kind = library.nn.ConvTranspose2d if transpose else library.nn.Conv2d
        kinds = {"float32": library.float32, "float64": library.float64}
        made.append([
            kind(4, 6, 3, bias=bias).eval().to(dtype=kinds[dtype]),
            library.nn.BatchNorm2d(6, eps=1e-3).eval().to(dtype=kinds[dtype]),
        ])  # fmt: skip
    for ours, theirs in zip(*made, strict=True):
        state = {
            name: rng.uniform(0.1, 2, value.shape).astype(dtype)
            for name, value in ours.state_dict().items()
            if value.ndim
        }
        ours.load_state_dict({k: mt.tensor(v) for k, v in state.items()}, strict=False)
        theirs.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_convolutions(dtype, transpose, bias):
    ours, theirs = pairs(dtype, transpose, bias)
    mine = utils.fuse_conv_bn_eval(*ours, transpose)
    their = fusion.fuse_conv_bn_eval(*theirs, transpose)
    bound = 1e-6 if dtype == "float32" else 1e-14
    for a, b in zip(mine.parameters(), their.parameters(), strict=True):
        assert str(a.array.dtype) == dtype and a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=bound, atol=bound)
    assert repr(mine) == repr(their)


def test_linear():
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.1, 2, shape) for shape in ((3, 5), 3, 3, 3, 3, 3)]
    answers = [
        fuse(*tensors[:4], 1e-5, *tensors[4:])
        for fuse, tensors in (
            (utils.fuse_linear_bn_weights, [mt.tensor(a) for a in arrays]),
            (fusion.fuse_linear_bn_weights, [torch.tensor(a) for a in arrays]),
        )
    ]
    for a, b in zip(*answers, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-14)
        assert a.requires_grad == b.requires_grad


def test_calls_that_raise():
    for library, room, error in ((mt, utils, ValueError), (torch, fusion, AssertionError)):
        nn = library.nn
        conv, linear = nn.Conv2d(2, 3, 1), nn.Linear(2, 3)
        with pytest.raises(error):
            room.fuse_conv_bn_eval(conv, nn.BatchNorm2d(3).eval())
        with pytest.raises(error):
            room.fuse_conv_bn_eval(conv.eval(), nn.BatchNorm2d(3))
        blind = nn.BatchNorm2d(3, track_running_stats=False).eval()
        with pytest.raises(error):
            room.fuse_conv_bn_eval(conv, blind)
        with pytest.raises(error):
            room.fuse_linear_bn_eval(linear.eval(), nn.BatchNorm1d(2).eval())
