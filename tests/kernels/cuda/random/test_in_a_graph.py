"""dropout_mask_in_graph: several draws behind one state, which is read from memory."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.random.dropout import KERNELS, GraphStream

from minitorch_cv.backend.random import Generator
from minitorch_cv.testing.cuda_emulator import Emulated, emulated_cuda

BEFORE = [(), (("f", 1),), (("f", 5),), (("f", 8),), (("d", 3), ("f", 1)), (("f", 1), ("d", 4)),
          (("f", 33), ("d", 2))]  # fmt: skip
DRAWS = [(1, 1, 1), (5, 0, 3, 8), (16, 1000, 7), (2, 7, 301, 1)]


def standing(before):
    generator = Generator(99)
    for kind, n in before:
        generator.rand((n,), kind)
    return generator


@pytest.mark.parametrize("sizes", DRAWS, ids=str)
@pytest.mark.parametrize("before", BEFORE, ids=str)
def test_the_masks_are_the_hosts_one_after_the_other(before, sizes, order, blocks):
    generator = standing(before)
    with emulated_cuda(order) as counters:
        stream = GraphStream(counters.library.from_numpy(np.zeros(1, np.float32)))
        stream.fill(generator.get_state())
        masks = [stream.draw_mask((n,), 0.4).get() for n in sizes]
        after = stream.fill(generator.get_state())
    for n, mask in zip(sizes, masks, strict=True):
        assert mask.dtype == np.bool_
        np.testing.assert_array_equal(mask, generator.rand((n,)) >= 0.4)
    assert stream.drawn == sum(sizes)
    follower = Generator(0).set_state(after)
    for kind, n in (("f", 3), ("d", 5), ("f", 20)):
        np.testing.assert_array_equal(follower.rand((n,), kind), generator.rand((n,), kind))


def test_a_state_that_begins_a_block_with_a_number_left_over(order):
    """No stream of NumPy's stands there, but a state may be set by hand."""
    generator = standing((("f", 1),))
    generator.set_state({**generator.get_state(), "buffer_pos": 0})
    state = generator.get_state()
    with emulated_cuda(order) as counters:
        stream = GraphStream(counters.library.from_numpy(np.zeros(1, np.float32)))
        stream.fill(state)
        masks = [stream.draw_mask((n,), 0.5).get() for n in (1, 9, 30)]
    np.testing.assert_array_equal(np.concatenate(masks), generator.rand((40,)) >= 0.5)


def test_counters_carry(emulator):
    generator = Generator(5)
    generator.set_state({**generator.get_state(), "counter": [2**64 - 1, 2**64 - 1, 7, 0]})
    with emulated_cuda() as counters:
        stream = GraphStream(counters.library.from_numpy(np.zeros(1, np.float32)))
        stream.fill(generator.get_state())
        masks = [stream.draw_mask((n,), 0.5).get() for n in (3, 50)]
    for mask in masks:
        np.testing.assert_array_equal(mask, generator.rand(mask.shape) >= 0.5)


def test_each_filling_is_another_mask(emulator):
    """The state comes from the table, which stays where it is; nothing is read back."""
    generator, fresh = Generator(3), Generator(3)
    with emulated_cuda() as counters:
        stream = GraphStream(counters.library.from_numpy(np.zeros(1, np.float32)))
        table, waits = stream.table, counters.total()
        masks = []
        for _ in range(3):
            stream.drawn = 0
            stream.fill(generator.get_state())
            masks.append(stream.draw_mask((100,), 0.5))
            generator.rand((100,))
        assert counters.total() == waits and stream.table is table
        for mask in masks:
            np.testing.assert_array_equal(mask.get(), fresh.rand((100,)) >= 0.5)


@pytest.mark.parametrize("name", ["dropout_mask", "dropout_mask_in_graph"])
def test_no_number_where_none_is_asked_for(name, order):
    """A number is left over, and there is no place for it."""
    state = standing((("f", 1),)).get_state()
    words = [*state["key"], *state["counter"], 2 * state["buffer_pos"], 1, state["uinteger"]]
    memory = np.full(9, True)
    numbers = [0, 0.9, *words]
    if name == "dropout_mask_in_graph":
        numbers = [np.array(words, np.uint64).view(np.int64), 0, 0.9, 0]
    Emulated(KERNELS).launch(name, 1, 32, (memory[4:4], *numbers), order=order)
    assert memory.all()
