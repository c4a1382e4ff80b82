"""Which method computes a convolution: one table, read from the top; the first that fits runs.

Measured on one core of a CPU with AVX-512, float32. A product of matrices runs at 80 to 110
GFLOP/s, whatever its purpose; the methods differ in what they do besides.
- pointwise multiplies images where they lie, or, small ones, side by side.
- depthwise has so few products that reading the image costs more than they do.
- Winograd has 4 times fewer products (with stride 2 not 2 times), of which every pair of channels
  saves some; the transforms cost as much for each single channel. From 30 channels on both sides
  (120 with a stride) it is faster than direct. With a stride, tiles beyond the edge use up what
  is saved.
- direct has the products and a transposition of each image, which 10 channels outweigh; it runs at
  85 to 100 GFLOP/s, but wants vectors full of images, or of bands that are not too low. Its gx with
  a stride adds to every other pixel, which is half as fast.
- columns fit everything; laying out the windows costs as much as 10 output channels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

from ... import options, threads
from . import columns, depthwise, direct, pointwise, winograd
from .geometry import Geometry


class Rule(NamedTuple):
    """A method, when it runs, and why."""

    name: str
    method: ModuleType
    fits: Callable[[Geometry, str], bool]  # part: y, gx or gw
    reason: str
    mixes: bool = True  # can an infinity reach elements of gw that it is no part of?


ENOUGH = 16  # channels on either side from which on Winograd's transforms pay against columns
MANY = 15  # the same against direct, channels · channels / (their sum)
MANY_STRIDED = 60  # the same with a stride, also against columns
WASTE = 1.15  # places of all tiles / those in the image up to which Winograd pays with a stride
LITTLE = 1_000_000  # additions and multiplications up to which direct's preparations do not pay


def _winograd(g: Geometry) -> bool:
    if not options.winograd or min(g.C, g.OC) < ENOUGH or not winograd.supports(g):
        return False
    places = 16 * -(-g.OH // 4) * -(-g.OW // 4)
    return g.S == (1, 1) or places <= WASTE * g.OH * g.OW


def _direct(g: Geometry, part: str) -> bool:
    """A gradient to x that Winograd can compute is left to it where there is a stride."""
    if g.flops <= LITTLE or not direct.supports(g):
        return False
    pairs, channels, wins = g.C * g.OC, g.C + g.OC, _winograd(g)
    if g.S == (1, 1):
        return not (wins and pairs >= MANY * channels)
    return pairs < MANY_STRIDED * channels and not (wins and part == "gx")


RULES = (
    Rule("pointwise", pointwise, lambda g, part: pointwise.supports(g),
         "1 × 1: matrix products on the images, nothing to unroll", False),
    Rule("depthwise", depthwise, lambda g, part: depthwise.supports(g),
         "one input channel in each group: too few products for a matrix product"),
    Rule("direct", direct, _direct,
         f"{direct.LANES} images or bands of them fill a vector; channels are few or windows not "
         "3 × 3: sums of products that stay in registers"),
    Rule("winograd", winograd, lambda g, part: _winograd(g),
         f"3 × 3, at least {ENOUGH} channels on both sides: 36 products in place of 144, and 81 "
         "with stride 2"),
    Rule("columns", columns, lambda g, part: True,
         "windows laid out as columns in the cache, then a matrix product"),
)  # fmt: skip


def choose(g: Geometry, part: str = "y") -> Rule:
    """The first rule that fits, for the forward pass (y) or a gradient (gx, gw)."""
    return _choose(g, part, options.winograd, threads.get_num_threads())


@lru_cache(maxsize=1024)  # the rules cost more than the arithmetic of a small image
def _choose(g: Geometry, part: str, _allowed: bool, _threads: int) -> Rule:
    return next(rule for rule in RULES if rule.fits(g, part))
