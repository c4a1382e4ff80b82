"""Operators that slide a window: convolutions, pooling, fold. All are written for n dimensions."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from mapping_shapes import pairs


class Window(NamedTuple):
    """A window's geometry, a list entry for each spatial axis; pads at the first and last end."""

    kernel: list[int]
    stride: list[int]
    dilation: list[int]
    first: list[int]
    last: list[int]

    @property
    def symmetric(self) -> bool:
        return self.first == self.last


def window(node: Any, sizes: Any, kernel: Any) -> Window:
    """What the attributes say of a window over an input of these sizes."""
    n = len(sizes)
    kernel = node.attribute("kernel_shape", list(kernel))
    stride = node.attribute("strides", [1] * n)
    dilation = node.attribute("dilations", [1] * n)
    pads, auto = node.attribute("pads", [0] * 2 * n), node.attribute("auto_pad", "NOTSET")
    if not auto.startswith("SAME"):
        return Window(kernel, stride, dilation, pads[:n], pads[n:])
    total = [  # so that there are ceil(size / stride) places
        max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
        for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    ]
    return Window(kernel, stride, dilation, *halves(total, auto))


def halves(total: list[int], auto: str) -> tuple[list[int], list[int]]:
    """A padding in two halves; SAME_UPPER puts the odd pixel at the last end."""
    less, more = [p // 2 for p in total], [p - p // 2 for p in total]
    return (less, more) if auto == "SAME_UPPER" else (more, less)


def _for_dims(lib: Any, name: str, n: int) -> Any:
    return getattr(lib.F, name.format(n=n))


# Convolutions.


def conv(lib: Any, node: Any, x: Any, w: Any, b: Any = None) -> Any:
    at = window(node, x.shape[2:], w.shape[2:])
    if not at.symmetric:
        x = lib.F.pad(x, pairs(at.first, at.last))
    padding = tuple(at.first) if at.symmetric else 0
    return _for_dims(lib, "conv{n}d", x.ndim - 2)(
        x, w, b, stride=tuple(at.stride), padding=padding, dilation=tuple(at.dilation),
        groups=node.attribute("group", 1),
    )  # fmt: skip


def conv_transpose(lib: Any, node: Any, x: Any, w: Any, b: Any = None) -> Any:
    """An output_shape, or auto_pad, says how much is cut off the full output."""
    n = x.ndim - 2
    at = window(node, x.shape[2:], w.shape[2:])
    extra = node.attribute("output_padding", [0] * n)
    shape, auto = node.attribute("output_shape"), node.attribute("auto_pad", "NOTSET")
    if shape is None and auto.startswith("SAME"):
        shape = [size * s for size, s in zip(x.shape[2:], at.stride, strict=True)]
    if shape is not None:
        full = [
            (size - 1) * s + (k - 1) * d + 1 + more
            for size, s, k, d, more in zip(
                x.shape[2:], at.stride, at.kernel, at.dilation, extra, strict=True)
        ]  # fmt: skip
        total = [f - size for f, size in zip(full, shape, strict=True)]
        at = Window(*at[:3], *halves(total, auto))
    y = _for_dims(lib, "conv_transpose{n}d", n)(
        x, w, b, stride=tuple(at.stride), padding=tuple(at.first) if at.symmetric else 0,
        output_padding=tuple(extra), groups=node.attribute("group", 1),
        dilation=tuple(at.dilation),
    )  # fmt: skip
    for axis, (first, last) in enumerate(zip(at.first, at.last, strict=True), start=2):
        if not at.symmetric:
            y = lib.mt.narrow(y, axis, first, y.shape[axis] - first - last)
    return y


def col2im(lib: Any, node: Any, x: Any, image: Any, block: Any) -> Any:
    n = len(image.tolist())
    at = window(node, image.tolist(), block.tolist())
    if n != 2 or not at.symmetric:
        raise NotImplementedError("Col2Im: fold takes images, padded alike at both ends")
    return lib.F.fold(
        x, image.tolist(), at.kernel, dilation=at.dilation, padding=at.first, stride=at.stride
    )


# Pooling. PyTorch pads by half a window at most, and both ends alike: more is padded beforehand.


def _fits(at: Window) -> bool:
    return at.symmetric and all(2 * p <= k for p, k in zip(at.first, at.kernel, strict=True))


def average_pool(lib: Any, node: Any, x: Any) -> Any:
    n = x.ndim - 2
    at = window(node, x.shape[2:], ())
    whole, ceil = bool(node.attribute("count_include_pad", 0)), bool(node.attribute("ceil_mode", 0))
    pool = _for_dims(lib, "avg_pool{n}d", n) if set(at.dilation) == {1} else None
    if pool is None:
        return _dilated_average(lib, x, at, ceil)
    if _fits(at):
        return pool(x, at.kernel, at.stride, at.first, ceil_mode=ceil, count_include_pad=whole)
    ends = pairs(at.first, at.last)
    y = pool(lib.F.pad(x, ends), at.kernel, at.stride, ceil_mode=ceil)
    if whole:
        return y
    # The padding's zeros count in no average: divide by the share of pixels in each window.
    share = pool(lib.F.pad(lib.mt.ones_like(x), ends), at.kernel, at.stride, ceil_mode=ceil)
    return lib.mt.div(y, share)


def _dilated_average(lib: Any, x: Any, at: Window, ceil: bool) -> Any:
    """PyTorch averages without gaps; with gaps it is a convolution with equal weights."""
    ragged = any(
        (size - (k - 1) * d - 1) % s
        for size, k, s, d in zip(x.shape[2:], at.kernel, at.stride, at.dilation, strict=True)
    )
    if any(at.first + at.last) or (ceil and ragged):
        raise NotImplementedError("AveragePool: gaps together with padding or a ragged end")
    C = x.shape[1]
    w = lib.mt.full((C, 1, *at.kernel), 1 / prod(at.kernel), dtype=x.dtype)
    return _for_dims(lib, "conv{n}d", x.ndim - 2)(
        x, w, stride=tuple(at.stride), dilation=tuple(at.dilation), groups=C
    )


def max_pool(lib: Any, node: Any, x: Any) -> Any:
    at = window(node, x.shape[2:], ())
    indices = len(node.outputs) == 2
    padding: Any = at.first
    if not _fits(at):
        if indices:
            raise NotImplementedError("MaxPool: indices count the padding")
        x, padding = lib.F.pad(x, pairs(at.first, at.last), value=-float("inf")), 0
    by_columns = node.attribute("storage_order", 0)
    answer = _for_dims(lib, "max_pool{n}d", x.ndim - 2)(
        x, at.kernel, at.stride, padding, dilation=at.dilation,
        ceil_mode=bool(node.attribute("ceil_mode", 0)), return_indices=indices,
    )  # fmt: skip
    return (answer[0], _flat_index(lib, x, answer[1], by_columns)) if indices else answer


def _flat_index(lib: Any, x: Any, places: Any, by_columns: int) -> Any:
    """PyTorch counts within a plane, row by row; ONNX within the tensor, and by columns if told."""
    N, C, H, W = x.shape
    if by_columns:
        row = lib.mt.floor_divide(places, W)
        places = lib.mt.add(lib.mt.mul(lib.mt.remainder(places, W), H), row)
    planes = lib.mt.reshape(lib.mt.arange(N * C), (N, C, 1, 1))
    return lib.mt.add(places, lib.mt.mul(planes, H * W))


def max_unpool(lib: Any, node: Any, x: Any, places: Any) -> Any:
    at = window(node, x.shape[2:], ())
    if x.shape[0] * x.shape[1] != 1:
        raise NotImplementedError("MaxUnpool: indices count over the planes")
    return _for_dims(lib, "max_unpool{n}d", x.ndim - 2)(x, places, at.kernel, at.stride, at.first)


def global_pool(kind: str) -> Any:
    return lambda lib, node, x: _for_dims(lib, f"adaptive_{kind}_pool{{n}}d", x.ndim - 2)(x, 1)


OPERATORS = {
    "AveragePool": average_pool, "Col2Im": col2im, "Conv": conv, "ConvTranspose": conv_transpose,
    "GlobalAveragePool": global_pool("avg"), "GlobalMaxPool": global_pool("max"),
    "MaxPool": max_pool, "MaxUnpool": max_unpool,
}  # fmt: skip
