"""conv_transpose on the GPU by NVIDIA's own library: the products of the conv that leads back.

    y = conv's gx of (x for gy)        gx = conv(gy)        gw = conv's gw of (gy for x, x for gy)

So a `Problem` has y in the place of the images that conv reads, and x in that of those it makes.
"""

from __future__ import annotations

from typing import Any

from .channels_last import AS_IT_IS, LAST
from .conv import Conv
from .problem import (
    FORWARD,
    INPUT_GRADIENT,
    Plan,
    Problem,
    Shapes,
    Sizes,
    axes,
    problem,
)


class ConvTranspose(Conv):
    """The kernel of conv_transpose. forms: how arrays can go to the library."""

    kinds = INPUT_GRADIENT, FORWARD
    roles = "y", "x"

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
        return problem(kind, self.forms[0].type_of(x), shapes, plan._replace(extra=extra))

    @staticmethod
    def plan_of(  # type: ignore[override]
        kernel: Sizes, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
        groups: int = 1, dilation: Any = 1,
    ) -> Plan:  # fmt: skip
        """The plan that the op saves: of the conv from y to x, which leaves a rest at the end."""
        n = len(kernel)
        view = (tuple(kernel), axes(stride, n), axes(padding, n), axes(dilation, n))
        return Plan(view, tuple(-e for e in axes(output_padding, n)), groups)


OP = ConvTranspose(AS_IT_IS, LAST)
