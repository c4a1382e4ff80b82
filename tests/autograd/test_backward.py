"""The tape: what backward computes, frees, refuses and survives."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minitorch_cv as mt


def leaf(*values: float) -> mt.Tensor:
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


def test_gradient_of_a_product_and_a_sum() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x * y + x).sum().backward()
    assert x.grad.tolist() == [4.0, 5.0]
    assert y.grad.tolist() == [1.0, 2.0]


def test_gradients_accumulate_over_two_backward_calls() -> None:
    x = leaf(1.0, 2.0)
    (2 * x).sum().backward()
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_input_used_twice_receives_both_gradients() -> None:
    x = leaf(3.0)
    y = x * x
    (y + y * x).backward(mt.ones(1, dtype=mt.float64))
    assert x.grad.tolist() == [2 * 3.0 + 3 * 9.0]


def test_diamond_visits_each_node_once() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(60):  # 2^60 paths: a walk over paths would never end
        y = y + y
    y.sum().backward()
    assert x.grad.item() == 2.0**60


def test_leaves_never_share_gradient_memory() -> None:
    a, b = leaf(1.0), leaf(2.0)
    upstream = mt.ones(1, dtype=mt.float64)
    (a + b).backward(upstream)
    a.grad.mul_(10)
    assert b.grad.tolist() == [1.0]
    assert upstream.tolist() == [1.0]


def test_grad_survives_as_the_same_object_when_accumulating() -> None:
    x = leaf(1.0)
    (2 * x).sum().backward()
    first = x.grad
    (2 * x).sum().backward()
    assert x.grad is first
    assert first.tolist() == [4.0]


@pytest.mark.parametrize("length", [10_000, 100_000])
def test_long_chains_need_no_recursion(length: int) -> None:
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    del y  # freeing the chain must not recurse either


def test_unused_chain_is_freed_without_recursion() -> None:
    y = leaf(1.0)
    for _ in range(100_000):
        y = y * 1.0
    del y
    gc.collect()


def test_second_backward_is_a_clear_error() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


def test_second_backward_through_an_addition_is_an_error_too() -> None:
    x = leaf(1.0)
    y = (x + 1).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


def test_retain_graph_allows_a_second_backward() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_shared_part_of_two_graphs_is_freed_once() -> None:
    x = leaf(2.0)
    shared = x * x
    (shared * 1.0).sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        (shared * 2.0).sum().backward()


def test_backward_frees_what_was_saved_as_it_goes() -> None:
    x = leaf(*np.arange(5.0))
    middle = x * 2
    array = weakref.ref(middle)
    node = middle.grad_fn
    loss = (middle * middle).sum()
    del middle
    loss.backward()
    assert array() is None
    assert node.saved is None
    assert node.edges == ()


def test_an_input_that_nobody_saved_is_freed_at_once() -> None:
    x = leaf(*np.arange(5.0))
    middle = x * 2.0
    gone = weakref.ref(middle)
    y = middle + 1.0  # addition saves no values
    del middle
    assert gone() is None
    y.sum().backward()
    assert x.grad.tolist() == [2.0] * 5


def test_vector_needs_an_upstream_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"shape \(2,\)"):
        (x * 2).backward()


def test_upstream_gradient_of_a_wrong_shape() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"got \(3,\), expected \(2,\)"):
        (x * 2).backward(mt.ones(3))
    with pytest.raises(TypeError, match="the gradient is a Tensor"):
        (x * 2).backward(np.ones(2))


def test_backward_without_a_graph() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"):
        mt.ones(1).backward()
    with mt.no_grad():
        y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="does not require grad"):
        y.backward()


def test_backward_from_several_roots() -> None:
    x = leaf(1.0, 2.0)
    a, b = (x * 2).sum(), (x * x).sum()
    mt.autograd.backward([a, b])
    assert x.grad.tolist() == [4.0, 6.0]
    with pytest.raises(RuntimeError, match="one gradient for each of the 2"):
        mt.autograd.backward([a, b], [mt.ones(())])


def test_leaf_as_root() -> None:
    x = leaf(1.0)
    x.backward()
    assert x.grad.tolist() == [1.0]


def test_grad_returns_and_does_not_accumulate() -> None:
    x, w = leaf(2.0), leaf(3.0)
    middle = x * w
    y = (middle * middle).sum()
    gx, gm = mt.autograd.grad(y, [x, middle])
    assert (gx.tolist(), gm.tolist()) == ([36.0], [12.0])
    assert x.grad is None
    assert w.grad is None


def test_grad_of_an_unused_input() -> None:
    x, unused = leaf(1.0), leaf(1.0)
    y = (x * 2).sum()
    with pytest.raises(RuntimeError, match="do not depend on input 1"):
        mt.autograd.grad(y, [x, unused], retain_graph=True)
    gx, nothing = mt.autograd.grad(y, [x, unused], allow_unused=True)
    assert gx.tolist() == [2.0]
    assert nothing is None


def test_grad_of_an_input_without_requires_grad() -> None:
    with pytest.raises(RuntimeError, match="input 0 does not require grad"):
        mt.autograd.grad(leaf(1.0).sum(), mt.ones(1))


def test_grad_of_an_input_that_is_also_the_output() -> None:
    x = leaf(5.0)
    (g,) = mt.autograd.grad(x.sum(), x)
    assert g.tolist() == [1.0]
    y = x * 2
    (g,) = mt.autograd.grad(y, y, mt.full((1,), 7.0, dtype=mt.float64))
    assert g.tolist() == [7.0]


def test_second_derivative_of_a_cube() -> None:
    x = leaf(1.0, 2.0, -3.0)
    (g,) = mt.autograd.grad((x**3).sum(), x, create_graph=True)
    assert g.tolist() == [3.0, 12.0, 27.0]
    (h,) = mt.autograd.grad(g.sum(), x, create_graph=True)
    assert h.tolist() == [6.0, 12.0, -18.0]
    (third,) = mt.autograd.grad(h.sum(), x)
    assert third.tolist() == [6.0, 6.0, 6.0]


def test_create_graph_in_backward_gives_grads_with_a_graph() -> None:
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    penalty = (x.grad**2).sum()
    x.grad = None
    penalty.backward()
    assert x.grad.tolist() == [2 * 12.0 * 12.0]  # d (3x²)² / dx = 36 x³


def test_integer_tensors_have_no_gradient() -> None:
    with pytest.raises(RuntimeError, match="only float tensors have gradients"):
        mt.tensor([1, 2], requires_grad=True)


def test_float32_graph_keeps_float32_gradients() -> None:
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    w = mt.tensor([1.0, 2.0], dtype=mt.float64, requires_grad=True)
    y = (x * w).sum()
    assert y.dtype == mt.float64
    y.backward()
    assert x.grad.dtype == mt.float32
    assert w.grad.dtype == mt.float64


def test_tensor_with_a_dtype_keeps_every_digit() -> None:
    assert mt.tensor([0.1], dtype=mt.float64).item() == 0.1
    assert mt.tensor(2.0**24 + 1, dtype=mt.int64).item() == 2**24 + 1
    assert mt.tensor([0.1]).dtype == mt.float32
