"""Activation functions and layers: both sides of every kink, the kinks, and special values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..row import Case, Fixed, Of, Row, apart, every

Cases = Callable[[np.random.Generator], Iterable[Case]]
# 64 numbers: PyTorch's vector instructions answer NaN otherwise than its loop for what remains.
SPECIAL = np.resize([0.0, -0.0, np.nan, np.inf, -np.inf, 1e4, -1e4, 50.0, -50.0, 1e-20, -1e-20], 64)
BARE: tuple[dict[str, Any], ...] = ({},)


def shapes(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, str]]:
    """Numbers away from all kinks, in shapes that have broken something before."""
    for shape in ((3, 4), (), (1,), (0, 3), (2, 1, 3), (2, 3, 2, 2)):
        yield np.asarray(apart(rng, *shape) + 0.03), str(shape)
    yield rng.normal(size=(4, 3)) * 30, "large"


def elementwise(
    options: Iterable[dict[str, Any]] = BARE, kinks: tuple[float, ...] = (), *,
    bad: Iterable[dict[str, Any]] = (), whole: bool = True, layer: bool = False,
    single: bool = True,
) -> Cases:  # fmt: skip
    """The cases of a function, or of a layer, whose options go to the constructor.

    kinks: where the derivative jumps; bad: options that are refused; whole: try integers and bools;
    single: compare special values in float32, too.
    """

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for given in options:
            for x, label in shapes(rng):
                yield Case((x,), (), given, label)
            yield Case((SPECIAL,), (), given, "special values", smooth=False, single=single)
            if kinks:
                yield Case((np.array(kinks),), (), given, "kinks", smooth=False)
        first = next(iter(options))
        for dtype in ("int64", "int32", "uint8", "bool") if whole else ():
            yield Case((np.arange(7).astype(dtype),), (), first, dtype)
        if whole:
            yield Case((np.arange(-7, 7),), (), first, "negative integers")
            yield Case((np.linspace(-6, 6, 13).astype("float16"),), (), first, "halves",
                       smooth=False)  # fmt: skip
        for given in bad:
            yield Case((np.ones(3),), (), given, f"refused {given}")
        yield Case((3.0,), (), first, "a number in place of a tensor")
        if layer:
            yield Case((), (), first, "no input")
            yield Case((np.ones(2),), (), {**first, "nonsense": 1}, "no such argument")

    return cases


INPLACE = ({"inplace": True},)


def inplace(options: Iterable[dict[str, Any]] = BARE, kinks: tuple[float, ...] = ()) -> Cases:
    """An in-place function: on tensors that want no gradient, and refused on leaves that do."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for given in options:
            for x, label in shapes(rng):
                yield Case((Fixed(x),), (), given, label)
            yield Case((Fixed(np.array([*SPECIAL, *kinks])),), (), given, "special values")
        first = next(iter(options))
        yield Case((np.ones(3),), (), first, "a leaf that requires grad")
        yield Case((np.arange(-4, 4),), (), first, "integers")
        yield Case((np.arange(4) > 1,), (), first, "bools")

    return cases


