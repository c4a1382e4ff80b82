import copy
import pickle

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn


def test_is_a_tensor_that_requires_grad_and_shares_memory():
    data = mt.tensor([1.0, 2.0])
    param = nn.Parameter(data)
    assert isinstance(param, mt.Tensor)
    assert param.requires_grad and param.is_leaf and param.grad is None
    data[0] = 7.0
    assert param.tolist() == [7.0, 2.0]
    assert nn.Parameter(data, requires_grad=False).requires_grad is False


def test_operations_give_plain_tensors():
    param = nn.Parameter(mt.ones(2))
    assert type(param * 2) is mt.Tensor
    assert type(param.detach()) is mt.Tensor


def test_computed_tensor_becomes_a_leaf():
    x = mt.ones(2, requires_grad=True)
    param = nn.Parameter(x * 2)
    assert param.is_leaf and param.grad_fn is None


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies_stay_parameters(duplicate):
    param = nn.Parameter(mt.tensor([1.0, 2.0]), requires_grad=False)
    other = duplicate(param)
    assert type(other) is nn.Parameter and other.requires_grad is False
    assert other.tolist() == [1.0, 2.0]
    other.fill_(0.0)
    assert param.tolist() == [1.0, 2.0]


def test_deepcopy_keeps_sharing():
    param = nn.Parameter(mt.ones(2))
    a, b = copy.deepcopy([param, param])
    assert a is b


@pytest.mark.cpu("moves it to the CPU")
def test_to_without_change_is_the_parameter_itself():
    param = nn.Parameter(mt.ones(2))
    assert param.to("cpu") is param and param.float() is param


@pytest.mark.cpu("another device is printed, too")
def test_repr():
    assert repr(nn.Parameter(mt.tensor([1.0]))) == (
        "Parameter containing:\ntensor([1.], requires_grad=True)"
    )


@pytest.mark.parametrize("value", [np.ones(2), [1.0, 2.0], 3.0])
def test_other_values_are_refused_with_the_way_to_convert(value):
    with pytest.raises(TypeError, match=r"Parameter: expects a Tensor .*minitorch_cv.tensor"):
        nn.Parameter(value)


def test_integers_need_requires_grad_false():
    with pytest.raises(RuntimeError, match="only float tensors have gradients"):
        nn.Parameter(mt.tensor([1, 2]))
    assert nn.Parameter(mt.tensor([1, 2]), requires_grad=False).dtype == mt.int64
