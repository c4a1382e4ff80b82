"""The in-place form of every method that has one: `x.exp_()` is x = x.exp() in x's memory.

Those that need a word of their own (add_, copy_, normal_, …) are written in inplace.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .inplace import call, judge_leaf, move

if TYPE_CHECKING:
    from ..tensor import Tensor

NAMES = (
    "abs", "absolute", "acos", "acosh", "addbmm", "addmm", "addmv", "addr", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan", "atan2", "atanh",
    "baddbmm", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "ceil", "clamp_max",
    "clamp_min", "clip", "copysign", "cos", "cosh", "cumprod", "cumsum", "deg2rad", "divide", "eq",
    "erf", "erfc", "exp", "exp2", "expm1", "fix", "floor", "floor_divide", "fmod", "frac", "ge",
    "greater", "greater_equal", "gt", "heaviside", "hypot", "index_add", "index_copy", "index_fill",
    "index_put", "le", "less", "less_equal", "log", "log10", "log1p", "log2", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logit", "lt", "masked_fill", "masked_scatter",
    "multiply", "nan_to_num", "ne", "negative", "not_equal", "rad2deg", "reciprocal", "relu",
    "remainder", "round", "rsqrt", "scatter", "scatter_add", "scatter_reduce", "sigmoid", "sign",
    "sin", "sinc", "sinh", "sqrt", "square", "subtract", "tan", "tanh", "tril", "triu",
    "true_divide", "trunc", "xlogy",
)  # fmt: skip


RESHAPED = ("squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze")


def _form(name: str) -> Callable[..., Any]:
    """The in-place form of one method."""

    def form(self: Any, *args: Any, **kwargs: Any) -> Tensor:
        return call(self, name, *args, **kwargs)

    return _named(form, name, "in the memory of this tensor")


def _reshaped(name: str) -> Callable[..., Any]:
    """The in-place form of a method that only looks at the memory under another shape."""

    def form(self: Any, *args: Any, **kwargs: Any) -> Tensor:
        judge_leaf(self, f"{name}_")
        view = getattr(self, name)(*args, **kwargs)
        self.array = view.array
        move(self, view)
        return self

    return _named(form, name, "of this tensor itself")


def _named(form: Any, name: str, where: str) -> Callable[..., Any]:
    form.__name__ = form.__qualname__ = f"{name}_"
    form.__doc__ = f"`{name}`, {where}."
    return form


class InPlaceForms:
    """Mixin: abs_, exp_, masked_fill_, … (see NAMES), and unsqueeze_, t_, … (RESHAPED)."""

    __slots__ = ()


for _name in NAMES:
    setattr(InPlaceForms, f"{_name}_", _form(_name))
for _name in RESHAPED:
    setattr(InPlaceForms, f"{_name}_", _reshaped(_name))
