"""state_dict and load_state_dict."""

from collections import OrderedDict

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn


def net():
    return nn.Sequential(
        OrderedDict(conv=nn.Conv2d(2, 3, 3), bn=nn.BatchNorm2d(3), fc=nn.Linear(4, 2, bias=False))
    )


def arrays(module):
    return {key: value.numpy().copy() for key, value in module.state_dict().items()}


def test_keys_and_sharing():
    model = net()
    state = model.state_dict()
    assert list(state) == [
        "conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
        "bn.num_batches_tracked", "fc.weight",
    ]  # fmt: skip
    assert not any(value.requires_grad for value in state.values())
    state["conv.bias"].fill_(9.0)
    assert model.conv.bias.tolist() == [9.0] * 3
    assert model.state_dict(keep_vars=True)["conv.bias"] is model.conv.bias
    assert list(model.conv.state_dict(prefix="layer.")) == ["layer.weight", "layer.bias"]
    own = {"x": 1}
    assert model.fc.state_dict(destination=own) is own and list(own) == ["x", "weight"]


@pytest.mark.parametrize("convert", [mt.tensor, np.asarray, lambda a: a.astype(np.float64)])
def test_round_trip(convert):
    source, target = net(), net()
    source.bn(source.conv(mt.randn(2, 2, 5, 5)))
    places = {name: (p, p.data_ptr()) for name, p in target.named_parameters()}
    answer = target.load_state_dict({k: convert(v) for k, v in arrays(source).items()})
    assert repr(answer) == "<All keys matched successfully>"
    for (key, a), b in zip(arrays(source).items(), arrays(target).values(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=key)
        assert a.dtype == b.dtype
    assert target.bn.num_batches_tracked.item() == 1
    for name, param in target.named_parameters():
        assert (param, param.data_ptr()) == places[name] or param is places[name][0]
        assert param.requires_grad


def test_all_problems_at_once_and_nothing_changes():
    model = net()
    before = arrays(model)
    state = {key: value + 1 for key, value in before.items()}
    del state["bn.running_var"], state["conv.bias"]
    state["fc.bias"] = np.zeros(2)
    state["fc.weight"] = np.zeros((2, 5))
    state["bn.bias"] = np.zeros(4)
    with pytest.raises(ValueError) as caught:
        model.load_state_dict(state)
    text = str(caught.value)
    assert isinstance(caught.value, RuntimeError)
    for line in (
        "load_state_dict: the state dict does not fit Sequential (nothing was changed)",
        "unexpected key: fc.bias",
        "missing key: bn.running_var",
        "missing key: conv.bias",
        "wrong shape: fc.weight is (2, 5), the module's is (2, 4)",
        "wrong shape: bn.bias is (4,), the module's is (3,)",
    ):
        assert line in text
    for key, value in arrays(model).items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)


def test_not_strict():
    model = net()
    state = {"conv.weight": np.ones((3, 2, 3, 3)), "other": np.zeros(1)}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert unexpected == ["other"] and "conv.bias" in missing and "conv.weight" not in missing
    assert float(model.conv.weight.detach().min()) == 1.0
    before = arrays(model)
    with pytest.raises(ValueError, match="wrong shape: conv.weight"):
        model.load_state_dict({"conv.bias": np.ones(3), "conv.weight": np.ones(3)}, strict=False)
    np.testing.assert_array_equal(model.conv.bias.detach().numpy(), before["conv.bias"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("text", "no tensor: fc.weight is a str"),
        (None, "no tensor: fc.weight is a NoneType"),
        ([[1.0]], "no tensor: fc.weight is a list"),
        (np.zeros((2, 4), complex), "wrong dtype: fc.weight is complex128"),
        (np.full((2, 4), "x"), "wrong dtype: fc.weight is <U1"),
    ],
)
def test_values_that_are_no_tensors(value, words):
    model = net()
    before = arrays(model)
    with pytest.raises(ValueError, match=words):
        model.load_state_dict({**before, "conv.bias": before["conv.bias"] + 1, "fc.weight": value})
    np.testing.assert_array_equal(model.conv.bias.detach().numpy(), before["conv.bias"])


@pytest.mark.parametrize("state", [[("a", 1)], None, "path.pth"])
def test_no_dict(state):
    with pytest.raises(TypeError, match="load_state_dict: expects a dict"):
        net().load_state_dict(state)


def test_numbers_for_0d_buffers():
    model = nn.BatchNorm1d(2)
    for value in (5, np.int64(5), np.array([5]), mt.tensor(5)):
        model.num_batches_tracked.zero_()
        model.load_state_dict({**model.state_dict(), "num_batches_tracked": value})
        assert model.num_batches_tracked.item() == 5
        assert model.num_batches_tracked.shape == ()


def test_swapped_values_of_the_module_itself():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    first, second = (layer.weight.detach().clone() for layer in model)
    state = model.state_dict()
    state["0.weight"], state["1.weight"] = state["1.weight"], state["0.weight"]
    model.load_state_dict(state)
    assert mt.equal(model[0].weight, second) and mt.equal(model[1].weight, first)


def test_assign_takes_the_dtype():
    model = nn.Linear(2, 1)
    weight = model.weight
    model.load_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1)}, assign=True)
    assert model.weight.dtype == mt.float64 and model.weight is weight and weight.requires_grad


def test_loading_is_noticed_by_a_backward_that_needs_the_old_values():
    model = nn.Linear(2, 1)
    x = mt.ones(1, 2, requires_grad=True)
    y = model(x).sum()
    model.load_state_dict(arrays(model))
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_non_persistent_buffers_are_no_keys():
    model = nn.Module()
    model.register_buffer("kept", mt.ones(1))
    model.register_buffer("left", mt.ones(1), persistent=False)
    model.register_buffer("none", None)
    assert list(model.state_dict()) == ["kept"]
    with pytest.raises(ValueError, match="unexpected key: left"):
        model.load_state_dict({"kept": mt.ones(1), "left": mt.ones(1)})
    model.register_buffer("left", mt.ones(1))
    assert list(model.state_dict()) == ["kept", "left"]


def test_the_counter_of_batches_may_be_missing():
    """State dicts older than the counter lack it; what the layer has then stays."""
    layer = nn.BatchNorm2d(3)
    layer(mt.randn(2, 3, 4, 4))
    old = {key: value for key, value in layer.state_dict().items() if "num_batches" not in key}
    found = layer.load_state_dict(old)
    assert found.missing_keys == [] and layer.num_batches_tracked.item() == 1
    del old["running_mean"]
    with pytest.raises(ValueError, match="missing key: running_mean"):
        layer.load_state_dict(old)
