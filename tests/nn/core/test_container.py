from collections import OrderedDict

import pytest

import minitorch_cv as mt
from minitorch_cv import nn


def layers(count=3):
    return [nn.Linear(k + 1, k + 2) for k in range(count)]


def test_sequential_calls_in_order():
    model = nn.Sequential(*layers())
    x = mt.ones(2, 1)
    assert mt.equal(model(x), model[2](model[1](model[0](x))))
    assert model(x).shape == (2, 4)


def test_empty_sequential_is_the_identity():
    x = mt.ones(2)
    assert nn.Sequential()(x) is x and len(nn.Sequential()) == 0


def test_sequential_indexing():
    a, b, c = layers()
    model = nn.Sequential(a, b, c)
    assert model[0] is a and model[-1] is c and list(model) == [a, b, c] and len(model) == 3
    part = model[1:]
    assert type(part) is nn.Sequential and list(part) == [b, c]
    assert list(part.state_dict())[0] == "1.weight"
    for index in (3, -4):
        with pytest.raises(IndexError, match="out of range"):
            model[index]
    with pytest.raises(TypeError):
        model["x"]
    model[1] = nn.ReLU()
    assert repr(model[1]) == "ReLU()"
    del model[0]
    assert list(dict(model.named_children())) == ["0", "1"] and model[1] is c
    del model[0:2]
    assert len(model) == 0


def test_sequential_of_an_ordered_dict():
    model = nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 2, 3), act=nn.ReLU()))
    assert model.conv is model[0] and list(model.state_dict()) == ["conv.weight", "conv.bias"]
    assert repr(model).startswith("Sequential(\n  (conv): Conv2d(1, 2, kernel_size=(3, 3)")
    model[0] = nn.Conv2d(1, 4, 3)
    assert model.conv.out_channels == 4 and list(dict(model.named_children())) == ["conv", "act"]


def test_sequential_grows():
    a, b, c = layers()
    model = nn.Sequential(a)
    assert model.append(c) is model
    model.insert(1, b)
    assert list(model) == [a, b, c] and list(dict(model.named_children())) == ["0", "1", "2"]
    model.extend(nn.Sequential(nn.ReLU(), nn.Tanh()))
    assert len(model) == 5
    model += [nn.ELU()]
    assert len(model) == 6 and model.pop(-1).alpha == 1.0 and len(model) == 5
    model.insert(-1, nn.Sigmoid())
    assert repr(model[4]) == "Sigmoid()"
    joined = nn.Sequential(a) + nn.Sequential(b)
    assert list(joined) == [a, b]
    with pytest.raises(TypeError):
        model.append(3)
    with pytest.raises(TypeError, match="insert: expects a Module"):
        model.insert(0, 3)
    with pytest.raises(IndexError, match="out of range"):
        model.insert(9, a)
    with pytest.raises(TypeError, match="extend: expects several modules"):
        model.extend(3)


def test_module_list():
    a, b, c = layers()
    holder = nn.ModuleList([a, b])
    assert holder.append(c) is holder and list(holder) == [a, b, c]
    assert type(holder[:2]) is nn.ModuleList and list(holder[1:]) == [b, c]
    assert list(holder[1:].state_dict())[0] == "0.weight"
    holder.insert(0, c)
    assert holder[0] is c and len(holder) == 4
    assert list(holder + [a]) == [c, a, b, c, a]
    assert holder.pop(0) is c and list(holder) == [a, b, c]
    assert len(list(holder.parameters())) == 6
    with pytest.raises(NotImplementedError, match="ModuleList: has no forward"):
        holder(1)
    assert repr(nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])) == (
        "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)"
    )


def test_extending_a_list_with_itself():
    holder = nn.ModuleList([nn.ReLU()])
    holder.extend(holder)
    assert len(holder) == 2


def test_module_dict():
    a, b, c = layers()
    holder = nn.ModuleDict({"a": a})
    holder["b"] = b
    holder.update([("c", c)])
    assert list(holder) == ["a", "b", "c"] == list(holder.keys()) and holder["c"] is c
    assert list(holder.values()) == [a, b, c] and dict(holder.items())["b"] is b
    assert "a" in holder and "x" not in holder and len(holder) == 3
    assert list(holder.state_dict())[:2] == ["a.weight", "a.bias"]
    del holder["a"]
    assert holder.pop("b") is b and len(holder) == 1
    holder.update(nn.ModuleDict({"d": a}))
    assert list(holder) == ["c", "d"]
    holder.clear()
    assert len(holder) == 0
    with pytest.raises(KeyError):
        holder["zzz"]
    with pytest.raises(KeyError, match="already has an attribute"):
        holder["forward"] = a
    for bad, error in ((3, TypeError), ([3], TypeError), ([("a",)], ValueError)):
        with pytest.raises(error, match="ModuleDict.update"):
            holder.update(bad)
