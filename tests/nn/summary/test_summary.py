import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.autograd.methods import inplace
from minitorch_cv.nn.summary import measure
from minitorch_cv.ops.op import Op


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Dropout(), nn.Flatten(), nn.Linear(6 * 14 * 14, 10),
    )  # fmt: skip


def test_rows_and_totals(capsys):
    result = nn.summary(lenet(), (1, 28, 28))
    rows = {row.kind: row for row in result.rows}
    assert [row.kind for row in result.rows] == [
        "Sequential", "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Dropout", "Flatten", "Linear",
    ]  # fmt: skip
    assert rows["Conv2d"].output_shape == (1, 6, 28, 28)
    assert rows["Conv2d"].parameters == 156
    assert rows["Conv2d"].multiply_adds == 6 * 28 * 28 * 25
    assert rows["Conv2d"].memory == 6 * 28 * 28 * 4
    assert rows["BatchNorm2d"].multiply_adds == 0
    assert rows["Linear"].multiply_adds == 11760 and rows["Linear"].parameters == 11770
    for shares_memory in ("ReLU", "Dropout", "Flatten", "Sequential"):
        assert rows[shares_memory].memory == 0
    assert result.parameters == result.trainable == 156 + 12 + 11770
    assert result.multiply_adds == 6 * 28 * 28 * 25 + 11760
    assert result.memory == 4 * (2 * 6 * 28 * 28 + 6 * 14 * 14 + 10)
    printed = capsys.readouterr().out
    assert printed == str(result) + "\n"
    assert "Parameters: 11,938 (11,938 trainable, 0 frozen), 46.6 KiB" in printed
    assert "1×6×28×28" in printed


def test_fits_80_columns(capsys):
    class Deep(nn.Module):
        def __init__(self, depth):
            super().__init__()
            self.a_rather_long_name_of_a_layer = Deep(depth - 1) if depth else nn.Conv2d(3, 5, 3)

        def forward(self, x):
            return self.a_rather_long_name_of_a_layer(x)

    result = nn.summary(Deep(6), (2, 3, 5, 5))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) == 80
    assert max(map(len, result.text(arithmetic=True).splitlines())) == 80


def test_input_with_and_without_batch():
    for shape in ((1, 28, 28), (1, 1, 28, 28), [1, 28, 28]):
        assert nn.summary(lenet(), shape).input_shape == (1, 1, 28, 28)
    assert nn.summary(lenet(), (8, 1, 28, 28)).rows[-1].output_shape == (8, 10)
    assert nn.summary(nn.Linear(3, 2), 3).rows[0].output_shape == (1, 2)
    assert nn.summary(nn.Linear(3, 2), (5, 3)).rows[0].output_shape == (5, 2)


def test_shared_modules_count_once():
    layer = nn.Linear(4, 4)
    result = nn.summary(nn.Sequential(layer, nn.ReLU(), layer), (4,))
    assert [row.parameters for row in result.rows] == [0, 20, 0, 0]
    assert [row.multiply_adds for row in result.rows] == [0, 16, 0, 16]
    assert result.parameters == 20
    other = nn.Linear(4, 4)
    other.weight = layer.weight
    assert [row.parameters for row in nn.summary(nn.Sequential(layer, other), (4,)).rows] == [
        0, 20, 4,
    ]  # fmt: skip


def test_frozen_and_unused_parameters(capsys):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used = nn.Linear(2, 2).requires_grad_(False)
            self.unused = nn.Linear(2, 3)
            self.own = nn.Parameter(mt.ones(2))

        def forward(self, x):
            return self.used(x) * self.own

    result = nn.summary(Half(), (2,))
    assert (result.parameters, result.trainable, result.unused) == (17, 11, 9)
    assert [(row.name, row.parameters) for row in result.rows] == [("", 2), ("used", 6)]
    assert "did not reach: 9" in capsys.readouterr().out


