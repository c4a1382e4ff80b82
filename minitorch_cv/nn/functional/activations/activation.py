"""Activation functions that work element by element, and their in-place forms (with an underscore).

Derivatives at kinks are those of the table ops/elementwise/activations.py.
"""

from __future__ import annotations

from typing import Any

from ....autograd.methods.inplace import update
from ....autograd.operands import as_float
from ....autograd.tape import apply, new_tensor
from ....autograd.tensor import Tensor
from ....backend.device import to_device
from ....backend.library import array_module
from ....backend.random import Generator, default_generator
from ....ops.activation.prelu import OP as PRELU
from ....ops.elementwise.activations import BY_NAME
from ....ops.elementwise.binary import BY_NAME as BINARY
from ..judging import judge, judge_float

ADD_RELU = BINARY["add_relu"]
_WHOLE = ("relu", "hardtanh", "threshold")  # those that take integers and give integers


def _activate(name: str, x: Any, inplace: bool = False, /, **params: Any) -> Tensor:
    """The row of that name, on a Tensor of floats (or numbers, for the rows above)."""
    if not isinstance(x, Tensor):
        judge(name, input=x)
    if name in _WHOLE:
        _judge_number(name, x)
    else:
        judge_float(name, x)
    return update(x, BY_NAME[name], **params) if inplace else apply(BY_NAME[name], x, **params)


def _judge_number(name: str, x: Tensor) -> None:
    if x.dtype.kind == "b":
        raise TypeError(f"{name}: input is of a number dtype (got bool); use .float() first")


