"""Judging the options of optimizers and schedulers, in one wording."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor


def judge_number(
    owner: str, name: str, value: Any, low: float = 0.0, below: float = math.inf
) -> None:
    """Demands a finite number, or a Tensor with one element, with low ≤ value < below.

    Raises TypeError or ValueError (NaN included).
    """
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise ValueError(f"{owner}: {name} is one number (got a Tensor of shape {value.shape})")
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{owner}: {name} is a number (got {value!r})")
    if not (low <= value < below and value > -math.inf):
        bound = f"at least {low:g}" + (f" and below {below:g}" if below < math.inf else ", finite")
        bound = "finite" if low == -math.inf else bound
        raise ValueError(f"{owner}: {name} must be {bound} (got {value})")


def judge_flag(owner: str, name: str, value: Any) -> None:
    """Demands True or False (or 1 or 0). Raises TypeError."""
    if not isinstance(value, (bool, np.bool_)) and not (isinstance(value, int) and value in (0, 1)):
        raise TypeError(f"{owner}: {name} is True or False (got {value!r})")


def judge_betas(owner: str, group: dict[str, Any], floats_only: bool = False) -> None:
    """Demands two numbers in [0, 1) under "betas", which become a tuple of floats.

    floats_only: no ints, as PyTorch's Adam has it. Raises TypeError or ValueError.
    """
    betas = group["betas"]
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"{owner}: betas is a pair of numbers (got {betas!r})")
    for place, beta in enumerate(betas):
        judge_number(owner, f"betas[{place}]", beta, below=1.0)
        if floats_only and not isinstance(beta, (float, Tensor)):
            raise ValueError(
                f"{owner}: betas are two floats (got {betas!r}); write 0.0 instead of 0"
            )
    group["betas"] = (float(betas[0]), float(betas[1]))


def judge_implementation(owner: str, group: dict[str, Any]) -> None:
    """What PyTorch's options about *how* a step is computed mean here.

    foreach, fused: taken and not needed, since there is one implementation, with the same results.
    capturable, differentiable: ask for what there is not. Raises ValueError for those, and for
    foreach and fused together, as PyTorch does.
    """
    if group.get("foreach") and group.get("fused"):
        raise ValueError(f"{owner}: foreach and fused cannot both be True; leave one out")
    if group.get("differentiable"):
        raise ValueError(
            f"{owner}: differentiable=True is not supported, since a step is never recorded on the "
            "tape; write the update with Tensor operations to differentiate through it"
        )
    if group.get("capturable"):
        raise ValueError(
            f"{owner}: capturable=True is not supported, and not needed: mt.cuda.graph renews the "
            "counts of steps before each replay; leave it out"
        )
