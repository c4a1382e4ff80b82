"""Random numbers: one explicit generator, or the one that `manual_seed` seeds.

The counter-based Philox generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
3") is drawn from on the host; its whole state is a plain dictionary, so a checkpoint can hold it.
"""

from __future__ import annotations

import functools
import math
import os
from typing import Any

import numpy as np

from . import capturing
from .device import device_of, to_device
from .library import Array, beside, library_of
from .registry import find_kernel

Shape = tuple[int, ...]


class Generator:
    """A stream of random numbers (PyTorch: `torch.Generator`).

    manual_seed(seed) starts it anew; get_state() / set_state() save and restore it exactly.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.manual_seed(int.from_bytes(os.urandom(8), "little") if seed is None else seed)

    def manual_seed(self, seed: int) -> Generator:
        """Starts the stream that belongs to `seed`. Raises TypeError for anything but an int."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"manual_seed: expects an int (got {seed!r})")
        capturing.refuse("a random generator is seeded", "no replay would do it; seed it outside")
        self._seed = int(seed) % 2**64
        self._stream: Any = None
        return self

    @property
    def _numpy(self) -> np.random.Generator:
        """NumPy's generator, made when the first number is drawn: numpy.random loads slowly."""
        if self._stream is None:
            self._stream = np.random.Generator(np.random.Philox(self._seed))
        return self._stream

    def initial_seed(self) -> int:
        """The seed this stream started from."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """The state as plain numbers and lists (JSON can hold it)."""
        capturing.refuse("the state of a random generator is read", "read it before or after")
        state = self._numpy.bit_generator.state
        return {
            "seed": self._seed,
            "counter": [int(v) for v in state["state"]["counter"]],
            "key": [int(v) for v in state["state"]["key"]],
            "buffer": [int(v) for v in state["buffer"]],
            "buffer_pos": int(state["buffer_pos"]),
            "has_uint32": int(state["has_uint32"]),
            "uinteger": int(state["uinteger"]),
        }

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Goes on exactly where `get_state` was called. ValueError for another dictionary."""
        capturing.refuse("the state of a random generator is set", "set it before")
        try:
            self._numpy.bit_generator.state = {
                "bit_generator": "Philox",
                "state": {
                    "counter": np.array(state["counter"], np.uint64),
                    "key": np.array(state["key"], np.uint64),
                },
                "buffer": np.array(state["buffer"], np.uint64),
                "buffer_pos": state["buffer_pos"],
                "has_uint32": state["has_uint32"],
                "uinteger": state["uinteger"],
            }
            self._seed = int(state["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"Generator.set_state: not a state of get_state() ({error!r})"
            ) from error
        return self

    def rand(self, shape: Shape, dtype: Any = np.float32) -> np.ndarray:
        """Uniform numbers in [0, 1) of a float dtype."""
        draw = np.float64 if np.dtype(dtype) == np.float64 else np.float32
        return self._drawn_by("rand").random(shape, dtype=draw).astype(dtype, copy=False)

    def mask(self, shape: Shape, p: float, model: Array) -> Array:
        """`rand(shape) >= p` where the array `model` lies, True with probability 1 − p.

        On a GPU a kernel draws it there: the same numbers, from the state that we have, and nothing
        crosses or waits. The stream goes on behind them, as if they had been drawn here. Inside a
        step for `cuda.graph` each replay draws anew, from where the stream then stands.
        """
        library = library_of(model)
        kernel: Any = None if library is None else find_kernel("dropout", library.name)
        if not hasattr(kernel, "draw_mask"):
            return to_device(self.rand(shape) >= p, device_of(model))
        if capturing.current is not None:
            return self._recorded(capturing.current, kernel, model).draw_mask(shape, p)
        state = self.get_state()
        with beside(model):
            drawn = kernel.draw_mask(model, shape, p, state)
        self.set_state(kernel.advanced(state, math.prod(shape)))
        return drawn

    def _recorded(self, capture: capturing.Capture, kernel: Any, model: Array) -> Any:
        """What the step that is being recorded draws from this stream."""
        stream = capture.streams.get(id(self))
        if stream is None:
            stream = capture.streams[id(self)] = kernel.GraphStream(model)
            capture.before.append(functools.partial(self._hand_over, stream))
        return stream

    def _hand_over(self, stream: Any) -> None:
        """Tells a recorded step where this stream stands, and goes on behind what it draws."""
        self.set_state(stream.fill(self.get_state()))

    def randn(self, shape: Shape, dtype: Any = np.float32) -> np.ndarray:
        """Normal numbers of mean 0 and variance 1 of a float dtype."""
        draw = np.float64 if np.dtype(dtype) == np.float64 else np.float32
        return self._drawn_by("randn").standard_normal(shape, dtype=draw).astype(dtype, copy=False)

    def randint(self, low: int, high: int, shape: Shape, dtype: Any = np.int64) -> np.ndarray:
        """Integers in [low, high)."""
        drawn = self._drawn_by("randint").integers(low, high, shape, dtype=np.int64)
        return drawn.astype(dtype, copy=False)

    def randperm(self, n: int) -> np.ndarray:
        """The numbers 0 … n − 1 in random order, int64."""
        return self._drawn_by("randperm").permutation(n).astype(np.int64, copy=False)

    def _drawn_by(self, name: str) -> np.random.Generator:
        """Where a method draws its numbers, on the host."""
        capturing.refuse(
            f"{name} draws random numbers on the host",
            "they would be the same in each replay; draw them before, and pass them to the step "
            "(dropout, which a CUDA kernel draws, can stay inside)",
        )
        return self._numpy


default_generator = Generator(0)


def manual_seed(seed: int) -> Generator:
    """Seeds the default generator, which all layers draw from unless given another."""
    return default_generator.manual_seed(seed)


def get_rng_state() -> dict[str, Any]:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(state: dict[str, Any]) -> None:
    """Sets the default generator to a state of `get_rng_state`."""
    default_generator.set_state(state)
