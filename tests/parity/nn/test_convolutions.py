"""Convolution layers and their kin against PyTorch: text, attributes, keys, starting values."""

import inspect

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn

torch = pytest.importorskip("torch")

LAYERS = [
    *(f"Conv{n}d(4, 6, 3)" for n in (1, 2, 3)),
    *(f"Conv{n}d(4, 6, 3, 2, 1, 2, 2, False, 'circular')" for n in (1, 2, 3)),
    *(f"Conv{n}d(4, 6, {(2, 3, 4)[:n]}, padding='same')" for n in (1, 2, 3)),
    *(f"Conv{n}d(4, 6, 3, padding={[1, 0, 2][:n]}, stride={[2, 1, 3][:n]})" for n in (1, 2, 3)),
    "Conv2d(4, 6, 3, padding='valid', padding_mode='reflect')", "Conv2d(3, 4, 1, padding=0)",
    *(f"ConvTranspose{n}d(4, 6, 3)" for n in (1, 2, 3)),
    *(f"ConvTranspose{n}d(4, 6, 3, 2, 1, 1, 2, False, 2)" for n in (1, 2, 3)),
    *(f"ConvTranspose{n}d(4, 6, {(2, 3, 4)[:n]}, output_padding=0)" for n in (1, 2, 3)),
    "Unfold(2)", "Unfold((2, 3), dilation=2, padding=(1, 0), stride=2)",
    "Fold(4, 2)", "Fold((4, 5), [2, 2], 1, 1, (1, 2))",
    "Linear(3, 5)", "Linear(3, 5, bias=False)", "Bilinear(2, 3, 5)", "Bilinear(2, 3, 5, False)",
    "Identity()", "Identity(3, colour='red')",
]  # fmt: skip
NAMES = sorted({layer.partition("(")[0] for layer in LAYERS})
ATTRIBUTES = (
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "transposed",
    "output_padding", "groups", "padding_mode", "output_size", "in_features", "out_features",
    "in1_features", "in2_features",
)  # fmt: skip


def twins(text):
    return eval(f"torch.nn.{text}", {"torch": torch}), eval(f"nn.{text}", {"nn": nn})


@pytest.mark.parametrize("text", LAYERS)
def test_text_attributes_and_keys(text):
    theirs, ours = twins(text)
    assert repr(ours) == repr(theirs)
    for name in ATTRIBUTES:
        assert hasattr(theirs, name) == hasattr(ours, name), name
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    shapes = {key: tuple(value.shape) for key, value in theirs.state_dict().items()}
    assert {key: value.shape for key, value in ours.state_dict().items()} == shapes
    assert (getattr(ours, "bias", 0) is None) == (getattr(theirs, "bias", 0) is None)


@pytest.mark.parametrize("name", NAMES)
def test_arguments(name):
    theirs = inspect.signature(getattr(torch.nn, name)).parameters.values()
    ours = inspect.signature(getattr(nn, name)).parameters.values()
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "Conv3d", "Linear", "Bilinear"])
def test_calls_take_the_same_arguments(name):
    for layer in (name, name.replace("Conv", "ConvTranspose")):
        theirs = inspect.signature(getattr(torch.nn, layer).forward).parameters
        assert list(inspect.signature(getattr(nn, layer).forward).parameters) == list(theirs)


@pytest.mark.parametrize("text", [
    "Conv1d(40, 60, 7)", "Conv2d(16, 32, 5, groups=4)", "Conv3d(8, 160, 3)",
    "ConvTranspose1d(40, 60, 7)", "ConvTranspose2d(16, 32, 5, groups=4)",
    "ConvTranspose3d(8, 160, 3)", "Linear(30, 400)", "Bilinear(20, 10, 300)",
])  # fmt: skip
def test_starting_values_fill_the_same_range(text):
    """Uniform in ±1 / √fan_in: the same bound, and the variance of a uniform distribution."""
    mt.manual_seed(0)
    torch.manual_seed(0)
    theirs, ours = twins(text)
    for name in ("weight", "bias"):
        t, m = getattr(theirs, name).detach().numpy(), getattr(ours, name).detach().numpy()
        assert np.abs(m).max() == pytest.approx(np.abs(t).max(), rel=0.1), name
        assert m.std() == pytest.approx(t.std(), rel=0.25), name
        assert m.mean() == pytest.approx(0, abs=float(np.abs(t).max()) * 0.25), name
