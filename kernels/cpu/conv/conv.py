"""conv on float32 images and sequences: its three products, each by the method that suits it.

The methods have files of their own, winograd.py, columns.py and so on; which one runs is
said by choice.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..linalg.channel_sums import channel_sums
from .choice import choose
from .geometry import Geometry, geometry_of, plan_of


def supports(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, **_: Any) -> bool:
    """float32, one or two axes of space, and something to add up."""
    same = x.dtype == w.dtype == np.float32 and (b is None or b.dtype == np.float32)
    return same and x.ndim <= 4 and x.size > 0


class Explanation(NamedTuple):
    """What runs for a convolution and why, and what it costs by its definition."""

    methods: tuple[str, str, str]  # of the forward pass, of gx and of gw
    reason: str  # of the first
    y_shape: tuple[int, ...]
    flops: int  # additions and multiplications
    bytes: int  # of x, w and y, each once


def explain(x: np.ndarray, w: np.ndarray, **params: Any) -> Explanation:
    """For arrays of these shapes; their values are not looked at."""
    g = geometry_of(x.shape, w.shape, plan_of(w, **params))
    rules = choose(g), choose(g, "gx"), choose(g, "gw")
    methods = rules[0].name, rules[1].name, rules[2].name
    return Explanation(methods, rules[0].reason, (g.N, g.OC, g.OH, g.OW), g.flops, g.bytes)


def forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, **params: Any
) -> tuple[np.ndarray, tuple[Any, ...]]:
    plan = plan_of(w, **params)
    g = geometry_of(x.shape, w.shape, plan)
    y = convolve(packed(x, (g.H, g.W)), packed(w, g.K), b, g)
    return y.reshape(y.shape[:2] + y.shape[-x.ndim + 2 :]), (x, w, plan)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    """The gradients; NotImplemented for what `supports` does not take, and for inf and NaN.

    Blocks are filled up with columns that do not count. Times 0, an infinity in them is NaN, and
    would spread to elements of gw that never met it; the reference looks at each product alone.
    """
    x, w, plan = saved[:3]
    if not supports(x, w, None):
        return NotImplemented
    g = geometry_of(x.shape, w.shape, plan)
    gy = packed(gy, (g.OH, g.OW))
    gx = gw = gb = None
    if needs[0]:
        gx = input_gradient(gy, packed(w, g.K), g).reshape(x.shape)
    if needs[1]:
        gw = weight_gradient(gy, packed(x, (g.H, g.W)), g).reshape(w.shape)
        if choose(g, "gw").mixes and not _is_finite(gw):
            return NotImplemented
    if needs[2]:
        gb = channel_sums(gy)
    return gx, gw, gb


def _is_finite(gw: np.ndarray) -> bool:
    """Are all sums over an output channel? (Huge numbers may add up to ∞: then it says no, too.)"""
    return bool(np.isfinite(channel_sums(gw.reshape(1, len(gw), -1))).all())


def packed(x: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Contiguous, as images of two axes."""
    return np.ascontiguousarray(x).reshape(*x.shape[:2], *sizes)


def convolve(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    """y, of contiguous images."""
    if b is not None:
        b = np.ascontiguousarray(b)
    y: np.ndarray = choose(g).method.forward(x, w, b, g)
    return y


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    """gx = the adjoint of the convolution, of contiguous gy."""
    gx: np.ndarray = choose(g, "gx").method.input_gradient(gy, w, g)
    return gx


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    """gw, of contiguous images."""
    gw: np.ndarray = choose(g, "gw").method.weight_gradient(gy, x, g)
    return gw
