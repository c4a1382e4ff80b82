"""Sliding windows, recognised from their numbers: which kernel, stride, padding and dilation?

Hypotheses about convolution and pooling compute what a mistake would give, and for that need the
geometry, which a plain NumPy layer does not tell. It is found by trying: the geometry with which a
small model gives the layer's own output. Everything here is (N, C, H, W); a 1-D layer gets H = 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

LARGE = 2_000_000  # window elements; beyond, no model is tried


class Geometry(NamedTuple):
    """Per axis (H, W)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


Tap = tuple[tuple[int, int], tuple[slice, slice]]


def taps(g: Geometry, out: tuple[int, int]) -> Iterator[Tap]:
    """For each element (i, j) of the kernel: the slices of the padded image that it meets."""
    for i, j in np.ndindex(g.kernel):
        yield (
            (i, j),
            tuple(  # type: ignore[misc]
                slice(q * d, q * d + s * (n - 1) + 1, s)
                for q, d, s, n in zip((i, j), g.dilation, g.stride, out, strict=True)
            ),
        )


def canvas(size: tuple[int, int], g: Geometry, out: tuple[int, int]) -> list[int]:
    """The padded image's size, large enough for every window."""
    return [
        max(n + 2 * p, s * (m - 1) + d * (k - 1) + 1)
        for n, k, s, p, d, m in zip(size, *g, out, strict=True)
    ]


def padded(x: np.ndarray, g: Geometry, out: tuple[int, int], fill: float = 0.0) -> np.ndarray:
    """x in the middle of its canvas."""
    big = np.full((*x.shape[:2], *canvas(x.shape[2:], g, out)), fill)
    big[_inside(x.shape[2:], g)] = x
    return big


def _inside(size: tuple[int, ...], g: Geometry) -> tuple[slice, ...]:
    H, W = size
    P, Q = g.padding
    return (slice(None), slice(None), slice(P, P + H), slice(Q, Q + W))


def conv(x: np.ndarray, w: np.ndarray, g: Geometry, out: tuple[int, int]) -> np.ndarray:
    """Cross-correlation without bias."""
    big, y = padded(x, g, out), 0.0
    for (i, j), s in taps(g, out):
        y = y + np.einsum("nchw,oc->nohw", big[..., s[0], s[1]], w[:, :, i, j])
    return np.asarray(y)


def conv_gw(c: np.ndarray, x: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    """The gradient of the weight for a cotangent c."""
    out = (c.shape[2], c.shape[3])
    big, gw = padded(x, g, out), np.zeros(w.shape)
    for (i, j), s in taps(g, out):
        gw[:, :, i, j] = np.einsum("nohw,nchw->oc", c, big[..., s[0], s[1]])
    return gw


def spread(
    shape: tuple[int, ...], g: Geometry, out: tuple[int, int],
    part: Callable[[tuple[int, int]], np.ndarray], how: str = "add",
) -> np.ndarray:  # fmt: skip
    """Σ over taps of part(tap) (N, C, OH, OW), scattered to the image.

    how: "add"; "by tap" and "by window" assign instead, the last in that loop order wins.
    """
    big = np.zeros((*shape[:2], *canvas(shape[2:], g, out)))  # type: ignore[arg-type]
    if how == "by window":
        parts = [(s, part(tap)) for tap, s in taps(g, out)]
        for h, w in np.ndindex(out):
            for (rows, columns), value in parts:
                here = (..., rows.start + h * rows.step, columns.start + w * columns.step)
                big[here] = value[..., h, w]
    else:
        for tap, s in taps(g, out):
            if how == "add":
                big[..., s[0], s[1]] += part(tap)
            else:
                big[..., s[0], s[1]] = part(tap)
    return big[_inside(shape[2:], g)]


def geometries(
    size: tuple[int, ...], out: tuple[int, ...], kernel: tuple[int, ...] | None
) -> Iterator[Geometry]:
    """All geometries that turn an image of this size into that one, the plainest first."""
    axes = []
    for q in range(2):
        sizes = range(1, min(size[q], 7) + 1) if kernel is None else (kernel[q],)
        dilations = (1,) if kernel is None else (1, 2, 3)
        axes.append([
            (k, s, p, d)
            for d, p, k in itertools.product(dilations, range(4), sizes)
            for s in range(1, 5)
            if size[q] + 2 * p >= d * (k - 1) + 1 and (kernel is not None or 2 * p <= k)
            and (size[q] + 2 * p - d * (k - 1) - 1) // s + 1 == out[q]
        ])  # fmt: skip
    pairs = itertools.product(*axes)
    for a, b in sorted(pairs, key=lambda ab: (ab[0] != ab[1], ab[0][1:] != ab[1][1:], ab)):
        yield Geometry(*zip(a, b, strict=True))


def image(x: np.ndarray) -> np.ndarray:
    """(N, C, L) as (N, C, 1, L); four axes as they are."""
    return x[:, :, None, :] if x.ndim == 3 else x


def find_conv(x: np.ndarray, w: np.ndarray, y: np.ndarray) -> Geometry | None:
    """The geometry with which y = conv(x, w) + b; None where there is none."""
    if x.shape[1] != w.shape[1] or y.shape[:2] != (x.shape[0], w.shape[0]):
        return None
    out = (y.shape[2], y.shape[3])
    if y[0].size * w[0].size > LARGE:
        return None
    scale = float(np.max(abs(y)))
    for g in geometries(x.shape[2:], out, w.shape[2:]):
        rest = y[:1] - conv(x[:1], w, g, out)
        if np.max(np.ptp(rest, axis=(0, 2, 3))) <= 1e-8 * scale:
            return g
    return None


def find_pool(x: np.ndarray, y: np.ndarray) -> tuple[str, Geometry] | None:
    """("max" or "average", the geometry) of a pooling layer; None where it is neither."""
    if x.shape[:2] != y.shape[:2] or x.ndim != 4:
        return None
    out = (y.shape[2], y.shape[3])
    one, want = x[:1, :1], y[:1, :1]
    kind = "max" if np.isin(want, one).all() else "average"
    for g in geometries(x.shape[2:], out, None):
        if y.size * g.kernel[0] * g.kernel[1] > LARGE:
            continue
        if kind == "max":
            big = padded(one, g, out, -np.inf)
            got = np.max([big[..., s[0], s[1]] for _, s in taps(g, out)], axis=0)
        else:
            big = padded(one, g, out)
            got = np.mean([big[..., s[0], s[1]] for _, s in taps(g, out)], axis=0)
        if np.max(abs(got - want)) <= 1e-9 * np.max(abs(want)):
            return (kind, g) if g.kernel != (1, 1) else None
    return None
