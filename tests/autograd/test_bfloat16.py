"""autocast to bfloat16: which ops round, what is stored, and what a gradient is."""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv.backend.dtypes import as_dtype
from minitorch_cv.ops.bfloat16 import rounded
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.precision import nearest_bfloat16

SINGLE = mt.float32


def here():
    """The device that these tests run on."""
    return mt.get_default_device().type


def host(tensor):
    return tensor.detach().cpu().numpy()


def draw(*shape, seed=0, dtype="float32"):
    return mt.tensor(np.random.default_rng(seed).normal(size=shape), dtype=dtype)


def is_rounded(*tensors):
    return all(np.array_equal(host(t), nearest_bfloat16(host(t))) for t in tensors)


PRODUCTS = {
    "linear": lambda x: F.linear(x, draw(4, 6)), "matmul": lambda x: x @ draw(6, 3),
    "einsum": lambda x: mt.einsum("ij,kj->ik", x, draw(4, 6)),
    "conv1d": lambda x: F.conv1d(x[None], draw(2, 4, 3)),
    "conv_transpose1d": lambda x: F.conv_transpose1d(x[None], draw(4, 2, 3)),
    "prelu": lambda x: F.prelu(x, mt.full((1,), 0.3)),
}  # fmt: skip
OTHERS = {
    "add": lambda x: x + 1 / 3, "sum": lambda x: x.sum(0), "softmax": lambda x: x.softmax(1),
    "relu": F.relu, "layer_norm": lambda x: F.layer_norm(x, (6,)),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_rounded_and_say_float32(name):
    x = draw(4, 6).requires_grad_()
    with mt.autocast(here(), dtype="bfloat16"):
        y = PRODUCTS[name](x)
    want = PRODUCTS[name](mt.tensor(nearest_bfloat16(host(x))))
    assert y.dtype == SINGLE and is_rounded(y) and not is_rounded(want)
    np.testing.assert_allclose(host(y), host(want), rtol=0.02, atol=0.02)
    y.backward(draw(*y.shape, seed=1))
    assert x.grad.dtype == SINGLE and is_rounded(x.grad)


@pytest.mark.parametrize("name", OTHERS)
def test_other_ops_are_left_alone(name):
    x = draw(4, 6)
    with mt.autocast(here(), dtype=mt.bfloat16):
        y = OTHERS[name](x)
    np.testing.assert_array_equal(host(y), host(OTHERS[name](x)))


def test_the_gradient_is_that_at_the_rounded_numbers():
    """Exactly, where every product and sum is a number of bfloat16's."""
    x = mt.tensor([[1 + 2**-9, 3.0]], requires_grad=True)
    w = mt.tensor([[2 + 2**-8, 0.5]], requires_grad=True)
    with mt.autocast(here(), dtype=mt.bfloat16):
        y = F.linear(x, w)
    assert y.item() == 3.5
    y.backward(mt.tensor([[1 + 2**-10]]))
    assert x.grad.tolist() == [[2.0, 0.5]] and w.grad.tolist() == [[1.0, 3.0]]
    assert x.detach().tolist() == [[1 + 2**-9, 3.0]]  # itself unchanged


def test_words_for_it():
    for word in ("bfloat16", mt.bfloat16):
        with mt.autocast(here(), dtype=word):
            assert mt.get_autocast_dtype(here()) is mt.bfloat16
    assert repr(mt.bfloat16) == "bfloat16" and mt.get_autocast_dtype(here()) == mt.float16
    for word in ("bfloat16", mt.bfloat16):
        with pytest.raises(TypeError, match="no array holds bfloat16 .got .*; use mt.float32, and"):
            draw(2).to(dtype=word)
        with pytest.raises(TypeError, match="no array holds bfloat16"):
            mt.zeros(2, dtype=word)
    with pytest.raises(TypeError, match="no array holds bfloat16"):
        as_dtype(mt.bfloat16)


def test_float16_becomes_float32_and_other_dtypes_are_left_alone():
    half = draw(3, 3, dtype="float16").requires_grad_()
    with mt.autocast(here(), dtype="bfloat16"):
        y = F.linear(half, draw(3, 3))
        assert y.dtype == SINGLE and is_rounded(y)
        assert F.mse_loss(half, half.float()).dtype == SINGLE
        wide = draw(2, 3, dtype="float64")
        assert (wide @ wide.T).dtype == mt.float64
        whole = mt.tensor([[1, 2], [3, 4]])
        assert (whole @ whole).dtype == mt.int64
        with pytest.raises(TypeError, match="linear: inputs are of different dtypes"):
            F.linear(wide, draw(2, 3))
    y.sum().backward()
    assert half.grad.dtype == mt.float16


def test_blocks_of_either_kind_in_one_another():
    x = draw(3, 3)
    with mt.autocast(here(), dtype="bfloat16"):
        with mt.autocast(here()):
            assert (x @ x).dtype == mt.float16
        with mt.autocast(here(), enabled=False):
            assert not is_rounded(x @ x)
        assert is_rounded(x @ x) and (x @ x).dtype == SINGLE


def test_second_derivatives():
    """Of the ops on rounded numbers; rounding itself counts as y = x."""
    x, w = draw(2, 3, 5, 5).requires_grad_(), draw(4, 3, 3, 3, seed=1).requires_grad_()
    found = []
    for dtype in ("bfloat16", None):
        x.grad = w.grad = None
        with mt.autocast(here(), dtype=dtype, enabled=dtype is not None):
            y = (F.conv2d(x, w) ** 2).sum()
        (g,) = mt.autograd.grad(y, x, create_graph=True)
        (g * g).sum().backward()
        found.append((host(x.grad), host(w.grad)))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=0.03 * abs(b).max())
        assert not np.array_equal(a, b)


def test_an_input_changed_in_place_is_told():
    x, w = draw(2, 3), draw(3, 3).requires_grad_()
    with mt.autocast(here(), dtype="bfloat16"):
        y = F.linear(x, w)
    x += 1
    with pytest.raises(RuntimeError, match="was changed in place"):
        y.sum().backward()


def test_errors_are_the_ops_own():
    with (
        mt.autocast(here(), dtype="bfloat16"),
        pytest.raises(ValueError, match="^linear: weight expects 4 input features"),
    ):
        F.linear(draw(2, 3), draw(3, 4))


def test_a_rounded_op_is_made_once():
    op = op_named("conv")
    assert rounded(op) is rounded(op) and rounded(op).name == "conv_bfloat16"


@pytest.mark.cpu("opens a device of its own, beside the CPU")
def test_only_the_named_device_and_nothing_crosses():
    from minitorch_cv.testing import fake_device

    with fake_device() as fake:
        x, there = draw(3, 3), draw(3, 3).to("fake").requires_grad_()
        with mt.autocast("fake", dtype="bfloat16"):
            y, plain = F.linear(there, there), x @ x
        y.sum().backward()
        assert fake.total() == 0, fake.last
        assert is_rounded(y, there.grad) and not is_rounded(plain)


@pytest.mark.cpu("a summary of a network on the CPU")
def test_a_summary_is_the_same_inside(capsys):
    model = mt.nn.Sequential(mt.nn.Conv2d(1, 4, 3), mt.nn.Flatten(), mt.nn.Linear(144, 3))
    mt.nn.summary(model, (1, 1, 8, 8))
    plain = capsys.readouterr().out
    with mt.autocast("cpu", dtype="bfloat16"):
        mt.nn.summary(model, (1, 1, 8, 8))
    assert capsys.readouterr().out == plain and "Multiply-adds: 0" not in plain
