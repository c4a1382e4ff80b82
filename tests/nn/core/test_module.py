"""What a Module registers, walks, changes and shows."""

import copy
import pickle

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn


class Scale(nn.Module):
    def __init__(self, size=2):
        super().__init__()
        self.weight = nn.Parameter(mt.ones(size))
        self.register_buffer("seen", mt.tensor(0))
        self.register_buffer("scratch", mt.zeros(size), persistent=False)

    def forward(self, x):
        return x * self.weight


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.second = nn.Parameter(mt.zeros(1))
        self.first = nn.Parameter(mt.zeros(1))
        self.a = Scale(2)
        self.b = Scale(3)
        self.note = "plain"

    def forward(self, x):
        return self.b(self.a(x))


def names(pairs):
    return [name for name, _ in pairs]


def test_attributes_are_registered_apart_and_in_order():
    net = Net()
    assert names(net.named_parameters()) == ["second", "first", "a.weight", "b.weight"]
    assert names(net.named_buffers()) == ["a.seen", "a.scratch", "b.seen", "b.scratch"]
    assert names(net.named_modules()) == ["", "a", "b"]
    assert names(net.named_children()) == ["a", "b"]
    assert names(net.named_parameters(recurse=False)) == ["second", "first"]
    assert names(net.named_parameters(prefix="net")) == [
        "net.second", "net.first", "net.a.weight", "net.b.weight",
    ]  # fmt: skip
    assert list(net.parameters())[2] is net.a.weight
    assert net.note == "plain" and "note" not in names(net.named_buffers())


def test_shared_parameters_and_modules_come_once():
    net = Net()
    net.b.weight = net.a.weight
    net.again = net.a
    assert names(net.named_parameters()) == ["second", "first", "a.weight"]
    assert names(net.named_parameters(remove_duplicate=False)) == [
        "second", "first", "a.weight", "b.weight", "again.weight",
    ]  # fmt: skip
    assert names(net.named_modules()) == ["", "a", "b"]
    assert names(net.named_modules(remove_duplicate=False)) == ["", "a", "b", "again"]
    assert list(net.children()) == [net.a, net.b]
    assert [key for key in net.state_dict() if key.endswith("weight")] == [
        "a.weight", "b.weight", "again.weight",
    ]  # fmt: skip


def test_parameter_set_to_none_keeps_its_place():
    net = Scale()
    net.weight = None
    assert net.weight is None and list(net.parameters()) == []
    assert list(net.state_dict()) == ["seen"]
    net.weight = nn.Parameter(mt.ones(2))
    assert names(net.named_parameters()) == ["weight"]


def test_attribute_moves_between_kinds():
    net = Net()
    net.note = nn.Parameter(mt.zeros(1))
    assert "note" in names(net.named_parameters()) and "note" not in net.__dict__
    net.note = Scale()
    assert "note" in names(net.named_children()) and "note" not in names(net.named_parameters())
    net.a.seen = nn.Parameter(mt.zeros(1))
    assert "seen" not in net.a._buffers and "a.seen" in names(net.named_parameters())


def test_delete():
    net = Net()
    del net.first, net.a, net.b.seen, net.note
    assert names(net.named_parameters()) == ["second", "b.weight"]
    assert names(net.named_buffers()) == ["b.scratch"]
    with pytest.raises(AttributeError):
        del net.first


@pytest.mark.parametrize("name", ["weight", "seen"])
def test_wrong_values_for_registered_names(name):
    with pytest.raises(TypeError, match=f"'{name}'"):
        setattr(Scale(), name, 3.0)


def test_tensor_is_no_parameter():
    with pytest.raises(TypeError, match="'weight' is a Parameter or None"):
        Scale().weight = mt.ones(2)
    with pytest.raises(TypeError, match="'a' is a Module or None"):
        Net().a = mt.ones(2)
    with pytest.raises(TypeError, match="wrap it in nn.Parameter"):
        nn.Module().register_parameter("w", mt.ones(2))
    with pytest.raises(TypeError, match="register_buffer: 'w' is a Tensor or None"):
        nn.Module().register_buffer("w", np.ones(2))
    with pytest.raises(TypeError, match="add_module: 'w' is a Module or None"):
        nn.Module().add_module("w", 3)


@pytest.mark.parametrize("register", ["register_parameter", "register_buffer", "add_module"])
@pytest.mark.parametrize(
    ("name", "error"), [("a.b", KeyError), ("", KeyError), ("forward", KeyError), (3, TypeError)]
)
def test_bad_names(register, name, error):
    with pytest.raises(error):
        getattr(nn.Module(), register)(name, None)


