"""Hooks: forward, before forward, and of the backward pass."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn


class Product(nn.Module):
    def forward(self, x, y=2.0, scale=1.0):
        return x * y * scale


def test_forward_hook_sees_and_replaces():
    layer, seen = Product(), []

    def hook(module, args, output):
        seen.append((module, args, output.item()))

    handle = layer.register_forward_hook(hook)
    x = mt.tensor(3.0)
    assert layer(x).item() == 6.0
    assert seen == [(layer, (x,), 6.0)]
    layer.register_forward_hook(lambda module, args, output: output + 1)
    assert layer(x).item() == 7.0
    handle.remove()
    handle.remove()
    assert layer(x).item() == 7.0 and len(seen) == 2


def test_forward_pre_hook_replaces_arguments():
    layer = Product()
    layer.register_forward_pre_hook(lambda module, args: args[0] + 1)
    assert layer(mt.tensor(3.0)).item() == 8.0
    layer.register_forward_pre_hook(lambda module, args: (args[0], 10.0))
    assert layer(mt.tensor(3.0)).item() == 40.0


def test_hooks_with_keyword_arguments():
    layer, seen = Product(), []
    layer.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"scale": kwargs["scale"] * 10}), with_kwargs=True
    )
    layer.register_forward_hook(
        lambda module, args, kwargs, output: seen.append(kwargs), with_kwargs=True
    )
    assert layer(mt.tensor(1.0), scale=3.0).item() == 60.0
    assert seen == [{"scale": 30.0}]
    layer.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match="answers None or"):
        layer(mt.tensor(1.0), scale=3.0)


def test_order_and_prepend():
    layer, order = Product(), []
    layer.register_forward_hook(lambda *_: order.append("first"))
    layer.register_forward_hook(lambda *_: order.append("second"))
    layer.register_forward_hook(lambda *_: order.append("before"), prepend=True)
    layer(mt.tensor(1.0))
    assert order == ["before", "first", "second"]


def test_always_call_runs_after_an_error():
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    layer, called = Broken(), []
    layer.register_forward_hook(lambda *_: called.append("skipped"))
    layer.register_forward_hook(lambda *_: called.append("always"), always_call=True)
    with pytest.raises(ZeroDivisionError):
        layer(1)
    assert called == ["always"]


def test_full_backward_hook():
    layer, seen = Product(), []
    layer.register_full_backward_hook(lambda m, gx, gy: seen.append((m, gx, gy)))
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = mt.tensor([3.0, 5.0], requires_grad=True)
    layer(x, y).backward(mt.tensor([1.0, 10.0]))
    ((module, (gx, gy), (g,)),) = seen
    assert module is layer
    assert (gx.tolist(), gy.tolist(), g.tolist()) == ([3.0, 50.0], [1.0, 20.0], [1.0, 10.0])
    assert x.grad.tolist() == [3.0, 50.0] and y.grad.tolist() == [1.0, 20.0]


def test_full_backward_hook_replaces_the_gradient():
    layer = Product()
    layer.register_full_backward_hook(lambda m, gx, gy: (gx[0] * 100, None))
    x = mt.tensor([1.0], requires_grad=True)
    layer(x, 2.0).backward(mt.tensor([1.0]))
    assert x.grad.tolist() == [200.0]
    layer.register_full_backward_hook(lambda m, gx, gy: (gx[0],))
    with pytest.raises(RuntimeError, match="answers 2 gradients for grad_input"):
        layer(x, 2.0).backward(mt.tensor([1.0]))


def test_full_backward_pre_hook_replaces_grad_output():
    layer, order = Product(), []
    layer.register_full_backward_pre_hook(lambda m, gy: (order.append("pre"), gy[0] * 3)[1])
    layer.register_full_backward_hook(lambda m, gx, gy: order.append(gy[0].item()))
    x = mt.tensor(1.0, requires_grad=True)
    layer(x).backward()
    assert order == ["pre", 3.0] and x.grad.item() == 6.0


def test_full_backward_hook_without_a_gradient_of_the_input():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, gx, gy: seen.append((gx, gy[0].tolist())))
    layer(mt.ones(1, 2)).backward(mt.tensor([[4.0]]))
    assert seen == [((None,), [[4.0]])]
    assert layer.weight.grad.tolist() == [[4.0, 4.0]]
    layer.register_full_backward_hook(lambda m, gx, gy: (mt.ones(1, 2),))
    with pytest.raises(RuntimeError, match="no grad_input to replace"):
        layer(mt.ones(1, 2)).backward(mt.tensor([[4.0]]))


def test_backward_hooks_do_not_change_gradients_or_need_recording():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3))
    plain = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2)).double()
    hooked = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2)).double()
    hooked.load_state_dict(plain.state_dict())
    calls = []
    for module in hooked.modules():
        module.register_full_backward_hook(lambda m, gx, gy: calls.append(type(m).__name__))
    answers = []
    for net in (plain, hooked):
        tensor = mt.tensor(x, requires_grad=True)
        (net(tensor) ** 2).sum().backward()
        answers.append([tensor.grad, *(p.grad for p in net.parameters())])
    assert calls == ["Linear", "ReLU", "Linear", "Sequential"]
    for a, b in zip(*answers, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    with mt.no_grad():
        hooked(mt.tensor(x))
    assert len(calls) == 4


def test_backward_hook_runs_again_with_a_retained_graph():
    layer, calls = Product(), []
    layer.register_full_backward_hook(lambda m, gx, gy: calls.append(gy[0].item()))
    x = mt.tensor(1.0, requires_grad=True)
    y = layer(x)
    y.backward(retain_graph=True)
    y.backward(mt.tensor(2.0))
    assert calls == [1.0, 2.0]


def test_backward_hook_with_second_derivatives():
    class Cube(nn.Module):
        def forward(self, x):
            return x * x * x

    layer = Cube()
    layer.register_full_backward_hook(lambda m, gx, gy: None)
    x = mt.tensor(2.0, requires_grad=True)
    (g,) = mt.autograd.grad(layer(x), x, create_graph=True)
    g.backward()
    assert (g.item(), x.grad.item()) == (12.0, 12.0)


def test_several_outputs():
    class Two(nn.Module):
        def forward(self, x):
            return x * 2, "text", x * 3

    layer, seen = Two(), []
    layer.register_full_backward_hook(lambda m, gx, gy: seen.append((gx[0].item(), gy)))
    x = mt.tensor(1.0, requires_grad=True)
    a, text, b = layer(x)
    assert text == "text"
    b.backward()
    ((gx, (ga, gt, gb)),) = seen
    assert gx == 3.0 and ga is None and gt is None and gb.item() == 1.0


def test_always_call_runs_once_when_a_later_hook_raises():
    layer, called = Product(), []
    layer.register_forward_hook(lambda *_: called.append("always"), always_call=True)
    layer.register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        layer(mt.tensor(1.0))
    assert called == ["always"]


def test_an_error_of_an_always_called_hook_is_a_warning_beside_the_first():
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    layer = Broken()
    layer.register_forward_hook(lambda *_: {}["missing"], always_call=True)
    with pytest.raises(ZeroDivisionError), pytest.warns(UserWarning, match="KeyError"):
        layer(1)
