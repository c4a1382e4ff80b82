"""conv_transpose on float32 images and sequences: conv's three products in other roles.

    y = conv's gx of x        gx = conv(gy)        gw = conv's gw of (x for gy, gy for x)

Which method runs is chosen for the conv that leads back from y to x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..linalg.channel_sums import channel_sums
from . import conv
from .geometry import axes, geometry_of


def supports(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, **_: Any) -> bool:
    """As conv."""
    return conv.supports(x, w, b)


def forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, *, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    kernel = tuple(w.shape[2:])
    n = len(kernel)
    steps, pads, gaps = axes(stride, n), axes(padding, n), axes(dilation, n)
    rest = axes(output_padding, n)
    plan = (kernel, steps, pads, gaps), tuple(-e for e in rest), groups
    sizes = tuple(
        (size - 1) * s - 2 * p + d * (k - 1) + e + 1
        for size, s, p, d, k, e in zip(x.shape[2:], steps, pads, gaps, kernel, rest, strict=True)
    )
    g = geometry_of((x.shape[0], w.shape[1] * groups, *sizes), w.shape, plan)  # from y to x
    y = conv.input_gradient(conv.packed(x, (g.OH, g.OW)), conv.packed(w, g.K), g)
    if b is not None:
        y += b[:, None, None]
    return y.reshape(*y.shape[:2], *sizes), (x, w, plan)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    """The gradients; NotImplemented for what `supports` does not take."""
    x, w, plan = saved[:3]
    if not supports(x, w, None):
        return NotImplemented
    g = geometry_of(gy.shape, w.shape, plan)
    gy = conv.packed(gy, (g.H, g.W))
    gx = gw = gb = None
    if needs[0]:
        gx = conv.convolve(gy, conv.packed(w, g.K), None, g).reshape(x.shape)
    if needs[1]:
        gw = conv.weight_gradient(conv.packed(x, (g.OH, g.OW)), gy, g).reshape(w.shape)
    if needs[2]:
        gb = channel_sums(gy)
    return gx, gw, gb
