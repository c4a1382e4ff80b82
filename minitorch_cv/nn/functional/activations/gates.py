"""Activations that let one part of their input decide about another: GLU and maxout."""

from __future__ import annotations

from ....autograd.methods.shaping import axis_of
from ....autograd.tensor import Tensor
from ..judging import judge, judge_float


def glu(input: Tensor, dim: int = -1) -> Tensor:  # noqa: A002
    """a · sigmoid(b), where a and b are the halves of x along `dim`.

    Raises ValueError for an odd size along `dim` or a 0-d input.
    """
    if not isinstance(input, Tensor):
        judge("glu", input=input)
    judge_float("glu", input)
    if input.ndim == 0:
        raise ValueError("glu: input has an axis to halve (got a 0-d tensor)")
    axis = axis_of("glu", dim, input.ndim)
    size = input.shape[axis]
    if size % 2:
        raise ValueError(f"glu: the size along dim {dim} is even (got {size}); choose another dim")
    value, gate = (input.narrow(axis, start, size // 2) for start in (0, size // 2))
    return value * gate.sigmoid()


def maxout(input: Tensor, num_pieces: int, dim: int = 1) -> Tensor:  # noqa: A002
    """The largest of each `num_pieces` neighbours along `dim`; among equal ones the first.

    (N, C, …) → (N, C / num_pieces, …): channel i is the maximum of the channels i · num_pieces up
    to (i + 1) · num_pieces − 1, and the gradient goes to that maximum alone (Goodfellow et al.
    2013). Raises ValueError where the size along `dim` is no multiple of `num_pieces`.
    """
    if not isinstance(input, Tensor):
        judge("maxout", input=input)
    judge_float("maxout", input)
    axis = axis_of("maxout", dim, input.ndim)
    size = input.shape[axis]
    if num_pieces < 1 or size % num_pieces:
        raise ValueError(
            f"maxout: the size along dim {dim} is a multiple of num_pieces (got {size} and "
            f"{num_pieces}); use num_pieces=1 or another size"
        )
    shape = (*input.shape[:axis], size // num_pieces, num_pieces, *input.shape[axis + 1 :])
    return input.reshape(shape).max(axis + 1)[0]
