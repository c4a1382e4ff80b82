"""Functions that order, rank and look up: sort, topk, quantile, unique, searchsorted, argmax, …"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...row import Case, Fixed, Row, apart, every

Cases = Iterable[Case]
Maker = Callable[[np.random.Generator], Cases]
DTYPES = ("int64", "int32", "uint8", "bool", "float16", "float32")
SHAPES = ((3, 4), (5,), (), (1, 3, 1), (2, 3, 4), (0, 3), (3, 0), (1,))
ODD = {
    "NaN": np.array([[1.0, np.nan, 0, 2], [np.nan, np.nan, 3, 1], [4, 2, 1, 3]]),
    "inf": np.array([[np.inf, 1.0, -np.inf, 2], [5, np.inf, 3, 1], [4, 2, 1, -np.inf]]),
}


def over(
    *more: Maker, dtypes: Iterable[str] = DTYPES, odd: Iterable[str] = ODD, ties: bool = True,
    shapes: Iterable[tuple[int, ...]] = SHAPES, **choices: Iterable[Any],
) -> Maker:  # fmt: skip
    """All combinations of some keyword arguments, on all shapes and dtypes; ties; NaN and inf."""
    kept = {name: tuple(values) for name, values in choices.items()}

    def cases(rng: np.random.Generator) -> Cases:
        for shape in shapes:
            for kwargs in every(**kept):
                yield Case((apart(rng, *shape),), kwargs=kwargs, label=str(shape))
        for kwargs in every(**kept):
            yield Case((apart(rng, 4, 3).T,), kwargs=kwargs, label="not contiguous")
            for label in odd:
                yield Case((ODD[label],), kwargs=kwargs, label=label, smooth=False)
            if ties:
                x = rng.integers(0, 3, (3, 4)) * 1.0
                yield Case((x,), kwargs=kwargs, label="ties", smooth=False)
        for dtype in dtypes:
            first = next(iter(every(**kept)), {})
            x = rng.permutation(24).reshape(4, 6).astype(dtype)
            if dtype == "bool" and not ties:
                x = np.array([[True, False], [False, True]])
            yield Case((x,), kwargs=first, label=dtype, smooth=False)
        for make in more:
            yield from make(rng)

    return cases


def calls(*arguments: Any, **kwargs: Any) -> Maker:
    """The same arguments on a matrix, one call each."""
    return lambda rng: (Case((apart(rng, 3, 4), *given), kwargs=kwargs) for given in arguments)


BAD_FLAGS = calls((0, 2.0), (0, "x"))


def largest(rng: np.random.Generator) -> Cases:
    for shape in SHAPES:
        for dim in (0, -1, 1, 3):
            for k in (1, 2, 0, 4, 9, -1):
                yield Case((apart(rng, *shape), k, dim), label=str(shape))
    for largest in (True, False):
        yield Case((apart(rng, 3, 4), 2), kwargs={"largest": largest, "sorted": True})
        for label, x in ODD.items():
            kwargs = {"largest": largest, "dim": 0}
            yield Case((x[:, 2:], 3), kwargs=kwargs, label=label, smooth=False)
        yield Case((np.array([1.0, np.nan, 3, 2]), 3), kwargs={"largest": largest}, label="NaN",
                   smooth=False)  # fmt: skip
        for dtype in DTYPES:
            x = rng.permutation(6).astype(dtype)
            if dtype != "bool":
                yield Case((x, 3), kwargs={"largest": largest}, label=dtype)
    yield Case((np.array([True, False]), 2), label="bool")
    yield Case((apart(rng, 3, 4), 2.0), label="k is no integer")
    yield Case((), kwargs={"input": apart(rng, 3, 4), "k": 2, "dim": 0}, label="by name")


def kth(rng: np.random.Generator) -> Cases:
    for shape in SHAPES:
        for dim, keepdim in ((0, False), (-1, True), (1, False), (3, False)):
            for k in (1, 2, 0, 4, 9, -1):
                yield Case((apart(rng, *shape), k, dim, keepdim), label=str(shape))
    yield Case((apart(rng, 3, 4), 2), label="last dim")
    yield Case((np.array([1.0, np.nan, 3, 2]), 4), label="NaN", smooth=False)
    yield Case((np.array([1.0, np.nan, 3, 2]), 2), label="NaN", smooth=False)
    for dtype in DTYPES:
        if dtype != "bool":
            yield Case((rng.permutation(6).astype(dtype), 3), label=dtype)
    yield Case((np.array([True, False]), 1), label="bool")


QS = (0.5, 0.0, 1.0, 0.3, [0.25, 0.75], np.array(0.4), np.array([0.1, 0.9]), np.array([0.5]))
WRONG_QS = (1.5, -0.1, "0.5", None, np.array([[0.5]]), np.array([1.5]), np.array([1]), 1)


def quantiles(rng: np.random.Generator) -> Cases:
    for q in QS:
        for interpolation in ("linear", "lower", "higher", "midpoint", "nearest"):
            given = Fixed(q) if isinstance(q, np.ndarray) else q
            for kwargs in every(dim=(None, 0, -1), keepdim=(False, True)):
                kwargs["interpolation"] = interpolation
                yield Case((apart(rng, 3, 4), given), kwargs=kwargs)
    for q in WRONG_QS:
        yield Case((apart(rng, 3, 4), Fixed(q) if isinstance(q, np.ndarray) else q))
    for shape in SHAPES:
        for dim in (None, 0, 1, -1, 3):
            yield Case((apart(rng, *shape), 0.3, dim), label=str(shape))
            yield Case((apart(rng, *shape), Fixed(np.array([0.3, 0.5])), dim), label=str(shape))
    for label, x in ODD.items():
        for dim, keepdim in ((None, False), (0, True), (1, False)):
            yield Case((x, 0.4, dim, keepdim), label=label, smooth=False)
            yield Case((x, Fixed(np.array([0.0, 1.0])), dim), label=label, smooth=False)
    yield Case((np.full((2, 3), np.nan), 0.4, 1), label="nothing but NaN", smooth=False)
    for dtype in DTYPES:
        yield Case((rng.permutation(6).astype(dtype), 0.5), label=dtype)
    yield Case((apart(rng, 3), 0.5), kwargs={"interpolation": "cubic"})
    yield Case((np.array([1.0, 1, 2, 2, 3]), 0.5), label="ties", smooth=False)


VALUES = (
    np.array([3, 1, 3, 2, 1]), np.array([[2, 1], [2, 1], [0, 1]]), np.array(4), np.zeros(0),
    np.zeros((0, 3)), np.array([1.5, -1.0, 1.5]), np.array([True, False, True]), np.array([[1, 1,
    2]]),
    np.array([[[1, 2], [1, 2]], [[1, 2], [0, 2]]]), np.array([2, 0, 2], "uint8"),
    np.array([1.5, 0.5, 1.5], "float16"), np.array([2.0, 0.5, 2.0], "float32"), np.zeros((2, 0)),
)  # fmt: skip


def uniques(*names: str) -> Maker:
    def cases(rng: np.random.Generator) -> Cases:
        for x in VALUES:
            for dim in (None, 0, -1, 2):
                for inverse, counts in ((False, False), (True, False), (False, True), (True, True)):
                    kwargs: dict[str, Any] = {"return_inverse": inverse, "return_counts": counts}
                    if dim is not None:
                        kwargs["dim"] = dim
                    yield Case((Fixed(x),), kwargs=kwargs, label=str(x.shape))
        for x in (np.array([1.0, np.nan, 1, np.nan]), np.array([0.0, -0.0, 1])):
            yield Case(
                (Fixed(x),), kwargs={"return_inverse": True, "return_counts": True}, label="odd"
            )
        for name in names:
            yield Case((np.array([3, 1, 3]),), kwargs={name: True})
        yield Case((np.array([[3, 1, 3]] * 2).T,), kwargs={"dim": 0}, label="not contiguous")

    return cases


def looked_up(rng: np.random.Generator) -> Cases:
    rising = np.array([1.0, 2, 2, 5, 7])
    rows = np.array([[1.0, 2, 3], [2, 4, 4]])
    for right in (False, True):
        for values in (np.array([0.0, 2, 3, 7, 9]), np.array([[2.0, 8], [5, 1]]), np.array(2.0),
                       2.0,
                       2, np.array([np.nan, np.inf, -np.inf]), np.zeros((0,)), True):  # fmt: skip
            for kwargs in every(right=(right,), out_int32=(False, True)):
                given = Fixed(values) if isinstance(values, np.ndarray) else values
                yield Case((Fixed(rising), given), kwargs=kwargs)
        values = Fixed(np.array([[2.0, 3.5, 9], [4, 0, 5]]))
        yield Case((Fixed(rows), values), kwargs={"right": right}, label="rows")
        yield Case((Fixed(rows[None]), Fixed(rows[None, :, :1])), kwargs={"right": right})
        yield Case((Fixed(rows), Fixed(np.ones((3, 2)))), kwargs={"right": right}, label="shapes")
        yield Case((Fixed(rows), Fixed(np.ones(2))), kwargs={"right": right}, label="shapes")
        yield Case((Fixed(rows), 2.0), kwargs={"right": right}, label="a number for rows")
        for side in ("left", "right", None, "middle"):
            yield Case((Fixed(rising), values), kwargs={"side": side, "right": right})
    for dtype in ("int64", "int32", "uint8", "float16", "float32"):
        yield Case((np.array([1, 3, 5]).astype(dtype), np.array([3, 4]).astype(dtype)), label=dtype)
    yield Case((np.array([1, 3, 5]), np.array([3.0, 4.0])), label="two dtypes")
    yield Case((np.array([1, 3, 5]), np.array([3, 4], "int32")), label="two dtypes")
    yield Case((np.array([1, 3, 5]), 3.5), label="a float among integers")
    yield Case((Fixed(np.zeros(0)), Fixed(np.ones(2))), label="nothing to search in")
    yield Case((np.array(3.0), np.array(2.0)), label="a number as sequence")
    unsorted, order = np.array([5.0, 1, 3]), np.array([1, 2, 0])
    for sorter in (order, order.astype("int32"), order[:2], order + 1, order * 1.0):
        yield Case((Fixed(unsorted), Fixed(np.array([2.0, 4]))), kwargs={"sorter": sorter})


def bucketed(rng: np.random.Generator) -> Cases:
    bounds = np.array([1.0, 3, 5])
    for kwargs in every(right=(False, True), out_int32=(False, True)):
        for x in (np.array([0.0, 1, 2, 3, 6]), np.array([[1.0, 2], [5, 9]]), np.array(3.0), 3.0, 3,
                  np.array([np.nan]), np.zeros((0, 2))):  # fmt: skip
            yield Case((Fixed(x) if isinstance(x, np.ndarray) else x, Fixed(bounds)), kwargs=kwargs)
    yield Case((np.array([1, 4]), np.array([1, 3, 5])), label="integers")
    yield Case((np.array([1, 4]), Fixed(bounds)), label="two dtypes")
    yield Case((Fixed(bounds), Fixed(bounds[None])), label="a matrix of boundaries")
    yield Case((Fixed(bounds), 3.0), label="a number for boundaries")


def members(rng: np.random.Generator) -> Cases:
    for kwargs in every(assume_unique=(False,), invert=(False, True)):
        for a, b in ((np.array([1, 2, 3]), np.array([2, 5])), (np.array([[1, 2], [3, 4]]),
                     np.array([4])),
                     (np.array([1.0, np.nan]), np.array([np.nan, 1])), (np.array([1, 2]), 2),
                     (2, np.array([1, 2])), (np.array([1, 2]), 2.0), (np.zeros(0), np.ones(2)),
                     (np.array([1, 2]), np.array([1.0, 2.5])), (np.ones(2), np.zeros(0)),
                     (np.array(1), np.array([[1, 2]])), (np.array([True]), np.array([True])),
                     (np.array([1, 2], "int32"), np.array([2])), (1, 2), ("1",
                     np.array([1]))):  # fmt: skip
            given = tuple(Fixed(v) if isinstance(v, np.ndarray) else v for v in (a, b))
            yield Case(given, kwargs=kwargs)
    yield Case((np.array([1, 2]), np.array([2, 3])), kwargs={"assume_unique": True})


DIMS = (0, -1, 1, 3)
BOTH = (False, True)
ROWS = [
    Row("torch.sort", over(BAD_FLAGS, dim=DIMS, descending=BOTH, stable=(True,))),
    Row("Tensor.sort", over(dim=DIMS, descending=BOTH, ties=False)),
    Row("torch.argsort", over(dim=DIMS, descending=BOTH, stable=(True,))),
    Row("torch.msort", over(ties=False)),
    Row("torch.topk", largest),
    Row("torch.kthvalue", kth),
    Row("torch.median", over(dim=DIMS, keepdim=BOTH, ties=False)),
    Row("Tensor.median", over(ties=False)),
    Row("torch.nanmedian", over(dim=DIMS, keepdim=BOTH, ties=False)),
    Row("Tensor.nanmedian", over(ties=False)),
    Row("torch.mode", over(dim=DIMS, keepdim=BOTH)),
    Row("torch.quantile", quantiles),
    Row("torch.nanquantile", quantiles),
    Row("torch.unique", uniques("sorted", "turned")),
    Row("torch.unique_consecutive", uniques("sorted")),
    Row("torch.searchsorted", looked_up),
    Row("torch.bucketize", bucketed),
    Row("torch.isin", members),
    Row("torch.argmax", over(dim=(None, *DIMS), keepdim=BOTH)),
    Row("torch.argmin", over(dim=(None, *DIMS), keepdim=BOTH)),
]
