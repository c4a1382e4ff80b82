"""conv: every output pixel is the product of a kernel with the window below it, plus a bias.

    y[n, o, p, q] = b[o] + Σ_{c, i, j} w[o, c, i, j] x̄[n, g C/G + c, p SH + i DH, q SW + j DW]

where x̄ is x with zeros around it and g = ⌊o / (OC/G)⌋ the group of output channel o. (The kernel
is not flipped: this is a cross-correlation, as in all deep-learning libraries.) With the windows
as columns, X = im2col(x), each group is one matrix product:

    Y = W X + b        gX = Wᵀ gY,  gx = col2im(gX)        gW = gY Xᵀ        gb = Σ gY

Sequences and volumes go alike, with one index (i, p) or three; conv1d, conv2d and conv3d are this
one op. The products are in columns.py.

Shapes: x (N, C, H, W), w (OC, C/G, KH, KW), b (OC,) or None → y (N, OC, OH, OW), all of one dtype;
OH = ⌊(H + 2 PH − DH (KH − 1) − 1) / SH⌋ + 1, OW alike; (N, C, L), (N, C, D, H, W) for 1 and 3 axes.
Without input channels y has no channels either, as in PyTorch.
stride, dilation: an int, or one for each axis. padding: the same, or 'valid' (none), or 'same' (y
as large as x; stride 1 only; where the rows or columns to add are odd in number, the extra one is
at the end). groups: G, which divides C and OC.
Raises: ValueError for shapes and values, TypeError for dtypes.
Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998, section
II; Chellapilla et al. 2006 (see im2col). Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import check_fits, check_images, numbers_from
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_numbers, widen
from ..reduce.sum import OP as SUM
from . import columns
from .arguments import axes_of, check_bias, check_groups, kernel_text
from .columns import Plan
from .im2col import Window


class Saved(NamedTuple):
    x: Array
    w: Array
    plan: Plan
    packed: Any = None  # x and w as a kernel has handed them to a library, to do so again


def check(
    x: Array, w: Array, b: Array | None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> None:  # fmt: skip
    n = axes_of("conv", w)
    op = f"conv{n}d"
    check_images(op, x, n)
    check_numbers(op, x=x, weight=w, **({} if b is None else {"bias": b}))
    check_groups(op, groups, w.shape[0], "output", w)
    _check_channels(op, x, w, groups)
    check_bias(op, b, w.shape[0], w)
    if 0 in (w.shape[0], *w.shape[2:]):
        raise ValueError(f"{op}: weight has a size of 0 (got {w.shape}); use sizes of at least 1")
    view, extra, _ = _plan(op, w, stride, padding, dilation, groups)
    pads = tuple(2 * p + e for p, e in zip(view.padding, extra, strict=True))
    check_fits(op, x, view.kernel_size, pads, view.dilation, empty=0 in x.shape[:2])


def _check_channels(op: str, x: Array, w: Array, groups: int) -> None:
    C, (OC, CG, *kernel) = x.shape[1], w.shape
    expected = CG * groups
    if expected != C:
        fitting = groups if C % groups == 0 else 1
        more = f", groups={fitting}" if fitting > 1 else ""
        layer = f"nn.Conv{len(kernel)}d({C}, {OC}, {kernel_text(tuple(kernel))}{more})"
        raise ValueError(
            f"{op}: weight expects {expected} input channels (got x {x.shape}, weight "
            f"{w.shape}, groups={groups}); use {layer}"
        )


def _plan(op: str, w: Array, stride: Any, padding: Any, dilation: Any, groups: int) -> Plan:
    """Where the windows lie. Raises ValueError or TypeError for impossible numbers."""
    kernel = tuple(w.shape[2:])
    n = len(kernel)
    steps = numbers_from(stride, n, op, "stride", 1)
    gaps = numbers_from(dilation, n, op, "dilation", 1)
    pads = extra = (0,) * n
    if not isinstance(padding, str):
        pads = numbers_from(padding, n, op, "padding", 0)
    elif padding == "same":
        if set(steps) != {1}:
            raise ValueError(
                f"{op}: padding='same' needs stride 1 (got stride={stride}); use a number, "
                f"e.g. padding={kernel[0] // 2}"
            )
        both = [d * (k - 1) for k, d in zip(kernel, gaps, strict=True)]  # sides together
        pads, extra = tuple(t // 2 for t in both), tuple(t % 2 for t in both)
    elif padding != "valid":
        raise ValueError(
            f"{op}: padding is a number, one for each axis, 'same' or 'valid' (got {padding!r}); "
            "use padding='same' to keep the image size"
        )
    return Plan(Window(kernel, steps, pads, gaps), extra, groups)


def forward(
    x: Array, w: Array, b: Array | None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Saved]:  # fmt: skip
    plan = _plan("conv", w, stride, padding, dilation, groups)
    saved = Saved(x, w, plan)
    x, w = widen(x), widen(w)
    xp = array_module(x)
    (N, C, *sizes), (OC, *kernel) = x.shape, w.shape
    counts = plan.view.counts(tuple(s + e for s, e in zip(sizes, plan.extra, strict=True)))
    if 0 in x.shape[1:]:  # nothing to add up
        return xp.zeros((N, OC if C else 0, *counts), dtype=saved.x.dtype), saved
    L = math.prod(counts)
    kernels = columns.flat_kernels(w, groups)
    y = xp.empty((N, OC, *counts), dtype=x.dtype)
    for part in columns.parts(x, plan, groups * math.prod(kernel) * L):
        out = y[part]
        X = columns.to_columns(x[part], plan)  # (n, G, C/G·KH·KW, OH·OW)
        xp.matmul(kernels, X, out=out.reshape(out.shape[0], groups, OC // groups, L))
        if b is not None:
            out += b.reshape(OC, *(1,) * len(counts))
    return like(y, saved.x), saved


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, w, plan = saved.x, saved.w, Plan.of(saved.plan)
    if 0 in x.shape[1:]:
        zeros = (xp.zeros_like(gy, shape=shape) for shape in (x.shape, w.shape, w.shape[:1]))
        return tuple(zero if need else None for zero, need in zip(zeros, needs, strict=True))
    wide = widen(gy)
    gx = gw = gb = None
    if needs[0]:
        gx = like(columns.input_gradient(wide, widen(w), plan, tuple(x.shape[2:])), gy)
    if needs[1]:
        gw = like(columns.weight_gradient(wide, widen(x), plan, w.shape), gy)
    if needs[2]:
        gb = like(SUM(wide, axis=(0, *range(2, gy.ndim))), gy)
    return gx, gw, gb


def reference(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, *, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> np.ndarray:  # fmt: skip
    (N, C, *sizes), (OC, CG, *K) = x.shape, w.shape
    n = len(K)
    S, D = numbers_from(stride, n, "", "", 1), numbers_from(dilation, n, "", "", 1)
    if padding == "same":
        P, counts = [d * (k - 1) // 2 for d, k in zip(D, K, strict=True)], sizes
    else:
        P = list(numbers_from(0 if padding == "valid" else padding, n, "", "", 0))
        counts = [(sizes[a] + 2 * P[a] - D[a] * (K[a] - 1) - 1) // S[a] + 1 for a in range(n)]
    y = np.zeros((N, OC if C else 0, *counts), np.result_type(x, w, *([] if b is None else [b])))
    for where in np.ndindex(*y.shape):
        (image, o), at = where[:2], where[2:]
        y[where] = 0 if b is None else b[o]
        first = o // (OC // groups) * CG  # the first channel of this group
        for c, *tap in np.ndindex(CG, *K):
            place = tuple(p * s + i * d - t for p, s, i, d, t in zip(at, S, tap, D, P, strict=True))
            inside = all(0 <= a < size for a, size in zip(place, sizes, strict=True))
            y[where] += w[o, c][tuple(tap)] * (x[image, first + c][place] if inside else 0)
    return y


_CASES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]], ...] = (
    ("plain", (2, 3, 5, 4), (2, 3, 3, 2), {}),
    ("stride, padding", (1, 2, 5, 6), (3, 2, 3, 3), {"stride": (2, 1), "padding": (1, 2)}),
    ("dilation", (1, 2, 6, 5), (2, 2, 2, 3), {"dilation": (3, 2), "padding": 1}),
    ("groups", (2, 4, 4, 3), (6, 2, 2, 2), {"groups": 2, "padding": (0, 1)}),
    ("depthwise", (1, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    ("1×1 kernel", (2, 3, 2, 3), (4, 3, 1, 1), {}),
    ("1×1 kernel, groups", (2, 4, 2, 3), (2, 2, 1, 1), {"groups": 2}),
    ("1×1 kernel, stride", (1, 2, 4, 5), (2, 2, 1, 1), {"stride": 2}),
    ("same, odd kernel", (1, 2, 4, 3), (2, 2, 3, 1), {"padding": "same"}),
    ("same, even kernel", (2, 1, 4, 3), (2, 1, 2, 4), {"padding": "same"}),
    ("same, one row more", (1, 1, 3, 6), (1, 1, 2, 5), {"padding": "same"}),
    ("same, dilated", (1, 1, 4, 6), (1, 1, 2, 2), {"padding": "same", "dilation": (1, 3)}),
    ("more images than channels", (3, 1, 3, 4), (1, 1, 2, 2), {"stride": [1, 2]}),
    ("valid", (1, 1, 5, 4), (1, 1, 2, 3), {"padding": "valid", "dilation": (2, 1)}),
    ("size 1", (1, 1, 1, 1), (1, 1, 3, 3), {"padding": 1}),
    ("empty batch", (0, 2, 4, 4), (3, 2, 3, 3), {}),
    ("no channels", (2, 0, 4, 3), (3, 0, 3, 2), {"padding": 1}),
    ("empty batch of empty images", (0, 2, 0, 3), (3, 2, 3, 2), {"padding": 2}),
    ("sequence", (2, 2, 7), (3, 2, 3), {"stride": 2, "padding": 1, "dilation": (2,)}),
    ("sequence, same", (1, 2, 5), (2, 1, 4), {"padding": "same", "groups": 2}),
    ("volume", (1, 2, 3, 4, 2), (2, 1, 2, 1, 2), {"stride": (1, 2, 1), "padding": 1, "groups": 2}),
    ("volume, same", (1, 1, 2, 3, 2), (1, 1, 2, 3, 2), {"padding": "same", "dilation": (1, 1, 3)}),
)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    for label, shape_x, shape_w, params in _CASES:
        yield Sample((draw(*shape_x), draw(*shape_w), draw(shape_w[0])), params, label)
    yield Sample((draw(1, 2, 4, 4), draw(2, 2, 3, 3), None), {"padding": 1}, "no bias")
    x, w = draw(4, 5, 3, 2).transpose(3, 2, 1, 0), draw(2, 2, 3, 4).transpose(3, 2, 1, 0)
    yield Sample((x, w, draw(8)[::2]), {"padding": 1}, "not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, w, b = rng.normal(size=(2, 4, 8, 8)), rng.normal(size=(6, 4, 5, 5)), rng.normal(size=6)

    def bad(
        words: str, x: Any, w: Any, b: Any = b, error: type[Exception] = ValueError, **params: Any
    ) -> ErrorSample:
        return ErrorSample((x, w, b), params, error, words)

    slide = "weight expects 3 input channels (got x (2, 4, 8, 8), weight (6, 3, 5, 5), groups=1); "
    yield bad(slide + "use nn.Conv2d(4, 6, 5)", x, w[:, :3])
    yield bad("use nn.Conv2d(4, 6, 5, groups=2)", x, w, groups=2)
    yield bad("use nn.Conv2d(4, 6, (5, 3))", x, w[:, :3, :, :3])
    yield bad("conv2d: images are (N, C, H, W) (got x (4, 8, 8), without", x[0], w)
    yield bad("conv1d: sequences are (N, C, L) (got x (2, 4, 8, 8))", x, w[..., 0])
    yield bad("conv3d: volumes are (N, C, D, H, W) (got x (2, 4, 8, 8), w", x, w[..., None])
    yield bad("use nn.Conv1d(4, 6, 5)", x[..., 0], w[:, :3, :, 0])
    yield bad("images are (N, C, H, W) (got x (8, 8))", x[0, 0], w)
    yield bad("conv: weight has one, two or three axes of space", x, w[..., 0, 0])
    yield bad("conv2d: weight has a size of 0", x, w[:0], b[:0])
    yield bad("(got height 3 + 0 of padding = 3, but the kernel covers 1·(5 − 1)", x[:, :, :3], w)
    yield bad("(got width 2 + 2 of padding = 4, but", x[..., :2], w, padding=1)
    yield bad("the kernel covers 2·(5 − 1) + 1 = 9", x, w, dilation=2)
    yield bad("groups must divide the 6 output channels (got groups=4", x, w, groups=4)
    yield bad("groups is at least 1", x, w, groups=0)
    yield bad("groups is an int (got (1, 1))", x, w, groups=(1, 1), error=TypeError)
    yield bad("bias has one number for each of the 6 output channels (got shape (5,)", x, w, b[:5])
    yield bad("weight has a size of 0", x, w[..., :0])
    yield bad("conv2d: stride is at least 1 (got 0)", x, w, stride=0)
    yield bad("conv2d: dilation is at least 1 (got (1, 0))", x, w, dilation=(1, 0))
    yield bad("conv2d: padding is at least 0 (got -1)", x, w, padding=-1)
    yield bad("padding='same' needs stride 1 (got stride=2)", x, w, padding="same", stride=2)
    yield bad("'same' or 'valid' (got 'full')", x, w, padding="full")
    yield bad("an int or 2 ints (got 1.5)", x, w, stride=1.5, error=TypeError)
    yield bad("an int or 2 ints (got (1, 1.5))", x, w, stride=(1, 1.5), error=TypeError)
    yield bad("an int or 2 ints", x, w, stride=(1.5, 1.5), error=TypeError)
    yield bad("an int or a tuple with one int", x[..., 0], w[..., 0], stride=1.5, error=TypeError)
    yield bad("x float64, weight float32", x, w.astype(np.float32), error=TypeError)
    yield bad("bias float32", x, w, b.astype(np.float32), error=TypeError)
    yield bad("e.g. with x.to(float64)", x.astype(int), w, error=TypeError)
    yield bad("conv2d: x holds numbers (got bool)", x > 0, w, error=TypeError)


OP = Op(
    "conv", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
