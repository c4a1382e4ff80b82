"""Methods that change a tensor in place. (The grid calls them on a clone, which is no leaf.)"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...row import Case, Fixed, Row, apart

Cases = Iterable[Case]
Maker = Callable[[np.random.Generator], Cases]
UNDERIVED = "PyTorch has no derivative of the in-place form; ours has"
CONSTANT = "PyTorch hands on the gradient of a constant; ours is 0"
DTYPES = ("int64", "int32", "uint8", "bool", "float16", "float32")


def inside(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers between 0.1 and 0.9, where every function has a derivative."""
    count = int(np.prod(shape))
    return rng.permutation(np.linspace(0.12, 0.93, count + 2)[1:-1]).reshape(shape)


def alone(rng: np.random.Generator) -> Cases:
    for shape in ((3, 4), (), (0, 3)):
        yield Case((inside(rng, *shape),), label=str(shape))
    yield Case((inside(rng, 4, 3).T,), label="not contiguous")
    for dtype in DTYPES:
        yield Case((rng.integers(0, 2, (2, 3)).astype(dtype),), label=dtype, smooth=False)
    yield Case((inside(rng, 3), 1.0, 2.0, 3.0), label="too many arguments")


def underived(make: Maker) -> Maker:
    """Those whose in-place form has no derivative in PyTorch."""

    def cases(rng: np.random.Generator) -> Cases:
        for case in make(rng):
            float_first = np.asarray(case.inputs[0]).dtype.kind == "f"
            yield case._replace(differs=UNDERIVED if float_first else "")

    return cases


def constant(make: Maker) -> Maker:
    """logical_not_ and its like: PyTorch leaves the gradient of before in place."""

    def cases(rng: np.random.Generator) -> Cases:
        for case in make(rng):
            float_first = np.asarray(case.inputs[0]).dtype.kind == "f"
            yield case._replace(differs=CONSTANT if float_first else "")

    return cases


def above_one(rng: np.random.Generator) -> Cases:
    for case in alone(rng):
        (x, *rest) = case.inputs
        x = np.asarray(x + 1) if x.dtype == "float64" else x
        yield case._replace(inputs=(x, *rest))


def with_other(rng: np.random.Generator) -> Cases:
    for a, b in (((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 4), (3, 1)), ((4,), (3, 4)), ((1, 4), (3,
                 4)),
                 ((), ()), ((), (1,)), ((0, 3), (3,)), ((3, 4), (5,))):  # fmt: skip
        yield Case((inside(rng, *a), inside(rng, *b) + 1), label=str((a, b)))
    for other in (2, 0.5, True, None, "1", [1.0]):
        yield Case((inside(rng, 3), other), label="a number")
        yield Case((np.array([1, 2, 5]), other), label="integers, a number")
    for dtype in DTYPES:
        x = rng.integers(0, 2, (2, 3)).astype(dtype)
        yield Case((x, np.ones((2, 3), dtype)), label=dtype, smooth=False)
        yield Case((x, np.ones((2, 3), "int64")), label=f"{dtype}, int64", smooth=False)
        yield Case((x, Fixed(np.full((2, 3), 1.5))), label=f"{dtype}, float64", smooth=False)
    yield Case((inside(rng, 3), inside(rng, 3).astype("float16")), label="another dtype")


def bits(rng: np.random.Generator) -> Cases:
    for dtype in DTYPES:
        x = rng.integers(0, 2, (2, 3)).astype(dtype)
        for other in (np.ones((2, 3), dtype), np.ones(3, "int64"), np.ones(3, bool), 1, True, 1.0):
            yield Case((x, other), label=dtype)
    yield Case((np.array([1, 2, 3]), np.array([[1], [2]])), label="does not fit")


def products(*shapes: tuple[int, ...], mixed: str = "", small: str = "") -> Maker:
    """x.addmm_(a, b) and its like, with scales, other dtypes and wrong shapes.

    mixed, small: why ours answers otherwise where dtypes are mixed, or x is too small.
    """

    def cases(rng: np.random.Generator) -> Cases:
        x, a, b = (inside(rng, *shape) for shape in shapes)
        yield Case((x, a, b))
        yield Case((x, a, b), kwargs={"beta": 0.5, "alpha": 2})
        yield Case((x, b, a), label="exchanged")
        yield Case((x[:1], a, b), label="x too small", differs=small)
        yield Case((x, a, b.astype("float16")), label="another dtype", differs=mixed)
        yield Case(tuple(np.ones(shape, "int64") for shape in shapes), label="integers")

    return cases


def arguments(*given: tuple[Any, ...], odd: bool = True) -> Maker:
    """The same arguments behind a float, an integer and an empty tensor."""

    def cases(rng: np.random.Generator) -> Cases:
        for more in given:
            for x in (
                inside(rng, 3, 4),
                np.arange(6).reshape(2, 3),
                inside(rng, 0, 3),
                inside(rng),
            ):
                yield Case((x, *more), label=str(x.shape))
        if odd:
            x = np.array([np.nan, np.inf, -np.inf, 1.0])
            yield Case((x, *given[0]), label="NaN, inf", smooth=False)

    return cases


def combined(rng: np.random.Generator) -> Cases:
    """addcmul_ and addcdiv_."""
    x, a, b = inside(rng, 3, 4), inside(rng, 3, 4), inside(rng, 4)
    yield Case((x, a, b))
    yield Case((x, a, b), kwargs={"value": 2.5})
    yield Case((b, a, x), label="does not fit")
    yield Case((x, a, 2.0), label="a number")
    yield Case((x.astype("float16"), a.astype("float16"), b.astype("float16")), label="float16")
    yield Case((np.arange(3), np.arange(3), np.arange(1, 4)), label="integers")


