"""Clipping of gradients, in place.

By norm, all gradients together as one long vector g, which keeps its direction:
    g ← g · min(1, max_norm / (‖g‖_p + 1e−6))
By value, each element for itself:
    g ← min(max(g, −c), c)

Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013, algorithm 1 (by norm; the 1e−6 is PyTorch's).
"""

from __future__ import annotations

import math
import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...autograd.modes import no_grad
from ...autograd.tape import new_tensor
from ...autograd.tensor import Tensor, tensor
from ...backend.library import Array, array_module, beside

Tensors = Tensor | Iterable[Tensor]


@no_grad()
def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scales all gradients down together to a norm of at most max_norm; answers the norm before.

    norm_type: p, see `get_total_norm`; foreach: taken and not needed. Warns for an empty generator.
    Raises RuntimeError for a norm of inf or NaN where error_if_nonfinite; otherwise inf makes the
    gradients zero or NaN, and NaN makes all of them NaN.
    """
    listed = _listed(parameters)
    if isinstance(parameters, types.GeneratorType) and not listed:
        warnings.warn(
            "clip_grad_norm_: the generator of parameters is empty, so nothing is clipped; a "
            "generator can be read only once",
            UserWarning,
            stacklevel=3,
        )
    total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(listed, max_norm, total, foreach)
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """The second half of `clip_grad_norm_`, with the norm from `get_total_norm`."""
    del foreach  # one implementation, with the same results
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)  # NaN stays NaN
    for gradient in _gradients(_listed(parameters)):
        gradient.mul_(scale.to(gradient.device, gradient.dtype))


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clips each element of the gradients to −clip_value … clip_value."""
    del foreach  # one implementation, with the same results
    bound = float(clip_value)
    for gradient in _gradients(_listed(parameters)):
        gradient.clamp_(min=-bound, max=bound)


@no_grad()
def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """‖·‖_p of the p-norms of all tensors: for p > 0 that of all of them as one vector.

    norm_type: any p; inf is the largest |x|, −inf the smallest, 0 counts what is not zero (and so,
    the second time, the tensors that are not all zeros). No tensors have the norm 0.
    Raises RuntimeError for a norm of inf or NaN where error_if_nonfinite, and where p < 0 or p =
    inf meets an empty tensor, which has no such norm.
    """
    del foreach  # one implementation, with the same results
    listed, p = _listed(tensors), float(norm_type)
    if not listed:
        return tensor(0.0)
    with np.errstate(all="ignore"):  # inf and NaN go their way without warnings, as in PyTorch
        norms = [_norm_of(t, p).to(listed[0].device) for t in listed]
        xp = array_module(norms[0].array)
        with beside(norms[0].array):
            total = new_tensor(_norm(xp.stack([norm.array for norm in norms]), p))
    if error_if_nonfinite and not math.isfinite(float(total)):
        raise RuntimeError(
            f"get_total_norm: the norm of order {p} is {float(total)}, so the gradients cannot be "
            "clipped; look for the layer that made them so, or use error_if_nonfinite=False"
        )
    return total


def _norm_of(x: Tensor, p: float) -> Tensor:
    with beside(x.array):
        return new_tensor(_norm(x.array, p))


def _norm(x: Array, p: float) -> Any:
    """(Σ |x|ᵖ)^(1/p) as a 0-d array; float16 is summed in float32."""
    xp = array_module(x)
    a = xp.abs(x.ravel())
    if x.size == 0 and (p < 0 or p == math.inf):
        raise RuntimeError(
            f"get_total_norm: an empty tensor has no norm of order {p}; leave it out"
        )
    if math.isinf(p):
        return xp.asarray(xp.max(a) if p > 0 else xp.min(a), x.dtype)
    a = a.astype(xp.float32) if x.dtype.itemsize == 2 else a
    if p == 0:
        total = xp.sum(a != 0)
    elif p == 2:
        total = xp.sqrt(xp.sum(a * a))
    else:
        total = xp.sum(a**p) ** (1.0 / p)
    return xp.asarray(total, x.dtype)


def _listed(parameters: Tensors) -> list[Tensor]:
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]
