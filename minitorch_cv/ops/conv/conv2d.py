"""conv2d: every output pixel is the product of a kernel with the window below it, plus a bias.

    y[n, o, p, q] = b[o] + Σ_{c, i, j} w[o, c, i, j] x̄[n, g C/G + c, p SH + i DH, q SW + j DW]

where x̄ is x with zeros around it and g = ⌊o / (OC/G)⌋ the group of output channel o. (The kernel
is not flipped: this is a cross-correlation, as in all deep-learning libraries.) With the windows
as columns, X = im2col(x), each group is one matrix product:

    Y = W X + b        gX = Wᵀ gY,  gx = col2im(gX)        gW = gY Xᵀ        gb = Σ gY

The columns are KH·KW times as large as x, so they are not kept: backward computes them again, and
both passes work on a few images at a time.

Shapes: x (N, C, H, W), w (OC, C/G, KH, KW), b (OC,) or None → y (N, OC, OH, OW), all of one float
dtype; OH = ⌊(H + 2 PH − DH (KH − 1) − 1) / SH⌋ + 1, OW alike.
stride, dilation: an int or (height, width). padding: the same, or 'valid' (none), or 'same' (y as
large as x; stride 1 only; where the rows or columns to add are odd in number, the extra one is at
the end). groups: G, which divides C and OC.
Raises: ValueError for shapes and values, TypeError for dtypes.
Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998, section
II; Chellapilla et al. 2006 (see im2col). Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import Pair, check_fits, check_float, check_images, is_int, pair, pair_from
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from ..shape.pad import OP as PAD
from .im2col import COL2IM, Window
from .im2col import OP as IM2COL

_CHUNK = 1 << 19  # elements of columns that are held at a time: 2 MB, which stay in the cache


class Saved(NamedTuple):
    x: Array
    w: Array
    view: Window
    extra: Pair  # rows and columns of zeros at the end only, for 'same' with an even kernel
    groups: int


def check(
    x: Array, w: Array, b: Array | None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> None:  # fmt: skip
    check_images("conv2d", x)
    if w.ndim != 4:
        raise ValueError(f"conv2d: weight is (OC, C/groups, KH, KW) (got {w.shape}); reshape it")
    check_float("conv2d", x=x, weight=w, **({} if b is None else {"bias": b}))
    _check_channels(x, w, b, groups)
    view, extra = _resolve(w, stride, padding, dilation)
    (PH, PW), (EH, EW) = view.padding, extra
    check_fits("conv2d", x, view.kernel_size, (2 * PH + EH, 2 * PW + EW), view.dilation)


def _check_channels(x: Array, w: Array, b: Array | None, groups: int) -> None:
    C, (OC, CG, KH, KW) = x.shape[1], w.shape
    if not is_int(groups):
        raise TypeError(f"conv2d: groups is an int (got {groups!r}); use groups=1")
    if groups < 1:
        raise ValueError(f"conv2d: groups is at least 1 (got {groups}); use groups=1")
    if OC % groups:
        raise ValueError(
            f"conv2d: groups must divide the {OC} output channels (got groups={groups}, weight "
            f"{w.shape}); choose a divisor of {OC}"
        )
    expected = CG * groups
    if expected != C:
        kernel = KH if KH == KW else (KH, KW)
        fitting = groups if C % groups == 0 else 1
        more = f", groups={fitting}" if fitting > 1 else ""
        raise ValueError(
            f"conv2d: weight expects {expected} input channels (got x {x.shape}, weight "
            f"{w.shape}, groups={groups}); use nn.Conv2d({C}, {OC}, {kernel}{more})"
        )
    if b is not None and b.shape != (OC,):
        raise ValueError(
            f"conv2d: bias has one number for each of the {OC} output channels (got shape "
            f"{b.shape}, weight {w.shape}); use shape ({OC},)"
        )
    if min(w.shape) == 0:
        raise ValueError(f"conv2d: weight has a size of 0 (got {w.shape}); use sizes of at least 1")


def _resolve(w: Array, stride: Any, padding: Any, dilation: Any) -> tuple[Window, Pair]:
    """The window, and how many zeros more there are at the end than at the start."""
    KH, KW = w.shape[2:]
    steps = pair_from(stride, "conv2d", "stride", 1)
    DH, DW = pair_from(dilation, "conv2d", "dilation", 1)
    if not isinstance(padding, str):
        pads = pair_from(padding, "conv2d", "padding", 0)
        return Window((KH, KW), steps, pads, (DH, DW)), (0, 0)
    if padding == "valid":
        return Window((KH, KW), steps, (0, 0), (DH, DW)), (0, 0)
    if padding != "same":
        raise ValueError(
            f"conv2d: padding is a number, a pair, 'same' or 'valid' (got {padding!r}); "
            "use padding='same' to keep the image size"
        )
    if steps != (1, 1):
        raise ValueError(
            f"conv2d: padding='same' needs stride 1 (got stride={stride}); use a number, "
            f"e.g. padding={KH // 2}"
        )
    TH, TW = DH * (KH - 1), DW * (KW - 1)  # both sides together
    return Window((KH, KW), steps, (TH // 2, TW // 2), (DH, DW)), (TH % 2, TW % 2)


def forward(
    x: Array, w: Array, b: Array | None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Saved]:  # fmt: skip
    saved = Saved(x, w, *_resolve(w, stride, padding, dilation), groups)
    x, w = widen(x), widen(w)
    xp = array_module(x)
    (OC, CG, KH, KW), G, (EH, EW) = w.shape, groups, saved.extra
    OH, OW = saved.view.counts(x.shape[2] + EH, x.shape[3] + EW)
    kernels = xp.reshape(w, (G, OC // G, CG * KH * KW))
    y = xp.empty((x.shape[0], OC, OH, OW), dtype=x.dtype)
    for part in _parts(saved, OH * OW):
        out = y[part]
        columns = _columns(x[part], saved)  # (n, G, C/G·KH·KW, OH·OW)
        xp.matmul(kernels, columns, out=out.reshape(out.shape[0], G, OC // G, OH * OW))
        if b is not None:
            out += b[:, None, None]
    return like(y, saved.x), saved


def _parts(saved: Saved, L: int) -> list[slice]:
    """Groups of images whose columns fit into _CHUNK (at least one group, were it empty)."""
    G, (_, CG, KH, KW), N = saved.groups, saved.w.shape, saved.x.shape[0]
    step = max(1, _CHUNK // (G * CG * KH * KW * L))
    return [slice(start, min(start + step, N)) for start in range(0, max(N, 1), step)]


def _columns(x: Array, saved: Saved) -> Array:
    """The windows of some images as columns, (n, G, C/G·KH·KW, OH·OW)."""
    xp = array_module(x)
    (n, C), G = x.shape[:2], saved.groups
    if _is_pointwise(saved.view):
        return xp.reshape(x, (n, G, C // G, x.shape[2] * x.shape[3]))
    (EH, EW), (KH, KW) = saved.extra, saved.view.kernel_size
    if EH or EW:
        x = PAD(x, pad=(0, EW, 0, EH))
    columns = IM2COL(x, **saved.view._asdict())
    return xp.reshape(columns, (n, G, C // G * KH * KW, columns.shape[2]))


def _images(columns: Array, saved: Saved) -> Array:
    """The adjoint of `_columns`."""
    xp = array_module(columns)
    (_, C, H, W), n = saved.x.shape, columns.shape[0]
    if _is_pointwise(saved.view):
        return xp.reshape(columns, (n, C, H, W))
    (EH, EW), (KH, KW) = saved.extra, saved.view.kernel_size
    columns = xp.reshape(columns, (n, C * KH * KW, columns.shape[3]))
    x = COL2IM(columns, output_size=(H + EH, W + EW), **saved.view._asdict())
    return x[:, :, :H, :W] if EH or EW else x


def _is_pointwise(view: Window) -> bool:
    """A 1×1 kernel on every pixel: the image already is its columns."""
    return view == Window((1, 1), (1, 1), (0, 0), view.dilation)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, w, wide, G = widen(saved.x), widen(saved.w), widen(gy), saved.groups
    OC, CG, KH, KW = w.shape
    L = gy.shape[2] * gy.shape[3]
    transposed = xp.swapaxes(xp.reshape(w, (G, OC // G, CG * KH * KW)), 1, 2)
    gxs: list[Array] = []
    gws: list[Array] = []
    for part in _parts(saved, L) if needs[0] or needs[1] else []:
        g = wide[part]
        gY = xp.reshape(g, (g.shape[0], G, OC // G, L))
        if needs[0]:
            gxs.append(_images(xp.matmul(transposed, gY), saved))
        if needs[1]:
            X = _side_by_side(_columns(x[part], saved))
            gW = xp.matmul(_side_by_side(gY), xp.swapaxes(X, 1, 2))  # (G, OC/G, C/G·KH·KW)
            gws = [gws[0] + gW if gws else gW]
    gx = gw = gb = None
    if needs[0]:
        gx = like(gxs[0] if len(gxs) == 1 else xp.concatenate(gxs, axis=0), gy)
    if needs[1]:
        gw = like(xp.reshape(gws[0], w.shape), gy)
    if needs[2]:
        gb = like(xp.sum(wide, axis=(0, 2, 3)), gy)
    return gx, gw, gb


def _side_by_side(columns: Array) -> Array:
    """(n, G, K, L) → (G, K, n·L): the columns of all images in one matrix for each group."""
    xp = array_module(columns)
    n, G, K, L = columns.shape
    return xp.reshape(xp.transpose(columns, (1, 2, 0, 3)), (G, K, n * L))


def reference(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, *, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> np.ndarray:  # fmt: skip
    (N, _, H, W), (OC, CG, KH, KW) = x.shape, w.shape
    (SH, SW), (DH, DW) = pair(stride, "", ""), pair(dilation, "", "")
    if padding == "same":
        top, left = DH * (KH - 1) // 2, DW * (KW - 1) // 2
        OH, OW = H, W
    else:
        top, left = pair(0 if padding == "valid" else padding, "", "")
        OH = (H + 2 * top - DH * (KH - 1) - 1) // SH + 1
        OW = (W + 2 * left - DW * (KW - 1) - 1) // SW + 1
    y = np.zeros((N, OC, OH, OW), np.result_type(x, w, *([] if b is None else [b])))
    for n, o, p, q in np.ndindex(y.shape):
        y[n, o, p, q] = 0 if b is None else b[o]
        first = o // (OC // groups) * CG  # the first channel of this group
        for c, i, j in np.ndindex(CG, KH, KW):
            row, column = p * SH + i * DH - top, q * SW + j * DW - left
            inside = 0 <= row < H and 0 <= column < W
            y[n, o, p, q] += w[o, c, i, j] * (x[n, first + c, row, column] if inside else 0)
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
    ("valid", (1, 1, 5, 4), (1, 1, 2, 3), {"padding": "valid", "dilation": (2, 1)}),
    ("size 1", (1, 1, 1, 1), (1, 1, 3, 3), {"padding": 1}),
    ("empty batch", (0, 2, 4, 4), (3, 2, 3, 3), {}),
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
    yield bad("images are (N, C, H, W) (got x (8, 8))", x[0, 0], w)
    yield bad("weight is (OC, C/groups, KH, KW) (got (6, 4, 5))", x, w[..., 0])
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
    yield bad("an int or a pair of ints (got 1.5)", x, w, stride=1.5, error=TypeError)
    yield bad("an int or a pair of ints (got (1, 1.5))", x, w, stride=(1, 1.5), error=TypeError)
    yield bad("x float64, weight float32", x, w.astype(np.float32), error=TypeError)
    yield bad("bias float32", x, w, b.astype(np.float32), error=TypeError)
    yield bad("x must be of a float dtype (got int64)", x.astype(int), w, error=TypeError)


OP = Op(
    "conv2d", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
