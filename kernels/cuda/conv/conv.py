"""conv on the GPU by NVIDIA's own library (cuDNN), where the extra `cudnn` is installed.

Without it `supports` says no, and the readable way runs: im2col.cu and a matrix product. The device
knows who solves a `Problem` (`convolutions`); arrays go there with their channels last, (N, H, W,
C), for that is how its fastest kernels read them. The bias is added on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..launch import is_on_device
from .channels_last import BFLOAT16, PLAIN, Plain
from .problem import (
    FORWARD,
    INPUT_GRADIENT,
    WEIGHT_GRADIENT,
    Plan,
    Problem,
    Shapes,
    Sizes,
    axes,
    problem,
    solvable,
    solve,
)


class Conv:
    """The kernel of conv. form: how arrays go to the library."""

    kinds = FORWARD, INPUT_GRADIENT  # the problems whose answers are y and gx
    roles = "x", "y"  # what the op's input and output are called in them

    def __init__(self, form: Plain) -> None:
        self.form, self.DTYPES = form, form.dtypes

    def supports(self, x: Any, w: Any, b: Any, **params: Any) -> bool:
        if not takes(self.form, x, w, b):
            return False
        plan = self.plan_of(w.shape[2:], **params)
        return solvable([self._problem(self.kinds[0], x, w, plan)], x)

    def forward(self, x: Any, w: Any, b: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
        form, plan = self.form, self.plan_of(w.shape[2:], **params)
        asked = self._problem(self.kinds[0], x, w, plan)
        y = solve(asked, form, **{self.roles[0]: form.to_last(x), "w": form.to_last(w)})
        return form.to_second(y, x.ndim, b), (x, w, tuple(plan))

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        form, x, w, plan = self.form, saved.x, saved.w, Plan(*saved.plan)
        if not is_on_device(x, w, gy) or 0 in x.shape or gy.dtype != x.dtype:
            return NotImplemented
        asked = [
            self._problem(kind, x, w, plan) if need else None
            for kind, need in zip((self.kinds[1], WEIGHT_GRADIENT), needs, strict=False)
        ]
        if not solvable([p for p in asked if p is not None], x):
            return NotImplemented
        gx = gw = gb = None
        given, answered = self.roles
        g = form.to_last(gy) if any(needs[:2]) else None
        if asked[0] is not None:
            gx = form.to_second(
                solve(asked[0], form, **{"w": form.to_last(w), answered: g}), x.ndim
            )
        if asked[1] is not None:
            gw = form.to_second(
                solve(asked[1], form, **{given: form.to_last(x), answered: g}), x.ndim
            )
        if needs[2]:
            gb = form.channel_sums(gy)
        return gx, gw, gb

    def _problem(self, kind: str, x: Any, w: Any, plan: Plan) -> Problem:
        return problem(kind, self.form.type_of(x), shapes_of(x, w, plan), plan)

    @staticmethod
    def plan_of(
        kernel: Sizes, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Plan:
        """'same' puts what is odd at the end of an axis."""
        n = len(kernel)
        steps, gaps = axes(stride, n), axes(dilation, n)
        pads = extra = (0,) * n
        if padding == "same":
            both = [d * (k - 1) for k, d in zip(kernel, gaps, strict=True)]
            pads, extra = tuple(t // 2 for t in both), tuple(t % 2 for t in both)
        elif padding != "valid":
            pads = axes(padding, n)
        return Plan((tuple(kernel), steps, pads, gaps), extra, groups)


OP, ROUNDED = Conv(PLAIN), Conv(BFLOAT16)


def takes(form: Plain, x: Any, w: Any, b: Any) -> bool:
    """Are they arrays of the device, not empty, of one dtype, with one to three axes of space?"""
    given = [x, w] if b is None else [x, w, b]
    if not is_on_device(*given) or not 3 <= x.ndim <= 5 or 0 in (*x.shape, *w.shape):
        return False
    return x.dtype.name in form.dtypes and all(a.dtype == x.dtype for a in given)


def shapes_of(x: Any, w: Any, plan: Plan) -> Shapes:
    """The shapes of x, w and y."""
    (kernel, *view), extra = plan.view, plan.extra
    counts = tuple(
        (size + 2 * p + e - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d, e in zip(x.shape[2:], kernel, *view, extra, strict=True)
    )
    return Shapes(tuple(x.shape), tuple(w.shape), (x.shape[0], w.shape[0], *counts))
