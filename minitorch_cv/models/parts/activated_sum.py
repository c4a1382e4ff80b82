"""The end of a residual block: the sum of its two branches, then the activation."""

from __future__ import annotations

from ... import nn
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812


def activated_sum(activation: nn.Module, branch: Tensor, shortcut: Tensor) -> Tensor:
    """activation(branch + shortcut).

    A plain ReLU is one step with the sum. Another module in its place, or one with hooks, is called
    with the sum, so that whoever put it there sees what they expect.
    """
    if activation.__class__ is nn.ReLU and not _watched(activation):
        return F.add_relu(branch, shortcut)
    return activation(branch + shortcut)


def _watched(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks or module._forward_pre_hooks
        or module._backward_hooks or module._backward_pre_hooks
    )  # fmt: skip
