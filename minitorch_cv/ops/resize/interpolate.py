"""interpolate: images (or signals, or volumes) brought to another size.

    y[…, o] = Σ_i weight(o, i) x[…, i]      along every axis in turn; gx takes the same weights back

nearest:        the element at ⌊o ratio⌋; nearest-exact: at ⌊(o + ½) ratio⌋, the nearest centre
linear:         the two neighbours of u, which count 1 − t and t (bilinear and trilinear: on 2 and
                3 axes), where t = u − ⌊u⌋ and u is o's place in the input (see taps.py)
bicubic:        four neighbours, by the cubic of Keys with a = −3/4
antialias:      all elements within the reach of a filter as wide as an output's share of the input
                (a triangle; Keys' cubic with a = −1/2; lanczos: sinc(d) sinc(d/3), d < 3)

Beyond the border the element on the border is taken; with antialias the weights left are scaled
to the sum 1. An axis whose size stays is copied by nearest, linear and all filters, whatever the
scale_factor.

Shapes: x (N, C, S₁, …, Sₙ) → (N, C, O₁, …, Oₙ), n = 1, 2, 3; a float dtype, nearest also uint8.
size: (O₁, …, Oₙ); scale_factor: a number for each axis that makes the ratio 1/scale_factor, or
None: the ratio is S/O. align_corners: the centres of the corners keep their places.
Raises: ValueError for ranks, sizes and options that do not fit, TypeError for dtypes.
Source: R. Keys, "Cubic convolution interpolation for digital image processing", 1981. Verified by
the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .resample import OP as RESAMPLE
from .resample import Tables
from .taps import taps_of, transposed

_KINDS = {  # mode → (what it does along an axis, for how many axes)
    "nearest": ("nearest", (1, 2, 3)), "nearest-exact": ("nearest-exact", (1, 2, 3)),
    "linear": ("linear", (1,)), "bilinear": ("linear", (2,)), "trilinear": ("linear", (3,)),
    "bicubic": ("cubic", (2,)), "lanczos": ("lanczos", (2,)),
}  # fmt: skip
_SMOOTH = ("bilinear", "bicubic", "lanczos")


class Saved(NamedTuple):
    taps: Tables


def check(
    x: Array,
    *,
    size: tuple[int, ...],
    scale_factor: tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> None:
    _check_mode(x, mode, align_corners, antialias)
    if len(size) != x.ndim - 2 or (scale_factor is not None and len(scale_factor) != x.ndim - 2):
        raise ValueError(
            f"interpolate: size and scale_factor have a number for each of the {x.ndim - 2} axes "
            f"after (N, C) (got size={size}, scale_factor={scale_factor}, x {x.shape})"
        )
    if min(*x.shape[1:], *size) < 1:
        raise ValueError(
            f"interpolate: channels and sizes are at least 1 (got x {x.shape}, output {size}); "
            "use a larger image, size or scale_factor"
        )
    if x.dtype.kind != "f" and not (x.dtype == "uint8" and mode.startswith("nearest")):
        raise TypeError(
            f"interpolate: x is of a float dtype, or uint8 for nearest (got {x.dtype}, mode "
            f"{mode!r}); use x.float()"
        )


def _check_mode(x: Array, mode: str, align_corners: bool, antialias: bool) -> None:
    if mode not in _KINDS:
        raise ValueError(f"interpolate: mode is one of {', '.join(_KINDS)}, area (got {mode!r})")
    if x.ndim - 2 not in _KINDS[mode][1]:
        ranks = " or ".join(str(n + 2) for n in _KINDS[mode][1])
        raise ValueError(f"interpolate: mode {mode!r} wants {ranks} axes (got x {x.shape})")
    if align_corners and (mode.startswith("nearest") or mode == "lanczos"):
        raise ValueError(
            f"interpolate: mode {mode!r} knows no align_corners (got {align_corners}); leave it out"
        )
    if antialias and mode not in _SMOOTH:
        raise ValueError(
            f"interpolate: antialias is for {', '.join(_SMOOTH)} (got mode {mode!r}); leave it out"
        )
    if mode == "lanczos" and not antialias:
        raise ValueError("interpolate: mode 'lanczos' is a smoothing filter; pass antialias=True")


def forward(
    x: Array,
    *,
    size: tuple[int, ...],
    scale_factor: tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> tuple[Array, Saved]:
    scales = scale_factor or (None,) * len(size)
    places = "float64" if x.dtype == "float64" else "float32"
    taps = tuple(
        taps_of(_KINDS[mode][0], S, O, scale, align_corners, antialias, places)
        for S, O, scale in zip(x.shape[2:], size, scales, strict=True)
    )
    return RESAMPLE(x, taps=taps), Saved(taps)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (RESAMPLE(gy, taps=tuple(map(transposed, saved.taps))) if needs[0] else None,)


def reference(
    x: np.ndarray,
    *,
    size: tuple[int, ...],
    scale_factor: tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> np.ndarray:
    kind, every = _KINDS[mode][0], (slice(None),) * 2
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for where in np.ndindex(*size):
        shares = []
        for k, (o, S, O) in enumerate(zip(where, x.shape[2:], size, strict=True)):
            ratio = S / O if scale_factor is None else 1 / scale_factor[k]
            if align_corners:
                ratio = (S - 1) / (O - 1) if O > 1 else 0.0
            shares.append(_share(kind, o, S, S == O, ratio, align_corners, antialias))
        for taps in itertools.product(*shares):
            weight = math.prod(weight for _, weight in taps)
            place = tuple(i for i, _ in taps)
            y[every + where] += weight * x[every + place]
    return y


def _share(
    kind: str, o: int, S: int, same: bool, ratio: float, align: bool, smooth: bool
) -> list[tuple[int, float]]:
    """The elements (i, weight) that output o of an axis is made of."""
    if same and (smooth or kind in ("nearest", "linear")):
        return [(o, 1.0)]
    if smooth:
        center, width = (o + 0.5) * ratio, max(ratio, 1.0)
        reach = {"linear": 1, "cubic": 2, "lanczos": 3}[kind] * width
        near = [i for i in range(S) if -reach < i + 0.5 - center <= reach]
        weights = [_filter(kind, abs(i + 0.5 - center) / width, -0.5) for i in near]
        return [(i, weight / sum(weights)) for i, weight in zip(near, weights, strict=True)]
    if kind.startswith("nearest"):
        u = (o + 0.5 * (kind == "nearest-exact")) * ratio
        return [(min(math.floor(u), S - 1), 1.0)]
    u = o * ratio if align else (o + 0.5) * ratio - 0.5
    u = max(u, 0.0) if kind == "linear" else u  # no one is before the first
    low = math.floor(u)
    around = range(low - 1, low + 3) if kind == "cubic" else (low, low + 1)
    return [(min(max(i, 0), S - 1), _filter(kind, abs(i - u), -0.75)) for i in around]


def _filter(kind: str, d: float, a: float) -> float:
    """How much an element at distance d counts."""
    if kind == "linear":
        return max(1 - d, 0.0)
    if kind == "lanczos":
        p = math.pi * d
        return 3 * math.sin(p) * math.sin(p / 3) / p**2 if d else 1.0
    if d < 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = rng.normal(size=(2, 3, 4, 5))
    for mode in ("nearest", "nearest-exact"):
        for size in ((8, 3), (4, 12), (1, 5)):
            yield Sample((x,), {"size": size, "mode": mode}, f"{mode} to {size}")
        given = {"size": (5, 7), "scale_factor": (1.3, 1.45), "mode": mode}
        yield Sample((x,), given, f"{mode}, scale_factor")
        yield Sample((x[0],), {"size": (3,), "mode": mode}, f"{mode}, one axis")
        yield Sample((x[None, :, :1],), {"size": (2, 5, 7), "mode": mode}, f"{mode}, three axes")
    for mode, align in itertools.product(("bilinear", "bicubic"), (False, True)):
        named: dict[str, Any] = {"mode": mode, "align_corners": align}
        for size in ((7, 2), (4, 5), (1, 10)):
            yield Sample((x,), {"size": size, **named}, f"{mode} to {size}, align {align}")
            yield Sample(
                (x,), {"size": size, **named, "antialias": True}, f"smooth {mode}, {size}, {align}"
            )
        given = {"size": (5, 4), "scale_factor": (1.3, 0.9), **named}
        yield Sample((x,), given, f"{mode}, scale_factor, align {align}")
        yield Sample((x[:, :, :1, :1],), {"size": (2, 3), **named}, f"{mode}, one pixel")
    for size in ((2, 3), (6, 5)):
        smooth = {"size": size, "mode": "lanczos", "antialias": True}
        yield Sample((x,), smooth, f"lanczos to {size}")
    yield Sample((x[0],), {"size": (8,), "mode": "linear"}, "linear")
    yield Sample((x[None, :, :1],), {"size": (2, 3, 6), "mode": "trilinear"}, "trilinear")
    yield Sample((x.transpose(1, 0, 3, 2),), {"size": (3, 6), "mode": "bicubic"}, "not contiguous")
    yield Sample((x[:0],), {"size": (3, 6), "mode": "bilinear"}, "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 3, 4))

    def bad(words: str, error: type[Exception] = ValueError, **params: Any) -> ErrorSample:
        return ErrorSample((x,), {"size": (2, 2), **params}, error, words)

    yield bad("interpolate: mode is one of nearest, nearest-exact, linear", mode="cubic")
    yield bad("mode 'linear' wants 3 axes (got x (1, 2, 3, 4))", mode="linear")
    yield bad("a number for each of the 2 axes", size=(2,))
    yield bad("a number for each of the 2 axes", scale_factor=(2.0,))
    yield bad("sizes are at least 1 (got x (1, 2, 3, 4), output (0, 2))", size=(0, 2))
    yield bad("mode 'nearest' knows no align_corners", align_corners=True)
    yield bad("knows no align_corners", mode="lanczos", align_corners=True, antialias=True)
    yield bad("antialias is for bilinear, bicubic, lanczos", antialias=True)
    yield bad("pass antialias=True", mode="lanczos")
    for array in (x[:, :0], x[:, :, :0]):
        yield ErrorSample((array,), {"size": (2, 2)}, ValueError, "channels and sizes are at least")
    whole = np.ones((1, 1, 2, 2), np.int64)
    yield ErrorSample((whole,), {"size": (2, 2)}, TypeError, "x is of a float dtype, or uint8")
    small = {"size": (2, 2), "mode": "bilinear"}
    yield ErrorSample((whole.astype("uint8"),), small, TypeError, "uint8 for nearest (got uint8")


OP = Op(
    "interpolate", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