def method(options: Iterable[dict[str, Any]]) -> Cases:
    """The cases of a method of Tensor; what it computes is tried as a function above."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for given in options:
            for x, label in shapes(rng):
                yield Case((x,), (), given, label)
            yield Case((np.arange(5),), (), given, "integers")
        yield Case((np.ones(2),), (), {"nonsense": 1}, "no such argument")

    return cases


SLOPES = tuple(every(negative_slope=(0.01, 0.0, 0.5, -0.5, 2.0)))
ALPHAS = tuple(every(alpha=(1.0, 0.5, 2.0)))
ALL_ALPHAS = (*ALPHAS, {"alpha": 0.4}, {"alpha": 0.0}, {"alpha": -0.5})
LIMITS = ({}, {"min_val": -2.0, "max_val": 0.5}, {"min_val": 0.25, "max_val": 3})
LIMIT_KINKS = (-2.0, -1.0, 0.25, 0.5, 1.0, 3.0)
STEPS = ({"threshold": 0.25, "value": 20.0}, {"threshold": -1.0, "value": -3.0},
         {"threshold": 0, "value": 7})  # fmt: skip
LAMBDAS = ({}, {"lambd": 0.0}, {"lambd": 1.25})
LAMBDA_KINKS = (-1.25, -0.5, 0.0, 0.5, 1.25)
BENDS = ({}, {"beta": 2.0, "threshold": 3.0}, {"beta": 0.5, "threshold": 0.0}, {"beta": -1.0})
RATES = ({}, {"lower": 0.1, "upper": 0.9}, {"lower": 0.25, "upper": 0.25})


def prelu(layer: bool) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for shape in ((2, 3), (2, 3, 4), (1, 3, 2, 2), (0, 3), (5, 3, 1, 2, 2)):
            for slopes in (1, 3):
                x = apart(rng, *shape)
                yield call(x, slopes, rng, f"{shape}, {slopes} slopes")
        for shape in ((), (4,)):
            yield call(np.asarray(apart(rng, *shape)), 1, rng, f"{shape}")
        yield call(np.array([[0.0, -0.0, np.nan], [np.inf, -np.inf, 1]]), 3, rng, "special", False)
        for shape, slopes in (((2, 4), 3), ((3,), 3), ((2, 3), 2)):
            yield call(np.ones(shape), slopes, rng, f"slopes do not fit {shape}")
        yield call(np.ones((2, 3), int), 1, rng, "integers")
        if not layer:
            yield Case((np.ones((2, 3)), np.array(0.3)), label="0-d weight")
            yield Case((np.ones((2, 3)), np.ones((1, 3))), label="2-d weight")
            yield Case((np.ones((2, 3)), np.ones(3, "float16")), label="dtypes differ")

    def call(x: Any, slopes: int, rng: Any, label: str, smooth: bool = True) -> Case:
        if layer:
            return Case((x,), (slopes,), {}, label, smooth=smooth)
        return Case((x, rng.normal(size=slopes)), (), {}, label, smooth=smooth)

    return cases


def rrelu(layer: bool) -> Cases:
    """Random slopes cannot be compared; evaluation and lower = upper can."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for given in RATES:
            fixed = given.get("lower") == given.get("upper") and bool(given)
            for x, label in (*shapes(rng), (SPECIAL, "special")):
                smooth = label != "special"
                if layer:
                    yield Case((x,), (), given, label, smooth=smooth, evaluate=True)
                    if fixed:
                        yield Case((x,), (), given, f"{label}, training", smooth=smooth)
                else:
                    yield Case((x,), (), given, label, smooth=smooth)
                    if fixed:
                        options = {**given, "training": True}
                        yield Case((x,), (), options, f"{label}, training", smooth=smooth)
        yield Case((np.ones(3),), (), {"lower": 0.5, "upper": 0.1}, "upper below lower")
        yield Case((np.arange(3),), label="integers", evaluate=layer)

    return cases


def softmax(layer: bool) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for shape in ((3, 5), (2, 4, 3), (2, 3, 2, 2), (4,), (0, 3), (3, 1)):
            for dim in (*range(-len(shape), len(shape)), None):
                yield Case((rng.normal(size=shape),), (), {"dim": dim}, f"{shape}")
        yield Case((np.asarray(rng.normal()),), (), {"dim": 0}, "0-d")
        yield Case((rng.normal(size=(3, 0)),), (), {"dim": 1}, "over nothing")
        yield Case((rng.normal(size=(3, 4)) + 900,), (), {"dim": 1}, "overflow", single=False)
        yield Case((np.array([[np.inf, 1.0], [-np.inf, 1.0], [-np.inf, -np.inf], [np.nan, 0.0]]),),
                   (), {"dim": 1}, "special", smooth=False)  # fmt: skip
        yield Case((np.array([[1.0, 1.0, 0.0]]),), (), {"dim": 1}, "ties")
        for bad in (2, -3, 1.0, "1", (0, 1)):
            yield Case((np.ones((2, 3)),), (), {"dim": bad}, f"dim={bad!r}")
        yield Case((np.ones((2, 3), int),), (), {"dim": 1}, "integers")
        if not layer:
            for x in (rng.normal(size=(2, 3)), np.arange(6).reshape(2, 3)):
                yield Case((x,), (), {"dim": 1, "dtype": Of("float64")}, f"{x.dtype} as float64")

    return cases


