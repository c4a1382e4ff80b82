"""`multiply_adds(model, input_size)`: what one forward pass costs, without computing it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import nn
from ..autograd.creation import zeros
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def multiply_adds(model: nn.Module, input_size: tuple[int, ...]) -> int:
    """The multiplications (each with its addition) of all convolutions and linear layers.

        convolution: output elements · (in_channels / groups) · kernel elements
        transposed:  input elements · (out_channels / groups) · kernel elements
        linear:      output elements · in_features

    input_size: (C, H, W) or (features,), of one example. Biases, norms, activations and pooling are
    not counted, as in most papers and in torchvision's table. Convolutions answer zeros of the
    right shape instead of computing, so that counting a large network takes a moment. The model is
    left as it was; it is counted in evaluation mode, that is without auxiliary heads.

    Raises TypeError for anything but a Module, ValueError for a size below 1.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"multiply_adds: expects a Module (got {type(model).__name__})")
    sizes = tuple(input_size)
    if not sizes or min(sizes) < 1:
        raise ValueError(f"multiply_adds: input_size is positive (got {input_size!r})")
    counts: list[int] = []
    first = next(iter(model.parameters()), None)
    dtype, device = (None, None) if first is None else (first.dtype, first.device)
    with _counting(model, counts), no_grad():
        model(zeros((1, *sizes), dtype=dtype, device=device))
    return sum(counts)


@contextmanager
def _counting(model: nn.Module, counts: list[int]) -> Iterator[None]:
    """Evaluation mode, and layers that count instead of computing."""
    modules = list(model.modules())
    training = [module.training for module in modules]
    replaced = [m for m in modules if isinstance(m, (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear))]
    model.eval()
    for module in replaced:
        module.__dict__["forward"] = _counter(module, counts)
    try:
        yield
    finally:
        for module in replaced:
            del module.__dict__["forward"]
        for part, flag in zip(modules, training, strict=True):
            part.training = flag


def _counter(module: Any, counts: list[int]) -> Any:
    def forward(x: Tensor, output_size: Any = None) -> Tensor:
        if isinstance(module, nn.Linear):
            y = x.new_zeros((*x.shape[:-1], module.out_features))
            counts.append(y.numel() * module.in_features)
            return y
        if isinstance(module, _TRANSPOSED):
            counts.append(x.numel() * math.prod(module.weight.shape[1:]))
            return type(module).forward(module, x, output_size)
        axes = len(module.kernel_size)
        sizes = _sizes(module, x.shape[-axes:])
        y = x.new_zeros((x.shape[0], module.out_channels, *sizes))
        counts.append(y.numel() * math.prod(module.weight.shape[1:]))
        return y

    return forward


def _sizes(module: Any, given: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of a convolution's output. Raises ValueError where the kernel does not fit."""
    if module.padding == "same":
        return given
    answer = []
    for axis, size in enumerate(given):
        padding = 0 if module.padding == "valid" else module.padding[axis]
        reach = module.dilation[axis] * (module.kernel_size[axis] - 1) + 1
        answer.append((size + 2 * padding - reach) // module.stride[axis] + 1)
    if min(answer) < 1:
        raise ValueError(f"multiply_adds: the image is too small for {module!r} (got {given})")
    return tuple(answer)
