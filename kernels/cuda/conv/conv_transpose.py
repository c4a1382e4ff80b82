"""conv_transpose on the GPU by NVIDIA's own library: the products of the conv that leads back.

    y = conv's gx of (x for gy)        gx = conv(gy)        gw = conv's gw of (gy for x, x for gy)

So a `Problem` has y in the place of the images that conv reads, and x in that of those it makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..launch import is_on_device
from .channels_last import BFLOAT16, PLAIN, Plain
from .conv import takes
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


class ConvTranspose:
    """The kernel of conv_transpose. form: how arrays go to the library."""

    def __init__(self, form: Plain) -> None:
        self.form, self.DTYPES = form, form.dtypes

    def supports(self, x: Any, w: Any, b: Any, **params: Any) -> bool:
        if not takes(self.form, x, w, b):
            return False
        asked = self._problem(INPUT_GRADIENT, x, w, plan_of(w.shape[2:], **params))
        return min(asked.after) >= 0 and solvable([asked], x)

    def forward(self, x: Any, w: Any, b: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
        form, plan = self.form, plan_of(w.shape[2:], **params)
        asked = self._problem(INPUT_GRADIENT, x, w, plan)
        y = solve(asked, form, w=form.to_last(w), y=form.to_last(x))
        return form.to_second(y, x.ndim, b), (x, w, tuple(plan))

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        form, x, w, plan = self.form, saved.x, saved.w, Plan(*saved.plan)
        if not is_on_device(x, w, gy) or 0 in x.shape or gy.dtype != x.dtype:
            return NotImplemented
        asked = [
            self._problem(kind, x, w, plan) if need else None
            for kind, need in zip((FORWARD, WEIGHT_GRADIENT), needs, strict=False)
        ]
        tasks = [p for p in asked if p is not None]
        if any(min(p.after) < 0 for p in tasks) or not solvable(tasks, x):
            return NotImplemented
        gx = gw = gb = None
        g = form.to_last(gy) if tasks else None
        if asked[0] is not None:
            gx = form.to_second(solve(asked[0], form, x=g, w=form.to_last(w)), x.ndim)
        if asked[1] is not None:
            gw = form.to_second(solve(asked[1], form, x=g, y=form.to_last(x)), x.ndim)
        if needs[2]:
            gb = form.channel_sums(gy)
        return gx, gw, gb

    def _problem(self, kind: str, x: Any, w: Any, plan: Plan) -> Problem:
        """Zeros are left out at the end only where conv would answer more than x has there.

        Its stride passes over fewer than `stride` rows anyway, and padding alike at both ends is
        what the library has most ways for.
        """
        (kernel, stride, padding, dilation), rests = plan.view, plan.extra
        sizes = tuple(
            (size - 1) * s - 2 * p + d * (k - 1) - e + 1
            for size, s, p, d, k, e in zip(
                x.shape[2:], stride, padding, dilation, kernel, rests, strict=True
            )
        )
        extra = tuple(min(e + s - 1, 0) for e, s in zip(rests, stride, strict=True))
        made = (x.shape[0], w.shape[1] * plan.groups, *sizes)
        shapes = Shapes(made, tuple(w.shape), tuple(x.shape))
        return problem(kind, self.form.type_of(x), shapes, plan._replace(extra=extra))


OP, ROUNDED = ConvTranspose(PLAIN), ConvTranspose(BFLOAT16)


def plan_of(
    kernel: Sizes, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Plan:  # fmt: skip
    """The plan that the op saves: of the conv from y to x, which leaves a rest at the end."""
    n = len(kernel)
    view = (tuple(kernel), axes(stride, n), axes(padding, n), axes(dilation, n))
    return Plan(view, tuple(-e for e in axes(output_padding, n)), groups)
