"""Functions that pick, place and mask elements by index."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...row import Case, Fixed, Row, apart, every

Cases = Iterable[Case]
Maker = Callable[[np.random.Generator], Cases]
DTYPES = ("int64", "int32", "uint8", "bool", "float16", "float32")
UNDERIVED = "PyTorch has no derivative of scatter with reduce; ours has"
NO_DEFAULT = "PyTorch refuses the default, reduce=None, where it is written out"
LARGER = "PyTorch's gradient of a src larger than the index raises; ours has zeros there"
TIE = "the element of x that is replaced takes a share of a tie in PyTorch, where it is lost"
EMPTY = "PyTorch does not look at the index where x is empty; ours refuses what is out of range"
UNCLEAR = "PyTorch divides by the factor, or by a count of no winner, and gets NaN; ours is finite"

# The shapes of x and of the index, and the axis; the index counts below x's size along it.
ALONG: tuple[tuple[tuple[int, ...], tuple[int, ...], int], ...] = (
    ((3, 4), (2, 4), 0), ((3, 4), (5, 2), 0), ((3, 4), (3, 6), 1), ((3, 4), (2, 3), -1),
    ((4,), (7,), 0), ((), (), 0), ((), (1,), 0), ((1,), (), 0), ((2, 3, 4), (2, 2, 4), 1),
    ((2, 3, 4), (1, 3, 9), 2), ((3, 4), (0, 4), 0), ((3, 4), (0,), 0), ((0, 3), (0, 2), 1),
    ((1, 3), (1, 1), -2), ((0,), (0,), 0), ((3, 0), (2, 0), 0),
)  # fmt: skip
MISFITS: tuple[tuple[tuple[int, ...], tuple[int, ...], int], ...] = (
    ((3, 4), (3, 5), 0), ((3, 4), (4, 4), 1), ((3, 4), (3,), 0), ((3, 4), (1, 3, 4), 0), ((4,),
    (2, 2), 0),
    ((3, 4), (2, 4), 2), ((3, 4), (2, 4), -3), ((), (2, 2), 0), ((), (1,), 1), ((0, 3), (1, 3), 0),
    ((3, 4), (), 0),
)  # fmt: skip


def numbers(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> np.ndarray:
    return rng.integers(0, max(size, 1), shape)


def length(shape: tuple[int, ...], axis: int) -> int:
    return shape[axis] if -len(shape) <= axis < len(shape) else 1


def once(rng: np.random.Generator, shape: tuple[int, ...], size: int, axis: int) -> np.ndarray:
    """An index that names no number twice along the axis, as far as it can."""
    drawn = np.argsort(rng.random((*shape[:axis], max(size, 1), *shape[axis + 1 :])), axis=axis)
    return np.take(drawn, range(shape[axis]), axis=axis, mode="wrap")


def gathers(rng: np.random.Generator) -> Cases:
    for x_shape, shape, axis in (*ALONG, *MISFITS):
        index = numbers(rng, shape, length(x_shape, axis))
        yield Case((apart(rng, *x_shape), axis, index), label=f"{x_shape}")
    index = np.array([[0, 2], [1, 1]])
    x = apart(rng, 3, 2)
    yield Case((), kwargs={"input": x, "dim": 0, "index": index}, label="by name")
    yield Case((apart(rng, 2, 3).T, 0, index), label="not contiguous")
    yield Case((x, 0, np.array([[0, 1, 0], [2, 0, 0]]).T[:, :2]), label="index not contiguous")
    for bad in (index + 2, index - 1, index.astype("int32"), index * 1.0, index > 0, [[0]], 1):
        yield Case((x, 0, bad), label="index")
    for dtype in DTYPES:
        yield Case((rng.integers(0, 2, (3, 2)).astype(dtype), 0, index), label=dtype)


def taken_along(rng: np.random.Generator) -> Cases:
    for x_shape, shape, axis in (*ALONG, *MISFITS, ((3, 1), (2, 4), 0), ((1, 4), (3, 2), 1),
                                 ((2, 3, 1), (1, 2, 5), 1)):  # fmt: skip
        index = numbers(rng, shape, length(x_shape, axis))
        for dim in (axis, None):
            yield Case((apart(rng, *x_shape), index, dim), label=f"{x_shape}")
    x = apart(rng, 3, 2)
    for bad in map(np.array, ([[3, 0]], [[-1, 0]], [[1.0, 0]], [[True, False]])):
        yield Case((x, bad, 0), label="index")
    for dtype in DTYPES:
        yield Case((rng.integers(0, 2, (3, 2)).astype(dtype), np.array([[0, 2]]), 0), label=dtype)


def placed(*tail: Any, unique: bool = False, smooth: bool = True, **kwargs: Any) -> Maker:
    """Cases (x, dim, index, src): scatter and its like. unique: no place is met twice."""

    def cases(rng: np.random.Generator) -> Cases:
        for x_shape, shape, axis in (*ALONG, *MISFITS):
            size = length(x_shape, axis)
            index = numbers(rng, shape, size)
            if unique and shape and (x_shape, shape, axis) in ALONG:
                axis_at = axis % len(shape)
                kept = (*shape[:axis_at], min(shape[axis_at], size), *shape[axis_at + 1 :])
                index = once(rng, kept, size, axis_at)
            src = apart(rng, *index.shape)
            x = apart(rng, *x_shape)
            yield Case((x, axis, index, src, *tail), (), kwargs, f"{x_shape}", smooth=smooth)
        x, index, src = apart(rng, 3, 2), np.array([[0, 2], [1, 1]]), apart(rng, 2, 2)
        larger = (x, 0, index, apart(rng, 4, 3), *tail)
        yield Case(larger, (), kwargs, "larger src", LARGER, smooth)
        yield Case((x, 0, index, Fixed(apart(rng, 4, 3)), *tail), (), kwargs, "larger src, fixed",
                   smooth=smooth)  # fmt: skip
        yield Case((x, 0, index, apart(rng, 1, 2), *tail), (), kwargs, "smaller src")
        yield Case((x, 0, index, apart(rng, 2), *tail), (), kwargs, "src of another rank")
        yield Case((x, 0, index, src.astype("float16"), *tail), (), kwargs, "src of another dtype")
        yield Case((apart(rng, 2, 3).T, 0, index, src.T, *tail), (), kwargs, "not contiguous",
                   smooth=smooth)  # fmt: skip
        for bad in (index + 2, index - 1, index * 1.0, index > 0, index.astype("int32"), 1):
            yield Case((x, 0, bad, src, *tail), (), kwargs, "index", smooth=smooth)
        for dtype in DTYPES:
            a, b = (rng.integers(0, 2, s).astype(dtype) for s in ((3, 2), (2, 2)))
            yield Case((a, 0, index, b, *tail), (), kwargs, dtype, smooth=smooth)

    return cases


def scattered(rng: np.random.Generator) -> Cases:
    yield from placed(unique=True)(rng)
    x, index = apart(rng, 3, 2), np.array([[0, 2], [1, 1]])
    for value in (2.5, 1, True, float("nan"), "1", None):
        smooth = value == value  # not NaN
        yield Case((x, 0, index, value), label="a number", smooth=smooth)
        yield Case((x, 0, index), kwargs={"value": value}, label="value=", smooth=smooth)
        yield Case((np.arange(6).reshape(3, 2), 0, index, value), label="a number, integers")
    yield Case((x, 0, index), label="nothing")
    for reduce in ("add", "multiply", "mean", None, "sum", 1):
        again = np.array([[0, 2], [0, 1]])
        kwargs = {"reduce": reduce}
        why = NO_DEFAULT if reduce is None else UNDERIVED
        yield Case((x, 0, again, 2.5), kwargs=kwargs, label="a number",
                   differs=why if reduce in ("add", "multiply", None) else "")  # fmt: skip
        if reduce is not None:
            yield Case((np.arange(6).reshape(3, 2), 0, again, 2), kwargs=kwargs)
            yield Case((np.arange(6).reshape(3, 2), 0, again, np.array([[3, 4], [5, 6]])),
                       kwargs=kwargs)  # fmt: skip


REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def reduced(rng: np.random.Generator) -> Cases:
    for reduce, include_self in ((r, i) for r in REDUCTIONS for i in (True, False)):
        for case in placed(reduce, include_self=include_self)(rng):
            why = case.differs
            if case.label == "larger src, fixed" and reduce in ("prod", "amax", "amin"):
                why = LARGER
            if case.label in ("float16", "float32") and reduce in ("amax", "amin"):
                why = "" if include_self else TIE  # (small integers tie)
            yield case._replace(differs=why)
        x = np.array([[0.0, 0, 2], [1, 3, 2]])
        src = np.array([[0.0, 3, 2], [4, 0, 2], [0, 0, 3]])
        index = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 1]])
        kwargs = {"include_self": include_self}
        tie = TIE if reduce in ("amax", "amin") and not include_self else ""
        yield Case((x, 0, index, src, reduce), (), kwargs, "zeros", tie, smooth=False)
        tied = np.array([[2.0, 2, 1], [0, 2, 0]])
        given = (tied, 1, np.array([[0, 0, 1], [1, 1, 1]]), tied[:, ::-1].copy(), reduce)
        yield Case(given, (), kwargs, "ties", tie, smooth=False)
        unclear = UNCLEAR if reduce in ("prod", "amax", "amin") else ""
        src[2, 2] = x[1, 1] = np.nan
        yield Case((x, 0, index, src, reduce), (), kwargs, "NaN", unclear, smooth=False)
        fixed = (Fixed(x), 0, index, Fixed(src), reduce)
        yield Case(fixed, (), kwargs, "NaN, values", smooth=False)
    yield Case((apart(rng, 3), 0, np.array([0]), apart(rng, 1), "median"))
    yield Case((apart(rng, 3), 0, np.array([0]), apart(rng, 1)))


def index_vectors(rng: np.random.Generator, size: int) -> Iterable[np.ndarray | Any]:
    yield from (np.array([0]), np.arange(size)[::-1].copy(), np.array(0), np.zeros(0, np.int64))
    yield rng.permutation(size)[:2]
    yield np.arange(size).astype("int32")


def bad_vectors() -> Iterable[Any]:
    yield from (np.array([9]), np.array([-1]), np.array([[0]]), np.array([0.0]), np.array([True]))
    yield from (np.array([0], "int16"), [0], 0)


SLICED = (((3, 4), 0), ((3, 4), -1), ((4,), 0), ((2, 3, 4), 1), ((0, 3), 1), ((3, 4), 2), ((), 0))


def slices_picked(rng: np.random.Generator) -> Cases:
    for shape, dim in SLICED:
        for index in (*index_vectors(rng, length(shape, dim)), *bad_vectors()):
            yield Case((apart(rng, *shape), dim, index), label=str(shape))
    yield Case((apart(rng, 3, 4), 0, np.array([2, 2, 0])), label="twice")
    yield Case((), kwargs={"input": apart(rng, 3), "dim": 0, "index": np.array([1])})
    for dtype in DTYPES:
        yield Case((rng.integers(0, 2, (3, 2)).astype(dtype), 0, np.array([0, 2])), label=dtype)


def slices_placed(twice: bool, *tail: Any, **options: Iterable[Any]) -> Maker:
    """Cases (x, dim, index, source) of index_add and index_copy."""
    kept = {name: tuple(values) for name, values in options.items()}

    def cases(rng: np.random.Generator) -> Cases:
        for kwargs in every(**kept):
            for shape, dim in SLICED:
                for index in (*index_vectors(rng, length(shape, dim)), *bad_vectors()):
                    wanted = list(shape)
                    if -len(shape) <= dim < len(shape):
                        wanted[dim] = int(np.size(index))
                    source = apart(rng, *wanted)
                    given = (apart(rng, *shape), dim, index, source, *tail)
                    yield Case(given, kwargs=kwargs, label=str(shape))
        x, index = apart(rng, 3, 2), np.array([0, 2])
        for label, source in (("larger", apart(rng, 3, 2)), ("flat", apart(rng, 2)),
                              ("one row", apart(rng, 1, 2)), ("a number", apart(rng)),
                              ("another dtype", apart(rng, 2, 2).astype("float16"))):  # fmt: skip
            yield Case((x, 0, index, source, *tail), label=label)
        yield Case((x, 0, index, 2.0, *tail), label="no tensor")
        if twice:
            yield Case((x, 0, np.array([2, 2, 0]), apart(rng, 3, 2), *tail), label="twice")
        for dtype in DTYPES:
            a, b = (rng.integers(0, 2, s).astype(dtype) for s in ((3, 2), (2, 2)))
            yield Case((a, 0, index, b, *tail), label=dtype)

    return cases


def slices_filled(rng: np.random.Generator) -> Cases:
    for shape, dim in SLICED:
        for index in (*index_vectors(rng, length(shape, dim)), *bad_vectors()):
            why = EMPTY if 0 in shape and np.array_equal(index, [9]) else ""
            yield Case((apart(rng, *shape), dim, index, 2.5), label=str(shape), differs=why)
    x, index = apart(rng, 3, 2), np.array([0, 2, 0])
    for value in (
        1,
        True,
        float("inf"),
        Fixed(np.array(2.5)),
        np.array([2.5]),
        np.array(2),
        "1",
        None,
    ):
        yield Case((x, 0, index, value), label="value")
        yield Case((np.arange(6).reshape(3, 2), 0, index, value), label="value, integers")
    for dtype in DTYPES:
        yield Case((rng.integers(0, 2, (3, 2)).astype(dtype), 0, index, 1), label=dtype)


def put(rng: np.random.Generator) -> Cases:
    i, j = np.array([0, 2, 1]), np.array([1, 1, 0])
    mask = np.array([[True, False], [False, True], [True, True]])
    x = apart(rng, 3, 2)
    for accumulate in (False, True):
        for indices, shape in (((i, j), (3,)), ((i, j), ()), ((i, j), (1,)), ((i,), (3, 2)),
                               ((i,), (2,)), ((mask,), (4,)), ((i[:, None], j[1:]), (3, 2)),
                               ((mask,), ()), ((-i - 1, j), (3,)), ((mask[:, 0],), (2, 2)),
                               ((i[:0],), (0, 2)), ((i, j), (2,)), ((i + 1, j), (3,)),
                               ((i, j, i), (3,)), ((mask,), (3,))):  # fmt: skip
            yield Case((x, indices, apart(rng, *shape)), kwargs={"accumulate": accumulate})
            yield Case((x, list(indices), apart(rng, *shape), accumulate))
        yield Case((x, (i, j), np.arange(3)), kwargs={"accumulate": accumulate}, label="dtype")
        yield Case((x, (i * 1.0,), apart(rng, 3, 2)), kwargs={"accumulate": accumulate})
        for dtype in DTYPES:
            a, b = (rng.integers(0, 2, s).astype(dtype) for s in ((3, 2), (3,)))
            yield Case((a, (i, j), b, accumulate), label=dtype)
    yield Case((x, (np.array([1, 1]), np.array([0, 0])), apart(rng, 2), True), label="twice")
    yield Case((x, i, apart(rng, 3, 2)), label="no tuple")


def takes(rng: np.random.Generator) -> Cases:
    for shape in ((3, 4), (5,), (), (2, 3, 4), (0, 3)):
        for index in (np.array([0, 4, 0]), np.array([[1, -1]]), np.array(0), np.zeros((0, 2), int),
                      np.array([99]), np.array([-99]), np.array([1.0]), np.array([0], "int32"),
                      np.array([True]), [0], 0):  # fmt: skip
            yield Case((apart(rng, *shape), index), label=str(shape))
    for dtype in DTYPES:
        yield Case((rng.integers(0, 2, (3, 2)).astype(dtype), np.array([0, 5])), label=dtype)


MASKS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 4), (3, 1)), ((3, 4), ()), ((), ()), ((), (3,)),
    ((1, 4), (3, 1)), ((4,), (2, 4)), ((0, 3), (3,)), ((3, 4), (3,)), ((2, 3, 4), (3, 4)),
)  # fmt: skip


def masked(*arguments: Any) -> Maker:
    """Cases (x, mask, argument). A number n for an argument: a vector of n elements."""

    def cases(rng: np.random.Generator) -> Cases:
        for x_shape, shape in MASKS:
            for argument in arguments:
                mask = np.asarray(rng.random(shape) < 0.5)
                yield Case((apart(rng, *x_shape), mask, *argument(rng)), label=str(x_shape))
        x, mask = apart(rng, 3, 4), rng.random((3, 4)) < 0.5
        for bad in (mask * 1, mask * 1.0, mask.astype("uint8"), True, [True]):
            yield Case((x, bad, *arguments[0](rng)), label="no mask")
        yield Case((apart(rng, 4, 3).T, mask, *arguments[0](rng)), label="not contiguous")
        for dtype in DTYPES:
            for argument in arguments:
                a = rng.integers(0, 2, (3, 4)).astype(dtype)
                yield Case((a, mask, *argument(rng)), label=dtype)

    return cases


def value(given: Any) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    return lambda rng: (given,)


def vector(*shape: int, dtype: str = "float64") -> Callable[[np.random.Generator], tuple[Any, ...]]:
    return lambda rng: (apart(rng, *shape).astype(dtype),)


FILLS = [value(v) for v in (2.5, 2, True, float("-inf"), Fixed(np.array(2.5)), np.array(2), None,
                            "1",
                            np.array([2.5]), Fixed(np.array(2.5, "float16")))]  # fmt: skip


def filled(rng: np.random.Generator) -> Cases:
    yield from masked(*FILLS)(rng)
    mask = rng.random((3, 4)) < 0.5
    for dtype in ("float64", "float16"):
        given = (apart(rng, 3, 4), mask, np.array(2.5, dtype))
        yield Case(given, label="a value with a gradient")


def conditions(rng: np.random.Generator) -> Cases:
    for c, a, b in (((3, 4), (3, 4), (3, 4)), ((3, 1), (4,), ()), ((), (3,), (1,)), ((0, 3),
                    (3,), ()),
                    ((3, 4), (3,), (4,)), ((2, 1, 1), (3, 1), (4,))):  # fmt: skip
        mask = np.asarray(rng.random(c) < 0.5)
        yield Case((mask, apart(rng, *a), apart(rng, *b)), label=str((c, a, b)))
    mask = rng.random((2, 3)) < 0.5
    x = apart(rng, 2, 3)
    for a, b in ((x, 0), (0.0, x), (x, float("nan")), (1, 2), (1.0, 2), (True, False), (True, 2),
                 (x.astype("float16"), 1), (np.arange(3), 2.5), (np.arange(3), 1), (2.5, 1.0),
                 (x.astype("float16"), np.arange(3)), (np.array(2.5), np.arange(3)),
                 (x.astype("float32"), np.array(2.5)), (np.arange(3), True), ("1", x), (x, None),
                 (mask, 1), (mask, mask), (np.arange(3, dtype="int32"), np.arange(3))):  # fmt: skip
        yield Case((mask, a, b), label="numbers and dtypes")
    for bad in (mask * 1, mask * 1.0, mask.astype("uint8"), True, [True]):
        yield Case((bad, x, x), label="no mask")
    yield Case((mask, x), label="two arguments")
    for shape in ((3, 4), (), (0, 2), (3,)):
        for dtype in ("bool", "int64", "float64"):
            yield Case(
                (np.asarray(rng.integers(0, 2, shape)).astype(dtype),), label=f"alone {shape}"
            )
    yield Case((), kwargs={"condition": mask, "input": x, "other": x}, label="by name")


def places(**kwargs: Any) -> Maker:
    def cases(rng: np.random.Generator) -> Cases:
        for shape in ((3, 4), (), (0, 2), (3,), (2, 3, 2), (1,)):
            for dtype in (*DTYPES, "float64"):
                x = np.asarray(rng.integers(0, 2, shape)).astype(dtype)
                yield Case((x,), kwargs=kwargs, label=f"{shape} {dtype}")
        yield Case((np.array([0, np.nan, -0.0, np.inf]),), kwargs=kwargs, label="NaN")

    return cases


def unraveled(rng: np.random.Generator) -> Cases:
    index = np.array([0, 5, 11])
    for shape in ((3, 4), (12,), (2, 3, 2), 12, [3, 4], (3, 0), (-3, 4), 2.0, (3, 5)):
        yield Case((index, shape))
    yield Case((np.array(7), (3, 4)))
    yield Case((np.array([[7, 1]], "int32"), (3, 4)))
    yield Case((index * 1.0, (3, 4)), label="floats")
    yield Case((index > 0, (3, 4)), label="booleans")


def both(name: str, make: Maker) -> list[Row]:
    """A function and its in-place form. (The clone it works on is no leaf.)"""
    return [Row(f"torch.{name}", make), Row(f"Tensor.{name}_", in_place(make))]


def in_place(make: Maker) -> Maker:
    def cases(rng: np.random.Generator) -> Cases:
        for case in make(rng):
            if case.inputs and isinstance(case.inputs[0], np.ndarray):
                yield case

    return cases


ROWS = [
    Row("torch.gather", gathers),
    Row("torch.take_along_dim", taken_along),
    *both("scatter", scattered),
    *both("scatter_add", placed()),
    *both("scatter_reduce", reduced),
    Row("torch.index_select", slices_picked),
    *both("index_add", slices_placed(True, alpha=(1, 2.5))),
    *both("index_copy", slices_placed(False)),
    *both("index_fill", slices_filled),
    *both("index_put", put),
    Row("torch.take", takes),
    *both("masked_fill", filled),
    Row("torch.masked_select", masked(lambda rng: ())),
    *both("masked_scatter", masked(vector(24), vector(4, 6), vector(2), vector(24, dtype="float16"),
                                   value(1.0), vector())),
    Row("torch.nonzero", places()),
    Row("Tensor.nonzero", places(as_tuple=True)),
    Row("torch.argwhere", places()),
    Row("torch.where", conditions),
    Row("torch.unravel_index", unraveled),
]  # fmt: skip