def between(rng: np.random.Generator) -> Cases:
    """lerp_."""
    x, end = inside(rng, 3, 4), inside(rng, 3, 4)
    for weight in (0.3, 0.7, inside(rng, 3, 4), inside(rng, 4), 2):
        yield Case((x, end, weight))
    yield Case((x[0], end, 0.5), label="does not fit")
    yield Case((np.arange(3), np.arange(3), 0.5), label="integers")


def copies(rng: np.random.Generator) -> Cases:
    for a, b in (((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 4), ()), ((), ()), ((4,), (3, 4)), ((),
                 (1,)),
                 ((0, 3), (3,)), ((0, 3), ()), ((2,), (3,))):  # fmt: skip
        yield Case((apart(rng, *a), apart(rng, *b)), label=str((a, b)))
    for dtype in DTYPES:
        yield Case((np.zeros(3, dtype), np.array([0.5, 1, 2])), label=f"{dtype} ← float64")
        yield Case((np.zeros(3), np.ones(3, dtype)), label=f"float64 ← {dtype}")
    yield Case((np.zeros(3), 2.0), label="a number")


def reshaped(*given: tuple[Any, ...]) -> Maker:
    """transpose_ and its like: only the shape changes."""

    def cases(rng: np.random.Generator) -> Cases:
        for shape in ((3, 4), (4,), (), (1, 3, 1), (0, 3)):
            for more in given:
                yield Case((apart(rng, *shape), *more), label=str(shape))

    return cases


UNARY = (
    "abs", "absolute", "acos", "arccos", "arcsin", "arctan", "asin", "atan", "bitwise_not",
    "ceil", "cos", "cosh", "deg2rad", "erf", "erfc", "exp", "exp2", "expm1", "fix", "floor",
    "frac", "log", "log10", "log1p", "log2", "nan_to_num", "neg", "negative", "rad2deg",
    "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign", "sin", "sinc", "sinh", "sqrt",
    "square", "tan", "tanh", "trunc", "zero",
)  # fmt: skip
BINARY = (
    "add", "arctan2", "atan2", "copysign", "div", "divide", "eq", "fmod", "ge", "greater",
    "greater_equal", "gt", "hypot", "le", "less", "less_equal", "lt", "mul", "multiply", "ne",
    "not_equal", "pow", "remainder", "sub", "subtract", "true_divide", "xlogy",
)  # fmt: skip
LIMITS = ((0.3, 0.7), (0.3,), (None, 0.7), (0.7, 0.3), (1, 2), (), (None, None), ("a",))
ONE_LIMIT = ((0.35,), (1,), (), ("a",), (None,))
ROWS = [
    *(Row(f"Tensor.{name}_", alone) for name in UNARY),
    *(Row(f"Tensor.{name}_", underived(above_one)) for name in ("acosh", "arccosh")),
    *(
        Row(f"Tensor.{name}_", underived(alone))
        for name in ("arcsinh", "arctanh", "asinh", "atanh")
    ),
    *(Row(f"Tensor.{name}_", underived(with_other)) for name in ("floor_divide", "heaviside")),
    Row("Tensor.logical_not_", constant(alone)),
    *(Row(f"Tensor.logical_{name}_", constant(with_other)) for name in ("and", "or", "xor")),
    *(Row(f"Tensor.{name}_", with_other) for name in BINARY),
    *(Row(f"Tensor.{name}_", bits) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")),
    *(Row(f"Tensor.{name}_", arguments(*LIMITS)) for name in ("clamp", "clip")),
    *(Row(f"Tensor.{name}_", arguments(*ONE_LIMIT)) for name in ("clamp_min", "clamp_max")),
    Row("Tensor.cumsum_", arguments((0,), (1,), (-1,), (5,), ())),
    Row("Tensor.cumprod_", arguments((0,), (1,), (-1,), (5,), (), odd=False)),
    Row("Tensor.logit_", arguments((), (0.2,))),
    Row("Tensor.fill_", arguments((2,), (2.5,), (True,), (None,), ("1",))),
    Row("Tensor.copy_", copies),
    Row("Tensor.lerp_", between),
    *(Row(f"Tensor.{name}_", combined) for name in ("addcmul", "addcdiv")),
    Row("Tensor.addmm_", products((2, 3), (2, 4), (4, 3))),
    Row("Tensor.addmv_", products((2,), (2, 4), (4,))),
    Row(
        "Tensor.addr_",
        products(
            (2, 3),
            (2,),
            (3,),
            mixed="PyTorch wants one dtype here, and none where it is not in place",
        ),
    ),
    Row(
        "Tensor.addbmm_",
        products(
            (2, 3), (5, 2, 4), (5, 4, 3), small="PyTorch enlarges x; ours says that it does not fit"
        ),
    ),
    Row("Tensor.baddbmm_", products((5, 2, 3), (5, 2, 4), (5, 4, 3))),
    Row("Tensor.squeeze_", reshaped((), (0,), (-1,), (1,), (5,))),
    Row("Tensor.unsqueeze_", reshaped((0,), (-1,), (1,), (5,), ())),
    Row("Tensor.transpose_", reshaped((0, 1), (-1, 0), (0, 5), ())),
    Row("Tensor.t_", reshaped(())),
]
