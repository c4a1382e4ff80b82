"""PyTorch on the same GPU, where it is installed, with its own memory; and settings for both."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import minitorch_cv as mt

from .clock import measured
from .place import Place
from .rows import Row

# How products are made: in float32 throughout; convolutions in TF32; all of them in bfloat16.
SETTINGS = ("fp32", "tf32", "bf16")


def named(what: str, setting: str) -> str:
    """In float32 the name alone, else "conv, bf16"."""
    return what if setting == "fp32" else f"{what}, {setting}"


def after(setting: str) -> str:
    """That of the gradients: they go the way of the forward pass, outside of autocast."""
    return "tf32" if setting == "tf32" else "fp32"


@contextlib.contextmanager
def ours_in(setting: str) -> Iterator[None]:
    """Inside the `with` block our convolutions may take TF32, or autocast takes bfloat16."""
    switches, before = mt.backends.cudnn, mt.backends.cudnn.allow_tf32
    switches.allow_tf32 = setting == "tf32"
    try:
        with mt.autocast("cuda", dtype=mt.bfloat16, enabled=setting == "bf16"):
            yield
    finally:
        switches.allow_tf32 = before


@contextlib.contextmanager
def theirs_in(torch: Any, setting: str) -> Iterator[None]:
    """The same for PyTorch, whose products of matrices stay float32 beside TF32's convolutions."""
    torch.backends.cudnn.allow_tf32 = setting == "tf32"
    try:
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=setting == "bf16"):
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = False


def torch_on_gpu() -> Any:
    """PyTorch, if it is installed and finds the GPU; TF32 is off."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch


def beside(
    place: Place, row: Row, arrays: tuple[Any, ...], count: int, setting: str
) -> dict[str, Any]:
    """PyTorch's times of the same call, on `count` copies of the arrays; {} where it has none.

    On CuPy's stream, so that the same holds and events count.
    """
    torch = None if place.small or row.peer is None else torch_on_gpu()
    if torch is None or row.peer is None:
        return {}
    halves = setting == "bf16" and not row.op.startswith("conv")
    sets = [_tensors(torch, arrays, halves) for _ in range(count)]

    def peer(given: list[Any]) -> Any:
        with theirs_in(torch, setting):
            return row.peer(torch, *given)  # type: ignore[misc]  # looked at above

    try:
        outputs = [peer(given) for given in sets]
    except (ImportError, RuntimeError, TypeError, AttributeError):  # nothing to compare with
        return {}
    with torch.cuda.stream(their_stream(torch, place)):
        forward = [lambda given=given: peer(given) for given in sets]
        found = measured(place, forward).named("torch_forward")
        if outputs[0].requires_grad:
            backward = _backward(torch, sets, outputs, setting)
            found |= measured(place, backward).named("torch_backward")
    return found


def _tensors(torch: Any, arrays: tuple[Any, ...], halves: bool) -> list[Any]:
    """halves: images in bfloat16, with channels last, which is faster for both of us."""
    tensors = [torch.from_numpy(a).cuda() for a in arrays if a is not None]
    if halves:
        last = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
        tensors = [tensor.to(**last) if tensor.ndim == 4 else tensor for tensor in tensors]
    for tensor in tensors:
        tensor.requires_grad_(tensor.is_floating_point())
    return tensors


def _backward(
    torch: Any, sets: list[list[Any]], outputs: list[Any], setting: str
) -> list[Callable[[], Any]]:
    gy = torch.randn_like(outputs[0])

    def differentiate(y: Any, given: list[Any]) -> Any:
        wanted = [tensor for tensor in given if tensor.requires_grad]
        with theirs_in(torch, after(setting)):
            return torch.autograd.grad(y, wanted, gy, retain_graph=True, allow_unused=True)

    pairs = zip(outputs, sets, strict=True)
    return [lambda y=y, given=given: differentiate(y, given) for y, given in pairs]


def their_stream(torch: Any, place: Place) -> Any:
    """CuPy's current stream, as PyTorch has it."""
    return torch.cuda.ExternalStream(place.cupy.cuda.get_current_stream().ptr)
