"""Clipping of gradients against sums written out."""

import math

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)

GRADIENTS = ([3.0, -4.0], [[0.0], [12.0]])


def parameters(*gradients, dtype="float64"):
    made = []
    for g in gradients or GRADIENTS:
        p = mt.zeros(*np.shape(g), dtype=dtype, requires_grad=True)
        p.grad = mt.tensor(g, dtype=dtype)
        made.append(p)
    return made


@pytest.mark.parametrize(
    ("p", "norm"),
    [
        (2, 13.0), (1, 19.0), (math.inf, 12.0), (-math.inf, 0.0), (0, 2.0),
        (3, (27 + 64 + 1728) ** (1 / 3)), (0.5, (3**0.5 + 2 + 12**0.5) ** 2),
    ],
)  # fmt: skip
def test_norms(p, norm):
    made = parameters()
    assert float(get_total_norm([q.grad for q in made], p)) == pytest.approx(norm, rel=1e-12)
    before = [np.array(q.grad.tolist()) for q in made]
    memory = [q.grad for q in made]
    assert float(clip_grad_norm_(made, 1.0, p)) == pytest.approx(norm, rel=1e-12)
    scale = min(1.0, 1.0 / (norm + 1e-6))
    for q, g, same in zip(made, before, memory, strict=True):
        np.testing.assert_allclose(q.grad.numpy(), g * scale, 1e-12)
        assert q.grad is same  # in place


def test_small_gradients_stay_as_they_are():
    made = parameters()
    assert float(clip_grad_norm_(made, 100.0)) == 13.0
    assert made[0].grad.tolist() == GRADIENTS[0]
    made.append(mt.zeros(3, requires_grad=True))  # has no gradient
    clip_grad_norm_(made, 1.0)
    assert made[-1].grad is None


def test_values():
    made = parameters()
    clip_grad_value_(made, 3.5)
    assert made[0].grad.tolist() == [3.0, -3.5] and made[1].grad.tolist() == [[0.0], [3.5]]
    clip_grad_value_(made[0], 1)
    assert made[0].grad.tolist() == [1.0, -1.0]


def test_a_norm_that_is_not_finite():
    for bad in (math.inf, math.nan):
        (p,) = parameters([bad, 1.0])
        with pytest.raises(RuntimeError, match="norm of order 2.0 is .* error_if_nonfinite=False"):
            clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
        assert p.grad[1].item() == 1.0  # nothing has changed
    (p,) = parameters([math.inf, 1.0])
    with np.errstate(invalid="ignore"):
        clip_grad_norm_(p, 1.0)
    assert math.isnan(p.grad[0].item()) and p.grad[1].item() == 0.0


def test_float16_is_summed_in_float32():
    (p,) = parameters([300.0, 400.0], dtype="float16")
    norm = get_total_norm(p.grad)
    assert norm.item() == 500.0 and norm.dtype == mt.float16


def test_nothing_and_an_empty_generator():
    assert float(get_total_norm([])) == 0.0
    assert float(clip_grad_norm_([mt.zeros(2, requires_grad=True)], 1.0)) == 0.0
    with pytest.warns(UserWarning, match="generator of parameters is empty"):
        clip_grad_norm_((p for p in ()), 1.0)


def test_an_empty_tensor_has_no_largest_element():
    assert float(get_total_norm([mt.zeros(0), mt.ones(4)])) == 2.0
    for p in (math.inf, -math.inf, -1):
        with pytest.raises(RuntimeError, match="an empty tensor has no norm of order"):
            get_total_norm([mt.zeros(0), mt.ones(4)], p)


def test_clipping_tells_a_graph_that_needs_the_gradient():
    (p,) = parameters([3.0, 4.0])
    q = p.grad.detach().requires_grad_()
    loss = (q * p.grad).sum()
    clip_grads_with_norm_(p, 1.0, mt.tensor(5.0))
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()
