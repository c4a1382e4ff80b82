"""softmax and its relatives: what turns scores along one axis into probabilities."""

from __future__ import annotations

import warnings
from typing import Any

from ....autograd.tape import apply, new_tensor
from ....autograd.tensor import Tensor
from ....backend.device import to_device
from ....backend.library import array_module
from ....backend.random import Generator, default_generator
from ....ops.activation.log_softmax import OP as LOG_SOFTMAX
from ....ops.activation.softmax import OP as SOFTMAX
from ..judging import judge, judge_float


def softmax(
    input: Tensor,  # noqa: A002
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: Any = None,
) -> Tensor:
    """eˣ / Σ eˣ along `dim`. dtype: the input is converted to it first."""
    x, axis = _scores("softmax", input, dim, _stacklevel, dtype)
    return apply(SOFTMAX, x, axis=axis)


def softmin(
    input: Tensor,  # noqa: A002
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: Any = None,
) -> Tensor:
    """e⁻ˣ / Σ e⁻ˣ along `dim`. dtype: the input is converted to it first."""
    x, axis = _scores("softmin", input, dim, _stacklevel, dtype)
    return apply(SOFTMAX, -x, axis=axis)


def log_softmax(
    input: Tensor,  # noqa: A002
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: Any = None,
) -> Tensor:
    """x − log Σ eˣ along `dim`. dtype: the input is converted to it first."""
    x, axis = _scores("log_softmax", input, dim, _stacklevel, dtype)
    return apply(LOG_SOFTMAX, x, axis=axis)


def _scores(op: str, x: Tensor, dim: int | None, stacklevel: int, dtype: Any) -> tuple[Tensor, int]:
    if not isinstance(x, Tensor):
        judge(op, input=x)
    if dtype is not None:
        x = x.to(dtype=dtype)
    if dim is None:
        dim = 0 if x.ndim in (0, 1, 3) else 1
        warnings.warn(
            f"{op}: dim was not given, and {dim} is taken for {x.ndim} dimensions; pass dim=",
            stacklevel=stacklevel,
        )
    return x, dim


def gumbel_softmax(
    logits: Tensor,
    tau: float = 1.0,
    hard: bool = False,
    eps: float = 1e-10,  # noqa: ARG001 (kept for PyTorch's sake, which ignores it, too)
    dim: int = -1,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """softmax((x + g) / tau) with random g = −log(−log u), u uniform in (0, 1) (Jang et al. 2017).

    hard: 1 for the largest, 0 for the others, with the gradient of the soft answer.
    generator: where u is drawn from.
    """
    if not isinstance(logits, Tensor):
        judge("gumbel_softmax", logits=logits)
    judge_float("gumbel_softmax", logits)
    x = logits.array
    u = (generator or default_generator).rand(x.shape, "float64")
    xp = array_module(u)
    noise = -xp.log(-xp.log1p(-u) + 1e-300)  # u = 0 gives a large number, not ∞
    g = new_tensor(to_device(noise.astype(x.dtype), logits.device))
    soft = apply(SOFTMAX, (logits + g) / tau, axis=dim)
    if not hard:
        return soft
    return _one_hot_of_largest(soft, dim) - soft.detach() + soft


def _one_hot_of_largest(y: Tensor, dim: int) -> Tensor:
    """1 at the largest along `dim` (the first of equal ones), 0 elsewhere."""
    if y.ndim == 0:
        return y.detach() * 0 + 1
    index = y.detach().max(dim, keepdim=True)[1].array
    along = [1] * y.ndim
    along[dim] = y.shape[dim]
    xp = array_module(index)
    places = xp.reshape(xp.arange(y.shape[dim]), tuple(along))
    return new_tensor(xp.asarray(places == index, dtype=y.dtype))