def softmax2d(rng: np.random.Generator) -> Iterator[Case]:
    for shape in ((2, 3, 4, 5), (3, 2, 2), (0, 3, 2, 2), (1, 1, 2, 2)):
        yield Case((rng.normal(size=shape),), label=str(shape))
    for shape in ((3, 4), (2, 3, 2, 2, 2), ()):
        yield Case((rng.normal(size=shape),), label=f"refused {shape}")


def gumbel(rng: np.random.Generator) -> Iterator[Case]:
    """Random values cannot be compared; one class and the errors can."""
    for hard in (False, True):
        for shape in ((3, 1), (1, 2, 1), (0, 3)):
            yield Case((rng.normal(size=shape),), (), {"hard": hard}, f"{shape}")
        yield Case((rng.normal(size=(1, 4)),), (), {"hard": hard, "dim": 0, "tau": 0.5}, "dim 0")
        yield Case((rng.normal(size=(2, 3)),), (), {"hard": hard, "dim": 2}, "no such dim")
    yield Case((np.ones((2, 3), int),), label="integers")


def glu(rng: np.random.Generator) -> Iterator[Case]:
    for shape in ((2, 4), (4, 6, 2), (2, 4, 2, 2), (6,), (0, 4), (2, 0)):
        for dim in range(-len(shape), len(shape)):
            yield Case((rng.normal(size=shape),), (), {"dim": dim}, f"{shape}")
    yield Case((np.array([1.0, np.inf, np.nan, -np.inf, 800.0, -800.0]),), label="special",
               smooth=False)  # fmt: skip
    yield Case((rng.normal(size=(2, 3)),), label="odd")
    yield Case((np.array(1.0),), label="0-d")
    yield Case((rng.normal(size=(2, 4)),), (), {"dim": 2}, "no such dim")
    yield Case((np.arange(4),), label="integers")
    yield Case((np.arange(4) > 2,), label="bools")


# name of the function and layer → options, kinks, options that are refused
TABLE: dict[tuple[str, str], tuple[Iterable[dict[str, Any]], tuple[float, ...], Any]] = {
    ("relu", "ReLU"): (BARE, (0.0,), ()),
    ("relu6", "ReLU6"): (BARE, (0.0, 6.0), ()),
    ("leaky_relu", "LeakyReLU"): (SLOPES, (0.0,), ({"negative_slope": "a"},)),
    ("elu", "ELU"): (ALL_ALPHAS, (0.0,), ({"alpha": "a"},)),
    ("celu", "CELU"): (ALPHAS, (0.0,), ({"alpha": 0.0},)),
    ("selu", "SELU"): (BARE, (0.0,), ()),
    ("hardtanh", "Hardtanh"): (LIMITS, LIMIT_KINKS, ({"min_val": 2.0, "max_val": 1.0},)),
    ("threshold", "Threshold"): (STEPS, (-1.0, 0.0, 0.25), ({"threshold": 1.0},)),
    ("hardshrink", "Hardshrink"): (LAMBDAS, LAMBDA_KINKS, ()),
    ("softshrink", "Softshrink"): (LAMBDAS, LAMBDA_KINKS, ({"lambd": -0.5},)),
    ("tanhshrink", "Tanhshrink"): (BARE, (), ()),
    ("softsign", "Softsign"): (BARE, (), ()),
    ("sigmoid", "Sigmoid"): (BARE, (), ()),
    ("tanh", "Tanh"): (BARE, (), ()),
    ("logsigmoid", "LogSigmoid"): (BARE, (), ()),
    ("softplus", "Softplus"): (BENDS, (0.0, 1.5, 20.0), ()),
    ("hardsigmoid", "Hardsigmoid"): (BARE, (-3.0, 3.0), ()),
    ("hardswish", "Hardswish"): (BARE, (-3.0, 3.0), ()),
    ("silu", "SiLU"): (BARE, (), ()),
    ("mish", "Mish"): (BARE, (), ()),
    ("gelu", "GELU"): (tuple(every(approximate=("none", "tanh"))), (),
                       ({"approximate": "sigmoid"}, {"approximate": None})),
}  # fmt: skip
LAYER_ONLY = {"Hardtanh": ({"min_val": 1.0, "max_val": 1.0},), "Threshold": ({},)}

