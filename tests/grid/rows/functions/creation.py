"""Functions that make tensors of given values. (Random ones are compared with nothing.)"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...row import Case, Fixed, Of, Row, apart

Cases = Iterable[Case]
Maker = Callable[[np.random.Generator], Cases]
TYPES = tuple(map(Of, ("float16", "float32", "float64", "int64", "int32", "uint8", "bool")))
SHAPES = ((2, 3), (), (0,), (2, 0, 3), (1,))


def shaped(rng: np.random.Generator) -> Cases:
    """zeros and ones: sizes as one argument or as several."""
    for shape in SHAPES:
        for kwargs in ({}, {"dtype": Of("int64")}, {"requires_grad": True}, {"device": "cpu"}):
            yield Case((shape,), kwargs=kwargs)
            yield Case((list(shape),), kwargs=kwargs)
            yield Case(shape, kwargs=kwargs)
    for dtype in TYPES:
        yield Case((2, 2), kwargs={"dtype": dtype})
    yield Case((), kwargs={"size": (2, 3)})
    for bad in ((-1,), (2.0,), ("2",), ((2, -1),), (None,), ([[2, 3]],)):
        yield Case(bad)
    yield Case((2,), kwargs={"dtype": Of("int64"), "requires_grad": True})


def filled(rng: np.random.Generator) -> Cases:
    for shape in SHAPES:
        for value in (2, 2.5, True, float("inf")):
            yield Case((shape, value))
    for dtype in TYPES:
        for value in (1, 2.5, True):
            yield Case(((2, 2), value), kwargs={"dtype": dtype})
    yield Case((), kwargs={"size": (2,), "fill_value": 3})
    for bad in ((2, 3), ((2,),), ((-1,), 1), ((2,), "1"), ((2,), None)):
        yield Case(bad)
    yield Case(((2,), 300), kwargs={"dtype": Of("uint8")})
    yield Case(((2,), float("nan")), kwargs={"dtype": Of("int64")})


def ranges(rng: np.random.Generator) -> Cases:
    for given in ((5,), (2, 7), (1, 9, 3), (5, 0, -2), (5, 5), (0,), (0.5, 2.1, 0.5), (2.5,), (1,
                  2.5),
                  (0, 1, 0.1), (3, 2), (2, 3, -1), (1, 2, 0), (-3,), (5, 2, -1.5), (True,), (0,
                  1, 0.3),
                  (1.0, 2.0, 0.25), ("1",), (None,), (float("nan"),), (0,
                  float("inf"))):  # fmt: skip
        yield Case(given)
    for dtype in TYPES[:-1]:
        yield Case((1, 7, 2), kwargs={"dtype": dtype})
        odd = "PyTorch counts with the fractions that it then drops; for int64 it drops them first"
        odd = odd if dtype.name in ("int32", "uint8") else ""
        yield Case((0.5, 7, 1.5), kwargs={"dtype": dtype}, differs=odd)
    yield Case((), kwargs={"start": 1, "end": 5, "step": 2})
    yield Case((3,), kwargs={"requires_grad": True})
    yield Case((3.0,), kwargs={"requires_grad": True})


def spaced(*more: dict[str, Any], differs: str = "") -> Maker:
    def cases(rng: np.random.Generator) -> Cases:
        for start, end in ((0, 1), (1.5, -2), (2, 2), (-1, 3.0)):
            for steps in (5, 1, 0, 2, -1, 2.0):
                yield Case((start, end, steps))
        for dtype in TYPES:
            yield Case((0, 4, 3), kwargs={"dtype": dtype})
        for dtype in TYPES[:6]:
            why = differs if dtype.name[0] in "iu" else ""
            yield Case((0, 2.5, 4), kwargs={"dtype": dtype}, differs=why)
        yield Case((), kwargs={"start": 0, "end": 1, "steps": 4, "requires_grad": True})
        yield Case((0, 1))
        for kwargs in more:
            yield Case((0, 3, 4), kwargs=kwargs)

    return cases


def identities(rng: np.random.Generator) -> Cases:
    for given in ((3,), (2, 3), (3, 2), (0,), (0, 2), (1,), (-1,), (2, -1), (2.0,), ("2",), ()):
        yield Case(given)
    for dtype in TYPES:
        yield Case((2,), kwargs={"dtype": dtype})
    yield Case((), kwargs={"n": 2, "m": 3, "requires_grad": True})


def alike(*tail: Any) -> Maker:
    def cases(rng: np.random.Generator) -> Cases:
        for x in (apart(rng, 2, 3), apart(rng), np.arange(3), np.array([True]), apart(rng, 0, 2),
                  apart(rng, 3, 2).T, apart(rng, 2).astype("float16")):  # fmt: skip
            yield Case((Fixed(x), *tail))
            yield Case((x, *tail), label="wants a gradient")
            for dtype in TYPES:
                yield Case((Fixed(x), *tail), kwargs={"dtype": dtype})
        yield Case((Fixed(apart(rng, 2)), *tail), kwargs={"requires_grad": True, "device": "cpu"})
        yield Case(([1, 2], *tail))

    return cases


def like_self(*given: tuple[Any, ...]) -> Maker:
    """new_zeros and its like."""

    def cases(rng: np.random.Generator) -> Cases:
        for x in (apart(rng, 2), np.arange(2), np.array([True]), apart(rng, 2).astype("float16")):
            for more in given:
                yield Case((Fixed(x), *more))
                yield Case((Fixed(x), *more), kwargs={"dtype": Of("int32")})
        yield Case((Fixed(x), *given[0]), kwargs={"requires_grad": True, "device": "cpu"})

    return cases


SIZES = (((2, 3),), ((),), (2, 3), (2,), ([0, 2],), ((-1,),), ("2",))
ROWS = [
    *(Row(f"torch.{name}", shaped) for name in ("zeros", "ones")),
    Row("torch.full", filled),
    Row("torch.arange", ranges),
    Row("torch.linspace", spaced()),
    Row(
        "torch.logspace",
        spaced(
            {"base": 2.0},
            {"base": 2},
            {"base": 0.5},
            differs=(
                "PyTorch cuts the exponents of an integer result to integers; ours the result"
            ),
        ),
    ),
    Row("torch.eye", identities),
    *(Row(f"torch.{name}", alike()) for name in ("zeros_like", "ones_like")),
    *(Row("torch.full_like", alike(value)) for value in (2,)),
    *(Row(f"Tensor.{name}", like_self(*SIZES)) for name in ("new_zeros", "new_ones")),
    Row(
        "Tensor.new_full",
        like_self(((2, 3), 2), ((), 2.5), ((2,), True), ((2,),), (2, 3), ((2,), "1")),
    ),
    Row(
        "Tensor.new_tensor", like_self(([1, 2],), (2.5,), ([[1.5], [2]],), ([],), ([True],), ("1",))
    ),
]
