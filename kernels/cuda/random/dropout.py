"""dropout on the GPU: dropout.cu, in float32, for masks of single elements or whole channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch

KERNELS = Source("random/dropout.cu")


def supports(x: Any, mask: Any, *, p: float) -> bool:
    return (
        is_on_device(x, mask)
        and x.dtype == np.float32
        and mask.dtype == np.bool_
        and _inner(x.shape, mask.shape) is not None
    )


def _inner(shape: tuple[int, ...], mask: tuple[int, ...]) -> int | None:
    """How many elements each number of the mask is for; None where it is no run of them."""
    if len(mask) != len(shape):
        return None
    first = len(mask)
    while first and mask[first - 1] == 1:
        first -= 1
    return math.prod(shape[first:]) if mask[:first] == shape[:first] else None


def forward(x: Any, mask: Any, *, p: float) -> tuple[Any, tuple[Any, ...]]:
    return _times(x, mask, p), (mask, p)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    if not supports(gy, saved.mask, p=saved.p):
        return NotImplemented
    return (_times(gy, saved.mask, saved.p) if needs[0] else None), None


def _times(x: Any, mask: Any, p: float) -> Any:
    """x · mask / (1 − p)"""
    gpu = device_of(x)
    y = gpu.empty(x.shape, np.float32)
    if x.size:
        scale = 1 / (1 - p) if p < 1 else 0.0
        given = map(gpu.namespace.ascontiguousarray, (x, mask))
        sizes = (mask.size, _inner(x.shape, mask.shape))
        grid = blocks_for(-(-x.size // 4))
        launch(KERNELS, "dropout_forward", grid, THREADS, (*given, y, *sizes, scale))
    return y


def draw_mask(model: Any, shape: tuple[int, ...], p: float, state: dict[str, Any]) -> Any:
    """The mask `rand(shape) >= p` that a generator in this state draws, made where `model` lies.

    state: of `backend.random.Generator.get_state`; `advanced` gives the state afterwards.
    """
    mask, n = device_of(model).empty(shape, np.bool_), math.prod(shape)
    if n:
        launch(KERNELS, "dropout_mask", _grid(n), THREADS, (mask, n, float(p), *_words(state)))
    return mask


class GraphStream:
    """What one generator draws in a recorded step, as a table on the device says where it stands.

    A recorded launch repeats itself with its arguments, so each draw has its place in the step, and
    `fill` tells before each replay where the step begins.
    """

    def __init__(self, model: Any) -> None:
        self.drawn = 0  # numbers in each replay, so far
        self.table = device_of(model).reserve((9,), np.int64)

    def draw_mask(self, shape: tuple[int, ...], p: float) -> Any:
        """As the function, `drawn` numbers behind the state that the table has in a replay."""
        mask, n = device_of(self.table).empty(shape, np.bool_), math.prod(shape)
        if n:
            args = (mask, self.table, n, float(p), self.drawn)
            launch(KERNELS, "dropout_mask_in_graph", _grid(n), THREADS, args)
        self.drawn += n
        return mask

    def fill(self, state: dict[str, Any]) -> dict[str, Any]:
        """Sends the state to the table; answers the one after the replay. Nobody waits."""
        host = np.array(_words(state), np.uint64).view(np.int64)
        device_of(self.table).send(host, self.table, into=self.table)
        return advanced(state, self.drawn)


def _words(state: dict[str, Any]) -> tuple[int, ...]:
    """The state as the kernels have it."""
    left_over = (2 * state["buffer_pos"], state["has_uint32"], state["uinteger"])
    return (*state["key"], *state["counter"], *left_over)


def _grid(n: int) -> int:
    """A thread to each block of eight numbers; the first may be used up."""
    return blocks_for(-(-(n + 8) // 8))


def advanced(state: dict[str, Any], n: int) -> dict[str, Any]:
    """The state of a generator after n numbers in float32, of which none is drawn."""
    if n == 0:
        return dict(state)
    fresh = n - state["has_uint32"]  # halves of words that are yet to be made
    words = state["buffer_pos"] + -(-fresh // 2)  # from the start of the present block
    if fresh == 0:
        return {**state, "has_uint32": 0}
    blocks = (words - 1) // 4  # NumPy makes a block when its first word is asked for
    stream = np.random.Philox()
    inner = stream.state
    before = _counted(state["counter"], blocks - 1)
    inner["state"] = {
        "counter": np.array(before, np.uint64), "key": np.array(state["key"], np.uint64)
    }  # fmt: skip
    inner["buffer_pos"] = 4
    stream.state = inner
    last = int(stream.random_raw(words - 4 * blocks)[-1])
    after = stream.state
    return {
        **state,
        "counter": [int(v) for v in after["state"]["counter"]],
        "buffer": [int(v) for v in after["buffer"]],
        "buffer_pos": int(after["buffer_pos"]),
        "has_uint32": fresh % 2,
        "uinteger": last >> 32,  # also where it has been drawn
    }


def _counted(counter: Sequence[int], by: int) -> list[int]:
    """A counter of four words of 64 bits, the lowest first, some steps further on."""
    whole = sum(word << 64 * k for k, word in enumerate(counter)) + by
    return [whole >> 64 * k & (2**64 - 1) for k in range(4)]
