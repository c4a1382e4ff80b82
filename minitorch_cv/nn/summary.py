"""`summary(model, input_shape)`: what each layer gives out, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..autograd.creation import zeros
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..backend.dtypes import get_default_dtype
from ..backend.random import get_rng_state, set_rng_state
from .modules import Linear, Module
from .modules.conv import _ConvNd
from .norms.batchnorm import _BatchNorm

_WIDTHS = (29, 18, 11, 9, 9)  # of the five columns: 80 with the spaces between them
_TITLES = ("Layer", "Output shape", "Parameters", "Mult-adds", "Memory")


class Row(NamedTuple):
    """One call of one module.

    parameters: those that the module holds itself, 0 for what an earlier row has counted.
    multiply_adds: of convolutions, linear layers and batch norm (biases not counted).
    memory: bytes of the output, 0 where it shares memory with an earlier tensor.
    """

    name: str
    kind: str
    depth: int
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    memory: int


class Summary(NamedTuple):
    """Rows in the order in which the modules were called, and totals for the whole model."""

    rows: list[Row]
    input_shape: tuple[int, ...]
    parameters: int
    trainable: int
    unused: int  # parameters of modules that forward did not call
    parameter_memory: int

    @property
    def multiply_adds(self) -> int:
        """Of one forward pass with that input."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of all outputs together, which training keeps until backward."""
        return sum(row.memory for row in self.rows)

    def __repr__(self) -> str:
        return (
            f"Summary({len(self.rows)} rows, parameters={self.parameters:,}, "
            f"multiply_adds={self.multiply_adds:,})"
        )

    def __str__(self) -> str:
        lines = [_line(_TITLES), "-" * 80]
        for row in self.rows:
            label = "  " * row.depth + (f"{row.name} ({row.kind})" if row.name else row.kind)
            lines.append(
                _line((
                    label, str(row.output_shape).replace(" ", ""), f"{row.parameters:,}",
                    _short(row.multiply_adds), _bytes(row.memory),
                ))
            )  # fmt: skip
        frozen = self.parameters - self.trainable
        lines += [
            "-" * 80,
            f"Input {self.input_shape}",
            f"Parameters: {self.parameters:,} ({self.trainable:,} trainable, {frozen:,} frozen), "
            f"{_bytes(self.parameter_memory)}",
            f"Multiply-adds: {_short(self.multiply_adds)}; outputs: {_bytes(self.memory)}",
        ]
        if self.unused:
            lines.append(f"Parameters that forward did not reach: {self.unused:,}")
        return "\n".join(lines)


def summary(model: Module, input_shape: Any) -> Summary:
    """Runs the model once on zeros, prints a table of its layers, and returns it.

    input_shape: (C, H, W) or (features,), to which a batch of 1 is added, or with the batch:
    (N, C, H, W) or (N, features). The model runs in evaluation mode and is left as it was: training
    flags, buffers, gradients and the random state.
    Raises TypeError for anything but a Module, ValueError for a shape with a size below 1.
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expects a Module (got {type(model).__name__})")
    shape = _with_batch(input_shape)
    params = list(model.parameters())
    rows: list[Row] = []
    counted: set[int] = set()
    model_type = next((p for p in params if p.is_floating_point()), None)
    x = zeros(
        shape,
        dtype=get_default_dtype() if model_type is None else model_type.dtype,
        device=None if model_type is None else model_type.device,
    )
    with _left_as_it_was(model), no_grad(), _recorder(model, rows, counted, x):
        model.eval()
        model(x)
    result = Summary(
        rows,
        shape,
        sum(p.numel() for p in params),
        sum(p.numel() for p in params if p.requires_grad),
        sum(p.numel() for p in params if id(p) not in counted),
        sum(p.nbytes for p in params),
    )
    print(result)
    return result


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


@contextmanager
def _recorder(model: Module, rows: list[Row], counted: set[int], x: Tensor) -> Iterator[None]:
    """Hooks that add a row for each call of a module; a container comes before its parts."""
    seen = [x._version]  # one for each piece of memory that is already counted
    open_calls: list[int] = []
    handles = []

    def enter(module: Module, args: Any) -> None:  # noqa: ARG001
        open_calls.append(len(rows))
        rows.append(Row("", "", 0, (), 0, 0, 0))

    def leave(module: Module, args: Any, output: Any) -> None:  # noqa: ARG001
        place = open_calls.pop()
        own = [p for p in module._parameters.values() if p is not None and id(p) not in counted]
        fresh = {id(p): p.numel() for p in own}
        counted.update(fresh)
        outputs = [t for t in _flat(output) if isinstance(t, Tensor)]
        memory = 0
        for tensor in outputs if not module._modules else ():
            if not any(version is tensor._version for version in seen):
                seen.append(tensor._version)
                memory += tensor.nbytes
        shape = outputs[0].shape if outputs else ()
        given = args[0].shape if args and isinstance(args[0], Tensor) else ()
        rows[place] = Row(
            names[module], type(module).__name__, len(open_calls), shape, sum(fresh.values()),
            _multiply_adds(module, given, shape), memory,
        )  # fmt: skip

    names = {module: name.rpartition(".")[2] for name, module in model.named_modules()}
    try:
        for module in model.modules():
            handles.append(module.register_forward_pre_hook(enter))
            handles.append(module.register_forward_hook(leave, prepend=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _flat(output: Any) -> Sequence[Any]:
    if isinstance(output, dict):
        return list(output.values())
    return output if isinstance(output, (tuple, list)) else (output,)


def _multiply_adds(module: Module, given: tuple[int, ...], shape: tuple[int, ...]) -> int:
    elements = math.prod(shape)
    if isinstance(module, _ConvNd):  # a transposed one spreads each element of its input
        spread = given if module.transposed else shape
        return math.prod(spread) * math.prod(module.weight.shape[1:])
    if isinstance(module, Linear):
        return elements * module.in_features
    return elements if isinstance(module, _BatchNorm) else 0


def _line(cells: tuple[str, ...]) -> str:
    """The first two columns to the left, the numbers to the right; what is too long is cut."""
    texts = []
    for k, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        cut = cell if len(cell) <= width else cell[: width - 1] + "…"
        texts.append(cut.ljust(width) if k < 2 else cut.rjust(width))
    return " ".join(texts).rstrip()


def _short(number: int) -> str:
    """1234567 → 1.23 M."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return str(number)


def _bytes(number: int) -> str:
    """1536 → 1.5 KiB."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} B"
