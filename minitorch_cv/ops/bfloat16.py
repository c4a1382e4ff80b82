"""Products in bfloat16: the ops of `autocast`'s list on rounded numbers, in float32 arrays.

    x̃ = the nearest bfloat16 to x        y = f(x̃, w̃, …)~        gx = (∂f/∂x (x̃, w̃, …) g̃y)~

Inputs, outputs, gradients on their way in and on their way out are rounded; products are added up
in float32. NumPy and CuPy 13 have no arrays of bfloat16, CuPy 14 in a first form: what is stored is
float32, whose lower 16 bits are 0. The numbers are those of PyTorch. (On a GPU, convolutions by
cuDNN hand on the upper 16 bits alone: kernels/cuda/packed.)

`rounded(op)` is an op of its own (conv → conv_bfloat16), so that it may have kernels of its own:
cuDNN and cuBLAS take 16 bits. Where there is none, the op itself runs on rounded arrays. It saves
its inputs as they are, which others hold anyway, and rounds them again for the gradients.

Shapes: the op's. Inputs are float32. Raises what the op raises.
Source: D. Kalamkar et al., "A study of BFLOAT16 for deep learning training", 2019. Verified with
PyTorch's `torch.autocast` on the CPU by the parity tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from ..backend.library import Array, library_of
from .op import Grads, Needs, Op
from .precision import nearest_bfloat16


class Saved(NamedTuple):
    """Nothing: the gradient of rounding is that of y = x."""


def _round(x: Array) -> tuple[Array, Saved]:
    return nearest_bfloat16(x), Saved()


def _round_backward(gy: Array, saved: Saved, needs: Needs) -> Grads:  # noqa: ARG001
    return (gy if needs[0] else None,)


ROUND = Op("round_bfloat16", _round, _round_backward, Saved)


def _all_rounded(values: Any) -> list[Any]:
    """Arrays (or Tensors) rounded; None and numbers as they are."""
    return [v if library_of(v) is None else ROUND(v) for v in values]


@cache
def rounded(op: Op) -> Op:
    """The op in bfloat16. For ops that save inputs and constants, and answer one output."""
    links = zip(op.saved._fields, op.links, strict=True)
    fields = [name for name, link in links if link is not None]

    def forward(*inputs: Any, **params: Any) -> tuple[Any, Any]:
        y, saved = op.run(_all_rounded(inputs), params)
        given = dict(zip(op.inputs, inputs, strict=False))
        return ROUND(y), saved._replace(**{name: given[name] for name in fields})

    def backward(gy: Any, saved: Any, needs: Needs) -> Grads:
        kept = _all_rounded(getattr(saved, name) for name in fields)
        saved = saved._replace(**dict(zip(fields, kept, strict=True)))
        library = library_of(gy)
        recorded = library is not None and library.record is not None
        differentiate = op.backward if recorded else op.differentiate
        return tuple(_all_rounded(differentiate(ROUND(gy), saved, needs)))

    made = Op(
        f"{op.name}_bfloat16", forward, backward, op.saved, check=op.check, inputs=op.inputs,
        tolerance=op.tolerance, source=op.source,
    )  # fmt: skip
    _plain[made] = op
    return made


_plain: dict[Op, Op] = {}


def unrounded(op: Op) -> Op:
    """The op of which this one is `rounded`; others as they are."""
    return _plain.get(op, op)
