"""Gradients are handed on without copies, and yet nobody sees anybody else's change."""

import pytest

import minitorch_cv as mt
from minitorch_cv.autograd.tape import OpNode
from minitorch_cv.backend import array_module
from minitorch_cv.testing.fake_device import fake_device


def leaf(*shape):
    return mt.ones(*shape).requires_grad_()


def apart(*tensors):
    """No two of them share memory."""
    arrays = [tensor.array for tensor in tensors]
    return not any(
        array_module(a).shares_memory(a, b) for k, a in enumerate(arrays) for b in arrays[k + 1 :]
    )  # fmt: skip


def test_leaves_of_one_addition():
    a, b = leaf(3), leaf(3)
    (a + b).sum().backward()
    assert apart(a.grad, b.grad)


def test_a_leaf_and_the_gradient_that_was_given():
    a, given = leaf(3), mt.ones(3)
    a.backward(given)
    (a + 0).backward(given)
    assert given.tolist() == [1, 1, 1]
    assert a.grad.tolist() == [2, 2, 2]
    assert apart(a.grad, given)


def test_a_leaf_and_a_view_of_it():
    a, b = leaf(2, 3), leaf(6)
    (a.reshape(6) + b).backward(mt.arange(6.0))
    assert apart(a.grad, b.grad)


def test_what_a_hook_keeps_is_its_own():
    a, kept = leaf(3), []
    a.register_hook(lambda gradient: kept.append(gradient))
    (a * 2).sum().backward()
    (a * 2).sum().backward()
    assert kept[0].tolist() == [2, 2, 2]
    assert a.grad.tolist() == [4, 4, 4]


def test_a_retained_gradient_stays():
    a = leaf(3)
    y = a * 1
    y.retain_grad()
    (y + y).backward(mt.ones(3))
    (a.grad.mul_(5)).sum()
    assert y.grad.tolist() == [2, 2, 2]


def test_captured_gradients_stay_as_they_were():
    """`grad` at an inner place, whose gradient goes on to be added up elsewhere."""
    x = leaf(3)
    y = x * 1
    z = y + x
    at_z, at_y, at_x = mt.autograd.grad(z, [z, y, x], mt.arange(3.0))
    assert at_z.tolist() == at_y.tolist() == [0, 1, 2]
    assert at_x.tolist() == [0, 2, 4]


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_one_gradient_for_two_paths_that_join_again(device):
    """y = (x + x·2) + (x + x·3): sums at x grow in place, what they are made of must not."""
    with fake_device():
        x = mt.ones(4).to(device).detach().requires_grad_()
        u = x * 1
        y = (u + u * 2) + (u + u.reshape(2, 2).reshape(4) * 3)
        y.backward(mt.arange(4.0).to(device))
        assert x.grad.to("cpu").tolist() == [0, 7, 14, 21]


@pytest.fixture
def made(monkeypatch):
    """The addresses of all gradients that ops make, in their order."""
    addresses = []

    def noted(self, gys, wanted, create_graph, real=OpNode.backward):
        gradients = real(self, gys, wanted, create_graph)
        addresses.extend(gradient.ctypes.data for gradient in gradients if gradient is not None)
        return gradients

    monkeypatch.setattr(OpNode, "backward", noted)
    return addresses


@pytest.mark.cpu("asks NumPy for addresses")
def test_a_sole_gradient_is_not_copied(made):
    """The array that a backward made is the leaf's gradient; the second one is added to it."""
    a = leaf(1000)
    (a * mt.full((1000,), 3.0)).backward(mt.ones(1000))
    assert a.grad.array.ctypes.data in made


def test_sums_of_other_dtypes_are_not_made_in_place():
    a = mt.ones(3, dtype=mt.float16).requires_grad_()
    (a.float() * 2 + a.float() * 3).backward(mt.ones(3))
    assert a.grad.dtype == mt.float16
    assert a.grad.tolist() == [5, 5, 5]


@pytest.mark.cpu("asks NumPy for addresses")
def test_a_sole_view_of_all_that_a_backward_made_is_not_copied(made):
    a = leaf(1000)
    (a.reshape(10, 100) * mt.full((10, 100), 3.0)).backward(mt.ones(10, 100))
    assert a.grad.array.base is not None and a.grad.array.ctypes.data == made[0]


def test_gradients_that_were_broadcast_are_added():
    a = leaf(1)
    (a.sum() + a.sum() * 2).backward()
    assert a.grad.tolist() == [3]
    a.grad.mul_(2)
    assert a.grad.tolist() == [6]
