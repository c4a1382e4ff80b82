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
# Products of each pair of channels that Winograd has to save, over all pixels, for as much as the
# transform of a kernel costs: 9 of them for a pixel less 36 for a tile. Measured on 1 to 4 images
# of 1² to 28²: with 864 columns take 0.8 of the time, with 3456 they take 1.4 times as long.
SAVED = 1000
WASTE = 1.15  # places of all tiles / those in the image up to which Winograd pays with a stride
LITTLE = 1_000_000  # additions and multiplications up to which direct's preparations do not pay


def _fits_winograd(g: Geometry) -> bool:
    return options.winograd and min(g.C, g.OC) >= ENOUGH and winograd.supports(g)


def _winograd(g: Geometry) -> bool:
    tiles, pixels = -(-g.OH // 4) * -(-g.OW // 4), g.OH * g.OW
    if g.S == (1, 1):
        pays = g.N * (9 * pixels - 36 * tiles) >= SAVED
    else:
        pays = 16 * tiles <= WASTE * pixels
    return pays and _fits_winograd(g)


def _direct(g: Geometry, part: str) -> bool:
    """With many channels 3 × 3 is left to Winograd or, for few pixels, to columns; and with a
    stride so is a gradient to x that Winograd can compute."""
    if g.flops <= LITTLE or not direct.supports(g):
        return False
    pairs, channels = g.C * g.OC, g.C + g.OC
    if g.S == (1, 1):
        return not (_fits_winograd(g) and pairs >= MANY * channels)
    return pairs < MANY_STRIDED * channels and not (part == "gx" and _winograd(g))


RULES = (
    Rule("pointwise", pointwise, lambda g, part: pointwise.supports(g),
         "1 × 1: matrix products on the images, nothing to unroll", False),
    Rule("depthwise", depthwise, lambda g, part: depthwise.supports(g),
         "one input channel in each group: too few products for a matrix product"),
    Rule("direct", direct, _direct,
         f"{direct.LANES} images or bands of them fill a vector; channels are few or windows not "
         "3 × 3: sums of products that stay in registers"),
    Rule("winograd", winograd, lambda g, part: _winograd(g),
         f"3 × 3, at least {ENOUGH} channels on both sides, pixels enough for the transforms: "
         "36 products in place of 144, and 81 with stride 2"),
    Rule("columns", columns, lambda g, part: True,
         "windows laid out as columns in the cache, then a matrix product"),
)  # fmt: skip


def choose(g: Geometry, part: str = "y") -> Rule:
    """The first rule that fits, for the forward pass (y) or a gradient (gx, gw)."""
    return _choose(g, part, options.winograd, threads.get_num_threads())


@lru_cache(maxsize=1024)  # the rules cost more than the arithmetic of a small image
def _choose(g: Geometry, part: str, _allowed: bool, _threads: int) -> Rule:
    return next(rule for rule in RULES if rule.fits(g, part))