def test_assignment_before_init_says_what_to_do():
    class Early(nn.Module):
        def __init__(self):
            self.layer = Scale()

    class EarlyParameter(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(mt.ones(1))

    class EarlyBuffer(nn.Module):
        def __init__(self):
            self.register_buffer("w", mt.ones(1))

    for kind in (Early, EarlyParameter, EarlyBuffer):
        with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
            kind()


def test_missing_attribute_and_forward():
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'conv9'"):
        Net().conv9  # noqa: B018
    with pytest.raises(NotImplementedError, match="Module: has no forward"):
        nn.Module()(1)


def test_call_before_init_says_what_to_do():
    class Early(nn.Module):
        def __init__(self):
            self.size = 3

        def forward(self, x):
            return x

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Early()(1)


def test_dir_lists_registered_names():
    assert {"weight", "seen", "forward"} <= set(dir(Scale()))
    assert {"a", "second"} <= set(dir(Net()))


def test_get_by_dotted_name():
    net = nn.Sequential(Net())
    assert net.get_submodule("0.a") is net[0].a
    assert net.get_submodule("") is net
    assert net.get_parameter("0.a.weight") is net[0].a.weight
    assert net.get_buffer("0.b.seen") is net[0].b.seen
    for get, name in [
        (net.get_submodule, "0.c"), (net.get_parameter, "0.a.bias"), (net.get_buffer, "0.a.weight"),
        (net.get_submodule, "0.a.weight"),
    ]:  # fmt: skip
        with pytest.raises(AttributeError, match="has no"):
            get(name)


def test_apply_visits_children_first():
    net, visited = Net(), []
    assert net.apply(visited.append) is net
    assert visited == [net.a, net.b, net]


def test_train_and_eval():
    net = Net()
    assert net.training and net.eval() is net
    assert not net.training and not net.a.training
    assert net.train().b.training
    with pytest.raises(ValueError, match="train: mode is True or False"):
        net.train("yes")


def test_requires_grad_and_zero_grad():
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    net.a(mt.tensor([1.0, 2.0])).sum().backward()
    kept = net.a.weight.grad
    net.zero_grad(set_to_none=False)
    assert net.a.weight.grad is kept and kept.tolist() == [0.0, 0.0]
    net.zero_grad()
    assert net.a.weight.grad is None


def test_to_changes_parameters_in_place():
    net = Net()
    net.b.weight = net.a.weight
    before = list(net.parameters())
    net(mt.tensor([1.0, 2.0])).sum().backward()
    assert net.double() is net
    assert all(old is new for old, new in zip(before, net.parameters(), strict=True))
    assert net.b.weight is net.a.weight and type(net.a.weight) is nn.Parameter
    assert net.a.weight.dtype == mt.float64 and net.a.weight.grad.dtype == mt.float64
    assert net.a.scratch.dtype == mt.float64 and net.a.seen.dtype == mt.int64
    net(mt.tensor([1.0, 2.0], dtype=mt.float64)).sum().backward()
    assert net.a.weight.grad.tolist() == [4.0, 8.0]  # 2 w x, twice


def test_to_takes_what_tensors_take():
    net = Net()
    assert net.to("cpu").a.weight.dtype == mt.float32
    assert net.to(mt.float64).a.weight.dtype == mt.float64
    assert net.to("cpu", mt.float32).a.weight.dtype == mt.float32
    assert net.to(device="cpu", dtype="float64").a.weight.dtype == mt.float64
    assert net.to(mt.ones(1, dtype=mt.float16)).a.weight.dtype == mt.float16
    assert net.float().half().cpu().a.weight.dtype == mt.float16
    for bad in (mt.int64, int, "int32"):
        with pytest.raises(TypeError, match="to: a module is of a float dtype"):
            net.to(bad)
    with pytest.raises(ValueError, match="no such device"):
        net.to("gpu")
    with pytest.raises(TypeError, match="unknown arguments"):
        net.to(colour="red")


def test_shared_buffers_stay_shared():
    net = Net()
    net.b.register_buffer("common", mt.ones(2))
    net.a.register_buffer("common", net.b.common)
    net.double()
    assert net.a.common is net.b.common and net.a.common.dtype == mt.float64


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(duplicate):
    net = Net()
    net.b.weight = net.a.weight
    other = duplicate(net)
    assert names(other.named_parameters()) == names(net.named_parameters())
    assert other.b.weight is other.a.weight and other.a.weight is not net.a.weight
    with mt.no_grad():
        other.a.weight.fill_(5.0)
    assert net.a.weight.tolist() == [1.0, 1.0]
    assert "scratch" not in other.a.state_dict()
    assert other.note == "plain" and other.eval().training is False and net.training


def test_repr():
    net = Net()
    assert repr(net) == "Net(\n  (a): Scale()\n  (b): Scale()\n)"
    net.extra_repr = lambda: "size=3\nkind=x"
    assert repr(net) == "Net(\n  size=3\n  kind=x\n  (a): Scale()\n  (b): Scale()\n)"
    assert repr(nn.Sequential()) == "Sequential()"
