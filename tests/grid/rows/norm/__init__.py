"""Normalisations. Here is what the rows of functions and layers share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Rng = np.random.Generator
LAST = (((4,), (3, 4)), ((4,), (4,)), ((3, 2), (2, 5, 3, 2)), ((2, 3, 4), (2, 3, 4)),
        ((1,), (3, 1)), ((4,), (0, 4)), ((0,), (2, 0)))  # fmt: skip


def far(rng: Rng, *shape: int) -> np.ndarray:
    """Numbers whose mean is not 0 and whose variance is not 1."""
    return rng.normal(0.7, 2.0, shape)


def response(rng: Rng) -> Iterable[tuple[tuple[Any, ...], dict[str, Any], str]]:
    """(inputs, arguments, label) of local_response_norm."""
    for shape in (
        (2, 5, 3),
        (1, 4, 2, 3),
        (2, 3, 2, 1, 2),
        (3, 1, 2),
        (0, 3, 2),
        (1, 3, 1, 1, 2, 2),
    ):
        for size in (1, 2, 3, 4, 9):
            for options in ({}, {"alpha": 0.8, "beta": 0.5, "k": 2.0}, {"beta": -1.0, "alpha": 2}):
                yield (far(rng, *shape),), {"size": size, **options}, f"{shape}, {size}"
    x = far(rng, 2, 4, 3)
    yield (np.moveaxis(x, 2, 1),), {"size": 3}, "not contiguous"
    yield (x,), {"size": 3, "beta": 0, "alpha": 1.0}, "beta 0"
    yield (x,), {"size": 3, "k": 0.0, "alpha": 1.0}, "k 0"
    for size in (0, -1, 2.5, None, "3"):
        yield (x,), {"size": size}, f"size {size}"
    yield (x[:0],), {"size": 0}, "size 0 of nothing"
    yield (x[0],), {"size": 2}, "two axes"
    yield (x.tolist(),), {"size": 2}, "a list"
