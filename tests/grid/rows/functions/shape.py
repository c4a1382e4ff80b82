"""Functions that reshape, reorder, repeat, cut and join tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...row import Case, Of, Row, apart, every

Cases = Iterable[Case]
Maker = Callable[[np.random.Generator], Cases]
SHAPES = ((3, 4), (4,), (), (1, 3, 1), (2, 3, 4), (0, 3))
DTYPES = ("int64", "int32", "uint8", "bool", "float16", "float32")
DIMS = (0, 1, -1, -2, 2, -3, 5)


def over(
    *more: Maker, shapes: tuple[tuple[int, ...], ...] = SHAPES, **choices: Iterable[Any]
) -> Maker:
    """All combinations of some keyword arguments, on tensors of all shapes; one for each dtype."""
    kept = {name: tuple(values) for name, values in choices.items()}

    def cases(rng: np.random.Generator) -> Cases:
        for shape in shapes:
            for kwargs in every(**kept):
                yield Case((apart(rng, *shape),), kwargs=kwargs, label=str(shape))
        x = apart(rng, 4, 3, 4)
        for kwargs in every(**kept):
            yield Case((np.swapaxes(x, 0, 1),), kwargs=kwargs, label="not contiguous")
        first = next(iter(every(**kept)), {})
        for dtype in DTYPES:
            yield Case((rng.integers(0, 3, (3, 4)).astype(dtype),), kwargs=first, label=dtype)
        for make in more:
            yield from make(rng)

    return cases


def calls(*arguments: tuple[Any, ...], shape: tuple[int, ...] = (3, 4)) -> Maker:
    """Calls with positional arguments behind a tensor of one shape."""
    return lambda rng: (Case((apart(rng, *shape), *given)) for given in arguments)


def several(*arguments: tuple[Any, ...], shapes: tuple[tuple[int, ...], ...] = SHAPES) -> Maker:
    """Calls with positional arguments behind tensors of all shapes."""

    def cases(rng: np.random.Generator) -> Cases:
        for shape in shapes:
            yield from calls(*arguments, shape=shape)(rng)
        for given in arguments:
            yield Case((np.swapaxes(apart(rng, 4, 3, 4), 0, 1), *given), label="not contiguous")
            for dtype in DTYPES:
                yield Case((rng.integers(0, 3, (3, 4)).astype(dtype), *given), label=dtype)

    return cases


# Lists of tensors.

LISTS: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((2, 3), (2, 3)), ((2, 3), (1, 3)), ((2, 3), (2, 1), (2, 2)), ((3,), (2,)), ((3,), (3,)),
    ((0,), (2, 3)), ((2, 3), (0,), (1, 3)), ((0, 3), (2, 3)), ((), ()), ((), (3,)), ((2, 3),),
    ((2, 3, 4), (2, 3, 1)), ((2, 3, 4), (2, 3, 4)), ((2, 3), (3,)), ((2, 3), (3, 2)), (), ((0,),),
    ((0,), (0,)), ((), (1,), (2, 3)), ((2, 2, 2), (2, 2)), ((1, 2), (2, 1)), ((3,), (3, 2)),
)  # fmt: skip
MIXED = (
    ("int64", "float32"), ("float32", "float64"), ("bool", "int64"), ("int32", "int64"),
    ("float16", "int64"), ("uint8", "int32"), ("bool", "bool"), ("int64", "float16"),
)  # fmt: skip


def tensors(
    spread: bool = False, differs: dict[str, str] | None = None, **choices: Iterable[Any]
) -> Maker:
    """A list of tensors, or as many arguments where `spread`. differs: a reason for a label."""
    kept = {name: tuple(values) for name, values in choices.items()}

    def case(parts: list[Any], label: str, **kwargs: Any) -> Case:
        why = (differs or {}).get(label, "")
        return Case(tuple(parts) if spread else (parts,), (), kwargs, label, differs=why)

    def cases(rng: np.random.Generator) -> Cases:
        for shapes in LISTS:
            for kwargs in every(**kept):
                yield case([apart(rng, *s) for s in shapes], str(shapes), **kwargs)
        for dtypes in MIXED:
            for shapes in (((2, 3), (2, 3)), ((3,), (3,))):
                parts = [
                    rng.integers(0, 2, s).astype(d) for s, d in zip(shapes, dtypes, strict=True)
                ]
                yield case(parts, str(dtypes))
        yield case([apart(rng, 4, 2).T, apart(rng, 4, 2).T], "not contiguous")
        for wrong in (1, "a", None, [1.0, 2.0]):
            yield case([apart(rng, 3), wrong], "not a tensor")
        if spread:
            yield Case(([apart(rng, 3), apart(rng, 2)],), label="a list")
            yield case([(apart(rng, 3), apart(rng, 3))], "a tuple")
        else:
            yield Case((apart(rng, 3, 2),), label="a tensor")
            yield Case(((apart(rng, 3), apart(rng, 3)),), label="a tuple")

    return cases


EMPTY_BLOCK = dict.fromkeys(
    ("((0,), (2, 3))", "((2, 3), (0,), (1, 3))"),
    "an empty vector takes a row of the matrix, which PyTorch's gradient forgets to skip",
)


def grids(rng: np.random.Generator) -> Cases:
    for indexing in ("ij", "xy", None, "yx"):
        for shapes in (((3,), (2,)), ((3,),), ((2,), (1,), (3,)), ((), (2,)), ((0,), (2,)), ((),)):
            parts = tuple(apart(rng, *s) for s in shapes)
            yield Case(parts, kwargs={"indexing": indexing} if indexing else {})
            yield Case((list(parts),), kwargs={"indexing": indexing} if indexing else {})
    yield Case((np.arange(3), np.arange(2)), label="integers")
    yield Case((np.arange(3), apart(rng, 2)), label="two dtypes")
    yield Case((apart(rng, 2, 2), apart(rng, 2)), label="a matrix")
    yield Case((), label="nothing")


def products(rng: np.random.Generator) -> Cases:
    for shapes in (((3,), (2,)), ((3,),), ((2,), (1,), (3,)), ((0,), (2,)), ((),), ((2, 2), (2,))):
        yield Case(tuple(apart(rng, *s) for s in shapes))
    yield Case((np.arange(3), np.arange(2)), label="integers")
    yield Case((np.arange(3), apart(rng, 2)), label="two dtypes")
    yield Case((), label="nothing")


def shapes_alone(rng: np.random.Generator) -> Cases:
    for shapes in (
        ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 3), (2, 2)), ((), (2,)), ((0,), (1,)), ((0,), (2,)),
        (), (3, (2, 1)), ((2, 3), 3), ([2, 1], (1, 4)), ((-1,), (2,)), ((1,), (-2,)), (4,),
    ):  # fmt: skip
        yield Case(shapes)


def triangle_places(rng: np.random.Generator) -> Cases:
    for row, col, offset in ((3, 3, 0), (2, 4, 1), (4, 2, -1), (3, 3, -5), (3, 3, 5), (0, 2, 0),
                             (1, 1, 0), (2, 3, -1), (3, 0, 0), (-1, 2, 0), (2, -1, 0)):  # fmt: skip
        yield Case((row, col, offset))
        yield Case((), kwargs={"row": row, "col": col, "offset": offset, "dtype": Of("int32")})
    yield Case((2.0, 2))
    yield Case((2, 2), kwargs={"dtype": Of("float32")})


# One tensor.

SECTIONS = (1, 2, 3, 5, 0, -1, [1, 2], [1, 3], [0, 3], [4], [], (2, 1), [-1, 4], [3, 0], 2.0, None)
CUTS = (1, 2, 3, 5, 0, -1, [1], [1, 2], [2, 1], [0, 9], [-1], [], (1,), 2.0, "2")


def repeats(rng: np.random.Generator) -> Cases:
    for n in (2, 0, 1, -1, 2.0, [1, 2, 0], np.array([1, 0, 2]), np.array([2]), np.array(3),
              np.array([1, 2]), np.array([1.0, 2, 3]), np.array([[1, 2, 3]]),
              np.array([1, -1, 2]), np.array([1, 2, 3], np.int32)):  # fmt: skip
        yield Case((apart(rng, 3, 4), n))
        for shape in ((3, 4), (3,), (2, 3, 4)):
            for dim in (0, -1, -2, 5):
                yield Case((apart(rng, *shape), n, dim), label=str(shape))
    yield Case((apart(rng, 3), np.array([1, 0, 2])), kwargs={"dim": 0, "output_size": 3})
    yield Case((apart(rng, 3), np.array([1, 0, 2])), kwargs={"dim": 0, "output_size": 4},
               label="another size")  # fmt: skip
    for shape in ((), (0,), (0, 3)):
        yield Case((apart(rng, *shape), 2), label=str(shape))
        yield Case((apart(rng, *shape), 2, 0), label=str(shape))
    for dtype in DTYPES:
        yield Case((rng.integers(0, 3, (3, 4)).astype(dtype), 2, 1), label=dtype)
    yield Case((np.array([2, 0, 1]),), label="repeats alone")
    yield Case((apart(rng, 3),), label="floats alone")


def windows(rng: np.random.Generator) -> Cases:
    for shape in ((5,), (5, 4), (2, 6, 3), (), (0, 3)):
        for dimension, size, step in ((0, 2, 1), (0, 3, 2), (-1, 2, 2), (1, 3, 1), (0, 5, 1),
                                      (0, 0, 1), (0, 6, 1), (0, 2, 0), (0, -1, 1), (2, 1, 1),
                                      (0, 1, 1), (0, 2, -1), (-1, 2, 7)):  # fmt: skip
            yield Case((apart(rng, *shape), dimension, size, step), label=str(shape))
    yield Case((apart(rng, 4, 6).T,), kwargs={"dimension": 0, "size": 3, "step": 2},
               label="not contiguous")  # fmt: skip


def views(rng: np.random.Generator) -> Cases:
    for shape in ((12,), (2, 6), (-1, 3), (3, 4), (4, 3), (-1,), (5, 2), (-1, -1), (2, -2), (-1, 0),
                  (1, 12, 1), (2, 2, 3)):  # fmt: skip
        for x in (apart(rng, 3, 4), apart(rng, 4, 3).T, apart(rng, 3, 8)[:, ::2]):
            yield Case((x, *shape))
            yield Case((x, shape))
            yield Case((x, list(shape)))
    for old, new in (((), (1, 1)), ((1,), ()), ((0, 3), (3, 0)), ((0, 3), (-1,)), ((0, 3), (-1, 0)),
                     ((1, 4, 1), (4,)), ((0,), (-1, 3))):  # fmt: skip
        yield Case((apart(rng, *old), new), label=str(old))
    for bad in (2.0, "12", None, (2.0, 6), [[3, 4]]):
        yield Case((apart(rng, 3, 4), bad))
    for dtype in DTYPES:
        yield Case((rng.integers(0, 3, (3, 4)).astype(dtype), (4, 3)), label=dtype)


EXPANSIONS = (
    (3, 4), (2, 3, 4), (-1, 4), (3, -1), (2, 3, 1), (1, 3, 1), (5, 3, 6), (-1, -1, 2), (4,), (0, 3),
    (-1, 3, 4), (2, -1, -1), (3,), (), (2,), (0,), (-2, 4), (1, 0, 3),
)  # fmt: skip
ORDERS = (
    (0, 1), (1, 0), (-1, 0), (2, 0, 1), (0, -1, 1), (), (0,), (-1,), (0, 0), (0, 2), (1, -1),
    (-1, -2), (0, -3), (-3, -1, -2),
)  # fmt: skip
MOVES = ((0, 1), (1, 0), (-1, 0), (0, -1), (2, 0), ((0, 1), (1, 0)), ((0, 1), (-1, -2)),
         ((0, 2), (2, 0)), ((0,), (1,)), ((0, 0), (0, 1)), ((0, 1), (0,)), (5, 0), (0, 5),
         ((), ()), (0, (1,)), ((0, 1), (1, 1)), ([0, 1], [1, 0]))  # fmt: skip
ROLLS = (
    (1,), (-2, 0), (2, -1), ((1, 2), (0, 1)), ((1, -1), (1, 1)), (0, 0), (7, 0), ((1, 2),), (1, 5),
    ((1,), (0, 1)), ((), ()), ((1, 1), (0, -1)), (1.0, 0), (1, (0,)), ((1, 2), 0), ([3], [1]),
)  # fmt: skip
TURNS = (
    (), (1,), (2,), (3,), (4,), (-1,), (0,), (1, (1, 0)), (2, (0, -1)), (1, (0, 0)), (1, (0,)),
    (1, (0, 2)), (3, (-1, -2)), (1, (1, 2)), (1, [0, 1]), (1, (0, 1, 2)), (-6, (0, 1)),
)  # fmt: skip
FLIPS = ((0,), (1,), (-1,), (0, 1), (), (0, 0), (0, -2), (5,), (2, 0))
FOLDS = ((2, 2), (4, 1), (-1, 2), (1, -1), (3,), (5, 1), (), (-1,), (-1, -1), (2, 0), [2, 2], 4)


def as_arguments(*tuples: Any) -> tuple[tuple[Any, ...], ...]:
    """Each tuple once as one argument and once as several."""
    return (*((given,) for given in tuples), *(tuple(given) for given in tuples))


def pieces(*arguments: tuple[Any, ...]) -> Maker:
    """Calls on tensors that can be cut in many ways."""
    return several(*arguments, shapes=((4, 6), (6,), (2, 4, 6), (), (0, 3), (6, 1, 2)))


def narrowed(rng: np.random.Generator) -> Cases:
    for shape in ((4, 3), (4,), (), (0, 3)):
        for given in ((0, 1, 2), (0, 0, 4), (0, -2, 1), (1, 1, 2), (-1, 0, 3), (0, 4, 0), (0, 5, 0),
                      (0, 2, 3), (0, 1, -1), (0, -5, 1), (3, 0, 1), (0, 1.0, 1),
                      (0, np.array(1), 2), (0, 0, 0)):  # fmt: skip
            yield Case((apart(rng, *shape), *given), label=str(shape))
    kwargs = {"dim": 0, "start": 1, "length": 2}
    yield Case((apart(rng, 4, 3),), kwargs=kwargs, label="by name")


def pairs_of(rng: np.random.Generator) -> Cases:
    for shape in ((4,), (1,), (0,), (), (2, 2)):
        for r, again in ((2, False), (3, True), (1, False), (0, False), (5, False), (5, True),
                         (-1, False), (2, True)):  # fmt: skip
            yield Case((apart(rng, *shape), r, again), label=str(shape))
    yield Case((np.arange(3),), kwargs={"r": 2, "with_replacement": True})


def sliced(rng: np.random.Generator) -> Cases:
    """slice_scatter and its like: a part of the first tensor replaced by the second."""
    for start, end, step in ((None, None, 1), (1, 3, 1), (0, 4, 2), (-2, None, 1), (1, 9, 2),
                             (3, 1, 1), (0, 4, 0), (0, 4, -1)):  # fmt: skip
        n = len(range(4)[start:end:step]) if step > 0 else 4
        kwargs = {"dim": 0, "start": start, "end": end, "step": step}
        yield Case((apart(rng, 4, 3), apart(rng, n, 3)), kwargs=kwargs)
        yield Case((apart(rng, 3, 4), apart(rng, 3, n)), kwargs={**kwargs, "dim": -1})
        yield Case((apart(rng, 4, 3), apart(rng, 3)), kwargs=kwargs, label="wrong shape")
    yield Case((apart(rng, 4, 3), apart(rng, 4, 3)), kwargs={"dim": 2})


def selected(rng: np.random.Generator) -> Cases:
    for dim, index in ((0, 0), (0, -1), (1, 2), (-1, 0), (0, 4), (2, 0), (0, -5)):
        for shape in ((3,), (4,), (1, 3), ()):
            yield Case((apart(rng, 4, 3), apart(rng, *shape), dim, index))


ROWS = [
    *(Row(f"torch.{name}", tensors(dim=(0, 1, -1, 2, -3))) for name in ("cat", "stack")),
    *(Row(f"torch.{name}", tensors(dim=(0, -2))) for name in ("concat", "concatenate")),
    *(Row(f"torch.{name}", tensors())
      for name in ("hstack", "vstack", "dstack", "column_stack", "row_stack")),
    *(Row(f"torch.{name}", tensors(spread=True))
      for name in ("atleast_1d", "atleast_2d", "atleast_3d")),
    Row("torch.block_diag", tensors(spread=True, differs=EMPTY_BLOCK)),
    Row("torch.broadcast_tensors", tensors(spread=True, differs={
        "a tuple": "PyTorch takes the tensors in a list here, but not in a tuple; ours in both"})),
    Row("torch.meshgrid", grids),
    Row("torch.cartesian_prod", products),
    Row("torch.combinations", pairs_of),
    Row("torch.broadcast_shapes", shapes_alone),
    Row("torch.broadcast_to", several(*((e,) for e in EXPANSIONS))),
    Row("Tensor.expand", several(*as_arguments(*EXPANSIONS))),
    Row("torch.tril_indices", triangle_places),
    Row("torch.triu_indices", triangle_places),
    Row("torch.split", pieces(*((s, d) for s in SECTIONS for d in (0, 1, -1, 3)), (2,))),
    Row("torch.chunk", pieces(*((n, d) for n in (1, 2, 3, 4, 9, 0, -1) for d in (0, 1, -1, 3)))),
    Row("torch.tensor_split", pieces(*((c, d) for c in CUTS for d in (0, 1, -1, 3)), (2,))),
    *(Row(f"torch.{name}", pieces(*((c,) for c in CUTS))) for name in ("hsplit", "vsplit")),
    Row("torch.dsplit", pieces(*((c,) for c in CUTS))),
    Row("torch.unbind", over(dim=DIMS)),
    Row("torch.narrow", narrowed),
    Row("torch.select", over(dim=(0, 1, -1, 4), index=(0, 1, -1, 3, -4))),
    Row("torch.roll", several(*ROLLS)),
    Row("torch.flip", several(*((dims,) for dims in FLIPS))),
    Row("Tensor.flip", several(*as_arguments(*FLIPS))),
    Row("torch.fliplr", over()),
    Row("torch.flipud", over()),
    Row("torch.rot90", several(*TURNS)),
    Row("torch.tile", several(*((n,) for n in ((2,), (2, 3), (1, 2, 2), (), (0,), (2, -1))))),
    Row("Tensor.repeat", several(
        *as_arguments((2,), (2, 3), (1, 2, 2), (), (0, 1), (2, -1), (2, 1, 1, 2)))),
    Row("torch.repeat_interleave", repeats),
    Row("Tensor.view", views),
    Row("Tensor.reshape", views),
    Row("torch.permute", several(*((dims,) for dims in ORDERS))),
    Row("Tensor.permute", several(*as_arguments(*ORDERS))),
    Row("torch.transpose", over(dim0=(0, 1, -1, 2), dim1=(0, 1, -1, -3))),
    Row("torch.swapaxes", over(axis0=(0, 1, -1, 2), axis1=(0, -1, -3))),
    Row("torch.swapdims", over(dim0=(0, 1, -1, 2), dim1=(0, -1, -3))),
    *(Row(f"torch.{name}", several(*MOVES)) for name in ("movedim", "moveaxis")),
    Row("torch.squeeze", several((), *((d,) for d in (*DIMS, (0, 2), (0, -1), (), (0, 0), [2])))),
    Row("torch.unsqueeze", over(dim=(0, 1, -1, 2, -3, 3, -5))),
    Row("torch.flatten", over(start_dim=(0, 1, -1, -2), end_dim=(-1, 0, 1, 2))),
    Row("torch.unflatten", pieces(*((d, f) for d in (0, -1, 1, 3) for f in FOLDS))),
    Row("torch.ravel", over()),
    Row("torch.t", over()),
    Row("Tensor.unfold", windows),
    Row("torch.slice_scatter", sliced),
    Row("torch.select_scatter", selected),
]  # fmt: skip
