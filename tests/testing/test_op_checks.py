"""Each op check finds the bug it is there for, and passes the op without it."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from minitorch_cv.backend import registry
from minitorch_cv.backend.library import array_module
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.op import ErrorSample, Op, Sample
from minitorch_cv.testing import CHECKS, check_op, checks_values, report, run_check

BY_NAME = {check.name: check for check in CHECKS}


def broken(name: str, **changes: Any) -> Op:
    """A copy of an op with some of its parts replaced."""
    op = copy.copy(op_named(name))
    for part, value in changes.items():
        setattr(op, part, value)
    return op


def verdict(check: str, op: Op) -> Any:
    return run_check(BY_NAME[check], op)


def forward_of(name: str, change: Any) -> Any:
    """The op's forward, its output changed by `change(y, x)`."""
    inner = op_named(name).forward

    def forward(*arrays: Any, **params: Any) -> Any:
        y, saved = inner(*arrays, **params)
        return change(y, *arrays), saved

    return forward


def backward_of(name: str, change: Any) -> Any:
    """The op's backward, its gradients changed by `change(g, k)`."""
    inner = op_named(name).backward

    def backward(gy: Any, saved: Any, needs: Any) -> Any:
        grads = inner(gy, saved, needs)
        return tuple(None if g is None else change(g, k) for k, g in enumerate(grads))

    return backward


class _Factor(NamedTuple):
    factor: Any


def _square_with_constant(x: Any) -> Any:
    return x * x, _Factor(2 * x)


def _scaled_by_constant(gy: Any, saved: Any, needs: Any) -> Any:
    return (gy * saved.factor if needs[0] else None,)


def _constant_square() -> Op:
    square = op_named("square")
    return Op(
        "square", _square_with_constant, _scaled_by_constant, _Factor,
        reference=square.reference, samples=square.samples,
    )  # fmt: skip


class _X(NamedTuple):
    x: Any


def _saves_a_copy() -> Op:
    square = op_named("square")
    return Op(
        "square", lambda x: (x * x, _X(array_module(x).array(x))),
        lambda gy, saved, needs: (2 * gy * saved.x if needs[0] else None,), _X,
        reference=square.reference, samples=square.samples,
    )  # fmt: skip


def _changes_x(x: Any) -> Any:
    y, saved = op_named("exp").forward(x)
    x[...] = 0
    return y, saved


def _changes_gy(gy: Any, saved: Any, needs: Any) -> Any:
    gy[...] = gy * 2
    return op_named("exp").backward(gy, saved, needs)


_calls = [0]


def _drifts(y: Any, x: Any) -> Any:
    _calls[0] += 1
    return y + 1e-13 * _calls[0]


def _unsure_words(rng: Any) -> Any:
    yield ErrorSample((np.zeros((2, 3)), np.zeros((2, 4))), {}, ValueError, "of another colour")


def _wrong_kind(rng: Any) -> Any:
    yield ErrorSample((np.zeros((2, 3)), np.zeros((2, 4))), {}, TypeError, "matmul: ")


def _no_error(rng: Any) -> Any:
    yield ErrorSample((np.zeros((2, 3)), np.zeros((3, 4))), {}, ValueError, "matmul: ")


def _nameless(a: Any, b: Any) -> None:
    raise ValueError("the last axis of a must match")


def _full(rng: Any) -> Any:
    yield Sample((rng.normal(size=(2, 3)),), {}, "matrix")


