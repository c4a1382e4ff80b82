"""autocast: which op runs in which precision, what casts cost nothing, what it leaves alone."""

import threading

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn, optim
from minitorch_cv.autograd import tape
from minitorch_cv.ops.autocast import FLOAT32, LOWER
from minitorch_cv.ops.catalog import op_names

pytestmark = pytest.mark.cpu("autocast of the CPU, by its name")
HALF, SINGLE = np.dtype("float16"), np.dtype("float32")


def draw(*shape, dtype="float32"):
    rng = np.random.default_rng(sum(shape))
    return mt.tensor(rng.normal(size=shape).astype(dtype))


def test_the_table_names_ops():
    assert set(op_names()) >= LOWER | FLOAT32 and not LOWER & FLOAT32


PRODUCTS = {
    "linear": lambda x: F.linear(x, draw(5, 6), draw(5)),
    "matmul": lambda x: x @ draw(6, 3),
    "conv1d": lambda x: F.conv1d(x[None], draw(4, 4, 3)),
    "conv_transpose1d": lambda x: F.conv_transpose1d(x[None], draw(4, 3, 3)),
    "einsum": lambda x: mt.einsum("ij,jk->ik", x, draw(6, 2)),
    "prelu": lambda x: F.prelu(x, draw(1)),
}
WIDE = {
    "sum": lambda h: h.sum(), "mean": lambda h: h.mean(0), "exp": lambda h: h.exp(),
    "softmax": lambda h: h.softmax(1), "log_softmax": lambda h: F.log_softmax(h, 1),
    "layer_norm": lambda h: F.layer_norm(h, (6,), draw(6), draw(6)),
    "group_norm": lambda h: F.group_norm(h[None], 2), "pow": lambda h: h**2.5,
    "cross_entropy": lambda h: F.cross_entropy(h, mt.tensor([0, 1, 2, 3])),
    "mse_loss": lambda h: F.mse_loss(h, draw(4, 6)), "cumsum": lambda h: h.cumsum(0),
}  # fmt: skip
KEPT = {
    "relu": F.relu, "add": lambda h: h + h, "max_pool1d": lambda h: F.max_pool1d(h[None], 2),
    "reshape": lambda h: h.reshape(-1), "cat": lambda h: mt.cat([h, h]), "sub": lambda h: h - 1.0,
    "batch_norm": lambda h: F.batch_norm(h, None, None, draw(6), draw(6), training=True),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_take_float16(name):
    x = draw(4, 6)
    want = PRODUCTS[name](x)
    with mt.autocast("cpu"):
        y = PRODUCTS[name](x)
    assert y.dtype == HALF and PRODUCTS[name](x).dtype == SINGLE
    np.testing.assert_allclose(y.numpy(), want.numpy(), rtol=0, atol=2e-2)


@pytest.mark.parametrize("name", WIDE)
def test_sums_norms_and_losses_take_float32(name):
    h = draw(4, 6, dtype="float16")
    want = WIDE[name](h.float())
    with mt.autocast("cpu"):
        y = WIDE[name](h)
    assert y.dtype == SINGLE
    np.testing.assert_array_equal(y.numpy(), want.numpy())


@pytest.mark.parametrize("name", KEPT)
def test_other_ops_keep_their_dtype(name):
    with mt.autocast("cpu"):
        assert KEPT[name](draw(4, 6, dtype="float16")).dtype == HALF
        assert KEPT[name](draw(4, 6)).dtype == SINGLE


def test_arithmetic_takes_the_wider_dtype():
    with mt.autocast("cpu"):
        assert (draw(3, dtype="float16") + draw(3)).dtype == SINGLE
        assert mt.cat([draw(3, dtype="float16"), draw(3)]).dtype == SINGLE


def test_float64_and_integers_are_left_alone():
    with mt.autocast("cpu"):
        assert F.linear(draw(2, 3, dtype="float64"), draw(4, 3, dtype="float64")).dtype == "float64"
        whole = mt.tensor([[1, 2], [3, 4]])
        assert (whole @ whole).dtype == "int64"


def test_parameters_stay_float32_and_so_do_their_gradients():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
                          nn.Linear(64, 5))  # fmt: skip
    with mt.autocast("cpu"):
        y = model(draw(2, 3, 6, 6))
        loss = F.cross_entropy(y, mt.tensor([1, 2]))
    assert y.dtype == HALF and loss.dtype == SINGLE
    loss.backward()
    for p in model.parameters():
        assert p.dtype == p.grad.dtype == SINGLE and np.isfinite(p.grad.numpy()).all()
    assert model[1].running_mean.dtype == SINGLE


