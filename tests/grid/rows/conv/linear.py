"""Linear, bilinear and identity."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...row import Case, Row


def linear(rng: np.random.Generator) -> Iterable[Case]:
    draw = lambda *shape: rng.normal(size=shape)
    for lead in ((), (4,), (1,), (0,), (2, 4), (2, 0), (2, 1, 3)):
        for weight in ((5, 3), (1, 3), (3,)):
            yield Case((draw(*lead, 3), draw(*weight)), label="no bias")
        for bias in ((5,), (1,), (1, 5)):
            yield Case((draw(*lead, 3), draw(5, 3), draw(*bias)), label="bias")
    for lead, bias in (((4,), (4, 5)), ((4,), (4, 1)), ((2, 4), (4, 5)), ((2, 4), (2, 1, 5)),
                       ((2, 4), (2, 4, 5)), ((2, 4), (1, 5))):  # fmt: skip
        yield Case((draw(*lead, 3), draw(5, 3), draw(*bias)), label="bias that broadcasts")
    for x, w, b in (((4, 0), (5, 0), (5,)), ((4, 3), (0, 3), (0,)), ((4, 0), (0,), None),
                    ((0,), (0,), None), ((0,), (5, 0), None), ((1, 1), (1, 1), (1,))):  # fmt: skip
        yield Case((draw(*x), draw(*w), None if b is None else draw(*b)), label="sizes of 0 and 1")
    for dtype in ("int64", "int32", "uint8"):
        whole = [np.rint(9 * abs(a)).astype(dtype) for a in (draw(4, 3), draw(5, 3), draw(5))]
        yield Case(tuple(whole), label=dtype)
        yield Case(tuple(whole[:2]), label=dtype)
    half = tuple(a.astype(np.float16) for a in (draw(4, 3), draw(5, 3), draw(5)))
    yield Case(half, label="float16", smooth=False)
    x = draw(4, 3)
    x[1, 1], x[2, 0] = np.nan, np.inf
    yield Case((x, draw(5, 3), draw(5)), label="NaN, inf", smooth=False)
    yield from _bad_linear(draw)


def _bad_linear(draw: Any) -> Iterable[Case]:
    x, w, b = draw(4, 3), draw(5, 3), draw(5)
    for bad in (
        (x[:, :2], w), (x, w[:, :2]), (x, w.T), (x, w[None]), (x[0, 0], w), (x, w[0, 0]),
        (x, w[0, :2]), (x, w, b[:4]), (x, w, b[:0]), (x, w, b[None, None]), (x, w, draw(3, 5)),
        (x[0], w, draw(4, 5)),
        (x, w[0], b[:4]), (x, w[0], b[:1]), (x[None], w, draw(3, 5)), (x[:, :1], w), (x > 0, w > 0),
        (x.astype(int), w), (x, w.astype(int)), (x, w, b.astype(int)), (x.astype(np.float16), w),
        (x, w, b.astype(np.float16)), (x, None), (None, w), (x, w, 1.0),
    ):  # fmt: skip
        yield Case(bad, label="bad")
    why = "a bias broadcasts to y here; PyTorch joins the leading axes before it does, if it can"
    yield Case((draw(2, 4, 3), w, draw(4, 1)), label="bias that broadcasts", differs=why)


def linear_layer(rng: np.random.Generator) -> Iterable[Case]:
    for lead, bias in itertools.product(((), (4,), (0,), (2, 3), (2, 0, 3)), (True, False)):
        yield Case((rng.normal(size=(*lead, 3)),), (3, 5, bias), label="grid")
    x = rng.normal(size=(4, 3))
    yield Case((x[:, :0],), (0, 5), label="no features")
    yield Case((x,), (3, 0), label="no outputs")
    yield Case((x[:, :1],), (1, 1), label="size 1")
    yield Case((x,), kwargs={"in_features": 3, "out_features": 2, "bias": False}, label="keywords")
    for args in ((2, 5), (3, -1), (-3, 5), (3.0, 5), ("3", 5), (3,), (None, 5)):
        yield Case((x,), args, label="bad argument")
    for given in (x[0, 0], x[:, :2], x.astype(int), x > 0, x.T):
        yield Case((given,), (3, 5), label="bad input")


def bilinear(rng: np.random.Generator) -> Iterable[Case]:
    draw = lambda *shape: rng.normal(size=shape)
    for lead, out in itertools.product(((), (4,), (1,), (0,), (2, 4), (2, 0)), (5, 1, 0)):
        for bias in (draw(out), None):
            yield Case((draw(*lead, 2), draw(*lead, 3), draw(out, 2, 3), bias), label="grid")
    yield Case((draw(4, 1), draw(4, 1), draw(1, 1, 1), draw(1)), label="size 1")
    a, b, w, c = draw(4, 2), draw(4, 3), draw(5, 2, 3), draw(5)
    whole = tuple(np.rint(9 * v).astype(np.int64) for v in (a, b, w, c))
    yield Case(whole, label="integers")
    for bad in (
        (a[:3], b, w), (a[:1], b, w), (a[0], b, w), (a[None], b, w), (a[:, :1], b, w),
        (a, b[:, :2], w), (b, a, w), (a, b, w[0]), (a, b, w[None]), (a, b, w, c[:4]),
        (a, b, w, c[:1]), (a, b, w, draw(4, 5)), (a[:, :0], b, w[:, :0]), (a, b[:, :0], w[..., :0]),
        (a > 0, b > 0, w > 0), (a.astype(int), b, w), (a, b.astype(np.float16), w),
        (a, b, w.astype(np.float16)), (a, b, w, c.astype(np.float16)), (a, b, None),
        (a[0, 0], b[0, 0], w), (a, b),
    ):  # fmt: skip
        yield Case(bad, label="bad")


def bilinear_layer(rng: np.random.Generator) -> Iterable[Case]:
    draw = lambda *shape: rng.normal(size=shape)
    for lead, bias in itertools.product(((), (4,), (0,), (2, 3)), (True, False)):
        yield Case((draw(*lead, 2), draw(*lead, 3)), (2, 3, 5, bias), label="grid")
    yield Case((draw(4, 2), draw(4, 3)), (2, 3, 0), label="no outputs")
    yield Case((draw(4, 1), draw(4, 1)), (1, 1, 1), label="size 1")
    for args in ((0, 3, 5), (-2, 3, 5), (2, 3, -1), (2, -3, 5), (3, 2, 5), (2, 3), (2, 0, 5)):
        yield Case((draw(4, 2), draw(4, 3)), args, label="bad argument")
    for given in ((draw(4, 2), draw(3, 3)), (draw(4, 2), draw(3)), (draw(4, 2),)):
        yield Case(given, (2, 3, 5), label="bad input")


def identity(rng: np.random.Generator) -> Iterable[Case]:
    for x in (rng.normal(size=(2, 3)), rng.normal(size=()), np.zeros((0, 2)), np.arange(3)):
        yield Case((x,), label="any shape")
        yield Case((x,), (54,), {"unused": True}, label="any arguments")
    yield Case((np.array([True, False]),), label="bool")
    yield Case((), label="no input")


ROWS = [
    Row("F.linear", linear),
    Row("nn.Linear", linear_layer),
    Row("F.bilinear", bilinear),
    Row("nn.Bilinear", bilinear_layer),
    Row("nn.Identity", identity),
]