def test_the_model_is_left_as_it_was():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = lenet()
            self.body[1].eval()
            self.calls = 0
            self.register_buffer("total", mt.zeros(1))

        def forward(self, x):
            self.calls += 1
            self.total.add_(1)
            self.features = nn.functional.dropout(x, training=True)
            return self.body(x)

    model = Counting()
    model.body(mt.randn(2, 1, 28, 28)).sum().backward()
    grads = [p.grad.numpy().copy() for p in model.parameters()]
    state = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    random_state = mt.get_rng_state()
    nn.summary(model, (1, 28, 28))
    with pytest.raises(ValueError):
        nn.summary(model, (2, 28, 28))
    assert model.calls == 0 and not hasattr(model, "features")
    assert model.training and model.body.training and not model.body[1].training
    assert mt.get_rng_state() == random_state
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), state[key], err_msg=key)
    for p, g in zip(model.parameters(), grads, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), g)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_dtype_follows_the_model():
    assert nn.summary(nn.Linear(2, 2).double(), (2,)).rows[0].memory == 16


@pytest.mark.parametrize("shape", [(), (0, 3), (1.5,), (3, "x"), -1])
def test_bad_shapes(shape):
    with pytest.raises(ValueError, match="summary: input_shape is a tuple of positive sizes"):
        nn.summary(lenet(), shape)


def test_no_module():
    with pytest.raises(TypeError, match="summary: expects a Module"):
        nn.summary(lambda x: x, (1,))


def test_functions_and_operators_count_as_layers_do():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(mt.ones(4, 3, 3, 3))
            self.head = nn.Parameter(mt.ones(5, 4))

        def forward(self, x):
            y = nn.functional.conv2d(x, self.weight, padding=1)
            y = nn.functional.max_pool2d(nn.functional.relu(y), 2)
            y += 1.0
            return nn.functional.linear(y.mean((2, 3)), self.head)

    (row,) = measure(Plain(), (3, 8, 8)).rows
    assert row.multiply_adds == 4 * 64 * 27 + 20 and row.parameters == 128
    assert row.memory == 4 * (4 * 64 * 2 + 4 * 16 + 4 + 5)  # conv, relu, pool, mean, linear
    assert row.arithmetic[0] == "conv2d: (8 + 2·1 − 3)/1 + 1 = 8"
    assert "max_pool2d: (8 + 0 − 2)/2 + 1 = 4" in row.arithmetic


def test_nothing_costly_is_computed(monkeypatch):
    from minitorch_cv.ops.conv.conv import OP

    def computed(*args, **kwargs):
        raise AssertionError("a convolution was computed")

    monkeypatch.setattr(OP, "forward", computed)
    assert measure(nn.Conv2d(3, 4, 3), (3, 8, 8)).rows[0].output_shape == (1, 4, 6, 6)


def test_ops_are_themselves_again_afterwards():
    run, change = Op.run, inplace.change
    measure(lenet(), (1, 28, 28))
    with pytest.raises(ValueError):
        measure(lenet(), (1, 2, 2))
    assert Op.run is run and inplace.change is change


def test_folded_rows_stand_for_what_is_below_them():
    result = measure(lenet(), (1, 28, 28))
    (row,) = result.folded(0).rows
    assert row.kind == "Sequential" and row.parameters == result.parameters
    assert (row.multiply_adds, row.memory) == (result.multiply_adds, result.memory)
    assert result.folded(1).rows == result.rows
    assert result.folded(0).multiply_adds == result.multiply_adds


def test_an_image_that_is_too_small_names_the_layer_with_its_arithmetic():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d((2, 3))))
    with pytest.raises(ValueError) as caught:
        measure(model, (1, 6, 6))
    assert str(caught.value) == (
        "summary: layer 1.1 (MaxPool2d): runs out of pixels: rows: (2 + 0 − 2)/2 + 1 = 1; columns: "
        "(2 + 0 − 3)/3 + 1 = 0.67: not one window fits (got 2×2×2); use a larger image"
    )
    with pytest.raises(ValueError, match=r"layer 0 \(Conv2d\): conv2d: weight expects 1 input"):
        measure(model, (3, 6, 6))
