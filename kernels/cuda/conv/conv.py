"""conv on the GPU by NVIDIA's own library (cuDNN), where the extra `cudnn` is installed.

Without it `supports` says no, and the readable way runs: im2col.cu and a matrix product. The device
knows who solves a `Problem` (`convolutions`), and in which form it likes best to be handed arrays:
as they lie, or with their channels last, as tensor cores read them (channels_last.py). The bias is
added on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..launch import is_on_device
from .channels_last import AS_IT_IS, LAST, Form
from .problem import (
    FORWARD,
    INPUT_GRADIENT,
    WEIGHT_GRADIENT,
    Plan,
    Problem,
    Shapes,
    Sizes,
    axes,
    form_for,
    problem,
    solve,
)


class Conv:
    """The kernel of conv. forms: how arrays can go to the library."""

    kinds = FORWARD, INPUT_GRADIENT  # the problems whose answers are y and gx
    roles = "x", "y"  # what the op's input and output are called in them

    def __init__(self, *forms: Form) -> None:
        self.forms, self.DTYPES = forms, forms[0].dtypes

    def supports(self, x: Any, w: Any, b: Any, **params: Any) -> bool:
        lies = self.forms[0].lies(x)
        if not takes(self.DTYPES, x, lies, w, b):
            return False
        asked = self._problem(self.kinds[0], x, w, self.plan_of(w.shape[2:], **params))
        return form_for(asked, self.forms, lies) is not None

    def forward(self, x: Any, w: Any, b: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
        plan = self.plan_of(w.shape[2:], **params)
        asked = self._problem(self.kinds[0], x, w, plan)
        form = form_for(asked, self.forms, self.forms[0].lies(x))
        packed = form.pack(x), form.pack(w)
        y = solve(asked, form, **{self.roles[0]: packed[0], "w": packed[1]})
        kept = packed if form.keeps else None
        return form.deliver(y, x.ndim, b), (x, w, tuple(plan), kept)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        x, w, plan = saved.x, saved.w, Plan(*saved.plan)
        lies = self.forms[0].lies
        if not is_on_device(lies(x), w, lies(gy)) or 0 in x.shape or gy.dtype != x.dtype:
            return NotImplemented
        kinds = self.kinds[1], WEIGHT_GRADIENT
        asked = {
            kind: self._problem(kind, x, w, plan)
            for kind, need in zip(kinds, needs, strict=False)
            if need
        }
        forms = {kind: form_for(task, self.forms, lies(x)) for kind, task in asked.items()}
        if None in forms.values():
            return NotImplemented
        g = {form: form.pack(gy) for form in dict.fromkeys(forms.values())}
        found: dict[str, Any] = {}
        given, answered = self.roles
        for kind, form in forms.items():
            name, place, array = ("w", 1, w) if kind != WEIGHT_GRADIENT else (given, 0, x)
            kept = saved.packed if form.keeps else None
            other = {name: form.pack(array) if kept is None else kept[place]}
            solved = solve(asked[kind], form, **other, **{answered: g[form]})
            back = form.unpack if kind == WEIGHT_GRADIENT else form.deliver
            found[kind] = back(solved, x.ndim)
        gb = self.forms[0].channel_sums(gy) if needs[2] else None
        return found.get(kinds[0]), found.get(WEIGHT_GRADIENT), gb

    def _problem(self, kind: str, x: Any, w: Any, plan: Plan) -> Problem:
        return problem(kind, self.forms[0].type_of(x), shapes_of(x, w, plan), plan)

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


OP = Conv(AS_IT_IS, LAST)


def takes(dtypes: Sequence[str], x: Any, lies: Any, w: Any, b: Any) -> bool:
    """Are they arrays of the device, not empty, of one of the dtypes, of one to three axes?

    lies: the array of the device that x is.
    """
    given = [w] if b is None else [w, b]
    if not is_on_device(lies, *given) or not 3 <= x.ndim <= 5 or 0 in (*x.shape, *w.shape):
        return False
    return x.dtype.name in dtypes and all(a.dtype == x.dtype for a in given)


def shapes_of(x: Any, w: Any, plan: Plan) -> Shapes:
    """The shapes of x, w and y."""
    (kernel, *view), extra = plan.view, plan.extra
    counts = tuple(
        (size + 2 * p + e - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d, e in zip(x.shape[2:], kernel, *view, extra, strict=True)
    )
    return Shapes(tuple(x.shape), tuple(w.shape), (x.shape[0], w.shape[0], *counts))
