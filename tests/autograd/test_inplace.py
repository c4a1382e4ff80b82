"""In-place changes: the right gradient or a clear error, never a silent wrong one."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt


def leaf(*values: float) -> mt.Tensor:
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


def test_change_of_a_saved_value_is_detected() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    z = y * y
    y.detach().add_(1)
    with pytest.raises(RuntimeError, match="mul: a tensor that its backward needs was changed"):
        z.sum().backward()


def test_change_of_a_saved_output_is_detected() -> None:
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match="exp: a tensor"):
        y.sum().backward()


def test_change_through_a_view_is_detected() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    z = (y * y).sum()
    y.data[0] = 5.0
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()


def test_change_of_a_weight_between_forward_and_backward() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = (x * w).sum()
    with mt.no_grad():
        w.sub_(0.1)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_change_of_a_value_that_nobody_saved_is_fine() -> None:
    x = leaf(1.0, 2.0)
    y = x + 1
    z = y + 1
    y.add_(5)
    z.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_residual_addition_in_place() -> None:
    x = leaf(1.0, 2.0)
    out = x * 3
    out += x
    (out * out).sum().backward()
    assert x.grad.tolist() == [2 * 4 * 4.0, 2 * 8 * 4.0]


def test_multiplication_in_place_uses_the_old_value() -> None:
    x, w = leaf(2.0), leaf(5.0)
    y = x * 1
    y *= w
    y.sum().backward()
    assert x.grad.tolist() == [5.0]
    assert w.grad.tolist() == [2.0]


def test_leaf_that_requires_grad_cannot_be_changed() -> None:
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        x[0] = 1.0
    with pytest.raises(RuntimeError, match="view of a leaf"):
        x[:1].zero_()
    with mt.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0]


def test_assignment_to_a_slice() -> None:
    x, v = leaf(1.0, 2.0, 3.0), leaf(7.0)
    y = x * 2
    y[1] = v[0] * 3
    (y * mt.tensor([1.0, 10.0, 100.0], dtype=mt.float64)).sum().backward()
    assert y.tolist() == [2.0, 21.0, 6.0]
    assert x.grad.tolist() == [2.0, 0.0, 200.0]
    assert v.grad.tolist() == [30.0]


def test_assignment_of_a_tracked_value_into_a_fresh_buffer() -> None:
    x = leaf(1.0, 2.0)
    buffer = mt.zeros(4, dtype=mt.float64)
    buffer[1:3] = x * x
    assert buffer.requires_grad
    buffer.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_slice_plus_equals() -> None:
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    y[1:] += x[:2] * 10
    (y * y).sum().backward()
    value = [1.0, 12.0, 23.0]
    assert y.tolist() == value
    assert x.grad.tolist() == [2 * 1.0 + 20 * 12.0, 2 * 12.0 + 20 * 23.0, 2 * 23.0]


def test_change_of_a_view_changes_its_base() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    base = x * 2
    view = base.view(2, 2)[:, 1]
    view *= 5
    assert base.tolist() == [2.0, 20.0, 6.0, 40.0]
    base.sum().backward()
    assert x.grad.tolist() == [2.0, 10.0, 2.0, 10.0]


def test_changed_view_itself_has_the_right_gradient() -> None:
    x = leaf(1.0, 2.0)
    base = x * 2
    view = base[1:]
    view *= 5
    (view * 3).sum().backward()
    assert x.grad.tolist() == [0.0, 30.0]


def test_view_of_a_changed_base_is_refused() -> None:
    x = leaf(1.0, 2.0)
    base = x * 2
    view = base[1:]
    base *= 5
    with pytest.raises(RuntimeError, match="shares memory with a tensor that was changed in place"):
        view * 3
    assert (base[1:] * 3).tolist() == [60.0]


def test_shape_must_stay() -> None:
    y = leaf(1.0) * 1
    with pytest.raises(RuntimeError, match=r"the result of shape \(2, 1\) does not fit"):
        y += mt.ones(2, 1, dtype=mt.float64)


def test_dtype_must_hold_the_result() -> None:
    n = mt.tensor([1, 2])
    with pytest.raises(RuntimeError, match="a float32 result cannot be kept in a int64"):
        n *= 0.5
    n *= 3
    assert n.tolist() == [3, 6]


def test_expanded_tensor_cannot_be_changed_while_recording() -> None:
    y = (leaf(1.0) * 2).expand(3)
    with pytest.raises(RuntimeError, match="repeats elements"):
        y *= 2


def test_copy_fill_and_zero_cut_the_gradient() -> None:
    x, source = leaf(1.0, 2.0), leaf(5.0, 6.0)
    y = x * 2
    y.copy_(source)
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]
    assert source.grad.tolist() == [1.0, 1.0]
    z = x * 2
    z.zero_()
    (z + x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_numpy_shares_memory_and_needs_detach() -> None:
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="detach"):
        x.numpy()
    array = np.ones(2)
    t = mt.from_numpy(array)
    array[0] = 5
    assert t.tolist() == [5.0, 1.0]


def test_iadd_under_no_grad_writes_into_the_same_memory() -> None:
    t = mt.zeros(2)
    before = t.data_ptr()
    t += 1
    assert t.data_ptr() == before
