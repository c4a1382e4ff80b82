"""Sliding windows: how many fit, with the arithmetic in words."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...ops.geometry import numbers_from, output_size

_AXES = {
    1: (("place", "places"),),
    2: (("row", "rows"), ("column", "columns")),
    3: (("slice", "slices"), ("row", "rows"), ("column", "columns")),
}


class Along(NamedTuple):
    """A window along one axis: its numbers, what it slides over, and how many fit."""

    size: int
    kernel: int
    stride: int
    before: int  # padding
    after: int
    dilation: int = 1
    ceil: bool = False
    transposed: bool = False
    rest: int = 0  # output_padding

    @property
    def reach(self) -> int:
        return self.dilation * (self.kernel - 1) + 1

    @property
    def outputs(self) -> int:
        """The size of the output."""
        pads = self.before + self.after
        if self.transposed:
            return (self.size - 1) * self.stride - pads + self.reach + self.rest
        return output_size(self.size, self.kernel, self.stride, pads, self.dilation, self.ceil)


class Step(NamedTuple):
    """One call of an op with windows: its name as people call it, and each axis."""

    name: str
    axes: tuple[Along, ...]

    @property
    def fits(self) -> bool:
        """Is there at least one window?"""
        return min(along.outputs for along in self.axes) > 0


def step_of(op: str, arrays: Any, params: dict[str, Any]) -> Step:
    """The windows of conv, conv_transpose, max_pool or avg_pool."""
    sizes = arrays[0].shape[2:]
    n = len(sizes)

    def numbers(name: str, default: int, least: int) -> tuple[int, ...]:
        value = params.get(name, default)
        return numbers_from(default if value is None else value, n, op, name, least)

    conv = op.startswith("conv")
    kernel = arrays[1].shape[2:] if conv else numbers("kernel_size", 1, 1)
    own = not conv and params.get("stride") in (None, (), [])
    strides = kernel if own else numbers("stride", 1, 1)
    gaps, rest = numbers("dilation", 1, 1), numbers("output_padding", 0, 0)
    pads = _pads(params.get("padding", 0), kernel, gaps, op)
    return Step(f"{op}{n}d", tuple(
        Along(size, k, s, p[0], p[1], d, bool(params.get("ceil_mode")), op == "conv_transpose", e)
        for size, k, s, p, d, e in zip(sizes, kernel, strides, pads, gaps, rest, strict=True)
    ))  # fmt: skip


def _pads(padding: Any, kernel: Any, gaps: Any, op: str) -> list[tuple[int, int]]:
    """Before and after, for each axis."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        both = [d * (k - 1) for k, d in zip(kernel, gaps, strict=True)]
        return [(total // 2, total - total // 2) for total in both]
    return [(p, p) for p in numbers_from(padding, len(kernel), op, "padding", 0)]


def in_words(step: Step) -> list[str]:
    """The sizes of the output with their arithmetic: one line, or one for each axis."""
    names = _AXES[len(step.axes)]
    if len(set(step.axes)) == 1:
        one = " and ".join(one for one, _ in names)
        many = " and ".join(many for _, many in names)
        return [_arithmetic(step.axes[0], one, many)]
    return [
        f"{many}: {_arithmetic(along, one, many)}"
        for along, (one, many) in zip(step.axes, names, strict=True)
    ]


def _arithmetic(along: Along, one: str, many: str) -> str:
    """`(32 + 2·2 − 5)/1 + 1 = 32`, and why not where that is no whole number."""
    size, s, reach = along.size, along.stride, _reach(along)
    if along.transposed:
        rest = f" + {along.rest}" if along.rest else ""
        return f"({size} − 1)·{s} − {_padding(along)} + {reach}{rest} = {along.outputs}"
    line = f"({size} + {_padding(along)} − {reach})/{s} + 1"
    room = size + along.before + along.after - along.reach
    if room % s == 0:
        line += f" = {room // s + 1}"
        if room < 0:
            return f"{line}: not one window fits"
        left_out = along.outputs < room // s + 1
        return line + (_begins_behind(along) if left_out else "")
    line += f" = {f'{room / s + 1:.2f}'.rstrip('0')}: "
    if room < 0 and along.outputs < 1:
        return f"{line}not one window fits"
    if along.ceil:
        return f"{line}not whole; ceil_mode rounds up to {-(-room // s) + 1}" + _hanging(
            along, one, many
        )
    return (
        f"{line}not whole; PyTorch rounds down to {along.outputs}, and {_unseen(along, one, many)}"
    )


def _padding(along: Along) -> str:
    if along.before == along.after:
        return f"2·{along.before}" if along.before else "0"
    return f"{along.before} − {along.after}" if along.transposed else (
        f"{along.before} + {along.after}"
    )  # fmt: skip


def _reach(along: Along) -> str:
    if along.dilation == 1:
        return str(along.kernel)
    text = f"{along.dilation}·({along.kernel} − 1)"
    return f"{text} + 1" if along.transposed else f"{text} − 1"


def _unseen(along: Along, one: str, many: str) -> str:
    """What lies behind the last window: pixels, or padding alone."""
    left = (along.size + along.before + along.after - along.reach) % along.stride
    pixels = left - along.after
    count, place, fate = (
        (pixels, "", "seen") if pixels > 0 else (left, " of padding", "used")
    )  # fmt: skip
    what = one if count == 1 else many
    verb = "is" if count == 1 and " " not in one else "are"
    return f"the last {count} {what}{place} {verb} never {fate}"


def _hanging(along: Along, one: str, many: str) -> str:
    """What becomes of the last window with ceil_mode."""
    room = along.size + along.before + along.after - along.reach
    if along.outputs < -(-room // along.stride) + 1:
        return _begins_behind(along)
    over = -room % along.stride
    return f", and the last window hangs {over} {one if over == 1 else many} over the edge"


def _begins_behind(along: Along) -> str:
    return f", but the last window would begin behind the image: {along.outputs} are left"
