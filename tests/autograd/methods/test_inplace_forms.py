"""In-place forms under recording: leaves, versions, views, dtypes, shapes."""

from __future__ import annotations

import pytest

import minitorch_cv as mt
from minitorch_cv.autograd.methods.inplace_forms import NAMES, RESHAPED


def leaf(*values: float) -> mt.Tensor:
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


ARGUMENTS = {
    "relu": (), "exp": (), "tril": (), "masked_fill": (mt.tensor(True), 0.0), "add": (1.0,),
    "scatter": (0, mt.tensor([[0, 0]]), 2.0), "index_fill": (0, mt.tensor([0]), 1.0), "eq": (1.0,),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_leaf_is_refused_while_recording(name):
    x = leaf(1.0, 2.0).detach().reshape(1, 2).clone().requires_grad_()
    with pytest.raises(RuntimeError, match=f"{name}_: a leaf that requires grad"):
        getattr(x, f"{name}_")(*ARGUMENTS[name])
    with mt.no_grad():
        expected = getattr(x, name)(*ARGUMENTS[name]).to(dtype=x.dtype)
        assert getattr(x, f"{name}_")(*ARGUMENTS[name]) is x
    assert x.tolist() == expected.tolist()


@pytest.mark.parametrize("name", [*NAMES, *RESHAPED])
def test_every_form_has_a_method(name):
    assert callable(getattr(mt.Tensor, name)) and callable(getattr(mt.Tensor, f"{name}_"))


def test_the_gradient_goes_through_the_change():
    x = leaf(1.0, -2.0)
    y = x * 2
    memory = y.data_ptr()
    y.relu_().exp_()
    y.sum().backward()
    assert y.data_ptr() == memory
    assert x.grad.tolist() == pytest.approx([2 * 7.38905609893065, 0])


def test_a_value_that_is_needed_must_not_change():
    y = leaf(1.0, 2.0) * 2
    z = (y * y).sum()
    y.masked_fill_(y > 3, 0.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()


def test_a_view_changes_its_base():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    base = x * 1
    base[1:3].mul_(10).index_add_(0, mt.tensor([0]), x[3:] * 5)
    assert base.tolist() == [1, 40, 30, 4]
    base.sum().backward()
    assert x.grad.tolist() == [1, 10, 10, 6]


def test_a_tensor_without_gradient_takes_one_on():
    x, buffer = leaf(1.0, 2.0), mt.zeros(3, dtype=mt.float64)
    buffer.scatter_(0, mt.tensor([2, 0]), x)
    assert buffer.tolist() == [2, 0, 1] and buffer.requires_grad
    (buffer * mt.tensor([1.0, 2, 3], dtype=mt.float64)).sum().backward()
    assert x.grad.tolist() == [3, 1]


def test_a_constant_cuts_the_gradient():
    x = leaf(1.0, 2.0)
    y = x * 3
    y.gt_(4.0)
    assert y.tolist() == [0, 1] and y.requires_grad
    (y + x).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_dtype_and_shape_stay():
    n = mt.tensor([1, 2])
    with pytest.raises(RuntimeError, match="exp_: a float32 result cannot be kept in a int64"):
        n.exp_()
    with pytest.raises(RuntimeError, match="a int64 result cannot be kept in a bool"):
        mt.tensor([True, False]).add_(n)
    with pytest.raises(RuntimeError, match=r"masked_fill_: the result of shape \(2, 2\) does not"):
        n.masked_fill_(mt.tensor([[True], [False]]), 0)
    assert n.eq_(2).tolist() == [0, 1] and n.dtype == mt.int64
    half = mt.ones(2, dtype=mt.float16)
    assert half.add_(mt.tensor([1e-4, 1.0], dtype=mt.float64)).dtype == mt.float16


def test_forms_that_change_the_shape_alone():
    x = mt.arange(6).reshape(2, 3)
    memory = x.data_ptr()
    assert x.unsqueeze_(0).shape == (1, 2, 3) and x.squeeze_().t_().shape == (3, 2)
    assert x.tolist() == [[0, 3], [1, 4], [2, 5]] and x.data_ptr() == memory
    w = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="unsqueeze_: a leaf that requires grad"):
        w.unsqueeze_(0)
    y = w * 2
    (y.unsqueeze_(1) * mt.tensor([[1.0, 10.0]], dtype=mt.float64)).sum().backward()
    assert w.grad.tolist() == [22, 22]


def test_numbers_that_do_not_fit():
    with pytest.raises(ValueError, match="fill_: 300 cannot be kept in a tensor of uint8"):
        mt.zeros(2, dtype=mt.uint8).fill_(300)
    with pytest.raises(TypeError, match="fill_: value is a number"):
        mt.zeros(2).fill_(None)
