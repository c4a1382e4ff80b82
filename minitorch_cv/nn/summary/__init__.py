"""`summary(model, input_shape)`: what each layer gives out, what it costs, and what it sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...autograd.creation import zeros
from ...backend.dtypes import get_default_dtype
from ...backend.random import get_rng_state, set_rng_state
from ..core.module import Module
from .table import Row, Summary
from .tracing import Trace

__all__ = ["Row", "Summary", "measure", "summary"]


def summary(model: Module, input_shape: Any) -> Summary:
    """Prints a table of a model's layers, and returns it; see `measure`."""
    result = measure(model, input_shape)
    print(result)
    return result


def measure(model: Module, input_shape: Any) -> Summary:
    """The layers of a model: output, parameters, multiply-adds, memory, receptive field.

    input_shape: (C, H, W) or (features,), to which a batch of 1 is added, or with the batch:
    (N, C, H, W) or (N, features). One pass is made in evaluation mode, in which costly ops answer
    zeros instead of computing, so that a large network takes a moment. The model is left as it was:
    training flags, buffers, gradients and the random state.
    Raises TypeError for anything but a Module, ValueError for a shape with a size below 1 and,
    with the layer's name, for an image that does not fit the model.
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expects a Module (got {type(model).__name__})")
    shape = _with_batch(input_shape)
    params = list(model.parameters())
    model_type = next((p for p in params if p.is_floating_point()), None)
    x = zeros(
        shape,
        dtype=get_default_dtype() if model_type is None else model_type.dtype,
        device=None if model_type is None else model_type.device,
    )
    with _left_as_it_was(model):
        model.eval()
        trace = Trace(model, x)
    return Summary(
        trace.rows,
        shape,
        sum(p.numel() for p in params),
        sum(p.numel() for p in params if p.requires_grad),
        sum(p.numel() for p in params if id(p) not in trace.counted),
        sum(p.nbytes for p in params),
    )


def _with_batch(input_shape: Any) -> tuple[int, ...]:
    sizes = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
    if not sizes or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(
            f"summary: input_shape is a tuple of positive sizes (got {input_shape!r}); "
            "use e.g. (3, 32, 32)"
        )
    return (1, *sizes) if len(sizes) in (1, 3) else sizes


@contextmanager
def _left_as_it_was(model: Module) -> Iterator[None]:
    """Puts back attributes, buffers and the random state, also when the model raises."""
    random_state = get_rng_state()
    before = [(module, dict(module.__dict__), dict(module._buffers)) for module in model.modules()]
    values = [(buffer, buffer.array, buffer.array.copy()) for buffer in model.buffers()]
    try:
        yield
    finally:
        for module, attributes, buffers in before:
            module.__dict__.clear()
            module.__dict__.update(attributes)
            module._buffers.clear()
            module._buffers.update(buffers)
        for buffer, array, value in values:
            buffer.array = array
            buffer.array[...] = value
        set_rng_state(random_state)
