"""Functions about the triangles and diagonals of the last axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...row import Case, Row, apart, every
from .index import DTYPES, Cases, Maker, both


def over(shapes: Iterable[tuple[int, ...]], **choices: Iterable[Any]) -> Maker:
    kept, shapes = {name: tuple(values) for name, values in choices.items()}, tuple(shapes)

    def cases(rng: np.random.Generator) -> Cases:
        for shape in shapes:
            for kwargs in every(**kept):
                yield Case((apart(rng, *shape),), kwargs=kwargs, label=str(shape))
        for kwargs in every(**kept):
            yield Case((apart(rng, 4, 3).T,), kwargs=kwargs, label="not contiguous")
        for dtype in DTYPES:
            first = next(iter(every(**kept)))
            yield Case((rng.integers(0, 3, (3, 4)).astype(dtype),), kwargs=first, label=dtype)

    return cases


SOLID = ((3, 4), (4, 2), (2, 3, 4), (3,), (), (0, 3), (1, 1), (2, 0, 3))
OFFSETS = (0, 1, -1, 2, -2, 9, -9)
SCATTERED_DIAGONALS = (((3, 4), (3,), 0, 0, 1), ((3, 4), (2,), -1, 0, 1), ((3, 4), (3,), 1, 0, 1),
                       ((2, 3, 4), (2, 3), 0, 1, 2), ((2, 3, 4), (3, 2), 0, 0, 2), ((3, 4), (4,),
                       0, 0, 1),
                       ((3, 4), (3,), 0, 0, 0), ((3,), (3,), 0, 0, 1))  # fmt: skip


def diagonals_placed(rng: np.random.Generator) -> Cases:
    for x_shape, shape, *rest in SCATTERED_DIAGONALS:
        yield Case((apart(rng, *x_shape), apart(rng, *shape), *rest), label=str(x_shape))


ROWS = [
    *both("tril", over(SOLID, diagonal=OFFSETS)),
    *both("triu", over(SOLID, diagonal=OFFSETS)),
    Row(
        "torch.diagonal", over(SOLID, offset=(0, 1, -2, 9), dim1=(0, 1, -1, 3), dim2=(1, 0, -1, -2))
    ),
    Row("torch.diag", over(SOLID, diagonal=OFFSETS)),
    Row("torch.diag_embed", over(SOLID, offset=(0, 1, -2), dim1=(-2, 0, 1, 5), dim2=(-1, 0, -3))),
    Row("torch.diagflat", over(SOLID, offset=(0, 1, -2))),
    Row("torch.diagonal_scatter", diagonals_placed),
    Row("torch.trace", over(SOLID)),
]
