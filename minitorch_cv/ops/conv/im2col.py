"""im2col and its adjoint col2im: every window of an image as one column, and back.

    im2col:  cols[n, (c, i, j), (p, q)] = x̄[n, c, p SH + i DH, q SW + j DW]      gx = col2im(gcols)
    col2im:  x̄[n, c, p SH + i DH, q SW + j DW] += cols[n, (c, i, j), (p, q)]     gcols = im2col(gx)

where x̄ is x with PH rows and PW columns of zeros around it. With the windows as columns, a
convolution is one matrix product. An element that lies in several windows is copied into each of
them by im2col; col2im adds the copies up.

Shapes: (N, C, H, W) ↔ (N, C·KH·KW, OH·OW), OH = ⌊(H + 2 PH − DH (KH − 1) − 1) / SH⌋ + 1, OW alike.
kernel_size, stride, padding, dilation: an int or (height, width); output_size: (H, W).
Raises: ValueError for sizes that do not fit, TypeError for arguments that are no integers.
Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for
document processing", 2006, section 3. The names are those of MATLAB and Caffe; PyTorch calls the
two F.unfold and F.fold. Verified by the op checks against loops, by ⟨im2col x, c⟩ = ⟨x, col2im c⟩,
and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import Pair, check_fits, check_images, output_size, pair, pair_from
from ..op import ErrorSample, Grads, Needs, Op, Sample


class Window(NamedTuple):
    """How windows lie on an image; every member is (height, width)."""

    kernel_size: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    def counts(self, H: int, W: int) -> Pair:
        """(OH, OW): how many windows fit, one below the other and side by side."""
        OH, OW = (
            output_size(size, k, s, 2 * p, d, False)
            for size, k, s, p, d in zip((H, W), *self, strict=True)
        )
        return OH, OW

    def taps(self, OH: int, OW: int) -> Iterator[tuple[int, int, slice, slice]]:
        """For each element (i, j) of the kernel: the rows and columns of x̄ that it meets."""
        (KH, KW), (SH, SW), _, (DH, DW) = self
        for i in range(KH):
            rows = slice(i * DH, i * DH + SH * (OH - 1) + 1, SH)
            for j in range(KW):
                yield i, j, rows, slice(j * DW, j * DW + SW * (OW - 1) + 1, SW)


def window(kernel_size: Any, stride: Any, padding: Any, dilation: Any, op: str) -> Window:
    """The arguments as pairs. Raises ValueError or TypeError for impossible ones."""
    return Window(
        pair_from(kernel_size, op, "kernel_size", 1),
        pair_from(stride, op, "stride", 1),
        pair_from(padding, op, "padding", 0),
        pair_from(dilation, op, "dilation", 1),
    )


class Saved(NamedTuple):
    output_size: Pair  # (H, W)
    kernel_size: Pair
    stride: Pair
    padding: Pair
    dilation: Pair


def check(
    x: Array, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> None:
    check_images("im2col", x)
    view = window(kernel_size, stride, padding, dilation, "im2col")
    PH, PW = view.padding
    check_fits("im2col", x, view.kernel_size, (2 * PH, 2 * PW), view.dilation)


def forward(
    x: Array, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> tuple[Array, Saved]:
    xp = array_module(x)
    N, C, H, W = x.shape
    view = window(kernel_size, stride, padding, dilation, "im2col")
    (KH, KW), (PH, PW) = view.kernel_size, view.padding
    OH, OW = view.counts(H, W)
    padded = x
    if PH or PW:
        padded = xp.zeros((N, C, H + 2 * PH, W + 2 * PW), dtype=x.dtype)
        padded[:, :, PH : PH + H, PW : PW + W] = x
    cols = xp.empty((N, C, KH, KW, OH, OW), dtype=x.dtype)
    for i, j, rows, columns in view.taps(OH, OW):
        cols[:, :, i, j] = padded[:, :, rows, columns]
    return cols.reshape(N, C * KH * KW, OH * OW), Saved((H, W), *view)


def backward(gcols: Array, saved: Saved, needs: Needs) -> Grads:
    return (COL2IM(gcols, **saved._asdict()) if needs[0] else None,)


def reference(
    x: np.ndarray, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> np.ndarray:
    (KH, KW), (SH, SW) = pair(kernel_size, "", ""), pair(stride, "", "")
    (PH, PW), (DH, DW) = pair(padding, "", ""), pair(dilation, "", "")
    N, C, H, W = x.shape
    OH = (H + 2 * PH - DH * (KH - 1) - 1) // SH + 1
    OW = (W + 2 * PW - DW * (KW - 1) - 1) // SW + 1
    cols = np.zeros((N, C * KH * KW, OH * OW), x.dtype)
    for n, c, i, j, p, q in np.ndindex(N, C, KH, KW, OH, OW):
        row, column = p * SH + i * DH - PH, q * SW + j * DW - PW
        if 0 <= row < H and 0 <= column < W:
            cols[n, (c * KH + i) * KW + j, p * OW + q] = x[n, c, row, column]
    return cols


_CASES: tuple[tuple[str, tuple[int, int, int, int], dict[str, Any]], ...] = (
    ("plain", (2, 2, 4, 5), {"kernel_size": 3}),
    ("stride, padding", (1, 2, 5, 4), {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2)}),
    ("dilation", (2, 1, 6, 7), {"kernel_size": (3, 2), "padding": 1, "dilation": (2, 3)}),
    ("padding above and below alone", (1, 1, 3, 4), {"kernel_size": 2, "padding": (1, 0)}),
    ("1×1 kernel", (2, 3, 2, 3), {"kernel_size": 1}),
    ("windows with gaps between them", (1, 2, 6, 5), {"kernel_size": (1, 2), "stride": 3}),
    ("one window", (1, 1, 3, 2), {"kernel_size": (3, 2)}),
    ("image of one pixel", (2, 1, 1, 1), {"kernel_size": 3, "padding": 1}),
    ("empty batch", (0, 2, 4, 4), {"kernel_size": 2}),
)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, params in _CASES:
        yield Sample((rng.normal(size=shape),), params, label)
    x = rng.normal(size=(4, 5, 2, 2)).transpose(2, 3, 0, 1)
    yield Sample((x,), {"kernel_size": 2, "padding": 1}, "not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 4))
    k = {"kernel_size": 2}
    yield ErrorSample((x[0],), k, ValueError, "im2col: images are (N, C, H, W)")
    yield ErrorSample((x,), {"kernel_size": 5}, ValueError, "5 − 1) + 1 = 5")
    yield ErrorSample((x,), {**k, "dilation": 4}, ValueError, "larger than the padded input")
    yield ErrorSample((x,), {**k, "stride": 0}, ValueError, "im2col: stride is at least 1")
    yield ErrorSample((x,), {**k, "padding": -1}, ValueError, "im2col: padding is at least 0")
    yield ErrorSample((x,), {**k, "dilation": 0}, ValueError, "im2col: dilation is at least 1")
    yield ErrorSample((x,), {"kernel_size": 0}, ValueError, "im2col: kernel_size is at least 1")
    yield ErrorSample((x,), {"kernel_size": 2.0}, TypeError, "an int or a pair of ints (got 2.0)")


def col2im_check(
    cols: Array, *, output_size: Pair, kernel_size: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> None:  # fmt: skip
    view = window(kernel_size, stride, padding, dilation, "col2im")
    H, W = pair_from(output_size, "col2im", "output_size", 1)
    (KH, KW), (OH, OW) = view.kernel_size, view.counts(H, W)
    if cols.ndim != 3 or cols.shape[1] % (KH * KW) or cols.shape[2] != OH * OW or OH < 1 or OW < 1:
        raise ValueError(
            f"col2im: columns are (N, C·KH·KW, OH·OW) (got {cols.shape}, but {KH}×{KW} windows on "
            f"an image of {H}×{W} make (N, C·{KH * KW}, {OH}·{OW})); use im2col's output and its "
            "arguments"
        )


def col2im(
    cols: Array, *, output_size: Pair, kernel_size: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> tuple[Array, Window]:  # fmt: skip
    xp = array_module(cols)
    view = window(kernel_size, stride, padding, dilation, "col2im")
    H, W = pair(output_size, "col2im", "output_size")
    (KH, KW), (PH, PW) = view.kernel_size, view.padding
    OH, OW = view.counts(H, W)
    N, C = cols.shape[0], cols.shape[1] // (KH * KW)
    parts = cols.reshape(N, C, KH, KW, OH, OW)
    padded = xp.zeros((N, C, H + 2 * PH, W + 2 * PW), dtype=cols.dtype)
    for i, j, rows, columns in view.taps(OH, OW):
        padded[:, :, rows, columns] += parts[:, :, i, j]
    x = xp.ascontiguousarray(padded[:, :, PH : PH + H, PW : PW + W])
    return x, view


def col2im_backward(gx: Array, saved: Window, needs: Needs) -> Grads:
    return (OP(gx, **saved._asdict()) if needs[0] else None,)


def col2im_reference(
    cols: np.ndarray, *, output_size: Pair, kernel_size: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> np.ndarray:  # fmt: skip
    (KH, KW), (SH, SW) = pair(kernel_size, "", ""), pair(stride, "", "")
    (PH, PW), (DH, DW) = pair(padding, "", ""), pair(dilation, "", "")
    (H, W), N, C = pair(output_size, "", ""), cols.shape[0], cols.shape[1] // (KH * KW)
    OH = (H + 2 * PH - DH * (KH - 1) - 1) // SH + 1
    OW = (W + 2 * PW - DW * (KW - 1) - 1) // SW + 1
    x = np.zeros((N, C, H, W), cols.dtype)
    for n, c, i, j, p, q in np.ndindex(N, C, KH, KW, OH, OW):
        row, column = p * SH + i * DH - PH, q * SW + j * DW - PW
        if 0 <= row < H and 0 <= column < W:
            x[n, c, row, column] += cols[n, (c * KH + i) * KW + j, p * OW + q]
    return x


def col2im_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in samples(rng):
        x = sample.arrays[0]
        shape = reference(x, **sample.params).shape
        params = {"output_size": x.shape[2:], **sample.params}
        cols = rng.normal(size=shape)
        if sample.label == "not contiguous":
            cols = rng.normal(size=shape[::-1]).T
        yield Sample((cols,), params, sample.label)
    square = {"output_size": 3, "kernel_size": 2}
    yield Sample((rng.normal(size=(1, 4, 4)),), square, "output_size as one number")


def col2im_error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    cols = rng.normal(size=(1, 8, 9))
    good = {"output_size": (4, 4), "kernel_size": 2}
    yield ErrorSample((cols[0],), good, ValueError, "col2im: columns are (N, C·KH·KW, OH·OW)")
    yield ErrorSample((cols,), {**good, "output_size": (5, 4)}, ValueError, "make (N, C·4, 4·3)")
    yield ErrorSample((cols,), {**good, "kernel_size": 3}, ValueError, "make (N, C·9, 2·2)")
    yield ErrorSample((cols,), {**good, "stride": 0}, ValueError, "col2im: stride is at least 1")
    yield ErrorSample((cols,), {**good, "output_size": 4.0}, TypeError, "an int or a pair")


OP = Op(
    "im2col", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
COL2IM = Op(
    "col2im", col2im, col2im_backward, Window, check=col2im_check, reference=col2im_reference,
    samples=col2im_samples, error_samples=col2im_error_samples,
)  # fmt: skip