NOTES = {
    "hardsigmoid": "PyTorch's gradient takes 1/6 rounded to float32 (tolerance 1e-7)",
    "celu": "PyTorch's gradient takes 1/alpha rounded to float32: tried with powers of 2",
    "gelu": "special values in float64 alone: in float32 PyTorch's vectors answer NaN for +inf",
}


def _row(name: str, function: str, layer: bool) -> Row:
    options, kinks, bad = TABLE[(function, name if layer else _layer_of(function))]
    bad = (*bad, *LAYER_ONLY.get(name, ())) if layer else bad
    single = function != "gelu"
    cases = elementwise(options, kinks, bad=bad, layer=layer, single=single)
    tolerance = 1e-7 if function == "hardsigmoid" else 1e-9
    full = f"nn.{name}" if layer else f"F.{name}"
    return Row(full, cases, tolerance=tolerance, note=NOTES.get(function, ""))


def _layer_of(function: str) -> str:
    return next(layer for name, layer in TABLE if name == function)


# The functions that PyTorch has under torch., too.
TORCH = ("selu", "celu", "threshold", "hardshrink")
METHODS = ("hardshrink", "sigmoid", "tanh", "relu")

ROWS = [
    *(_row(name, name, False)._replace(name=f"torch.{name}") for name in TORCH),
    *(Row(f"Tensor.{name}", method(TABLE[(name, _layer_of(name))][0])) for name in METHODS),
    *(Row(f"torch.{name}", inplace()) for name in ("relu_", "selu_", "celu_", "rrelu_")),
    *(Row(f"Tensor.{name}", inplace()) for name in ("relu_", "sigmoid_", "tanh_")),
    Row("torch.threshold_", inplace(STEPS)),
    *(_row(function, function, False) for function, _ in TABLE),
    *(_row(layer, function, True) for function, layer in TABLE),
    Row("F.relu_", inplace(kinks=(0.0,))),
    Row("F.leaky_relu_", inplace(SLOPES, (0.0,))),
    Row("F.elu_", inplace(ALL_ALPHAS, (0.0,))),
    Row("F.celu_", inplace(ALPHAS, (0.0,))),
    Row("F.selu_", inplace(kinks=(0.0,))),
    Row("F.rrelu_", inplace(RATES, (0.0,))),
    Row("F.hardtanh_", inplace(LIMITS, LIMIT_KINKS)),
    Row("F.threshold_", inplace(STEPS, (-1.0, 0.0, 0.25))),
    Row("F.prelu", prelu(layer=False)),
    Row("torch.prelu", prelu(layer=False)),
    Row("Tensor.prelu", prelu(layer=False)),
    Row("nn.PReLU", prelu(layer=True)),
    Row("F.rrelu", rrelu(layer=False), note="random slopes are drawn by another generator"),
    Row("nn.RReLU", rrelu(layer=True), note="random slopes are drawn by another generator"),
    Row("F.softmax", softmax(layer=False)),
    Row("F.softmin", softmax(layer=False)),
    Row("F.log_softmax", softmax(layer=False)),
    Row("nn.Softmax", softmax(layer=True)),
    Row("nn.Softmin", softmax(layer=True)),
    Row("nn.LogSoftmax", softmax(layer=True)),
    Row("nn.Softmax2d", softmax2d),
    Row("F.gumbel_softmax", gumbel, note="random numbers are drawn by another generator"),
    Row("F.glu", glu),
    Row("nn.GLU", glu),
]  # fmt: skip
