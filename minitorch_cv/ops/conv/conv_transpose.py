"""conv_transpose: every input pixel puts its multiple of a kernel onto the output; they add up.

    y[n, g OC/G + o, r] = b + Σ_{c in group g} Σ_{(i, p): p S + i D − P = r} w[c, o, i] x[n, c, p]

written for one axis of space; with two or three, r, i and p are pairs or triples. It is the adjoint
of `conv` with the same numbers: ⟨conv_transpose(x), z⟩ = ⟨x, conv(z)⟩, so that where conv makes
images smaller by its stride, this makes them larger. It undoes conv's change of size, not of
values, and is called deconvolution by mistake. All its products are conv's own:

    y = conv's gx = col2im(Wᵀ X)        gx = conv(gy)        gw = conv's gw of (x for gy, gy for x)

Shapes: x (N, C, H, W), w (C, OC/G, KH, KW), b (OC,) or None → y (N, OC, OH, OW), all of one dtype;
OH = (H − 1) SH − 2 PH + DH (KH − 1) + EH + 1, OW alike; (N, C, L), (N, C, D, H, W) for 1 and 3
axes.
stride, padding, dilation: as in conv. output_padding: E, rows and columns more at the end of y, of
those for which conv with a stride would give the same size; smaller than the stride or dilation.
groups: G, which divides C.
Raises: ValueError for shapes and values, TypeError for dtypes.
Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016, section
4; M. Zeiler et al., "Deconvolutional networks", 2010. Verified by the op checks against loops, and
with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import check_images, numbers_from
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_numbers, widen
from ..reduce.sum import OP as SUM
from . import columns
from .arguments import axes_of, check_bias, check_groups, kernel_text
from .columns import Plan
from .conv import OP as CONV
from .im2col import Sizes, Window


class Saved(NamedTuple):
    x: Array
    w: Array
    plan: Plan  # of the conv that leads back from y to x
    packed: Any = None  # x and w as a kernel has handed them to a library, to do so again


def check(
    x: Array, w: Array, b: Array | None, *, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> None:  # fmt: skip
    n = axes_of("conv_transpose", w)
    op = f"conv_transpose{n}d"
    check_images(op, x, n)
    check_numbers(op, x=x, weight=w, **({} if b is None else {"bias": b}))
    C, (expected, share, *kernel) = x.shape[1], w.shape
    check_groups(op, groups, expected, "input", w)
    if expected != C:
        more = f", groups={groups}" if groups > 1 and C % groups == 0 else ""
        layer = f"nn.ConvTranspose{n}d({C}, {share * groups}, {kernel_text(tuple(kernel))}{more})"
        raise ValueError(
            f"{op}: weight expects {expected} input channels (got x {x.shape}, weight {w.shape}, "
            f"groups={groups}); use {layer}"
        )
    check_bias(op, b, share * groups, w)
    if 0 in w.shape:
        raise ValueError(f"{op}: weight has a size of 0 (got {w.shape}); use sizes of at least 1")
    if x.shape[0] and 0 in x.shape[2:]:
        raise ValueError(f"{op}: only the batch may be empty (got x {x.shape}); use larger images")
    _check_sizes(op, x, *_plan(op, x, w, stride, padding, output_padding, dilation, groups))


def _check_sizes(op: str, x: Array, plan: Plan, sizes: Sizes) -> None:
    view = plan.view
    for rest, s, d in zip(plan.extra, view.stride, view.dilation, strict=True):
        if -rest >= max(s, d):
            raise ValueError(
                f"{op}: output_padding is smaller than the stride or the dilation (got "
                f"{-rest}, stride {s}, dilation {d}); use at most {max(s, d) - 1}"
            )
    if min(sizes) < 1:
        raise ValueError(
            f"{op}: nothing is left of the output (got x {x.shape}, kernel {view.kernel_size}, "
            f"padding {view.padding}, which give {sizes}); use less padding or a larger kernel"
        )


def _plan(
    op: str, x: Array, w: Array, stride: Any, padding: Any, output_padding: Any, dilation: Any,
    groups: int,
) -> tuple[Plan, Sizes]:  # fmt: skip
    """(the plan of conv from y to x, the size of y)."""
    kernel = tuple(w.shape[2:])
    n = len(kernel)
    steps = numbers_from(stride, n, op, "stride", 1)
    pads = numbers_from(padding, n, op, "padding", 0)
    rest = numbers_from(output_padding, n, op, "output_padding", 0)
    gaps = numbers_from(dilation, n, op, "dilation", 1)
    sizes = tuple(
        (size - 1) * s - 2 * p + d * (k - 1) + e + 1
        for size, s, p, d, k, e in zip(x.shape[2:], steps, pads, gaps, kernel, rest, strict=True)
    )
    # conv would not reach the last `rest` rows of y: on its way there, as many zeros fewer follow.
    return Plan(Window(kernel, steps, pads, gaps), tuple(-e for e in rest), groups), sizes


def forward(
    x: Array, w: Array, b: Array | None, *, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> tuple[Array, Saved]:  # fmt: skip
    xp = array_module(x)
    args = (stride, padding, output_padding, dilation, groups)
    plan, sizes = _plan("conv_transpose", x, w, *args)
    OC = w.shape[1] * groups
    if 0 in x.shape[2:]:  # nothing to add up: an empty batch of empty images
        return xp.zeros((0, OC, *sizes), dtype=x.dtype), Saved(x, w, plan)
    y = columns.input_gradient(widen(x), widen(w), plan, sizes)
    if b is not None:
        y = y + xp.reshape(widen(b), (OC, *(1,) * len(sizes)))
    return like(y, x), Saved(x, w, plan)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, w, plan = saved.x, saved.w, Plan.of(saved.plan)
    if 0 in x.shape[2:]:
        shapes = (x.shape, w.shape, gy.shape[1:2])
        zeros = (xp.zeros_like(gy, shape=shape) for shape in shapes)
        return tuple(zero if need else None for zero, need in zip(zeros, needs, strict=True))
    wide = widen(gy)
    gx = gw = gb = None
    if needs[0]:
        gx = like(_conv(wide, widen(w), plan), gy)
    if needs[1]:
        gw = like(columns.weight_gradient(widen(x), wide, plan, w.shape), gy)
    if needs[2]:
        gb = like(SUM(wide, axis=(0, *range(2, gy.ndim))), gy)
    return gx, gw, gb


def _conv(y: Array, w: Array, plan: Plan) -> Array:
    """conv by a plan, which may cut off the end of y."""
    _, stride, padding, dilation = plan.view
    if any(plan.extra):
        y, padding = columns.resize(y, plan.ends), plan.bare_view.padding
    return CONV(y, w, None, stride=stride, padding=padding, dilation=dilation, groups=plan.groups)


def reference(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, *, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> np.ndarray:  # fmt: skip
    (N, C, *sizes), (_, share, *K) = x.shape, w.shape
    n = len(K)
    S, P, E, D = (
        numbers_from(value, n, "", "", 0) for value in (stride, padding, output_padding, dilation)
    )
    out = [(sizes[a] - 1) * S[a] - 2 * P[a] + D[a] * (K[a] - 1) + E[a] + 1 for a in range(n)]
    y = np.zeros((N, share * groups, *out), np.result_type(x, w, *([] if b is None else [b])))
    for o in range(share * groups):
        y[:, o] += 0 if b is None else b[o]
    for image, c, *at in np.ndindex(*x.shape):
        first = c // (C // groups) * share  # the first output channel of this group
        for o, *tap in np.ndindex(share, *K):
            place = tuple(p * s + i * d - t for p, s, i, d, t in zip(at, S, tap, D, P, strict=True))
            if all(0 <= r < size for r, size in zip(place, out, strict=True)):
                y[image, first + o][place] += w[c, o][tuple(tap)] * x[image, c][tuple(at)]
    return y


_CASES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]], ...] = (
    ("plain", (2, 3, 3, 4), (3, 2, 3, 2), {}),
    ("stride, padding", (1, 2, 3, 4), (2, 3, 3, 3), {"stride": (2, 1), "padding": (1, 2)}),
    ("dilation", (1, 2, 2, 3), (2, 2, 2, 3), {"dilation": (3, 2), "padding": 1}),
    ("groups", (2, 4, 3, 2), (4, 3, 2, 2), {"groups": 2, "padding": (0, 1)}),
    ("depthwise", (1, 3, 2, 3), (3, 1, 3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    ("output padding", (2, 2, 2, 3), (2, 1, 3, 2),
     {"stride": (3, 2), "padding": 1, "output_padding": (2, 1)}),
    ("output padding below the dilation", (1, 2, 2, 2), (2, 1, 2, 2),
     {"dilation": (3, 2), "output_padding": (2, 1), "padding": (1, 0)}),
    ("output padding of one axis", (1, 1, 2, 3), (1, 1, 2, 2),
     {"dilation": [1, 3], "output_padding": [0, 2]}),
    ("more images than channels", (3, 1, 2, 3), (1, 1, 2, 2), {"stride": (1, 2)}),
    ("output padding alone is left", (1, 1, 1, 1), (1, 1, 1, 1),
     {"stride": 5, "padding": 2, "output_padding": 4}),
    ("1×1 kernel", (2, 3, 2, 3), (3, 4, 1, 1), {}),
    ("1×1 kernel, groups", (2, 4, 2, 3), (4, 2, 1, 1), {"groups": 2}),
    ("1×1 kernel, stride", (1, 2, 2, 3), (2, 2, 1, 1), {"stride": 2}),
    ("1×1 kernel, dilated", (1, 2, 2, 3), (2, 2, 1, 1), {"dilation": 2, "output_padding": 1}),
    ("windows wholly in the padding", (1, 1, 3, 3), (1, 1, 1, 1), {"stride": 2, "padding": 1}),
    ("size 1", (1, 1, 1, 1), (1, 1, 2, 3), {}),
    ("empty batch", (0, 2, 2, 3), (2, 3, 3, 3), {"stride": 2}),
    ("empty batch of empty images", (0, 2, 0, 3), (2, 3, 3, 3), {}),
    ("sequence", (2, 2, 4), (2, 3, 3),
     {"stride": 2, "padding": 1, "dilation": (2,), "output_padding": 1}),
    ("volume", (1, 2, 2, 1, 3), (2, 1, 2, 2, 1),
     {"stride": (1, 2, 2), "groups": 2, "output_padding": (0, 0, 1)}),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    for label, shape_x, shape_w, params in _CASES:
        bias = draw(shape_w[1] * params.get("groups", 1))
        yield Sample((draw(*shape_x), draw(*shape_w), bias), params, label)
    yield Sample((draw(1, 2, 3, 3), draw(2, 2, 3, 3), None), {"padding": 1}, "no bias")
    x, w = draw(4, 3, 2, 2).transpose(3, 2, 1, 0), draw(2, 2, 3, 2).transpose(3, 2, 1, 0)
    x = np.concatenate([x, x[:, :1]], axis=1)[:, ::2]
    yield Sample((x, w, draw(6)[::2]), {"padding": 1}, "not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, w, b = rng.normal(size=(2, 4, 3, 3)), rng.normal(size=(4, 6, 5, 5)), rng.normal(size=6)

    def bad(
        words: str, x: Any, w: Any, b: Any = b, error: type[Exception] = ValueError, **params: Any
    ) -> ErrorSample:
        return ErrorSample((x, w, b), params, error, words)

    slide = "weight expects 3 input channels (got x (2, 4, 3, 3), weight (3, 6, 5, 5), groups=1); "
    yield bad(slide + "use nn.ConvTranspose2d(4, 6, 5)", x, w[:3])
    yield bad("use nn.ConvTranspose2d(4, 12, (5, 3), groups=2)", x, w[:2, ..., :3], groups=2)
    yield bad("conv_transpose1d: sequences are (N, C, L) (got x (2, 4, 3, 3))", x, w[..., 0])
    yield bad("conv_transpose2d: images are (N, C, H, W) (got x (4, 3, 3), without", x[0], w)
    yield bad("conv_transpose: weight has one, two or three axes", x, w[..., 0, 0])
    yield bad("groups must divide the 4 input channels (got groups=3", x, w, groups=3)
    yield bad("groups is at least 1", x, w, groups=0)
    yield bad("groups is an int (got 1.0)", x, w, groups=1.0, error=TypeError)
    yield bad("bias has one number for each of the 6 output channels (got shape (5,)", x, w, b[:5])
    yield bad("weight has a size of 0", x, w[..., :0])
    yield bad("weight has a size of 0", x, w[:, :0], None)
    yield bad("weight has a size of 0", x[:, :0], w[:0])
    yield bad("only the batch may be empty (got x (2, 4, 0, 3))", x[:, :, :0], w)
    yield bad("conv_transpose2d: stride is at least 1 (got 0)", x, w, stride=0)
    yield bad("conv_transpose2d: dilation is at least 1 (got 0)", x, w, dilation=0)
    yield bad("conv_transpose2d: padding is at least 0 (got -1)", x, w, padding=-1)
    yield bad("output_padding is at least 0 (got -1)", x, w, output_padding=-1)
    yield bad("smaller than the stride or the dilation (got 1, stride 1, dilation 1); use at most "
              "0", x, w, output_padding=(0, 1))  # fmt: skip
    yield bad("use at most 2", x, w, output_padding=3, stride=2, dilation=3)
    yield bad("nothing is left of the output (got x (2, 4, 3, 3), kernel (5, 5), padding (4, 1), "
              "which give (-1, 5))", x, w, padding=(4, 1))  # fmt: skip
    yield bad("which give (0, 5))", x, w[..., :4, :], padding=(3, 1), output_padding=0)
    yield bad("an int or 2 ints (got 'same')", x, w, padding="same", error=TypeError)
    yield bad("an int or 2 ints", x, w, stride=(1.5, 1.5), error=TypeError)
    yield bad("an int or a tuple with one int", x[..., 0], w[..., 0], stride=1.5, error=TypeError)
    yield bad("x float64, weight float32", x, w.astype(np.float32), error=TypeError)
    yield bad("conv_transpose2d: x holds numbers (got bool)", x > 0, w, error=TypeError)


OP = Op(
    "conv_transpose", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
