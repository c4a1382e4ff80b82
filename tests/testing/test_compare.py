"""compare finds the first layer in which two networks diverge."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.testing import compare, fake_device


def network(seed=0):
    mt.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(4 * 16, 64), nn.Linear(64, 64),
    )  # fmt: skip


def ported():
    a, b = network(), network(1)
    b.load_state_dict(a.state_dict())
    return a, b


def x(n=4):
    return mt.tensor(np.random.default_rng(0).normal(size=(n, 1, 8, 8)).astype(np.float32))


def test_the_same_weights_agree_in_every_layer():
    a, b = ported()
    found = compare(a, b, x())
    assert found
    assert found.first is None
    assert [layer.name_a for layer in found.layers] == [*map(str, range(8)), ""]
    assert all(layer.error == 0 for layer in found.layers)
    assert found.parameters == []
    assert str(found).endswith("all layers agree")


def test_the_first_layer_that_diverges_is_named_with_its_parameter():
    a, b = ported()
    b[6].weight.array[...] += 0.01
    found = compare(a, b, x())
    assert not found
    assert found.first.name_a == "6"
    assert "weight has other values" in found.first.message
    assert [layer.ok for layer in found.layers] == [True] * 6 + [False] * 3
    assert "the first that diverges: DIFFERS 6  Linear" in str(found)


def test_a_weight_ported_without_its_transpose_is_told():
    a, b = ported()
    b[7].weight.array[...] = a[7].weight.array.T
    found = compare(a, b, x())
    assert found.first.name_a == "7"
    assert "weight is transposed" in found.first.message


def test_another_mode_is_told():
    a, b = ported()
    b[1].eval()
    assert "one is in training, the other in evaluation" in compare(a, b, x()).first.message


def test_shapes_and_lengths():
    a, b = network(), nn.Sequential(*list(network())[:4])
    found = compare(a, b, x())
    assert not found
    assert "only module_a has this layer" in str(found)
    assert "7.weight is missing in module_b" in found.parameters
    c = nn.Sequential(nn.Conv2d(1, 4, 3))
    assert "shape" in compare(network(), c, x()).first.message


def test_two_devices():
    a, b = ported()
    with fake_device():
        found = compare(a, b.to("fake"), x())
        assert found, str(found)
        assert max(layer.error for layer in found.layers) < 1e-5


def test_two_dtypes_and_a_tolerance():
    a, b = ported()
    b.double()
    assert compare(a, b, x())
    assert not compare(a, b, x(), tolerance=1e-12)


def test_buffers_are_put_back_and_inputs_are_tensors():
    a, b = ported()
    before = a[1].running_mean.clone()
    compare(a, b, x())
    assert mt.equal(a[1].running_mean, before)
    with pytest.raises(TypeError, match="inputs are Tensors"):
        compare(a, b, np.zeros((1, 1, 8, 8)))
