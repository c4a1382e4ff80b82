"""Kernels: chosen by mode, device and arguments; absent ones leave the reference path."""

from __future__ import annotations

import builtins
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend import find_kernel, kernels_in_use, registry, use_kernels
from minitorch_cv.ops.catalog import op_named


@pytest.fixture
def kernel(monkeypatch):
    """A kernel for exp that answers a value of its own, so that its use is seen."""
    made = SimpleNamespace(
        supports=lambda x: x.dtype == np.float32,
        forward=lambda x: (np.full_like(x, 7), (None, np.full_like(x, 7), {})),
    )
    monkeypatch.setitem(registry._loaded, ("exp", "cpu"), made)
    return made


def test_a_kernel_takes_over_where_it_supports_the_arguments(kernel):
    exp = op_named("exp")
    assert exp(np.ones(2, np.float32)).tolist() == [7, 7]
    assert exp(np.ones(2)).tolist() == pytest.approx([np.e] * 2)
    assert mt.ones(2).exp().tolist() == [7, 7]


def test_reference_mode(kernel):
    x = np.ones(2, np.float32)
    with use_kernels("reference"):
        assert kernels_in_use() == "reference"
        assert find_kernel("exp", "cpu") is None
        assert op_named("exp")(x)[0] == pytest.approx(np.e)
        with use_kernels("fast"):
            assert op_named("exp")(x)[0] == 7
        assert kernels_in_use() == "reference"
    assert kernels_in_use() == "fast"


def test_the_mode_can_stay():
    use_kernels("reference")
    try:
        assert kernels_in_use() == "reference"
    finally:
        use_kernels("fast")


def test_the_mode_is_put_back_after_an_error(kernel):
    with pytest.raises(ZeroDivisionError), use_kernels("reference"):
        raise ZeroDivisionError
    assert kernels_in_use() == "fast"


def test_no_such_mode():
    with pytest.raises(ValueError, match="use 'fast' or 'reference'"):
        use_kernels("quick")


def test_a_kernels_backward_is_used_for_float32(kernel):
    kernel.backward = lambda gy, saved, needs: (gy * 0 + 5,)
    x = mt.ones(2).requires_grad_()
    x.exp().sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_ops_without_a_kernel():
    assert find_kernel("no_such_op", "cpu") is None
    assert find_kernel("exp", "fake") is None
    assert registry.kernel_path("no_such_op", "cpu") is None
    assert registry.kernel_path("exp", "abacus") is None


def test_without_numba_the_reference_runs_and_a_warning_comes_once(monkeypatch):
    """A kernel module that cannot import numba is one warning, and no error."""
    monkeypatch.setattr(registry, "_loaded", {})
    monkeypatch.setattr(registry, "_warned", set())
    monkeypatch.setattr(registry, "kernel_path", lambda op, device: f"kernels.{device}.{op}")

    def refuse(name, *args, **kwargs):
        raise ImportError("No module named 'numba'")

    exp, sin = op_named("exp"), op_named("sin")
    monkeypatch.setattr(registry.importlib, "import_module", refuse)
    x = np.ones(2, np.float32)
    with pytest.warns(UserWarning, match="fast kernels are off .No module named 'numba'.") as seen:
        assert exp(x)[0] == pytest.approx(np.e)
        assert sin(x)[0] == pytest.approx(np.sin(1))
        exp(x)
    assert len(seen) == 1


def test_real_kernels_survive_a_missing_numba(monkeypatch):
    """The kernels of this package, with numba made unimportable, in one process."""
    real = builtins.__import__

    def blocked(name, *args, **kwargs):
        if name.split(".")[0] == "numba":
            raise ImportError("No module named 'numba'")
        return real(name, *args, **kwargs)

    for name in [n for n in sys.modules if n.startswith("minitorch_cv.kernels.")]:
        package, _, member = name.rpartition(".")  # `from . import member` looks at both
        monkeypatch.delattr(sys.modules[package], member, raising=False)
    for name in [n for n in sys.modules if n.startswith("minitorch_cv.kernels.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setattr(builtins, "__import__", blocked)
    monkeypatch.setattr(registry, "_loaded", {})
    monkeypatch.setattr(registry, "_warned", set())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = mt.ones(1, 2, 5, 5).requires_grad_()
        y = mt.nn.functional.conv2d(x, mt.ones(3, 2, 3, 3), mt.zeros(3))
        mt.nn.functional.max_pool2d(y.relu(), 2).sum().backward()
    assert y.shape == (1, 3, 3, 3) and x.grad.shape == x.shape
