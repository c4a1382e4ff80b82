"""What the corpus is made of: layers with a right backward, and wrong ones planted beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Backward = Callable[[np.ndarray, Any], Any]


class Layer(NamedTuple):
    """A layer in the style of CS231n: out, cache = forward(x, …[, param]); dx, … = backward."""

    name: str
    forward: Callable[..., Any]
    backward: Backward  # the right one
    make: Callable[[np.random.Generator], tuple[dict[str, np.ndarray], dict[str, Any] | None]]

    def bug(self, name: str, *kinds: str) -> Callable[[Backward], Backward]:
        """Plants the decorated function as a wrong backward of this layer.

        name: what a teacher would call it. kinds: the diagnoses that are right (see diagnosis.py).
        """

        def plant(backward: Backward) -> Backward:
            BUGS.append(Bug(name, self, kinds, backward))
            return backward

        return plant


class Bug(NamedTuple):
    """A wrong backward."""

    name: str
    layer: Layer
    kinds: tuple[str, ...]
    backward: Backward


BUGS: list[Bug] = []
LAYERS: list[Layer] = []


def layer(name: str, forward: Any, backward: Any, make: Any) -> Layer:
    """A new layer, entered in the list."""
    LAYERS.append(Layer(name, forward, backward, make))
    return LAYERS[-1]


def normal(rng: np.random.Generator, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Inputs drawn from N(0, 1), by name."""
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}
