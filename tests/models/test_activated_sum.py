"""The end of a residual block: one step for a plain ReLU, the module itself for any other."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.models.parts import activated_sum
from minitorch_cv.models.resnet.resnet import BasicBlock

A = mt.tensor([[1.0, -2.0, 3.0]], requires_grad=True)
B = mt.tensor([[-1.0, 1.0, 0.5]])


def test_relu_of_the_sum():
    y = activated_sum(nn.ReLU(), A, B)
    np.testing.assert_array_equal(y.detach().numpy(), [[0, 0, 3.5]])
    assert y.grad_fn.name == "add_relu"
    (gx,) = mt.autograd.grad(y.sum(), A)
    np.testing.assert_array_equal(gx.numpy(), [[0, 0, 1]])


def test_another_activation_is_called():
    y = activated_sum(nn.Tanh(), A, B)
    np.testing.assert_allclose(y.detach().numpy(), np.tanh([[0, -1, 3.5]]), rtol=1e-6)

    class Twice(nn.ReLU):
        def forward(self, x):
            return 2 * super().forward(x)

    np.testing.assert_array_equal(activated_sum(Twice(), A, B).detach().numpy(), [[0, 0, 7]])


@pytest.mark.parametrize("register", [
    "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
])  # fmt: skip
def test_hooks_see_the_sum(register):
    relu, seen = nn.ReLU(), []
    getattr(relu, register)(lambda module, *values: seen.append(len(values)))
    activated_sum(relu, A, B).sum().backward()
    assert len(seen) == 1


def test_a_block_calls_the_relu_that_it_is_given():
    block = BasicBlock(4, 4)
    x = mt.randn(1, 4, 5, 5)
    plain = block(x)
    assert (plain >= 0).all() and plain.shape == x.shape
    block.relu = nn.Identity()
    assert (block(x) < 0).any()
