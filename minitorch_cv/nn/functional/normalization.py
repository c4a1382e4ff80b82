"""Batch normalisation, with the running statistics that PyTorch keeps."""

from __future__ import annotations

from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.norm.batch_norm import OP as BATCH_NORM
from ...ops.norm.batch_norm import values_per_channel
from .judging import judge, judge_optional


def batch_norm(
    input: Tensor,  # noqa: A002
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x − mean) / √(var + eps) · weight + bias, channel by channel (axis 1).

    training: mean and (biased) variance are the batch's, and where running statistics are given
    they are changed in place: running ← (1 − momentum) running + momentum · batch, with the
    unbiased variance. Otherwise the running statistics are used.

    Shapes: (N, C, …), statistics, weight and bias (C,) → (N, C, …).
    Raises ValueError for one value per channel while training, and for evaluation without
    running statistics.
    """
    if not isinstance(input, Tensor):
        judge("batch_norm", input=input)
    for value in (running_mean, running_var, weight, bias):
        if value is not None and not isinstance(value, Tensor):
            judge_optional(
                "batch_norm",
                running_mean=running_mean, running_var=running_var, weight=weight, bias=bias,
            )  # fmt: skip
    y, mean, var = apply(
        BATCH_NORM, input, weight, bias, running_mean, running_var, training=training, eps=eps
    )
    n = values_per_channel(input.array.shape)
    if training and running_mean is not None and n:
        _average(running_mean, mean.array, momentum)
        _average(running_var, var.array * (n / (n - 1)), momentum)
    return y


def _average(running: Any, batch: Any, momentum: float) -> None:
    """running ← (1 − momentum) running + momentum · batch, in place and off the tape."""
    running.array[...] = (1 - momentum) * running.array + momentum * batch
    running._version.value += 1
