"""no_grad and its relatives, tensor hooks, retain_grad, anomaly mode, Function."""

from __future__ import annotations

import threading

import pytest

import minitorch_cv as mt


def leaf(*values: float) -> mt.Tensor:
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


def test_no_grad_enable_grad_and_decorators() -> None:
    x = leaf(1.0)
    with mt.no_grad():
        assert not (x * 2).requires_grad
        with mt.enable_grad():
            assert (x * 2).requires_grad
        assert not mt.is_grad_enabled()
    assert mt.is_grad_enabled()

    @mt.no_grad()
    def quiet() -> bool:
        return (x * 2).requires_grad

    assert quiet() is False
    assert quiet() is False  # a decorator can be used again
    assert mt.is_grad_enabled()


def test_no_grad_is_undone_after_an_exception() -> None:
    with pytest.raises(KeyError), mt.no_grad():
        raise KeyError("x")
    assert mt.is_grad_enabled()


def test_set_grad_enabled_acts_at_once_and_as_a_block() -> None:
    with mt.set_grad_enabled(False):
        assert not mt.is_grad_enabled()
    assert mt.is_grad_enabled()
    mt.set_grad_enabled(False)
    assert not mt.is_grad_enabled()
    mt.set_grad_enabled(True)
    assert mt.is_grad_enabled()


def test_inference_mode() -> None:
    with mt.inference_mode():
        assert mt.is_inference_mode_enabled()
        assert not (leaf(1.0) * 2).requires_grad
    assert not mt.is_inference_mode_enabled()


def test_modes_belong_to_one_thread() -> None:
    seen = []
    with mt.no_grad():
        thread = threading.Thread(target=lambda: seen.append(mt.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_hook_on_a_middle_tensor_replaces_the_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    handle = y.register_hook(lambda g: g * 10)
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [30.0, 30.0]
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_hook_on_a_leaf_sees_the_whole_gradient_once() -> None:
    x = leaf(1.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5.0]]
    assert x.grad.tolist() == [5.0]


def test_hooks_run_in_the_order_of_registration() -> None:
    x = leaf(1.0)
    y = x * 1
    y.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: g * 2)
    y.sum().backward()
    assert x.grad.tolist() == [4.0]


def test_retain_grad() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [6.0, 12.0]
    with pytest.raises(RuntimeError, match="retain_grad"):
        mt.ones(1).retain_grad()


def test_anomaly_mode_names_the_op_and_the_line() -> None:
    x = leaf(0.0, 1.0)
    with mt.autograd.detect_anomaly():
        y = (x * 0).sqrt().sum()  # the derivative of √ at 0 is infinite, and 0 · inf is NaN
        with pytest.raises(RuntimeError) as caught:
            y.backward()
    message = str(caught.value)
    assert message.startswith("mul: the gradient of its input 0 is NaN")
    assert "test_modes_and_hooks.py" in message
    assert "(x * 0).sqrt()" in message


def test_without_anomaly_mode_nan_flows_through() -> None:
    x = leaf(0.0)
    (x * 0).sqrt().sum().backward()
    assert x.grad.isnan().all()


class Cube(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * x * x * scale

    @staticmethod
    def backward(ctx, gy):
        (x,) = ctx.saved_tensors
        return gy * 3 * x * x * ctx.scale, None


def test_function_first_and_second_derivative() -> None:
    x = leaf(2.0)
    y = Cube.apply(x, 0.5)
    assert y.tolist() == [4.0]
    (g,) = mt.autograd.grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [6.0]
    (h,) = mt.autograd.grad(g.sum(), x)
    assert h.tolist() == [6.0]


def test_function_with_two_outputs_one_unused() -> None:
    class Both(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, ga, gb):
            return ga * 2 + gb * 3

    x = leaf(1.0)
    a, b = Both.apply(x)
    b.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [3.0]
    (a + b).sum().backward()
    assert x.grad.tolist() == [8.0]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda g: (g, g), RuntimeError, "one gradient for each argument"),
        (lambda g: mt.ones(3), RuntimeError, r"wrong shape \(got \(3,\), expected \(1,\)\)"),
        (lambda g: 1.0, TypeError, "backward returns Tensors"),
    ],
)
def test_function_whose_backward_is_wrong(answer, error, words) -> None:
    class Wrong(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return answer(g)

    y = Wrong.apply(leaf(1.0))
    with pytest.raises(error, match=words):
        y.sum().backward()


def test_function_notices_a_saved_tensor_changed_in_place() -> None:
    x = leaf(2.0)
    z = x * 1
    y = Cube.apply(z, 1.0)
    with mt.no_grad():
        z.add_(1.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_function_that_returns_its_input() -> None:
    class Same(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 5

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [5.0]
    assert x.is_leaf
