"""Functions that multiply by a matrix of weights."""

from __future__ import annotations

import math

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.linalg.linear import OP as LINEAR
from ...ops.precision import check_numbers
from .judging import judge


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002
    """y = x Wᵀ + b. Shapes: (…, in), (out, in), (out,) → (…, out); weight (in,) → (…)."""
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        judge("linear", input=input, weight=weight)
    if bias is not None and not isinstance(bias, Tensor):
        judge("linear", bias=bias)
    return apply(LINEAR, input, weight, bias)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y[…, o] = Σ_{i, j} x1[…, i] W[o, i, j] x2[…, j] + b[o].

    Shapes: (…, in1), (…, in2), (out, in1, in2), (out,) → (…, out).
    """
    judge("bilinear", input1=input1, input2=input2, weight=weight)
    if bias is not None:
        judge("bilinear", bias=bias)
    _check_bilinear(input1, input2, weight, bias)
    OUT, IN1, IN2 = weight.shape
    lead = input1.shape[:-1]
    rows = math.prod(lead)
    table = weight.permute(0, 2, 1).reshape(OUT * IN2, IN1)
    halves = linear(input1.reshape(rows, IN1), table).reshape(rows, OUT, IN2)  # Σ_i x1 W
    y = halves.matmul(input2.reshape(rows, IN2, 1)).reshape(*lead, OUT)
    return y if bias is None else y + bias


def _check_bilinear(x1: Tensor, x2: Tensor, w: Tensor, b: Tensor | None) -> None:
    named = {"input1": x1, "input2": x2, "weight": w, **({} if b is None else {"bias": b})}
    check_numbers("bilinear", **{name: tensor.array for name, tensor in named.items()})
    got = f"(got input1 {x1.shape}, input2 {x2.shape}, weight {w.shape})"
    if w.ndim != 3:
        raise ValueError(f"bilinear: weight is (OUT, IN1, IN2) {got}; reshape it")
    if not x1.ndim or not x2.ndim or x1.shape[:-1] != x2.shape[:-1]:
        raise ValueError(f"bilinear: inputs agree in all sizes but the last {got}; reshape them")
    sizes = (w.shape[0], x1.shape[-1], x2.shape[-1])
    if sizes != w.shape:
        raise ValueError(
            f"bilinear: weight is (OUT, IN1, IN2) {got}; use nn.Bilinear({sizes[1]}, {sizes[2]}, "
            f"{sizes[0]})"
        )
    if not sizes[1] or not sizes[2]:
        raise ValueError(f"bilinear: inputs have at least one feature {got}; use larger ones")
    if b is not None and b.shape != w.shape[:1]:
        raise ValueError(
            f"bilinear: bias has one number for each of the {w.shape[0]} outputs (got shape "
            f"{b.shape}); use shape ({w.shape[0]},)"
        )
