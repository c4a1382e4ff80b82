"""Distances and similarities of vectors."""

from __future__ import annotations

import math

from ...autograd.functions import where
from ...autograd.tensor import Tensor
from ...backend.library import array_module
from ...ops.elementwise.broadcast import broadcast_shapes
from ...ops.geometry import is_int
from .judging import judge
from .loss.reducing import at_least, floats, in_one_dtype, number, numbers


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """‖x₁ − x₂ + eps‖ₚ along the last axis; x₁ and x₂ are broadcast.

    p: 2 the Euclidean norm, 1 the sum, inf the largest, 0 the count of what is not 0.
    """
    op = "pairwise_distance"
    judge(op, x1=x1, x2=x2)
    number(op, p=p, eps=eps)
    numbers(op, x1=x1, x2=x2)
    broadcast_shapes(op, x1.shape, x2.shape)
    d = x1 - x2 + float(eps)
    y = _norm(d if d.ndim else d.reshape(1), p, keepdim)
    return y if d.ndim else y.reshape(())


def _norm(d: Tensor, p: float, keepdim: bool = False) -> Tensor:
    """‖d‖ₚ along the last axis; where d or the norm is 0, so is the gradient."""
    if p == 0:
        return where(d.isnan(), d.detach() * 0 + 1, d.sign().abs()).sum(-1, keepdim)
    if p == 1:
        return d.abs().sum(-1, keepdim)
    if p == math.inf:
        return d.abs().amax(-1, keepdim)
    if p == -math.inf:
        return d.abs().amin(-1, keepdim)
    if p == 2:
        powers = d * d
    else:  # 0ᵖ⁻¹ may be infinite: the elements that are 0 are left out of the tape
        size = where(d == 0, 1, where(d < 0, -d, d))
        powers = where(d == 0, 0.0 if p > 0 else math.inf, size**p)
    total = powers.sum(-1, keepdim)
    empty = total == 0
    root = where(empty, 1, total)
    return where(empty, 0 if p > 0 else math.inf, root.sqrt() if p == 2 else root ** (1 / p))


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Σ x₁ x₂ / (max(‖x₁‖, eps) max(‖x₂‖, eps)) along an axis; x₁ and x₂ are broadcast.

    eps limits the values of the norms alone, not their gradients, as in PyTorch.
    """
    op = "cosine_similarity"
    judge(op, x1=x1, x2=x2)
    number(op, eps=eps)
    if not is_int(dim):
        raise TypeError(f"{op}: dim is an int (got {dim!r}); use e.g. dim=1")
    if eps < 0:
        raise ValueError(f"{op}: eps is at least 0 (got {eps}); use eps=1e-8")
    x1, x2 = in_one_dtype(x1, x2)
    floats(op, x1=x1)
    shape = broadcast_shapes(op, x1.shape, x2.shape)
    if not -max(len(shape), 1) <= dim < max(len(shape), 1):
        raise IndexError(f"{op}: dim {dim} does not exist (got shape {shape})")
    axes = shape or (1,)
    x1, x2 = (x.expand(axes).movedim(dim, -1) for x in (x1, x2))
    n1, n2 = (at_least(_norm(x, 2, keepdim=True), eps) for x in (x1, x2))
    return ((x1 / n1) * (x2 / n2)).sum(-1).reshape([*axes[:dim], *axes[dim:][1:]])


def pdist(input: Tensor, p: float = 2.0) -> Tensor:  # noqa: A002
    """‖x_i − x_j‖ₚ of all pairs i < j of rows: (N, D) → (N (N − 1) / 2,)."""
    judge("pdist", input=input)
    number("pdist", p=p)
    floats("pdist", input=input)
    if input.ndim != 2:
        raise ValueError(f"pdist: input is (N, D) (got {input.shape}); .flatten(1) it first")
    if not p >= 0:
        raise ValueError(f"pdist: p is at least 0 (got {p}); use p=2.0")
    first, second = array_module(input.array).triu_indices(input.shape[0], 1)
    d = input[first] - input[second]  # (pairs, D)
    if p == math.inf:  # every one of several largest gets the whole gradient, as in PyTorch
        size = d.abs()
        largest = size.detach().amax(-1, True) if d.shape[-1] else size.detach().sum(-1, True)
        change = where((size.detach() == largest) & largest.isfinite(), size - size.detach(), 0)
        return largest.squeeze(-1) + change.sum(-1)
    return _norm(d, p)
