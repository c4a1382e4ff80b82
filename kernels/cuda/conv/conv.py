"""conv on the GPU by NVIDIA's own library (cuDNN), where the extra `cudnn` is installed.

Without it `supports` says no, and the readable way runs: im2col.cu and a matrix product. Here is
said what is asked of the library: a `Problem`, and arrays whose channels come last, (N, H, W, C),
for that is how its fastest kernels read them. The device knows who solves it (`convolutions`).
The bias is added, and its gradient summed, by functions of the array namespace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..launch import device_of, is_on_device

Sizes = tuple[int, ...]
DTYPES = ("float32", "float16")  # whose gradients `backward` takes, too
FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT = "forward", "input gradient", "weight gradient"


class Problem(NamedTuple):
    """One of the three products of a convolution of images or volumes.

    x (N, C, H, W), w (OC, C/G, KH, KW), y (N, OC, OH, OW): shapes, channels second in name, last in
    memory. before, after: the zeros at both ends of each axis.
    """

    kind: str
    dtype: str
    x: Sizes
    w: Sizes
    y: Sizes
    before: Sizes
    after: Sizes
    stride: Sizes
    dilation: Sizes


class Plan(NamedTuple):
    """What the op saves, field by field: its window, what is added at the end, and the groups."""

    view: tuple[Sizes, Sizes, Sizes, Sizes]  # kernel, stride, padding, dilation
    extra: Sizes
    groups: int


def supports(x: Any, w: Any, b: Any, **params: Any) -> bool:
    given = [x, w] if b is None else [x, w, b]
    if not is_on_device(*given) or not 3 <= x.ndim <= 5 or 0 in (*x.shape, *w.shape):
        return False
    solver = device_of(x).convolutions
    if solver is None or x.dtype.name not in DTYPES or any(a.dtype != x.dtype for a in given):
        return False
    asked = problem(FORWARD, x, w, _plan(w.shape[2:], **params))
    return bool(solver.supports(asked, device_of(x).place(x)))


def forward(x: Any, w: Any, b: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
    gpu, plan = device_of(x), _plan(w.shape[2:], **params)
    y = _solve(problem(FORWARD, x, w, plan), x=x, w=w)
    if b is not None:
        y += b
    return _channels_second(gpu, y, x.ndim), (x, w, tuple(plan))


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, w, plan = saved.x, saved.w, Plan(*saved.plan)
    if not is_on_device(x, w, gy) or 0 in x.shape or gy.dtype != x.dtype:
        return NotImplemented
    gpu = device_of(x)
    if gpu.convolutions is None:
        return NotImplemented
    wanted = [k for k, need in zip((INPUT_GRADIENT, WEIGHT_GRADIENT), needs, strict=False) if need]
    problems = {kind: problem(kind, x, w, plan) for kind in wanted}
    if not all(gpu.convolutions.supports(p, gpu.place(x)) for p in problems.values()):
        return NotImplemented
    gx = gw = gb = None
    g = _channels_last(gpu, gy)
    if needs[0]:
        gx = _channels_second(gpu, _solve(problems[INPUT_GRADIENT], w=w, y=g), x.ndim)
    if needs[1]:
        gw = _channels_second(gpu, _solve(problems[WEIGHT_GRADIENT], x=x, y=g), x.ndim)
    if needs[2]:
        sums = gpu.namespace.sum(g, axis=tuple(range(g.ndim - 1)), dtype=np.float32)
        gb = sums.astype(gy.dtype)
    return gx, gw, gb


def problem(kind: str, x: Any, w: Any, plan: Plan) -> Problem:
    """As the library has it: a sequence is an image of one row."""
    (kernel, stride, padding, dilation), extra = plan.view, plan.extra
    counts = tuple(
        (size + 2 * p + e - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d, e in zip(x.shape[2:], kernel, *plan.view[1:], extra, strict=True)
    )
    after = tuple(p + e for p, e in zip(padding, extra, strict=True))
    row = x.ndim == 3  # the axes of space, with one of size 1 before them
    shapes = [
        (*shape[:2], *((1,) if row else ()), *shape[2:])
        for shape in (x.shape, w.shape, (x.shape[0], w.shape[0], *counts))
    ]
    none, one = ((0,), (1,)) if row else ((), ())
    sides = (none + padding, none + after, one + stride, one + dilation)
    return Problem(kind, x.dtype.name, *shapes, *sides)


def _plan(
    kernel: Sizes, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Plan:
    """'same' puts what is odd at the end of an axis."""
    n = len(kernel)
    steps, gaps = _axes(stride, n), _axes(dilation, n)
    pads = extra = (0,) * n
    if padding == "same":
        both = [d * (k - 1) for k, d in zip(kernel, gaps, strict=True)]
        pads, extra = tuple(t // 2 for t in both), tuple(t % 2 for t in both)
    elif padding != "valid":
        pads = _axes(padding, n)
    return Plan((tuple(kernel), steps, pads, gaps), extra, groups)


def _axes(value: Any, n: int) -> Sizes:
    given = tuple(map(int, value)) if isinstance(value, (tuple, list)) else (int(value),)
    return given if len(given) == n else given * n


def _solve(task: Problem, **given: Any) -> Any:
    """The product that is missing of x, w and y, channels last. Of those given, y has them so."""
    gpu = device_of(next(iter(given.values())))
    arrays = {name: _channels_last(gpu, a) if name != "y" else a for name, a in given.items()}
    (missing,) = {"x", "w", "y"} - set(given)
    arrays[missing] = gpu.empty(last(getattr(task, missing)), np.dtype(task.dtype))
    gpu.convolutions.run(task, arrays["x"], arrays["w"], arrays["y"])
    return arrays[missing]


def last(shape: Sizes) -> Sizes:
    """(N, C, H, W) → (N, H, W, C)."""
    return (shape[0], *shape[2:], shape[1])


def _channels_last(gpu: Any, x: Any) -> Any:
    """(N, C, L), (N, C, H, W), … → (N, L, C), (N, H, W, C), …, contiguous."""
    xp = gpu.namespace
    return xp.ascontiguousarray(xp.moveaxis(x, 1, -1))


def _channels_second(gpu: Any, x: Any, ndim: int) -> Any:
    """The way back, to arrays of `ndim` axes: a sequence loses its one row."""
    xp = gpu.namespace
    if x.ndim > ndim:
        x = xp.reshape(x, (x.shape[0], *x.shape[2:]))
    return xp.ascontiguousarray(xp.moveaxis(x, -1, 1))
