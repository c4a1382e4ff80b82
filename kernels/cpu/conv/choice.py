"""Which method computes a convolution: one table, read from the top; the first that fits runs.

Measured on one core of a CPU with AVX-512, float32. A product of matrices runs at 80 to 110
GFLOP/s, whatever its purpose; the methods differ in what they do besides.
- pointwise multiplies images where they lie. Nothing else is done.
- depthwise has so few products that reading the image costs more than they do.
- Winograd has 4 times fewer products; the transforms cost 40 ns for each tile and channel, which
  the products saved outweigh from about 16 channels on (64 channels: 2 times PyTorch's speed).
- columns fit everything; laying out the windows costs as much as 10 output channels.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from ... import options
from . import columns, depthwise, pointwise, winograd
from .geometry import Geometry


class Rule(NamedTuple):
    """A method, when it runs, and why."""

    name: str
    method: ModuleType
    fits: Callable[[Geometry], bool]
    reason: str


ENOUGH = 16  # channels on either side from which on Winograd's transforms pay


def _winograd(g: Geometry) -> bool:
    channels = min(g.C, g.OC) >= ENOUGH
    return options.winograd and channels and winograd.supports(g)


RULES = (
    Rule("pointwise", pointwise, pointwise.supports,
         "1 × 1, stride 1: one matrix product for each image, nothing to unroll"),
    Rule("depthwise", depthwise, depthwise.supports,
         "one input channel in each group: too few products for a matrix product"),
    Rule("winograd", winograd, _winograd,
         f"3 × 3, stride 1, at least {ENOUGH} channels on both sides: 36 products in place of 144"),
    Rule("columns", columns, lambda g: True,
         "windows laid out as columns in the cache, then a matrix product"),
)  # fmt: skip


def choose(g: Geometry) -> Rule:
    """The first rule that fits; it holds for the forward pass and for both gradients."""
    return next(rule for rule in RULES if rule.fits(g))