def relu(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """max(x, 0); the derivative at 0 is 0."""
    return _activate("relu", input, inplace)


def relu_(input: Tensor) -> Tensor:  # noqa: A002
    """`relu` in place."""
    judge("relu_", input=input)
    return relu(input, True)


def add_relu(input: Tensor, other: Tensor) -> Tensor:  # noqa: A002
    """max(input + other, 0) in one step, as at the end of a residual block.

    The two are broadcast against each other; where their sum is 0 the derivative is 0.
    """
    judge("add_relu", input=input, other=other)
    _judge_number("add_relu", input)
    _judge_number("add_relu", other)
    return apply(ADD_RELU, input, other)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """min(max(x, 0), 6); the derivative at 0 and 6 is 0."""
    if not isinstance(input, Tensor):
        judge("relu6", input=input)
    return hardtanh(input, 0.0, 6.0, inplace)


def leaky_relu(
    input: Tensor,  # noqa: A002
    negative_slope: float = 0.01,
    inplace: bool = False,
) -> Tensor:
    """x where x > 0, else negative_slope · x; the derivative at 0 is negative_slope."""
    return _activate("leaky_relu", input, inplace, negative_slope=negative_slope)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:  # noqa: A002
    """`leaky_relu` in place."""
    judge("leaky_relu_", input=input)
    return leaky_relu(input, negative_slope, True)


def prelu(input: Tensor, weight: Tensor) -> Tensor:  # noqa: A002
    """x where x > 0, else w · x with one learned w, or one for each channel (axis 1)."""
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        judge("prelu", input=input, weight=weight)
    return apply(PRELU, input, weight)


def rrelu(
    input: Tensor,  # noqa: A002
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """x where x > 0, else a · x: while training with random a in [lower, upper), else their mean.

    generator: where the slopes are drawn from. Raises ValueError where lower > upper.
    """
    if not isinstance(input, Tensor):
        judge("rrelu", input=input)
    judge_float("rrelu", input)
    if not lower <= upper:
        raise ValueError(f"rrelu: lower is at most upper (got {lower} and {upper}); swap them")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    x = input.array
    draw = (generator or default_generator).rand(x.shape, x.dtype) * (upper - lower) + lower
    xp = array_module(x)
    slopes = xp.where(x <= 0, to_device(draw.astype(x.dtype), input.device), xp.ones_like(x))
    return input.mul_(new_tensor(slopes)) if inplace else input * new_tensor(slopes)


def rrelu_(
    input: Tensor,  # noqa: A002
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """`rrelu` in place."""
    judge("rrelu_", input=input)
    return rrelu(input, lower, upper, training, True, generator=generator)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:  # noqa: A002
    """x where x > 0, else alpha (eˣ − 1); the derivative at 0 is alpha."""
    return _activate("elu", input, inplace, alpha=alpha)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:  # noqa: A002
    """`elu` in place."""
    judge("elu_", input=input)
    return elu(input, alpha, True)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:  # noqa: A002
    """x where x > 0, else alpha (e^(x/alpha) − 1); the derivative at 0 is 1."""
    return _activate("celu", input, inplace, alpha=alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:  # noqa: A002
    """`celu` in place."""
    judge("celu_", input=input)
    return celu(input, alpha, True)


def selu(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """1.0507 · elu(x, 1.6733); the derivative at 0 is 1.7581."""
    return _activate("selu", input, inplace)


def selu_(input: Tensor) -> Tensor:  # noqa: A002
    """`selu` in place."""
    judge("selu_", input=input)
    return selu(input, True)


def hardtanh(
    input: Tensor,  # noqa: A002
    min_val: float = -1.0,
    max_val: float = 1.0,
    inplace: bool = False,
) -> Tensor:
    """x limited to [min_val, max_val]; the derivative at the ends is 0."""
    if not isinstance(input, Tensor):
        judge("hardtanh", input=input)
    if input.array.dtype.kind == "u" and min(min_val, max_val) < 0:
        raise TypeError(
            f"hardtanh: a {input.dtype} tensor cannot hold the limits (got {min_val} and "
            f"{max_val}); use .float() first"
        )
    return _activate("hardtanh", input, inplace, min_val=min_val, max_val=max_val)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:  # noqa: A002
    """`hardtanh` in place."""
    judge("hardtanh_", input=input)
    return hardtanh(input, min_val, max_val, True)


def threshold(
    input: Tensor,  # noqa: A002
    threshold: float,
    value: float,
    inplace: bool = False,
) -> Tensor:
    """x where x > threshold, else value; the derivative at the threshold is 0."""
    return _activate("threshold", input, inplace, threshold=threshold, value=value)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:  # noqa: A002
    """`threshold` in place."""
    judge("threshold_", input=input)
    return _activate("threshold", input, True, threshold=threshold, value=value)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:  # noqa: A002
    """0 where |x| ≤ lambd, else x; the derivative at ±lambd is 0."""
    return _activate("hardshrink", input, lambd=lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:  # noqa: A002
    """x moved towards 0 by lambd, and 0 where |x| ≤ lambd; the derivative at ±lambd is 0."""
    return _activate("softshrink", input, lambd=lambd)


def tanhshrink(input: Tensor) -> Tensor:  # noqa: A002
    """x − tanh x; integers become floats."""
    return _activate("tanhshrink", _as_float("tanhshrink", input))


def softsign(input: Tensor) -> Tensor:  # noqa: A002
    """x / (1 + |x|); integers become floats."""
    return _activate("softsign", _as_float("softsign", input))


def _as_float(name: str, x: Any) -> Tensor:
    if not isinstance(x, Tensor):
        judge(name, input=x)
    _judge_number(name, x)
    return as_float(x)


def sigmoid(input: Tensor) -> Tensor:  # noqa: A002
    """1 / (1 + e⁻ˣ); integers become floats."""
    if not isinstance(input, Tensor):
        judge("sigmoid", input=input)
    return input.sigmoid()


def logsigmoid(input: Tensor) -> Tensor:  # noqa: A002
    """log(1 / (1 + e⁻ˣ)), accurate for large |x|."""
    return _activate("logsigmoid", input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """x/6 + 1/2 limited to [0, 1]; the derivative at ±3 is 0."""
    return _activate("hardsigmoid", input, inplace)


def tanh(input: Tensor) -> Tensor:  # noqa: A002
    """The hyperbolic tangent; integers become floats."""
    if not isinstance(input, Tensor):
        judge("tanh", input=input)
    return input.tanh()


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:  # noqa: A002
    """log(1 + e^(beta x)) / beta, and x itself where beta x > threshold."""
    return _activate("softplus", input, beta=beta, threshold=threshold)


def silu(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """x · sigmoid(x), also called swish."""
    return _activate("silu", input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """x · hardsigmoid(x); the derivative is 0 at −3 and 1 at 3."""
    return _activate("hardswish", input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """x · tanh(softplus(x))."""
    return _activate("mish", input, inplace)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:  # noqa: A002
    """x · Φ(x) with the normal distribution Φ; approximate="tanh" takes a tanh instead of erf."""
    return _activate("gelu", input, approximate=approximate)
