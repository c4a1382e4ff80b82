"""Convolution as matrix products on columns, a few images at a time: for conv and conv_transpose.

With X = im2col(x), the windows as columns, each group of channels is one matrix product:

    Y = W X        gX = Wᵀ gY,  gx = col2im(gX)        gW = gY Xᵀ

The columns are KH·KW times as large as x, so they are never kept: they are made when they are
needed, for as many images as fit into the cache; on a GPU, into 256 MB. A kernel of one element on
every pixel needs none: the image is its columns. Everything here runs on arrays and on Tensors.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ...backend.library import Array, array_module, library_of
from ..reduce.sum import OP as SUM
from ..shape.pad import OP as PAD
from .im2col import COL2IM, Sizes, Window
from .im2col import OP as IM2COL

_CHUNK = 1 << 19  # elements of columns that are held at a time: 2 MB, which stay in the cache
WORKSPACE = 1 << 28  # bytes of columns that are held at a time on a GPU: few, large products


class Plan(NamedTuple):
    """How kernels go over images.

    view: where the windows lie. extra: how many zeros more than at the start there are at the end
    of each axis: 1 for 'same' with an even kernel; negative where a transposed convolution leaves
    a rest. groups: into how many groups the channels are parted.
    """

    view: Window
    extra: Sizes
    groups: int

    @classmethod
    def of(cls, plan: Any) -> Plan:
        """A plan that a kernel saved as plain tuples, which it has no names for."""
        return plan if plan.__class__ is cls else cls(Window(*plan[0]), *plan[1:])

    @property
    def is_pointwise(self) -> bool:
        """A kernel of one element on every pixel: the image already is its columns."""
        kernel, steps, pads, _ = self.view
        return {*kernel, *steps} == {1} and not any((*pads, *self.extra))

    @property
    def ends(self) -> tuple[int, ...]:
        """The zeros at both ends, in the order of `pad`: the last axis first."""
        pairs = zip(reversed(self.view.padding), reversed(self.extra), strict=True)
        return tuple(number for p, e in pairs for number in (p, p + e))

    @property
    def bare_view(self) -> Window:
        """The windows on images that have their zeros already."""
        return self.view._replace(padding=(0,) * len(self.extra))


def resize(x: Array, ends: tuple[int, ...]) -> Array:
    """Zeros added at both ends of each axis; elements cut off where a number is negative."""
    for pad in (tuple(max(e, 0) for e in ends), tuple(min(e, 0) for e in ends)):
        if any(pad):
            x = PAD(x, pad=pad)
    return x


def to_columns(x: Array, plan: Plan) -> Array:
    """The windows of some images as columns, (n, G, C/G·KH·KW, OH·OW)."""
    xp = array_module(x)
    (n, C, *sizes), G = x.shape, plan.groups
    if plan.is_pointwise:
        return xp.reshape(x, (n, G, C // G, math.prod(sizes)))
    view = plan.view
    if any(plan.extra):
        x, view = resize(x, plan.ends), plan.bare_view
    columns = IM2COL(x, **view._asdict())
    return xp.reshape(columns, (n, G, columns.shape[1] // G, columns.shape[2]))


def to_images(columns: Array, plan: Plan, sizes: Sizes) -> Array:
    """The adjoint of `to_columns`: images of the given (H, W)."""
    xp = array_module(columns)
    n, G, K, L = columns.shape
    if plan.is_pointwise:
        return xp.reshape(columns, (n, G * K, *sizes))
    columns = xp.reshape(columns, (n, G * K, L))
    if not any(plan.extra):
        return COL2IM(columns, output_size=sizes, **plan.view._asdict())
    ends = plan.ends
    added = (ends[2 * k] + ends[2 * k + 1] for k in reversed(range(len(sizes))))
    whole = tuple(size + more for size, more in zip(sizes, added, strict=True))
    images = COL2IM(columns, output_size=whole, **plan.bare_view._asdict())
    return resize(images, tuple(-number for number in ends))


def parts(x: Array, plan: Plan, elements: int) -> list[slice]:
    """Groups of the images in x whose columns, so many elements for each image, may be held.

    At least one group, were it empty.
    """
    N = x.shape[0]
    step = max(1, _CHUNK // elements)
    if not _on_the_host(x):
        step = max(1, N if plan.is_pointwise else WORKSPACE // (elements * x.dtype.itemsize))
    return [slice(start, min(start + step, N)) for start in range(0, max(N, 1), step)]


def _on_the_host(x: Array) -> bool:
    library = library_of(getattr(x, "array", x))  # of a Tensor, what it holds
    return library is None or library.name == "cpu"


def flat_kernels(w: Array, groups: int) -> Array:
    """(OC, C/G, KH, KW) → (G, OC/G, C/G·KH·KW)."""
    return array_module(w).reshape(w, (groups, w.shape[0] // groups, math.prod(w.shape[1:])))


def flat_images(y: Array, groups: int) -> Array:
    """(n, OC, OH, OW) → (n, G, OC/G, OH·OW)."""
    n, OC, *counts = y.shape
    return array_module(y).reshape(y, (n, groups, OC // groups, math.prod(counts)))


def input_gradient(gy: Array, w: Array, plan: Plan, sizes: Sizes) -> Array:
    """gx = col2im(Wᵀ gY), of (H, W) = sizes."""
    xp = array_module(gy)
    transposed = xp.swapaxes(flat_kernels(w, plan.groups), 1, 2)
    elements = plan.groups * math.prod(w.shape[1:]) * math.prod(gy.shape[2:])
    found: list[Any] = []
    for part in parts(gy, plan, elements):
        columns = xp.matmul(transposed, flat_images(gy[part], plan.groups))
        found.append(to_images(columns, plan, sizes))
    return found[0] if len(found) == 1 else xp.concatenate(found, axis=0)


def weight_gradient(gy: Array, x: Array, plan: Plan, shape: tuple[int, ...]) -> Array:
    """gW = gY Xᵀ, summed over the images; shape: of the weight, (OC, C/G, KH, KW)."""
    xp = array_module(gy)
    elements = plan.groups * math.prod(shape[1:]) * math.prod(gy.shape[2:])
    # On a GPU a product for each image, and their sum, is less to write than X once more, in the
    # order of one long product, where a product is smaller than an image's columns.
    apart = not _on_the_host(x) and shape[0] // plan.groups < math.prod(gy.shape[2:])
    total: Any = None
    for part in parts(x, plan, elements):
        X, gY = to_columns(x[part], plan), flat_images(gy[part], plan.groups)
        if apart:
            gW = SUM(xp.matmul(gY, xp.swapaxes(X, 2, 3)), axis=0)
        else:
            gW = xp.matmul(_side_by_side(gY), xp.swapaxes(_side_by_side(X), 1, 2))
        total = gW if total is None else total + gW  # (G, OC/G, C/G·KH·KW)
    return xp.reshape(total, shape)


def _side_by_side(columns: Array) -> Array:
    """(n, G, K, L) → (G, K, n·L): the columns of all images in one matrix for each group."""
    xp = array_module(columns)
    n, G, K, L = columns.shape
    return xp.reshape(xp.transpose(columns, (1, 2, 0, 3)), (G, K, n * L))
