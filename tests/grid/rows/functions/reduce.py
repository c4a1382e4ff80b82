"""Tensor functions that reduce axes or run along one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...row import Case, Fixed, Of, Row, apart, every

Rng = np.random.Generator
INTEGERS = np.array([[3, -2, 1], [0, 5, -4]])
BOOLEANS = np.array([[True, False, True], [False, False, False]])
ODD = np.array([[0.0, math.nan, 2.0], [math.inf, -math.inf, 1.0], [-math.inf] * 3, [math.inf] * 3])
NONE_IS_ALL = "ours takes dim=None for all axes, as in sum"
WELFORD = "PyTorch computes this mean by Welford's steps, which make NaN of infinities"
NAN_WINS = "where the result is NaN our gradient is NaN, as amax's; PyTorch's goes to the NaN"
PRODUCTS = "with inf or NaN among the factors the gradient depends on the order of the products"
INFINITE = "between infinities PyTorch takes a share of 0, ours is NaN"
DIMS = (None, 0, 1, -1, (0, 2), (1,), (), 3, -4, (0, 0), (0, 5), "x", 1.0)


def over(name: str, dims: tuple = DIMS, none: str = "") -> Row:
    """A reduction: dims, keepdim, shapes, dtypes, odd values.

    none: why dim=None is not compared.
    """

    def cases(rng: Rng) -> Iterable[Case]:
        x = apart(rng, 2, 3, 4)
        for dim in dims:
            for keepdim in (False, True):
                differs = none if dim is None else ""
                yield Case((x,), (dim,), {"keepdim": keepdim}, f"dim {dim}", differs)
        for dim in (d for d in dims if d in (0, 1, -1)):
            yield Case((x,), (dim,), label="positional, no keepdim")
            yield Case((x[:, :1],), kwargs={"dim": dim}, label="size 1")
            yield Case((x[:0],), kwargs={"dim": dim}, label="empty batch")
            yield Case((ODD,), kwargs={"dim": dim}, label="odd values", smooth=False)
            for odd in (INTEGERS, INTEGERS.astype(np.int32), BOOLEANS, x[0].astype(np.float16)):
                yield Case((odd,), kwargs={"dim": dim}, label=str(odd.dtype))
        for whole in (x, x[:0], np.array(1.5), INTEGERS, BOOLEANS, np.array([2, 250], np.uint8)):
            yield Case((whole,), label=f"all of {whole.dtype}{whole.shape}")
        yield Case((np.array(1.5), 0), label="0-d, dim 0")
        yield Case((np.array(1.5), 1), label="0-d, dim 1")
        yield Case(([1.0],), label="no tensor")

    return Row(name, cases)


ONE = (0, 1, -1, 2, 3, -4, (0, 1), "x")


def along(name: str, odd_slope: str = "") -> Row:
    """A function that runs along one axis. odd_slope: why gradients of odd values are left out."""

    def cases(rng: Rng) -> Iterable[Case]:
        x = apart(rng, 2, 3, 4)
        for dim in ONE:
            yield Case((x,), (dim,), label=f"dim {dim}")
        for dim in (0, 1, -1):
            yield Case((x[:, :1],), (dim,), label="size 1")
            yield Case((x[:0],), (dim,), label="empty batch")
            yield Case((x[:, :0],), (dim,), label="nothing")
            yield Case((ODD,), (dim,), label="odd values", smooth=False, differs=odd_slope)
            yield Case((Fixed(ODD),), (dim,), label="odd values")
            for odd in (INTEGERS, INTEGERS.astype(np.int32), BOOLEANS, x[0].astype(np.float16)):
                yield Case((odd,), (dim,), label=str(odd.dtype))
        yield Case((np.array(1.5), 0), label="0-d")
        yield Case((np.array(1.5), 1), label="0-d, dim 1")
        yield Case((x,), label="no dim")
        zeros = np.array([[2.0, 0.0, 3.0, 1.5], [0.0, 2.0, 0.0, 1.0]])
        yield Case((zeros, 1), label="zeros", smooth=False)

    return Row(name, cases)


def typed(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(2, 3))
    for kind in ("float32", "float64", "int64", "int32"):
        yield Case((INTEGERS,), kwargs={"dtype": Of(kind)}, label=kind)
        yield Case((INTEGERS, 1), kwargs={"dtype": Of(kind)}, label=kind)
        wants = x if kind.startswith("float") else Fixed(x)
        yield Case((wants, 1), kwargs={"dtype": Of(kind)}, label=f"floats as {kind}", smooth=False)


def with_mean(rng: Rng) -> Iterable[Case]:
    for case in spread(rng):
        yield case._replace(differs=WELFORD) if case.label == "odd values" else case


def spread(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 4))
    for options in every(dim=(None, 0, -1, (0, 2)), correction=(0, 1, 2, 5), keepdim=(False, True)):
        count = {None: 24, 0: 2, -1: 4, (0, 2): 8}[options["dim"]]
        enough = options["correction"] < count
        yield Case((x,), kwargs=options, label=str(options), smooth=enough)
    for unbiased in (False, True):
        yield Case((x, unbiased), label="unbiased of all")
        yield Case((x, 1, unbiased), label="unbiased along a dim")
        yield Case((x,), kwargs={"dim": 1, "unbiased": unbiased, "keepdim": True}, label="by name")
    yield Case((np.ones((2, 3)), 1), label="all equal", smooth=False)
    yield Case((ODD, 1), label="odd values", smooth=False)
    yield Case((x[:, :1], 1), label="one element", smooth=False)
    yield Case((x[:0], 1), label="empty batch")
    yield Case((x[:0], 0), label="of nothing", smooth=False)
    yield Case((INTEGERS,), label="integers")
    yield Case((BOOLEANS,), label="booleans")
    yield Case((x, 3), label="no such dim")


def norm(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 2, 3, 4)
    powers = (2, 1, 3, 0.5, 1.5, -1, 0, math.inf, -math.inf, "fro", None, "x")
    for options in every(p=powers, dim=(None, 1, (0, 2)), keepdim=(False, True)):
        yield Case((x,), kwargs=options, label=str(options))
    zeros = np.array([[0.0, 0.0], [0.0, 3.0], [2.0, -2.0]])
    for p in powers[:9]:
        yield Case((zeros, p, 1), label=f"zeros and ties {p}", smooth=False)
    for p in (2, math.inf, 0, 1):
        yield Case((ODD, p, 1), label=f"odd {p}", smooth=False)
    yield Case((x[:0], 2, 1), label="empty batch")
    yield Case((x[:0],), label="empty")
    yield Case((np.array(-1.5),), label="0-d")
    yield Case((INTEGERS,), label="integers")
    yield Case((x, 2, 3), label="no such dim")


def three_forms(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 2, 3, 4)
    yield Case((x,), label="of all")
    for dim in (0, 1, -1, 3):
        for keepdim in (False, True):
            yield Case((x, dim, keepdim), label=f"dim {dim}")
    yield Case((x, apart(rng, 3, 4)), label="of two tensors")
    yield Case((INTEGERS, INTEGERS[::-1].copy()), label="of two integer tensors")
    yield Case((np.array([[2.0, 2.0, 1.0]]),), label="ties", smooth=False)
    yield Case((np.array([[2.0, 2.0, 1.0]]), 1), label="ties along a dim", smooth=False)
    yield Case((ODD, 1), label="odd values", smooth=False)
    yield Case((ODD,), label="odd values", smooth=False, differs=NAN_WINS)
    yield Case((Fixed(ODD),), label="odd values")
    yield Case((INTEGERS,), label="integers")
    yield Case((BOOLEANS, 1), label="booleans")
    yield Case((x[:0],), label="of nothing")
    yield Case((x[:0], 0), label="of nothing along it")
    yield Case((x[:0], 1), label="empty batch")
    yield Case((np.array(1.5), 0), label="0-d")
    yield Case((x, 1.5), label="float dim")


def places(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 2, 3, 4)
    for options in every(dim=(None, 0, 1, -1, 3), keepdim=(False, True)):
        yield Case((x,), kwargs=options, label=str(options))
    yield Case((INTEGERS, 1), label="integers")
    yield Case((BOOLEANS, 1), label="booleans")
    yield Case((np.array([[2.0, 2.0, 1.0]]), 1), label="ties")
    yield Case((ODD, 1), label="odd values")
    yield Case((ODD,), label="odd values")
    yield Case((np.array(1.5),), label="0-d")
    yield Case((np.array(1.5), 0), label="0-d, dim 0")
    yield Case((x[:0],), label="of nothing")
    yield Case((x[:0], 1), label="empty batch")
    yield Case((x[:0], 0), label="of nothing along it")


def smallest_and_largest(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 2, 3, 4)
    for options in every(dim=(None, 0, -1, 3), keepdim=(False, True)):
        yield Case((x,), kwargs=options, label=str(options))
    yield Case((INTEGERS,), kwargs={"dim": 1}, label="integers")
    yield Case((ODD,), kwargs={"dim": 1}, label="odd values", smooth=False)
    yield Case((x[:0],), label="of nothing")


def count(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 4)).round()
    for dim in (None, 0, -1, (0, 2), (), 3):
        yield Case((x, dim), label=f"dim {dim}")
    for odd in (INTEGERS, BOOLEANS, ODD, np.array(0.0), x[:0]):
        yield Case((odd,), label=str(odd.dtype))


def bincount(rng: Rng) -> Iterable[Case]:
    numbers = np.array([1, 3, 1, 0, 5])
    for minlength in (0, 3, 9, -1):
        yield Case((numbers,), kwargs={"minlength": minlength})
        heavy = Fixed(rng.normal(size=5))
        yield Case((numbers, heavy), (minlength,), label="weights")
        yield Case((numbers, Fixed(heavy.array.astype(np.float32)), minlength), label="float32")
    yield Case((numbers, np.arange(5)), label="integer weights")
    yield Case((numbers[:0],), label="empty")
    yield Case((numbers[:0],), kwargs={"minlength": 3}, label="empty, minlength")
    yield Case((-numbers,), label="negative")
    yield Case((numbers * 1.0,), label="floats")
    yield Case((INTEGERS,), label="matrix")
    yield Case((numbers, np.arange(4)), label="other length")


def histogram(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=20).astype(np.float32)
    for options in every(bins=(1, 4, 10), min=(0, -1), max=(0, 1)):
        yield Case((Fixed(x),), kwargs=options, label=str(options))
    yield Case((x,), kwargs={"bins": 0}, label="no bins")
    yield Case((x,), kwargs={"min": 2, "max": 1}, label="turned")
    yield Case((np.arange(4),), label="integers")


def differences(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(3, 4))
    for options in every(n=(0, 1, 2, 5), dim=(0, -1, 2)):
        yield Case((x,), kwargs=options, label=str(options))
    yield Case((x,), kwargs={"prepend": rng.normal(size=(3, 1))}, label="prepend")
    yield Case((x,), kwargs={"append": rng.normal(size=(3, 2)), "dim": 1}, label="append")
    yield Case((x,), kwargs={"append": rng.normal(size=(2, 2))}, label="append of other size")
    yield Case((INTEGERS,), label="integers")
    yield Case((BOOLEANS,), label="booleans")
    yield Case((np.array(1.5),), label="0-d")
    yield Case((x,), kwargs={"n": -1}, label="negative")


def log_sums(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 4))
    for options in every(dim=(0, -1, (0, 2), 3), keepdim=(False, True)):
        yield Case((x,), kwargs=options, label=str(options))
    yield Case((1000 + x, 1), label="large numbers")
    yield Case((ODD, 1), label="odd values", smooth=False)
    yield Case((INTEGERS, 1), label="integers")
    yield Case((x[:0], 1), label="empty batch")
    yield Case((x[:0], 0), label="of nothing", smooth=False)
    yield Case((np.array(1.5), 0), label="0-d")
    yield Case((x,), label="no dim")


ROWS: list[Row] = [
    over("torch.sum"), over("torch.mean"), over("torch.amax"), over("torch.amin"),
    over("torch.nansum"), over("torch.nanmean"), over("torch.any"), over("torch.all"),
    over("torch.prod", (None, 0, 1, -1, 3), NONE_IS_ALL), Row("Tensor.sum", typed),
    Row("Tensor.mean", typed), Row("Tensor.cumsum", typed), Row("torch.var", spread),
    Row("torch.std", spread), Row("torch.var_mean", with_mean), Row("torch.std_mean",
    with_mean), Row("torch.norm", norm), Row("Tensor.norm", norm), Row("torch.max",
    three_forms), Row("torch.min", three_forms), Row("torch.argmax", places),
    Row("torch.argmin", places), Row("torch.aminmax", smallest_and_largest),
    Row("torch.count_nonzero", count), Row("torch.bincount", bincount), Row("torch.histc",
    histogram), Row("torch.diff", differences), Row("torch.logsumexp", log_sums),
    along("torch.cumsum"), along("torch.cumprod", PRODUCTS), along("torch.cummax"),
    along("torch.cummin"), along("torch.logcumsumexp", INFINITE),
]  # fmt: skip
