"""What a model costs, without computing it and without drawing its weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .. import nn
from ..autograd.tensor import Tensor
from ..nn.summary import measure


def multiply_adds(model: nn.Module, input_size: tuple[int, ...]) -> int:
    """The multiplications (each with its addition) of all convolutions and linear layers.

        convolution: output elements · (in_channels / groups) · kernel elements
        transposed:  input elements · (out_channels / groups) · kernel elements
        linear:      output elements · in_features

    input_size: (C, H, W) or (features,), of one example. Biases, norms, activations and pooling are
    not counted, as in most papers and in torchvision's table. It is the total of `nn.summary`, of
    a pass in evaluation mode (without auxiliary heads) that leaves the model as it was.

    Raises TypeError for anything but a Module, ValueError for a size below 1 and for an image that
    does not fit.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"multiply_adds: expects a Module (got {type(model).__name__})")
    sizes = tuple(input_size)
    if not sizes or min(sizes) < 1:
        raise ValueError(f"multiply_adds: input_size is positive (got {input_size!r})")
    return measure(model, (1, *sizes)).multiply_adds


@contextmanager
def undrawn() -> Iterator[None]:
    """Models built inside have no starting values: their weights are as memory has them.

    So the largest is there in a moment, to be measured and not to be used.
    """

    def kept(tensor: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG001
        return tensor

    with ExitStack() as stack:
        for name in ("normal_", "uniform_"):  # which Tensor inherits
            setattr(Tensor, name, kept)
            stack.callback(delattr, Tensor, name)
        stack.callback(setattr, nn.init, "trunc_normal_", nn.init.trunc_normal_)
        nn.init.trunc_normal_ = kept
        yield
