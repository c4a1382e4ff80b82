"""Activation functions and layers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..row import Case, Row, apart


def relu(rng: np.random.Generator) -> Iterable[Case]:
    for shape in ((3, 4), (), (0, 3), (2, 1, 3)):
        yield Case((apart(rng, *shape),), label=str(shape))
    yield Case((np.arange(3),), label="integers")
    yield Case((np.array([0.0, np.nan, 1, -np.inf]),), label="NaN, inf", smooth=False)


ROWS = [Row("F.relu", relu)]
