"""im2col and its adjoint col2im: every window of an image as one column, and back.

    im2col:  cols[n, (c, i, j), (p, q)] = x̄[n, c, p SH + i DH, q SW + j DW]      gx = col2im(gcols)
    col2im:  x̄[n, c, p SH + i DH, q SW + j DW] += cols[n, (c, i, j), (p, q)]     gcols = im2col(gx)

where x̄ is x with PH rows and PW columns of zeros around it. With the windows as columns, a
convolution is one matrix product. An element that lies in several windows is copied into each of
them by im2col; col2im adds the copies up. Sequences and volumes are cut up alike, with one index
(i, p) or three instead of two: the code below is written for n axes of space.

Shapes: (N, C, H, W) ↔ (N, C·KH·KW, OH·OW), OH = ⌊(H + 2 PH − DH (KH − 1) − 1) / SH⌋ + 1, OW alike;
(N, C, L) ↔ (N, C·K, OL); (N, C, D, H, W) ↔ (N, C·KD·KH·KW, OD·OH·OW).
kernel_size, stride, padding, dilation: an int, or one for each axis; output_size: (H, W), and its
length says for col2im how many axes there are (n = 2 for a single number).
Raises: ValueError for sizes that do not fit, TypeError for arguments that are no integers.
Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for
document processing", 2006, section 3. The names are those of MATLAB and Caffe; PyTorch calls the
two F.unfold and F.fold. Verified by the op checks against loops, by ⟨im2col x, c⟩ = ⟨x, col2im c⟩,
and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import check_fits, check_images, is_int, numbers_from, output_size
from ..op import ErrorSample, Grads, Needs, Op, Sample

Sizes = tuple[int, ...]  # one number for each axis of space


class Window(NamedTuple):
    """How windows lie on an image; every member is (height, width), one number for each axis."""

    kernel_size: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes

    def counts(self, sizes: Sizes) -> Sizes:
        """(OH, OW): how many windows fit, one below the other and side by side."""
        return tuple(
            output_size(size, k, s, 2 * p, d, False)
            for size, k, s, p, d in zip(sizes, *self, strict=True)
        )

    def taps(self, counts: Sizes) -> Iterator[tuple[Any, Any]]:
        """For each element (i, j) of the kernel: its place in columns (N, C, KH, KW, OH, OW), and
        the rows and columns of x̄ that it meets."""
        for tap in product(*map(range, self.kernel_size)):
            places = (
                slice(i * d, i * d + s * (count - 1) + 1, s)
                for i, s, d, count in zip(tap, self.stride, self.dilation, counts, strict=True)
            )
            yield (slice(None), slice(None), *tap), (..., *places)

    def inside(self, sizes: Sizes) -> Any:
        """Where x lies in x̄."""
        return (..., *(slice(p, p + size) for p, size in zip(self.padding, sizes, strict=True)))

    def padded(self, sizes: Sizes) -> Sizes:
        """(H, W) of x̄."""
        return tuple(size + 2 * p for p, size in zip(self.padding, sizes, strict=True))


def window(n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, op: str) -> Window:
    """The arguments with n numbers each. Raises ValueError or TypeError for impossible ones."""
    return Window(
        numbers_from(kernel_size, n, op, "kernel_size", 1),
        numbers_from(stride, n, op, "stride", 1),
        numbers_from(padding, n, op, "padding", 0),
        numbers_from(dilation, n, op, "dilation", 1),
    )


class Saved(NamedTuple):
    output_size: Sizes  # (H, W)
    kernel_size: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes


def check(
    x: Array, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> None:
    check_images("im2col", x, x.ndim - 2 if x.ndim in (3, 5) else 2)
    view = window(x.ndim - 2, kernel_size, stride, padding, dilation, "im2col")
    pads = tuple(2 * p for p in view.padding)
    check_fits("im2col", x, view.kernel_size, pads, view.dilation)


def forward(
    x: Array, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> tuple[Array, Saved]:
    xp = array_module(x)
    (N, C), sizes = x.shape[:2], x.shape[2:]
    view = window(len(sizes), kernel_size, stride, padding, dilation, "im2col")
    counts = view.counts(sizes)
    padded = x
    if any(view.padding):
        padded = xp.zeros((N, C, *view.padded(sizes)), dtype=x.dtype)
        padded[view.inside(sizes)] = x
    cols = xp.empty((N, C, *view.kernel_size, *counts), dtype=x.dtype)
    for tap, places in view.taps(counts):
        cols[tap] = padded[places]
    shape = (N, C * math.prod(view.kernel_size), math.prod(counts))
    return cols.reshape(shape), Saved(sizes, *view)


def backward(gcols: Array, saved: Saved, needs: Needs) -> Grads:
    return (COL2IM(gcols, **saved._asdict()) if needs[0] else None,)


def reference(
    x: np.ndarray, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> np.ndarray:
    N, C, *sizes = x.shape
    view = window(len(sizes), kernel_size, stride, padding, dilation, "")
    K, O = view.kernel_size, _counts(sizes, view)
    cols = np.zeros((N, C, *K, *O), x.dtype)
    for where in np.ndindex(*cols.shape):
        place = _place(where[2:], view)
        if all(0 <= at < size for at, size in zip(place, sizes, strict=True)):
            cols[where] = x[where[:2] + place]
    return cols.reshape(N, C * math.prod(K), math.prod(O))


def _counts(sizes: Any, view: Window) -> Sizes:
    return tuple(
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(sizes, *view, strict=True)
    )


def _place(rest: Any, view: Window) -> Sizes:
    """Where on x element (i, j) of window (p, q) lies; rest = (i, j, p, q)."""
    n = len(rest) // 2
    steps = zip(rest[:n], rest[n:], view.stride, view.padding, view.dilation, strict=True)
    return tuple(p * s + i * d - before for i, p, s, before, d in steps)


_CASES: tuple[tuple[str, tuple[int, ...], dict[str, Any]], ...] = (
    ("plain", (2, 2, 4, 5), {"kernel_size": 3}),
    ("stride, padding", (1, 2, 5, 4), {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2)}),
    ("dilation", (2, 1, 6, 7), {"kernel_size": (3, 2), "padding": 1, "dilation": (2, 3)}),
    ("padding above and below alone", (1, 1, 3, 4), {"kernel_size": 2, "padding": (1, 0)}),
    ("1×1 kernel", (2, 3, 2, 3), {"kernel_size": 1}),
    ("windows with gaps between them", (1, 2, 6, 5), {"kernel_size": (1, 2), "stride": 3}),
    ("one window", (1, 1, 3, 2), {"kernel_size": (3, 2)}),
    ("image of one pixel", (2, 1, 1, 1), {"kernel_size": 3, "padding": 1}),
    ("empty batch", (0, 2, 4, 4), {"kernel_size": 2}),
    ("lists of numbers", (1, 1, 4, 5), {"kernel_size": [2, 1], "stride": [1, 2]}),
    ("sequence", (2, 2, 7), {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": (2,)}),
    (
        "volume",
        (1, 2, 3, 4, 2),
        {"kernel_size": (2, 1, 2), "stride": (1, 2, 1), "padding": (0, 1, 1)},
    ),
)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, params in _CASES:
        yield Sample((rng.normal(size=shape),), params, label)
    x = rng.normal(size=(4, 5, 2, 2)).transpose(2, 3, 0, 1)
    yield Sample((x,), {"kernel_size": 2, "padding": 1}, "not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 4))
    k = {"kernel_size": 2}
    yield ErrorSample((x[0, 0],), k, ValueError, "im2col: images are (N, C, H, W)")
    yield ErrorSample((x,), {"kernel_size": 5}, ValueError, "5 − 1) + 1 = 5")
    yield ErrorSample((x,), {**k, "dilation": 4}, ValueError, "larger than the padded input")
    yield ErrorSample((x,), {**k, "stride": 0}, ValueError, "im2col: stride is at least 1")
    yield ErrorSample((x,), {**k, "padding": -1}, ValueError, "im2col: padding is at least 0")
    yield ErrorSample((x,), {**k, "dilation": 0}, ValueError, "im2col: dilation is at least 1")
    yield ErrorSample((x,), {"kernel_size": 0}, ValueError, "im2col: kernel_size is at least 1")
    yield ErrorSample((x,), {"kernel_size": 2.0}, TypeError, "an int or 2 ints (got 2.0)")
    yield ErrorSample((x,), {"kernel_size": (2, 2, 2)}, TypeError, "an int or 2 ints")
    yield ErrorSample((x,), {"kernel_size": (2.0, 2.0)}, TypeError, "an int or 2 ints")
    yield ErrorSample((x[0],), {"kernel_size": 2.0}, TypeError, "an int or a tuple with one int")


def _axes(output_size: Any) -> int:
    return 2 if is_int(output_size) else len(output_size)


def col2im_check(
    cols: Array, *, output_size: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> None:  # fmt: skip
    sequence = isinstance(output_size, (tuple, list)) and len(output_size) in (1, 3)
    n = len(output_size) if sequence else 2
    sizes = numbers_from(output_size, n, "col2im", "output_size", 1)
    view = window(n, kernel_size, stride, padding, dilation, "col2im")
    K, counts = math.prod(view.kernel_size), view.counts(sizes)
    fits = cols.ndim == 3 and cols.shape[1] % K == 0 and cols.shape[2] == math.prod(counts)
    if not fits or min(counts) < 1:
        raise ValueError(
            f"col2im: columns are (N, C·KH·KW, OH·OW) (got {cols.shape}, but "
            f"{_times(view.kernel_size)} windows on an image of {_times(sizes)} make "
            f"(N, C·{K}, {'·'.join(map(str, counts))})); use im2col's output and its arguments"
        )


def _times(sizes: Sizes) -> str:
    return "×".join(map(str, sizes))


def col2im(
    cols: Array, *, output_size: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> tuple[Array, Window]:  # fmt: skip
    xp = array_module(cols)
    n = _axes(output_size)
    sizes = numbers_from(output_size, n, "col2im", "output_size", 1)
    view = window(n, kernel_size, stride, padding, dilation, "col2im")
    counts = view.counts(sizes)
    N, C = cols.shape[0], cols.shape[1] // math.prod(view.kernel_size)
    parts = cols.reshape(N, C, *view.kernel_size, *counts)
    padded = xp.zeros((N, C, *view.padded(sizes)), dtype=cols.dtype)
    for tap, places in view.taps(counts):
        padded[places] += parts[tap]
    return xp.ascontiguousarray(padded[view.inside(sizes)]), view


def col2im_backward(gx: Array, saved: Window, needs: Needs) -> Grads:
    return (OP(gx, **saved._asdict()) if needs[0] else None,)


def col2im_reference(
    cols: np.ndarray, *, output_size: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> np.ndarray:  # fmt: skip
    sizes = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
    view = window(len(sizes), kernel_size, stride, padding, dilation, "")
    K, O = view.kernel_size, _counts(sizes, view)
    N, C = cols.shape[0], cols.shape[1] // math.prod(K)
    parts, x = cols.reshape(N, C, *K, *O), np.zeros((N, C, *sizes), cols.dtype)
    for where in np.ndindex(*parts.shape):
        place = _place(where[2:], view)
        if all(0 <= at < size for at, size in zip(place, sizes, strict=True)):
            x[where[:2] + place] += parts[where]
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
    yield ErrorSample((cols,), {**good, "output_size": 4.0}, TypeError, "an int or 2 ints")
    yield ErrorSample((cols,), {**good, "output_size": (4,) * 4}, TypeError, "an int or 2 ints")
    yield ErrorSample((cols,), {**good, "output_size": 0}, ValueError, "output_size is at least 1")


OP = Op(
    "im2col", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
COL2IM = Op(
    "col2im", col2im, col2im_backward, Window, check=col2im_check, reference=col2im_reference,
    samples=col2im_samples, error_samples=col2im_error_samples,
)  # fmt: skip
