"""What layers make of their arguments; values are compared with NumPy and by hand."""

import math

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn


@pytest.mark.parametrize(
    ("mode", "numpy_mode"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
@pytest.mark.parametrize("padding", [(2, 1), "same", "valid"])
def test_padding_modes_of_conv2d(mode, numpy_mode, padding):
    layer = nn.Conv2d(2, 3, (2, 4), padding=padding, padding_mode=mode).double()
    x = np.random.default_rng(0).normal(size=(2, 2, 5, 6))
    rows, columns = {"same": ((0, 1), (1, 2)), "valid": ((0, 0), (0, 0))}.get(
        padding, ((2, 2), (1, 1))
    )
    wide = np.pad(x, ((0, 0), (0, 0), rows, columns), mode=numpy_mode)
    expected = F.conv2d(mt.tensor(wide), layer.weight, layer.bias)
    assert mt.allclose(layer(mt.tensor(x)), expected)


def test_arguments_of_conv2d_reach_the_function():
    layer = nn.Conv2d(4, 6, 3, stride=2, padding=(1, 2), dilation=2, groups=2, bias=False)
    assert layer.bias is None and layer.weight.shape == (6, 2, 3, 3)
    x = mt.randn(1, 4, 9, 9)
    assert mt.equal(layer(x), F.conv2d(x, layer.weight, None, 2, (1, 2), 2, 2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"groups": 0}, "Conv2d: groups is at least 1"),
        ({"groups": 3}, "Conv2d: in_channels is divisible by groups"),
        ({"groups": 4}, "Conv2d: out_channels is divisible by groups"),
        ({"padding": "full"}, "Conv2d: padding is 'same', 'valid' or numbers"),
        ({"padding": "same", "stride": 2}, "Conv2d: padding='same' needs stride 1"),
        ({"padding": -1}, "Conv2d: padding is at least 0"),
        ({"padding_mode": "mirror"}, "Conv2d: padding_mode is one of zeros"),
        ({"stride": 0}, "Conv2d: stride is at least 1"),
        ({"dilation": (1, 0)}, "Conv2d: dilation is at least 1"),
    ],
)
def test_bad_arguments_of_conv2d(arguments, words):
    with pytest.raises(ValueError, match=words):
        nn.Conv2d(4, 6, 3, **arguments)
    with pytest.raises(TypeError, match="Conv2d: kernel_size is an int or 2 ints"):
        nn.Conv2d(4, 6, 1.5)


def test_dtype_and_device():
    for layer in (
        nn.Conv2d(1, 2, 3, dtype=mt.float64, device="cpu"), nn.Linear(2, 2, dtype=mt.float64),
        nn.BatchNorm2d(2, dtype=mt.float64), nn.PReLU(dtype=mt.float64),
    ):  # fmt: skip
        tensors = [*layer.parameters(), *layer.buffers()]
        assert {str(t.dtype) for t in tensors} <= {"float64", "int64"}
        assert all(t.dtype == mt.float64 for t in layer.parameters())


def test_identity_takes_any_arguments():
    x = mt.ones(2)
    assert nn.Identity(54, unused=True)(x) is x


def test_flatten_and_unflatten():
    x = mt.randn(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)
    assert nn.Unflatten(1, (3, -1))(nn.Flatten()(x)).shape == (2, 3, 20)
    with pytest.raises(TypeError, match="Unflatten: unflattened_size"):
        nn.Unflatten(1, 3)
    with pytest.raises(TypeError, match="Unflatten: dim is an int"):
        nn.Unflatten("features", (1, 3))


def test_losses_use_their_arguments():
    x = mt.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    target, weight = mt.tensor([0, 1, 0]), mt.tensor([1.0, 3.0])
    logp = [math.log(math.e / (math.e + 1)), 2 - math.log(1 + math.exp(2)), -math.log(2)]
    close = lambda value: pytest.approx(value, rel=1e-6)
    assert nn.CrossEntropyLoss()(x, target).item() == close(-sum(logp) / 3)
    assert nn.CrossEntropyLoss(reduction="sum")(x, target).item() == close(-sum(logp))
    assert nn.CrossEntropyLoss(ignore_index=1)(x, target).item() == close(-(logp[0] + logp[2]) / 2)
    weighted = -(logp[0] + 3 * logp[1] + logp[2])
    assert nn.CrossEntropyLoss(weight)(x, target).item() == close(weighted / 5)
    smooth = nn.CrossEntropyLoss(label_smoothing=1.0, reduction="none")(x[:1], target[:1])
    assert smooth.item() == close(-(logp[0] + logp[0] - 1) / 2)
    scores = nn.LogSoftmax(1)(x)
    assert nn.NLLLoss(weight, reduction="sum")(scores, target).item() == close(weighted)
    assert nn.NLLLoss(ignore_index=0)(scores, target).item() == close(-logp[1])
    assert nn.MSELoss()(x, x + 2).item() == 4.0
    assert nn.MSELoss(reduction="sum")(x, x + 2).item() == 24.0
    assert nn.L1Loss(reduction="none")(x, x + 2).tolist() == [[2, 2]] * 3
    assert list(nn.CrossEntropyLoss(weight).state_dict()) == ["weight"]
    assert list(nn.CrossEntropyLoss().state_dict()) == []
