"""logsumexp: no overflow, and the softmax as gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch_cv as mt


def test_large_numbers_do_not_overflow():
    x = mt.tensor([1000.0, 1000.0], requires_grad=True)
    y = x.logsumexp(0)
    y.backward()
    assert y.item() == pytest.approx(1000 + math.log(2))
    assert x.grad.tolist() == pytest.approx([0.5, 0.5], rel=1e-4)


def test_small_numbers_do_not_vanish():
    assert mt.tensor([-1000.0, -1001.0]).logsumexp(0).item() == pytest.approx(-999.68674, rel=1e-7)


def test_of_nothing_and_of_infinities():
    assert mt.zeros(2, 0).logsumexp(1).tolist() == [-math.inf, -math.inf]
    assert mt.tensor([-math.inf, -math.inf]).logsumexp(0).item() == -math.inf
    assert mt.tensor([0.0, math.inf]).logsumexp(0).item() == math.inf


def test_the_gradient_sums_to_the_incoming_one():
    x = mt.tensor(np.random.default_rng(0).normal(size=(3, 5)), requires_grad=True)
    x.logsumexp(1).backward(mt.tensor([1.0, 2.0, 3.0], dtype=mt.float64))
    assert x.grad.sum(1).tolist() == pytest.approx([1, 2, 3])