BUGS = {
    "matches reference": {
        "value slightly off": lambda: broken(
            "exp", forward=forward_of("exp", lambda y, x: y * (1 + 1e-9))
        ),
        "wrong shape": lambda: broken("exp", forward=forward_of("exp", lambda y, x: y[None])),
        "no samples": lambda: broken("exp", samples=None),
        "no reference": lambda: broken("exp", reference=None),
        "wrong index": lambda: broken("max", forward=_other_indices, reference=_max_and_index),
    },
    "gradient matches reference": {
        "sign": lambda: broken("tanh", backward=backward_of("tanh", lambda g, k: -g)),
        "factor": lambda: broken(
            "matmul", backward=backward_of("matmul", lambda g, k: g * (2 if k else 1))
        ),
        "zeros": lambda: broken("softmax", backward=backward_of("softmax", lambda g, k: 0 * g)),
        "one part in 10^9": lambda: broken(
            "mul", backward=backward_of("mul", lambda g, k: g * (1 + 1e-9))
        ),
        "shape": lambda: broken("exp", backward=backward_of("exp", lambda g, k: g[None])),
        "missing": lambda: broken("exp", backward=lambda gy, saved, needs: (None,)),
        "no tuple": lambda: broken("exp", backward=lambda gy, saved, needs: gy),
        "one element": lambda: broken("sin", backward=backward_of("sin", _last_is_wrong)),
    },
    "gradcheck": {
        "sign": lambda: broken("tanh", backward=backward_of("tanh", lambda g, k: -g)),
        "zeros": lambda: broken("softmax", backward=backward_of("softmax", lambda g, k: 0 * g)),
        "one part in 10^5": lambda: broken(
            "mul", backward=backward_of("mul", lambda g, k: g * (1 + 1e-5))
        ),
    },
    "linear in gy": {
        "adds a constant": lambda: broken("exp", backward=backward_of("exp", lambda g, k: g + 1)),
        "sign of gy lost": lambda: broken("exp", backward=backward_of("exp", lambda g, k: abs(g))),
        "squared": lambda: broken("exp", backward=backward_of("exp", lambda g, k: g * g)),
    },
    "second derivative": {
        "a constant that is none": _constant_square,
        "recorded gradient off": lambda: broken("exp", backward=_off_on_tensors),
        "twice is False, no error": lambda: _LiesAboutTwice.make(),
    },
    "inputs not mutated": {
        "forward writes into x": lambda: broken("exp", forward=_changes_x),
        "backward writes into gy": lambda: broken("exp", backward=_changes_gy),
    },
    "non-contiguous input": {
        "memory order": lambda: broken(
            "square", forward=lambda x: op_named("square").forward(_memory_order(x))
        ),
    },
    "dtype kept": {
        "float64 out": lambda: broken(
            "exp", forward=forward_of("exp", lambda y, x: np.float64(1) * y.astype("f8"))
        ),
        "float64 gradient": lambda: broken(
            "exp", backward=backward_of("exp", lambda g, k: g.astype("f8"))
        ),
    },
    "needs respected": {
        "always computed": lambda: broken(
            "mul",
            backward=lambda gy, saved, needs: op_named("mul").backward(gy, saved, (True, True)),
        ),
        "never computed": lambda: broken("mul", backward=lambda gy, saved, needs: (None, None)),
    },
    "empty batch": {
        "no empty sample": lambda: broken("exp", samples=_full),
        "wrong shape of nothing": lambda: broken(
            "sum", forward=forward_of("sum", lambda y, x: y if x.size else y[:0])
        ),
        "gradient of nothing": lambda: broken("expand", backward=lambda gy, saved, needs: (gy,)),
    },
    "error text": {
        "other words": lambda: broken("matmul", error_samples=_unsure_words),
        "other type": lambda: broken("matmul", error_samples=_wrong_kind),
        "no error": lambda: broken("matmul", error_samples=_no_error),
        "no error samples": lambda: broken("matmul", error_samples=None),
        "no name": lambda: broken("matmul", check=_nameless),
    },
    "fake device equals CPU": {
        "NumPy inside": lambda: broken("exp", forward=lambda x: (np.exp(x), None)),
        "the host waits": lambda: broken(
            "exp", forward=forward_of("exp", lambda y, x: y if float(y.sum()) > -1 else x)
        ),
        "dtype": lambda: broken("exp", forward=forward_of("exp", _float32_there)),
    },
    "same NaN and inf": {
        "NaN is lost": lambda: broken(
            "relu", forward=forward_of("relu", lambda y, x: array_module(x).where(x > 0, x, 0))
        ),
        "inf is limited": lambda: broken(
            "square", forward=forward_of("square", lambda y, x: array_module(x).clip(y, None, 1e30))
        ),
    },
    "deterministic": {
        "drifts": lambda: broken("exp", forward=forward_of("exp", _drifts)),
    },
    "saved links honest": {
        "a copy": _saves_a_copy,
        "a constant that is none": _constant_square,
    },
    "batch of seeds": {
        "value": lambda: broken("exp", forward=forward_of("exp", lambda y, x: y * (1 + 1e-9))),
        "gradient": lambda: broken("tanh", backward=backward_of("tanh", lambda g, k: -g)),
    },
}


def _other_indices(x: Any, **params: Any) -> Any:
    (y, index), saved = op_named("max").forward(x, **params)
    return (y, index + 1), saved


