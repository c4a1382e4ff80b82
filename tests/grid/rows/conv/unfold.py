"""Unfold and fold, as functions and as layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...row import Case, Row

FOLD_WINDOWS = [
    {"kernel_size": k, "dilation": d, "padding": p, "stride": s}
    for k, d, p, s in itertools.product((1, 2, (3, 2)), (1, (1, 2)), (0, 1, (0, 2)), (1, (2, 3)))
]
BAD_WINDOWS: list[dict[str, Any]] = [
    {"kernel_size": 0}, {"kernel_size": -1}, {"kernel_size": 2.0}, {"kernel_size": (2,)},
    {"kernel_size": (2, 2, 2)}, {"kernel_size": 7}, {"kernel_size": True}, {"kernel_size": None},
    {"kernel_size": 2, "stride": 0}, {"kernel_size": 2, "stride": (1,)},
    {"kernel_size": 2, "padding": -1}, {"kernel_size": 2, "padding": (1,)},
    {"kernel_size": 2, "padding": "same"}, {"kernel_size": 2, "dilation": 0},
    {"kernel_size": 2, "dilation": 7}, {"kernel_size": 2, "dilation": (1, 1, 1)},
    {"kernel_size": 2, "stride": 1.5},
]  # fmt: skip


def unfold(rng: np.random.Generator) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 5, 6))
    for params in FOLD_WINDOWS:
        yield Case((x,), kwargs=params, label="grid")
    two = {"kernel_size": 2}
    for given, label in (
        (x[0], "unbatched"), (x[:0], "empty batch"), (x > 0, "bool"),
        (x[:, :1, :2, :2], "one window"), (x.astype(np.float16), "float16"),
        (x[:, :0], "no channels"), (x[0, :0], "unbatched, no channels"),
        (x[:, :, :0], "empty images"), (x[:0, :, :, :0], "no batch of empty images"),
        (x[0, 0], "two axes"), (x[None], "five axes"), (x.astype(int), "integers"),
    ):  # fmt: skip
        yield Case((given,), kwargs=two, label=label, smooth=given.dtype != np.float16)
    yield Case((x[..., :0],), kwargs={**two, "padding": 1}, label="empty images, padded")
    yield Case((x[..., :1, :1],), kwargs={**two, "padding": 1}, label="one pixel")
    yield Case((x,), (2, 1, 1, 3), label="by position")
    yield Case((x,), ([2, 3],), label="lists")
    for params in BAD_WINDOWS:
        yield Case((x,), kwargs=params, label="bad option")


def fold(rng: np.random.Generator) -> Iterable[Case]:
    for params in FOLD_WINDOWS:
        shape = (2, 2 * _elements(params), _count(params, (5, 6)))
        x = rng.normal(size=shape)
        yield Case((x,), kwargs={"output_size": (5, 6), **params}, label="grid")
    x = rng.normal(size=(2, 8, 9))
    for given, label in (
        (x, "square"), (x[0], "unbatched"), (x[:0], "empty batch"), (x[:, :4], "one channel"),
        (x > 0, "bool"), (x[:, :0], "no channels"), (x[0, :0], "unbatched, no channels"),
        (x[:, :7], "channels"), (x[..., :8], "columns"), (x[..., :0], "no columns"),
        (x[0, 0], "one axis"), (x[None], "four axes"), (x.astype(int), "integers"),
        (x[:0, :0], "no batch, no channels"),
    ):  # fmt: skip
        yield Case((given,), (4, 2), label=label)
    for size in ((4, 4), [4, 4], (4,), (4, 4, 4), (0, 4), (-1, 4), 4.0, (5, 4), (1, 1), None):
        yield Case((x,), (size, 2), label="output_size")
    one = {"output_size": 1, "kernel_size": 2, "padding": 1}
    yield Case((x[..., :4],), kwargs=one, label="one pixel")
    yield Case((x[..., :4],), (4, 2, 1, 0, 2), label="by position")
    for params in BAD_WINDOWS:
        yield Case((x,), kwargs={"output_size": 4, **params}, label="bad option")


def _two(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def _elements(params: dict[str, Any]) -> int:
    return int(np.prod(_two(params["kernel_size"])))


def _count(params: dict[str, Any], size: tuple[int, int]) -> int:
    names = ("kernel_size", "dilation", "padding", "stride")
    axes = zip(size, *(_two(params[name]) for name in names), strict=True)
    return int(np.prod([(s + 2 * p - d * (k - 1) - 1) // step + 1 for s, k, d, p, step in axes]))


ROWS = [
    Row("F.unfold", unfold),
    Row("nn.Unfold", unfold),
    Row("F.fold", fold),
    Row("nn.Fold", fold),
]
