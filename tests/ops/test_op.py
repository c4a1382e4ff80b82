"""`Op` itself: what it calls, in which order, and how it judges devices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.op import Op
from minitorch_cv.testing import fake_device


class Saved(NamedTuple):
    w: Any
    factor: float
    y: Any


def forward(x, w, *, factor=1.0):
    y = x * w * factor
    return y, Saved(w, factor, y)


def backward(gy, saved, needs):
    return (gy * saved.w * saved.factor if needs[0] else None), None


def check(x, w, *, factor=1.0):
    if factor == 0:
        raise ValueError("scale: factor is not 0 (got 0)")


SCALE = Op("scale", forward, backward, Saved, check=check)


def test_links_tell_what_saved_fields_are():
    assert SCALE.inputs == ("x", "w")
    assert SCALE.links == (1, None, -1)
    assert SCALE.saved_inputs == (1,) and SCALE.saves_output
    assert repr(SCALE) == "Op(scale)"
    assert SCALE.source == __file__


def test_a_call_on_arrays_gives_the_output_alone():
    y = SCALE(np.ones(2), np.full(2, 3.0), factor=2.0)
    assert isinstance(y, np.ndarray) and y.tolist() == [6, 6]


def test_run_gives_what_backward_needs():
    x, w = np.ones(2), np.full(2, 3.0)
    y, saved = SCALE.run([x, w], {})
    assert saved.w is w and saved.y is y
    gx, gw = SCALE.differentiate(np.ones(2), saved, (True, False))
    assert gx.tolist() == [3, 3] and gw is None


def test_a_call_with_a_tensor_is_recorded():
    x = mt.tensor([1.0, 2.0]).requires_grad_()
    y = SCALE(x, mt.tensor([3.0, 3.0]), factor=2.0)
    assert isinstance(y, mt.Tensor) and y.grad_fn.name == "scale"
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]


@pytest.mark.cpu("puts arrays on the CPU beside others on purpose")
def test_check_runs_before_forward():
    for x in (np.ones(2), mt.ones(2)):
        with pytest.raises(ValueError, match="scale: factor is not 0"):
            SCALE(x, np.ones(2), factor=0)


@pytest.mark.cpu("puts arrays on the CPU beside others on purpose")
def test_two_devices_are_judged_before_the_check():
    with fake_device() as fake:
        there = fake.library.from_numpy(np.ones(2))
        with pytest.raises(TypeError) as caught:
            SCALE(np.ones(2), there, factor=0)
        assert str(caught.value) == (
            "scale: inputs lie on different devices (got x on cpu, w on fake:0); "
            "move w with w.to('cpu')"
        )
        with pytest.raises(TypeError, match=r"xs\[1\] on fake:0"):
            op_named("concatenate")(np.ones(2), there, axis=0)


@pytest.mark.cpu("puts arrays on the CPU beside others on purpose")
def test_numbers_and_none_lie_on_no_device():
    with fake_device() as fake:
        there = fake.library.from_numpy(np.ones(2))
        assert SCALE(there, 2.0).get().tolist() == [2, 2]


def test_a_0d_output_that_is_saved_can_be_differentiated_twice():
    """NumPy makes scalars of 0-d results; a saved output is part of the graph all the same."""
    x = mt.tensor(np.array(0.5)).requires_grad_()
    (g,) = mt.autograd.grad(x.exp(), x, create_graph=True)
    (gg,) = mt.autograd.grad(g, x)
    assert gg.item() == pytest.approx(np.exp(0.5))
