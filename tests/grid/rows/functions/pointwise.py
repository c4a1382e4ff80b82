"""Tensor functions that work element by element."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...row import Case, Fixed, Of, Row, apart

Rng = np.random.Generator
INTEGERS = np.array([[3, -2, 1], [0, 5, -4]])
BOOLEANS = np.array([True, False, True])
ODD = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, -2.5, 700.0])
BAD = (([1.0, 2.0],), ("x",), (None,), ())  # what is no tensor


def unary(name: str, low: float = -2.0, high: float = 2.0, integers: bool = True) -> Row:
    """A function of one tensor: shapes, dtypes, odd values."""

    def cases(rng: Rng) -> Iterable[Case]:
        for shape in ((3, 4), (), (0, 3), (2, 1, 3)):
            yield Case((rng.uniform(low, high, shape),), label=str(shape))
        yield Case((rng.uniform(low, high, (4, 3)).astype(np.float16),), label="half")
        yield Case((ODD,), label="odd values", smooth=False)
        yield Case((INTEGERS,), label="integers")
        yield Case((INTEGERS.astype(np.int32),), label="int32")
        yield Case((np.array([[3, 2, 200]], np.uint8),), label="uint8")
        yield Case((BOOLEANS,), label="booleans")
        for bad in BAD:
            yield Case(bad, label="no tensor")
        yield Case((rng.uniform(low, high, 3), 2, 3), label="too many arguments")

    return Row(name, cases)


NO_SLOPE = "PyTorch has no derivative for it; ours is 0"
BOOL_SLOPE = "PyTorch's derivative subtracts a boolean, and raises"


def binary(
    name: str, low: float = -2.0, high: float = 2.0, numbers: bool = True, flat: bool = False,
    bool_slope: bool = True,
) -> Row:  # fmt: skip
    """A function of two operands: broadcasting, numbers, type promotion, odd values.

    flat: PyTorch has no derivative; bool_slope: it has one where the other operand is boolean.
    """

    def cases(rng: Rng) -> Iterable[Case]:
        for case in operands(rng):
            floats = any(getattr(v, "dtype", np.dtype(int)).kind == "f" for v in case.inputs)
            booleans = floats and getattr(case.inputs[1], "dtype", None) == np.bool_
            if flat and floats and case.label != "shapes that do not broadcast":
                yield case._replace(differs=NO_SLOPE)
                fixed = (Fixed(v) if isinstance(v, np.ndarray) else v for v in case.inputs)
                case = case._replace(inputs=tuple(fixed))
            elif booleans and not bool_slope:
                case = case._replace(differs=BOOL_SLOPE)
            yield case

    def operands(rng: Rng) -> Iterable[Case]:
        def draw(*shape: int) -> np.ndarray:
            return rng.uniform(low, high, shape)

        for a, b in (
            ((3, 4), (3, 4)),
            ((3, 4), (4,)),
            ((3, 1), (1, 4)),
            ((), (2, 3)),
            ((0, 3), (3,)),
        ):
            yield Case((draw(*a), draw(*b)), label=f"{a} {b}")
        yield Case((draw(3), draw(4)), label="shapes that do not broadcast")
        odd = np.meshgrid(ODD[:8], ODD[:8])
        yield Case((odd[0].ravel(), odd[1].ravel()), label="odd values", smooth=False)
        yield Case((draw(3).astype(np.float16), draw(3).astype(np.float16)), label="half")
        mixed = (INTEGERS, INTEGERS.astype(np.int32), draw(2, 3), draw(2, 3).astype(np.float32))
        others = (INTEGERS[::-1].copy() * 2 + 1, draw(2, 3).astype(np.float32), BOOLEANS)
        for a in mixed:
            for b in others:
                yield Case((a, b), label=f"{a.dtype} {b.dtype}", smooth=False)
        yield Case((draw(2, 3).astype(np.float32), np.array(2.5)), label="0-d float64")
        yield Case((INTEGERS, np.array(2.5)), label="integers and a 0-d float", smooth=False)
        yield Case((BOOLEANS, BOOLEANS[::-1].copy()), label="booleans")
        for number in (2, 2.5, True, -1) if numbers else (2.5,):
            yield Case((draw(2, 3), number), label=f"{number}", smooth=number != -1)
            yield Case((INTEGERS, number), label=f"integers, {number}", smooth=False)
        yield Case((draw(3), "x"), label="a string")
        yield Case((draw(3), None), label="None")

    return Row(name, cases)


UNARY = [
    unary("torch.neg"), unary("torch.negative"), unary("torch.abs"), unary("torch.absolute"),
    unary("torch.exp"), unary("torch.exp2"), unary("torch.expm1"), unary("torch.log", 0.2, 3),
    unary("torch.log2", 0.2, 3), unary("torch.log10", 0.2, 3), unary("torch.log1p", -0.7, 3),
    unary("torch.sqrt", 0.2, 3), unary("torch.rsqrt", 0.2, 3), unary("torch.square"),
    unary("torch.reciprocal", 0.3, 3), unary("torch.sin"), unary("torch.cos"),
    unary("torch.tan", -1.2, 1.2), unary("torch.asin", -0.9, 0.9), unary("torch.acos", -0.9, 0.9),
    unary("torch.atan"), unary("torch.sinh"), unary("torch.cosh"), unary("torch.tanh"),
    unary("torch.asinh"), unary("torch.acosh", 1.2, 3), unary("torch.atanh", -0.9, 0.9),
    unary("torch.arcsin", -0.9, 0.9), unary("torch.arccos", -0.9, 0.9), unary("torch.arctan"),
    unary("torch.arcsinh"), unary("torch.arccosh", 1.2, 3), unary("torch.arctanh", -0.9, 0.9),
    unary("torch.sigmoid"), unary("torch.relu", 0.1, 2), unary("torch.sinc", 0.1, 2),
    unary("torch.erf"), unary("torch.erfc"), unary("torch.erfinv", -0.9, 0.9),
    unary("torch.frac", 0.1, 0.9),
    unary("torch.trunc", 0.1, 0.9), unary("torch.fix", 0.1, 0.9), unary("torch.floor", 0.1, 0.9),
    unary("torch.ceil", 0.1, 0.9), unary("torch.sign", 0.1, 2), unary("torch.deg2rad"),
    unary("torch.rad2deg"), unary("torch.isnan"), unary("torch.isinf"), unary("torch.isfinite"),
    unary("torch.isposinf"), unary("torch.isneginf"), unary("torch.signbit"),
    unary("torch.logical_not"), unary("torch.bitwise_not"), unary("torch.positive"),
    unary("torch.clone"), unary("torch.numel"), unary("torch.is_tensor"),
    unary("torch.is_floating_point"),
]  # fmt: skip
BINARY = [
    binary("torch.add"), binary("torch.sub"), binary("torch.subtract"), binary("torch.mul"),
    binary("torch.multiply"), binary("torch.div", 0.3), binary("torch.divide", 0.3),
    binary("torch.true_divide", 0.3), binary("torch.pow", 0.3, bool_slope=False),
    binary("torch.floor_divide", 0.3, 0.9, flat=True), binary("torch.remainder", 0.3, 0.9),
    binary("torch.fmod", 0.3, 0.9), binary("torch.maximum", numbers=False),
    binary("torch.minimum", numbers=False), binary("torch.fmax"), binary("torch.fmin"),
    binary("torch.atan2", 0.3), binary("torch.arctan2", 0.3), binary("torch.hypot", 0.3),
    binary("torch.logaddexp", bool_slope=False), binary("torch.xlogy", 0.3),
    binary("torch.logaddexp2", bool_slope=False),
    binary("torch.copysign", 0.3), binary("torch.float_power", 0.3), binary("torch.rsub"),
    binary("torch.eq"), binary("torch.ne"), binary("torch.lt"), binary("torch.le"),
    binary("torch.gt"), binary("torch.ge"), binary("torch.not_equal"), binary("torch.less"),
    binary("torch.less_equal"), binary("torch.greater"), binary("torch.greater_equal"),
    binary("torch.logical_and"), binary("torch.logical_or"), binary("torch.logical_xor"),
    binary("torch.bitwise_and"), binary("torch.bitwise_or"), binary("torch.bitwise_xor"),
    binary("torch.bitwise_left_shift"), binary("torch.bitwise_right_shift"),
    binary("torch.isclose"), binary("torch.allclose"), binary("torch.equal"),
    binary("torch.heaviside", 0.3, flat=True),
]  # fmt: skip


def ldexp(rng: Rng) -> Iterable[Case]:
    for case in binary("torch.ldexp", numbers=False).cases(rng):
        if case.label == "float64 int64":
            yield case._replace(differs="PyTorch cuts the slope 2^b of an integer b < 0 off to 0")
            case = case._replace(inputs=(Fixed(case.inputs[0]), case.inputs[1]))
        yield case


def add_alpha(rng: Rng) -> Iterable[Case]:
    x, y = rng.normal(size=(2, 3)), rng.normal(size=3)
    for alpha in (2, -0.5, 0):
        yield Case((x, y), kwargs={"alpha": alpha})
        yield Case((INTEGERS, INTEGERS), kwargs={"alpha": alpha}, label="integers")
        yield Case((x, 3), kwargs={"alpha": alpha}, label="a number")
    yield Case((x, y, 2), label="alpha by position")
    yield Case((x, y), kwargs={"alpha": "x"}, label="a string")


def rounded_division(rng: Rng) -> Iterable[Case]:
    x, y = rng.uniform(0.3, 0.9, (2, 3)) * [1, -7, 5], rng.uniform(0.3, 0.9, 3)
    for mode in (None, "floor", "trunc", "nearest", 1):
        yield Case((x, y), kwargs={"rounding_mode": mode}, smooth=mode is None)
        yield Case((INTEGERS, np.array([2, -3, 4])), kwargs={"rounding_mode": mode}, label="ints")
        yield Case((x, 0.4), kwargs={"rounding_mode": mode}, label="number", smooth=mode is None)
        yield Case((INTEGERS, 2), kwargs={"rounding_mode": mode}, label="integers, number")
        yield Case((INTEGERS, 2.5), kwargs={"rounding_mode": mode}, label="integers, float")


def rounding(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(2, 3)) * 100
    for decimals in (0, 1, 3, -1):
        yield Case((x,), kwargs={"decimals": decimals}, smooth=False)
        yield Case((INTEGERS,), kwargs={"decimals": decimals}, label="integers")
    yield Case((np.array([0.5, 1.5, 2.5, -0.5, math.nan, math.inf]),), label="halves", smooth=False)
    yield Case((BOOLEANS,), label="booleans")


def clamp(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 3, 4)
    for low, high in ((-0.5, 0.9), (None, 0.9), (-0.5, None), (0.9, -0.5), (-1, 1), (None, None)):
        yield Case((x, low, high), label=f"{low} {high}")
        yield Case((x,), kwargs={"min": low, "max": high}, label="by name")
        yield Case((INTEGERS, low, high), label="integers")
    edge = np.array([-0.5, 0.9, math.nan, math.inf, -math.inf])
    even = np.array([-0.5, 0.9, 0.1, math.inf, -math.inf])
    yield Case((edge, -0.5, 0.9), label="at the bounds", smooth=False)
    lows, highs = x - 0.3 * rng.choice([-1, 1], (3, 4)), x + 0.2 * rng.choice([-1, 1], (3, 4))
    yield Case((x, lows, highs), label="tensors")
    yield Case((x, lows), label="a tensor as min")
    yield Case((x,), kwargs={"max": highs[0]}, label="broadcast")
    yield Case((edge, even[::-1] - 1, even + 1), label="tensors, odd", smooth=False)
    yield Case((INTEGERS, np.array(1)), label="integer tensors")
    yield Case((x, lows, 2.0), label="a tensor and a number")
    yield Case((BOOLEANS, False, True), label="booleans")


def one_bound(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 3, 4)
    for bound in (0.31, 1, -1):
        yield Case((x, bound))
        yield Case((INTEGERS, bound), label="integers")
    yield Case((x, x[:1] + 0.11), label="tensor")
    yield Case((x,), label="none")


def nan_to_num(rng: Rng) -> Iterable[Case]:
    yield Case((ODD,), smooth=False)
    for kwargs in ({"nan": 1.5}, {"posinf": 2.0}, {"neginf": -3.0}, {"nan": 1, "posinf": 2}):
        yield Case((ODD,), kwargs=kwargs, smooth=False)
    yield Case((INTEGERS,), label="integers")
    yield Case((BOOLEANS,), label="booleans")
    yield Case((rng.normal(size=(2, 3)),))


def lerp(rng: Rng) -> Iterable[Case]:
    a, b, w = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), rng.uniform(size=3)
    for weight in (0.3, 0.8, 0, 1, -1.5, w, np.array(0.4)):
        yield Case((a, b, weight))
    yield Case((a, b[0], 0.3), label="broadcast")
    yield Case((INTEGERS, INTEGERS, 0.5), label="integers")
    yield Case((a, b.astype(np.float32), 0.5), label="mixed")
    yield Case((a, 2.0, 0.5), label="number")


def addcmul(rng: Rng) -> Iterable[Case]:
    x, a, b = rng.normal(size=(2, 3)), rng.uniform(0.3, 2, 3), rng.uniform(0.3, 2, (2, 1))
    for value in (1, 2, -0.5):
        yield Case((x, a, b), kwargs={"value": value})
    yield Case((INTEGERS, INTEGERS + 10, INTEGERS + 7), label="integers")
    yield Case((x, a, rng.normal(size=4)), label="shapes")
    yield Case((x, a, 2.0), label="number")


def logit(rng: Rng) -> Iterable[Case]:
    for eps in (None, 0.1, 1e-6):
        yield Case((rng.uniform(0.15, 0.85, (2, 3)), eps), label=f"{eps}")
        yield Case((np.array([0.0, 1.0, -0.5, 1.5, math.nan]), eps), label="edges", smooth=False)
    yield Case((BOOLEANS,), label="booleans")


def isclose(rng: Rng) -> Iterable[Case]:
    a = rng.normal(size=(2, 3))
    for rtol, atol, equal_nan in ((1e-5, 1e-8, False), (0.1, 0.0, True), (0, 0.5, False)):
        kwargs = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan}
        yield Case((a, a + 0.3), kwargs=kwargs)
        yield Case((ODD, ODD.copy()), kwargs=kwargs, label="odd")
        yield Case((ODD, ODD[::-1].copy()), kwargs=kwargs, label="odd, turned")
    yield Case((INTEGERS, INTEGERS + 1), label="integers")
    yield Case((a, a.astype(np.float32)), label="mixed")
    yield Case((a, a), kwargs={"rtol": -1.0}, label="negative")


def where(rng: Rng) -> Iterable[Case]:
    c, a, b = rng.normal(size=(2, 3)) > 0, rng.normal(size=(2, 3)), rng.normal(size=3)
    yield Case((c, a, b))
    yield Case((c[0], a, b), label="condition broadcast")
    yield Case((c, a, 1.5), label="number")
    yield Case((c, 2, b), label="number first")
    yield Case((c, 1, 2), label="two numbers")
    yield Case((c, 1.0, 2), label="float and integer")
    yield Case((c, INTEGERS, a), label="mixed")
    yield Case((c, INTEGERS, 2), label="integers")
    yield Case((c,), label="condition alone")
    yield Case((np.array(True),), label="condition alone, 0-d")
    yield Case((INTEGERS, a, b), label="integer condition")
    yield Case((c, a, rng.normal(size=4)), label="shapes")
    yield Case((c, np.full((2, 3), math.nan), a), label="NaN in what is not chosen", smooth=False)


def softmax(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(2, 3, 4))
    for dim in (0, 1, -1, 3, -4):
        yield Case((x, dim))
        yield Case((INTEGERS, dim), label="integers")
    yield Case((x, 1), kwargs={"dtype": Of("float32")}, label="dtype", smooth=False)
    yield Case((np.array(1.5), 0), label="0-d")
    yield Case((np.zeros((0, 3)), 1), label="empty")
    yield Case((np.array([[1.0, math.inf], [-math.inf, -math.inf]]), 1), label="inf", smooth=False)
    yield Case((x,), label="no dim")


ROWS: list[Row] = [
    *UNARY, *BINARY, Row("Tensor.add", add_alpha), Row("Tensor.sub", add_alpha),
    Row("torch.div", rounded_division), Row("Tensor.div", rounded_division),
    Row("torch.round", rounding), Row("torch.clamp", clamp), Row("torch.clip", clamp),
    Row("torch.clamp_min", one_bound), Row("torch.clamp_max", one_bound),
    Row("torch.nan_to_num", nan_to_num), Row("torch.lerp", lerp), Row("torch.addcmul", addcmul),
    Row("torch.addcdiv", addcmul), Row("torch.logit", logit),
    Row("torch.ldexp", ldexp), Row("torch.isclose", isclose), Row("torch.allclose", isclose),
    Row("torch.where", where), Row("torch.softmax", softmax), Row("torch.log_softmax", softmax),
]  # fmt: skip