def _max_and_index(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    y = op_named("max").reference(x, axis=axis, keepdims=keepdims)
    return y, np.argmax(x.real, axis=axis if x.ndim else None, keepdims=keepdims)


def _last_is_wrong(g: Any, k: int) -> Any:
    g = np.array(g)
    if g.size > 3:
        g.reshape(-1)[-1] += 1e-6
    return g


def _off_on_tensors(gy: Any, saved: Any, needs: Any) -> Any:
    (g,) = op_named("exp").backward(gy, saved, needs)
    return (g if isinstance(g, (np.ndarray, np.generic)) else g * 1.001,)


def _memory_order(x: Any) -> Any:
    return x.ravel("K").reshape(x.shape) if isinstance(x, np.ndarray) else x


def _float32_there(y: Any, x: Any) -> Any:
    return y if isinstance(y, (np.ndarray, np.generic)) else y.astype(np.float32)


class _LiesAboutTwice(Op):
    """An op that says it has no second derivative, but whose tape does not know."""

    __slots__ = ()

    @classmethod
    def make(cls) -> Op:
        square = op_named("square")
        op = cls("square", square.forward, square.backward, square.saved, samples=square.samples)
        op.links, op.inputs = square.links, square.inputs
        op.twice = _FalseOnce()
        return op


class _FalseOnce:
    """False when the check asks, true when the tape asks."""

    def __init__(self) -> None:
        self.asked = 0

    def __bool__(self) -> bool:
        self.asked += 1
        return self.asked % 2 == 0


CASES = [(check, bug) for check, bugs in BUGS.items() for bug in bugs]


@pytest.mark.parametrize(("check", "bug"), CASES, ids=lambda v: v.replace(" ", "-"))
def test_finds_the_bug(check, bug):
    result = verdict(check, BUGS[check][bug]())
    assert not result.ok, f"{check} passed although: {bug}"
    assert result.message


def test_every_check_has_a_planted_bug():
    needs_hardware = {"CUDA equals CPU", "fast kernel equals reference"}
    assert {check.name for check in CHECKS} - needs_hardware == set(BUGS)


def _kernel(supports=lambda x: x.dtype == np.float32, change=lambda y: y, fields=None):
    def forward(x):
        y = change(np.exp(x))
        return y, (None, y, {}) if fields is None else fields

    return SimpleNamespace(supports=supports, forward=forward)


@pytest.fixture
def planted_kernel(monkeypatch):
    def plant(kernel):
        monkeypatch.setattr(checks_values, "kernel_path", lambda op, device: f"kernels.cpu.{op}")
        monkeypatch.setitem(registry._loaded, ("exp", "cpu"), kernel)
        return verdict("fast kernel equals reference", op_named("exp"))

    return plant


def test_a_right_kernel_passes(planted_kernel):
    assert planted_kernel(_kernel()).ok


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (_kernel(change=lambda y: y * np.float32(1.001)), "y differs"),
        (_kernel(change=lambda y: y.astype(np.float64)), "gives float64"),
        (_kernel(supports=lambda x: True), "takes float64"),
        (_kernel(supports=lambda x: False), "supports none"),
        (_kernel(fields=(None, np.float32(2), {})), "backward of the kernel"),
    ],
    ids=["value", "dtype", "float64", "no sample", "saved"],
)
def test_a_wrong_kernel_fails(planted_kernel, kernel, words):
    result = planted_kernel(kernel)
    assert not result.ok
    assert words in result.message


def test_cuda_check_compares_with_whatever_is_registered_as_cuda(monkeypatch):
    """Without a GPU the check is skipped; with a stand-in for one it runs, and it finds a leak."""
    from minitorch_cv.testing import checks_devices, fake_device

    monkeypatch.setattr("minitorch_cv.backend.cuda.load_cuda", lambda: None)
    monkeypatch.setattr(checks_devices, "library_named", lambda name: None)
    assert verdict("CUDA equals CPU", op_named("exp")).skipped
    with fake_device() as fake:
        monkeypatch.setattr(checks_devices, "library_named", lambda name: fake.library)
        assert verdict("CUDA equals CPU", op_named("exp")) == ("CUDA equals CPU", True, "", False)
        leaky = broken("exp", forward=lambda x: (np.exp(x), None))
        assert not verdict("CUDA equals CPU", leaky).ok


def test_the_message_names_the_element():
    op = broken("matmul", backward=backward_of("matmul", lambda g, k: g * 2 if k else g))
    message = verdict("gradient matches reference", op).message
    assert message.startswith("matmul: gb[0, 0] is ")
    assert message.endswith("(matrices)")


def test_report_has_a_line_for_each_check():
    results = check_op("exp")
    lines = report(results).splitlines()
    assert len(lines) == len(CHECKS)
    assert lines[0] == "ok      matches reference"
    failed = report(check_op(broken("tanh", backward=backward_of("tanh", lambda g, k: -g))))
    assert "FAILED  gradcheck: tanh (matrix): the gradient of x is wrong in 12 of 12" in failed


def test_check_op_takes_some_checks():
    assert [r.name for r in check_op("exp", only=["gradcheck"])] == ["gradcheck"]
    with pytest.raises(ValueError, match="no such check"):
        check_op("exp", only=["spelling"])
    with pytest.raises(ValueError, match="did you mean"):
        check_op("conv2")


def test_every_check_says_what_it_means():
    assert all(check.meaning for check in CHECKS)