def test_blocks_nest_and_switch_off_and_end_with_an_error():
    x, w = draw(2, 3), draw(4, 3)
    with mt.autocast("cpu"):
        with mt.autocast("cpu", enabled=False):
            assert not mt.is_autocast_enabled("cpu") and F.linear(x, w).dtype == SINGLE
        assert mt.is_autocast_enabled("cpu") and F.linear(x, w).dtype == HALF
    with pytest.raises(KeyError), mt.autocast("cpu"):
        raise KeyError
    assert not mt.is_autocast_enabled("cpu") and F.linear(x, w).dtype == SINGLE
    assert mt.get_autocast_dtype("cpu") == mt.get_autocast_dtype("cuda") == HALF


def test_a_function_is_decorated():
    @mt.autocast("cpu")
    def product(x):
        """Its words."""
        return x @ x

    assert product(draw(3, 3)).dtype == HALF and product.__doc__ == "Its words."
    assert product(draw(3, 3)).dtype == HALF and not mt.is_autocast_enabled("cpu")


def test_nothing_is_asked_while_it_is_off():
    assert tape.casting is None
    with mt.autocast("cpu"):
        assert tape.casting is not None
    assert tape.casting is None


def test_other_threads_are_left_alone():
    x, found = draw(3, 3), []
    with mt.autocast("cpu"):
        thread = threading.Thread(target=lambda: found.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert found == [SINGLE]


def casts(monkeypatch):
    """Counts the casts to float16."""
    from minitorch_cv.autograd import autocasting

    seen, real = [], tape.apply

    def apply(op, *inputs, **params):
        if op is autocasting.CONVERT and params["dtype"] == HALF:
            seen.append(inputs[0])
        return real(op, *inputs, **params)

    monkeypatch.setattr(autocasting.tape, "apply", apply)
    return seen


def test_a_parameter_is_cast_once_in_a_block(monkeypatch):
    seen, w, x = casts(monkeypatch), draw(3, 3).requires_grad_(), draw(2, 3, dtype="float16")
    for kept, count in ((None, 1), (False, 3)):
        w.grad = None
        seen.clear()
        with mt.autocast("cpu", cache_enabled=kept):
            y = F.linear(F.linear(F.linear(x, w), w), w)
        assert len(seen) == count
        y.float().sum().backward()
        assert w.grad is not None
    with mt.autocast("cpu"):
        F.linear(x, w)
        F.linear(x, w)
        mt.clear_autocast_cache()
        F.linear(x, w)
    assert len(seen) == 5


def test_a_changed_parameter_is_cast_anew():
    """Steps and several backwards inside one block."""
    w, x = mt.ones(1, 1).requires_grad_(), mt.ones(1, 1)
    optimizer = optim.SGD([w], lr=0.5)
    with mt.autocast("cpu"):
        for value in (1.0, 0.5, 0.0):
            y = F.linear(x, w)
            assert float(y.item()) == value
            optimizer.zero_grad()
            y.float().sum().backward()
            optimizer.step()
        with mt.no_grad():
            F.linear(x, w)
        F.linear(x, w).float().sum().backward()


def test_second_derivatives_inside_a_block():
    x = draw(2, 3).requires_grad_()
    w = draw(3, 3).requires_grad_()
    with mt.autocast("cpu"):
        y = (F.linear(x, w).float() ** 2).sum()
        (g,) = mt.autograd.grad(y, x, create_graph=True)
        assert g.dtype == SINGLE
        (g * g).sum().backward()
    assert w.grad.dtype == SINGLE and np.isfinite(w.grad.numpy()).all()


def test_what_cannot_be_is_said():
    with pytest.raises(TypeError, match="autocast: dtype is float16 or bfloat16 .got float32"):
        mt.autocast("cpu", dtype=mt.float32)
    with pytest.raises(TypeError, match="device_type is a name"):
        mt.autocast(mt.float16)
    with pytest.raises(ValueError, match="no such device_type .got 'cuda:0'"):
        mt.autocast("cuda:0")


def test_a_device_that_is_missing_warns_and_does_nothing():
    if mt.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.warns(UserWarning, match="autocast: cuda is not available"):
        block = mt.autocast("cuda")
    with block:
        assert (draw(3, 3) @ draw(3, 3)).dtype == SINGLE
    mt.autocast("cuda", enabled=False)


def test_only_the_named_device_is_cast():
    from minitorch_cv.testing import fake_device

    with fake_device() as fake:
        x, there = draw(3, 3), draw(3, 3).to("fake")
        with mt.autocast("fake"):
            assert (there @ there).dtype == HALF and (x @ x).dtype == SINGLE
        assert fake.total() == 0, fake.last
