"""dropout.cu: the values, and a mask that is bit for bit the one which the host draws."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.random.dropout import KERNELS, advanced, draw_mask

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv.backend.random import Generator
from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.testing.cuda_emulator import Emulated, emulated_cuda


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape, mask", [
    ((7, 301), (7, 301)), ((2, 5, 9, 8), (2, 5, 1, 1)), ((3, 4), (3, 1)), ((1, 1), (1, 1)),
    ((2, 3, 5, 3), (2, 3, 1, 1)), ((6, 64), (6, 64)),
], ids=str)  # fmt: skip
def test_values(shape, mask, p, compare, draw, blocks):
    kept = np.random.default_rng(0).random(mask) >= p
    compare("dropout", draw(*shape), kept, p=p, tolerance=1e-6)
    assert compare.launched == {"dropout_forward"}


def test_what_is_dropped_of_nan_is_nan(compare, draw):
    x = draw(4, 5)
    x[0, :3] = np.nan, np.inf, -np.inf
    compare("dropout", x, np.zeros(x.shape, bool), p=0.5)


@pytest.mark.parametrize("inner", [1, 8, 3])
@pytest.mark.parametrize("starts", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (4, 4, 8)])
def test_arrays_that_begin_anywhere(starts, inner, order):
    """Four at a time or one by one: the same bits, and nothing beside them is written."""
    rng, (a, b, c) = np.random.default_rng(0), starts
    channels = 203 // inner
    n = channels * inner
    x, mask, y = rng.standard_normal(n + 8, "f"), rng.random(n + 8) < 0.5, np.full(n + 16, 7, "f")
    given = x[a : a + n], mask[b : b + channels], y[c : c + n], channels, inner, 1.5
    Emulated(KERNELS).launch("dropout_forward", 1, 32, given, order=order)
    want = x[a : a + n] * np.repeat(mask[b : b + channels], inner) * np.float32(1.5)
    np.testing.assert_array_equal(y[c : c + n], want)
    assert (y[:c] == 7).all() and (y[c + n :] == 7).all()


@pytest.mark.parametrize("start", range(9))
@pytest.mark.parametrize("before", [(), (("f", 1),), (("f", 4),), (("f", 6),), (("f", 8),)])
def test_a_mask_that_begins_anywhere(start, before, order):
    """Eight bytes in one word, in two, or one by one."""
    generator = prepared(before)
    state = generator.get_state()
    words = [*state["key"], *state["counter"], 2 * state["buffer_pos"], state["has_uint32"]]
    memory = np.full(200, True)
    given = memory[start : start + 100], 100, 0.5, *words, state["uinteger"]
    Emulated(KERNELS).launch("dropout_mask", 1, 32, given, order=order)
    np.testing.assert_array_equal(memory[start : start + 100], generator.rand((100,)) >= 0.5)
    assert memory[:start].all() and memory[start + 100 :].all()


def prepared(before):
    """A generator that has drawn something: words half used, and a half that is left over."""
    generator = Generator(1234)
    for kind, n in before:
        generator.rand((n,), kind)
    return generator


BEFORE = [
    (), (("f", 1),), (("f", 2),), (("f", 7),), (("f", 8),), (("d", 3),), (("f", 1), ("d", 2)),
    (("f", 3), ("d", 4), ("f", 1)), (("d", 4),), (("f", 33), ("d", 1)),
]  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 8, 9, 1000])
@pytest.mark.parametrize("before", BEFORE, ids=str)
def test_the_mask_is_the_hosts(before, n, order, blocks):
    generator = prepared(before)
    state = generator.get_state()
    device = emulated_cuda(order)
    with device:
        model = device.library.from_numpy(np.zeros(1, np.float32))
        mask = draw_mask(model, (n,), 0.3, state).get()
    np.testing.assert_array_equal(mask, generator.rand((n,)) >= 0.3)
    assert device.device.launched == [("random/dropout.cu", "dropout_mask")]


@pytest.mark.parametrize("n", [0, 1, 2, 8, 9, 16, 1000])
@pytest.mark.parametrize("before", BEFORE, ids=str)
def test_the_state_afterwards_is_the_hosts(before, n):
    generator = prepared(before)
    skipped = Generator(0).set_state(advanced(generator.get_state(), n))
    generator.rand((n,))
    assert skipped.get_state() == generator.get_state()
    for kind, count in (("f", 3), ("d", 5), ("f", 20)):
        np.testing.assert_array_equal(skipped.rand((count,), kind), generator.rand((count,), kind))


def test_counters_carry(emulator):
    """A counter whose lowest word is about to overflow."""
    generator = Generator(5)
    state = generator.get_state()
    state["counter"] = [2**64 - 1, 2**64 - 1, 7, 0]
    generator.set_state(state)
    with emulated_cuda() as counters:
        model = counters.library.from_numpy(np.zeros(1, np.float32))
        mask = draw_mask(model, (50,), 0.5, state).get()
    np.testing.assert_array_equal(mask, generator.rand((50,)) >= 0.5)


def dropped(place):
    """What several layers leave, in turn with numbers that the host draws."""
    generator = mt.manual_seed(7)
    kept = []
    for shape in ((3, 5), (1,), (2, 4, 3, 3), (70, 33)):
        x = mt.ones(*shape).to(place).requires_grad_()
        y = F.dropout(x, 0.3)
        if x.ndim == 4:
            y = F.alpha_dropout(F.dropout2d(y, 0.6), 0.2, training=True)
        y.sum().backward()
        kept += [y.detach(), x.grad, mt.rand(3), mt.randn(2)]
    return [v.cpu().numpy() for v in kept], generator.get_state()


def test_layers_draw_the_same_on_both_devices(order):
    (ours, after), device = dropped("cpu"), emulated_cuda(order)
    with device:
        theirs, state = dropped("cuda")
    assert state == after
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        np.testing.assert_array_equal(a == 0, b == 0)
    assert device.device.launched.count(("random/dropout.cu", "dropout_mask")) == 6


def test_a_mask_does_not_cross(emulator):
    with emulated_cuda() as counters:
        x = mt.ones(40, 50).to("cuda")
        before = counters.uploads, counters.total()
        y = F.dropout(x, 0.5, generator=Generator(3))
        assert (counters.uploads, counters.total()) == before, counters.last
        assert 800 < int((y == 0).sum()) < 1200


def test_the_reference_draws_on_the_host(emulator):
    found = []
    for mode in ("fast", "reference"):
        with emulated_cuda(), use_kernels(mode):
            found.append(F.dropout(mt.ones(9, 9).cuda(), 0.5, generator=Generator(3)).cpu().numpy())
    np.testing.assert_array_equal(*found)
