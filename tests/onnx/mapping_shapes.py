"""Operators that move values and change shapes."""

from __future__ import annotations

from math import prod
from typing import Any


def reshape(lib: Any, node: Any, x: Any, shape: list[int]) -> Any:
    return lib.mt.reshape(x, tuple(shape))


def flatten(lib: Any, node: Any, x: Any) -> Any:
    """Always two dimensions: those before `axis`, and the others."""
    axis = node.attribute("axis", 1)
    return lib.mt.reshape(x, (prod(x.shape[:axis]), -1))


def unsqueeze(lib: Any, node: Any, x: Any) -> Any:
    for axis in sorted(node.attribute("axes")):
        x = lib.mt.unsqueeze(x, axis)
    return x


def squeeze(lib: Any, node: Any, x: Any) -> Any:
    return lib.mt.squeeze(x, tuple(node.attribute("axes")))


def split(lib: Any, node: Any, x: Any) -> Any:
    return tuple(lib.mt.chunk(x, len(node.outputs), dim=node.attribute("axis", 0)))


def tile(lib: Any, node: Any, x: Any, repeats: list[int]) -> Any:
    return lib.mt.tile(x, tuple(repeats))


def top_k(lib: Any, node: Any, x: Any, k: Any) -> Any:
    return tuple(lib.mt.topk(x, int(k.item()), dim=node.attribute("axis", -1)))


def reduced(name: str) -> Any:
    def mapping(lib: Any, node: Any, x: Any) -> Any:
        keep = bool(node.attribute("keepdims", 1))
        return getattr(lib.mt, name)(x, dim=tuple(node.attribute("axes")), keepdim=keep)

    return mapping


# Padding. ONNX lists all first ends, then all last ends; F.pad lists pairs, the last axis first.


def pairs(first: list[int], last: list[int]) -> list[int]:
    """Both ends of each axis as F.pad wants them, without untouched leading axes."""
    ends = [end for pair in zip(reversed(first), reversed(last), strict=True) for end in pair]
    while len(ends) > 2 and ends[-2:] == [0, 0]:
        del ends[-2:]
    return ends


def pad(lib: Any, node: Any, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    """Before version 11, pads and value were attributes."""
    listed = node.attribute("pads") if pads is None else pads.tolist()
    fill = node.attribute("value", 0.0) if value is None else value.item()
    first, last = [0] * x.ndim, [0] * x.ndim
    where = range(x.ndim) if axes is None else axes.tolist()
    for axis, before, after in zip(where, listed, listed[len(where) :], strict=False):
        first[axis], last[axis] = before, after
    mode = node.attribute("mode", "constant")
    if mode == "constant":
        return lib.F.pad(x, pairs(first, last), value=fill)
    y = lib.F.pad(x.double(), pairs(first, last), mode={"edge": "replicate"}.get(mode, mode))
    return y.to(x.dtype)  # PyTorch copies edges and mirrors of floating-point numbers only


def center_crop_pad(lib: Any, node: Any, x: Any, shape: Any) -> Any:
    """Half of what is missing in front; half of what is too much is cut there: F.pad does both."""
    first, last = [0] * x.ndim, [0] * x.ndim
    for axis, size in zip(node.attribute("axes", range(x.ndim)), shape.tolist(), strict=True):
        missing = size - x.shape[axis]
        first[axis] = missing // 2 if missing > 0 else -(-missing // 2)
        last[axis] = missing - first[axis]
    return lib.F.pad(x, pairs(first, last))


# Blocks of pixels and channels.


def depth_to_space(lib: Any, node: Any, x: Any) -> Any:
    if node.attribute("mode", "DCR") != "CRD":
        raise NotImplementedError("DepthToSpace: pixel_shuffle has the order CRD")
    return lib.F.pixel_shuffle(x, node.attribute("blocksize"))


def space_to_depth(lib: Any, node: Any, x: Any) -> Any:
    """pixel_unshuffle lists a channel's block together, ONNX a block's channels."""
    y = lib.F.pixel_unshuffle(x, node.attribute("blocksize"))
    N, channels, H, W = y.shape
    y = lib.mt.reshape(y, (N, x.shape[1], -1, H, W))
    return lib.mt.reshape(lib.mt.transpose(y, 1, 2), (N, channels, H, W))


OPERATORS = {
    "CenterCropPad": center_crop_pad, "DepthToSpace": depth_to_space, "Flatten": flatten,
    "Pad": pad, "ReduceMean": reduced("mean"), "ReduceSum": reduced("sum"), "Reshape": reshape,
    "SpaceToDepth": space_to_depth, "Split": split, "Squeeze": squeeze, "Tile": tile,
    "TopK": top_k, "Unsqueeze": unsqueeze,
}  # fmt: skip
