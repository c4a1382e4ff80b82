"""Resize, Upsample, GridSample, AffineGrid.

Where F.interpolate knows the coordinates, Resize is F.interpolate. All other ways of ONNX to place
output pixel i over the input are straight lines, x = α i + β for each axis, and a straight line is
an affine grid: F.affine_grid and F.grid_sample.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any, NamedTuple

MODES = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}


class Axis(NamedTuple):
    """One resized axis: sizes before and after, and the scale, which need not be their quotient."""

    size: int
    out: int
    scale: float

    @property
    def exact(self) -> bool:
        return self.out == self.size * self.scale


def grid_sample(lib: Any, node: Any, x: Any, grid: Any) -> Any:
    mode = MODES[node.attribute("mode", "linear")]
    padding = node.attribute("padding_mode", "zeros")
    corners = bool(node.attribute("align_corners", 0))
    return lib.F.grid_sample(x, grid, mode=mode, padding_mode=padding, align_corners=corners)


def affine_grid(lib: Any, node: Any, theta: Any, size: Any) -> Any:
    corners = bool(node.attribute("align_corners", 0))
    return lib.F.affine_grid(theta, size.tolist(), align_corners=corners)


def upsample(lib: Any, node: Any, x: Any, scales: Any) -> Any:
    if node.attribute("mode", "nearest") != "nearest":
        raise NotImplementedError("Upsample: only nearest")
    return lib.F.interpolate(x, scale_factor=tuple(scales.tolist()[2:]), mode="nearest")


def resize(
    lib: Any, node: Any, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None
) -> Any:
    where = list(node.attribute("axes", range(x.ndim)))
    axes = _axes(x, where, scales, sizes, node.attribute("keep_aspect_ratio_policy", "stretch"))
    mode, smooth = node.attribute("mode", "nearest"), bool(node.attribute("antialias", 0))
    place = node.attribute("coordinate_transformation_mode", "half_pixel")
    nearest = node.attribute("nearest_mode", "round_prefer_floor")
    if mode == "nearest" and (place, nearest) == ("half_pixel", "round_prefer_floor"):
        return _nearest(lib, x, axes)
    if smooth:
        if (place, mode) != ("half_pixel", "linear"):
            raise NotImplementedError("Resize: antialias other than linear on half pixels")
        return _antialiased(lib, x, axes)
    if place == "half_pixel" and mode != "nearest":
        return lib.F.interpolate(x, mode=MODES[mode], align_corners=False, **_how_large(axes))
    if place == "align_corners" and mode != "nearest" and all(axis.exact for axis in axes):
        size = tuple(axis.out for axis in axes)
        return lib.F.interpolate(x, size=size, mode=MODES[mode], align_corners=True)
    bounds = [(0.0, 1.0)] * len(axes) if roi is None else _bounds(x, where, roi.tolist())
    lines = [_line(place, axis, *ends) for axis, ends in zip(axes, bounds, strict=True)]
    if mode == "nearest":
        lines = [(slope, _rounded(start, nearest, axis))
                 for axis, (slope, start) in zip(axes, lines, strict=True)]  # fmt: skip
    return _sampled(lib, x, axes, lines, MODES[mode])


def _axes(x: Any, where: list[int], scales: Any, sizes: Any, policy: str) -> list[Axis]:
    """The two axes of an image; batch and channels stay."""
    before = [x.shape[axis] for axis in where]
    if sizes is None:
        factors = scales.tolist()
        after = [floor(size * s) for size, s in zip(before, factors, strict=True)]
    else:
        after = sizes.tolist()
        factors = [out / size for size, out in zip(before, after, strict=True)]
        if policy != "stretch":
            factors = [(min if policy == "not_larger" else max)(factors)] * len(where)
            after = [floor(size * s + 0.5) for size, s in zip(before, factors, strict=True)]
            factors = [out / size for size, out in zip(before, after, strict=True)]
    rows = {
        axis % x.ndim: Axis(*row)
        for axis, *row in zip(where, before, after, factors, strict=True)
    }  # fmt: skip
    if x.ndim != 4 or any(rows[axis].scale != 1 for axis in rows if axis < 2):
        raise NotImplementedError("Resize: only height and width")
    return [rows[2], rows[3]]


def _how_large(axes: list[Axis]) -> dict[str, Any]:
    if all(axis.exact for axis in axes):
        return {"size": tuple(axis.out for axis in axes)}
    return {"scale_factor": tuple(axis.scale for axis in axes)}


def _nearest(lib: Any, x: Any, axes: list[Axis]) -> Any:
    """nearest-exact rounds halves up; ONNX rounds them down, which is up on the mirrored image."""
    if all(axis.exact for axis in axes):
        y = lib.F.interpolate(lib.mt.flip(x, (2, 3)), mode="nearest-exact", **_how_large(axes))
        return lib.mt.flip(y, (2, 3))
    if any(((i + 0.5) / axis.scale) % 1 == 0 for axis in axes for i in range(axis.out)):
        raise NotImplementedError("Resize: halves at a scale that has no mirror image")
    return lib.F.interpolate(x, mode="nearest-exact", **_how_large(axes))


def _antialiased(lib: Any, x: Any, axes: list[Axis]) -> Any:
    """ONNX repeats the edge where the filter leaves the image; PyTorch leaves that part out.

    So the edges are repeated beforehand, by a number of pixels that is a whole number of output
    pixels and at least the filter's reach, and the middle of the result is kept.
    """
    margins = [_margin(axis.scale) for axis in axes]
    wide = lib.F.pad(x, [m for m in reversed(margins) for _ in range(2)], mode="replicate")
    y = lib.F.interpolate(
        wide, scale_factor=tuple(axis.scale for axis in axes), mode="bilinear",
        align_corners=False, antialias=True,
    )  # fmt: skip
    for k, (margin, axis) in enumerate(zip(margins, axes, strict=True), start=2):
        y = lib.mt.narrow(y, k, round(margin * axis.scale), axis.out)
    return y


def _margin(scale: float) -> int:
    """The fewest pixels, not below 1 / scale, that become a whole number of output pixels."""
    for margin in range(ceil(1 / scale), 100):
        if abs(margin * scale - round(margin * scale)) < 1e-5:
            return margin
    raise NotImplementedError(f"Resize: no margin fits the scale {scale}")


# Straight lines.


def _line(place: str, axis: Axis, start: float, end: float) -> tuple[float, float]:
    """(α, β) of x = α i + β in input pixels, for the ways of ONNX to place output pixel i."""
    size, out, scale = axis
    if place == "asymmetric":
        return 1 / scale, 0.0
    if place == "align_corners":
        return (size - 1) / (size * scale - 1), 0.0
    if place == "tf_crop_and_resize":
        return (end - start) * (size - 1) / (out - 1), start * (size - 1)
    if place == "pytorch_half_pixel" and out == 1:
        return 0.0, 0.0
    first = 0.5 / scale - 0.5
    if place == "half_pixel_symmetric":  # a cut-off output is centred over the input
        first += (size - out / scale) / 2
    return 1 / scale, first


def _bounds(x: Any, where: list[int], roi: list[float]) -> list[tuple[float, float]]:
    """Where the cut-out begins and ends on each axis, as shares of it."""
    found = {
        axis % x.ndim: ends for axis, *ends in zip(where, roi, roi[len(where) :], strict=False)
    }
    if any(not 0 <= end <= 1 for ends in found.values() for end in ends):
        raise NotImplementedError("Resize: a cut-out that leaves the image")
    return [tuple(found[2]), tuple(found[3])]


def _rounded(start: float, nearest: str, axis: Axis) -> float:
    """The β whose nearest pixel is the one wanted; grid_sample rounds halves to even.

    Pixels lie on multiples of 1 / (2 out): half of that step breaks a tie and reaches no other.
    """
    step = 1 / (4 * axis.out)
    shift = {
        "round_prefer_floor": -step, "round_prefer_ceil": step,
        "floor": step - 0.5, "ceil": 0.5 - step,
    }  # fmt: skip
    return start + shift[nearest]


def _sampled(lib: Any, x: Any, axes: list[Axis], lines: Any, mode: str) -> Any:
    """In the grid's measure output pixel i is (2 i + 1) / out − 1, and input pixel x likewise."""
    scale, shift = [], []
    for (size, out, _), (slope, start) in zip(axes, lines, strict=True):
        scale.append(slope * out / size)
        shift.append((slope * (out - 1) + 2 * start + 1) / size - 1)
    rows = [[scale[1], 0.0, shift[1]], [0.0, scale[0], shift[0]]]  # x (width) first
    theta = lib.mt.tensor([rows] * x.shape[0], dtype=x.dtype)
    outputs = (x.shape[0], x.shape[1], axes[0].out, axes[1].out)
    grid = lib.F.affine_grid(theta, outputs, align_corners=False)
    return lib.F.grid_sample(x, grid, mode=mode, padding_mode="border", align_corners=False)


OPERATORS = {
    "AffineGrid": affine_grid, "GridSample": grid_sample, "Resize": resize, "Upsample": upsample
}  # fmt: skip
