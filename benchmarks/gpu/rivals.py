"""PyTorch on the same GPU, where it is installed, with its own memory; and settings for both."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import minitorch_cv as mt

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


class Rival(NamedTuple):
    """forward() and backward(); stream(CuPy's): a context in which PyTorch works on it."""

    forward: Callable[[], Any]
    backward: Callable[[], Any] | None
    stream: Callable[[Any], Any]


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


def torch_rival(
    row: Row, arrays: tuple[Any, ...], small: bool, setting: str = "fp32"
) -> Rival | None:
    """The same call in PyTorch; None where there is none."""
    torch = None if small or row.peer is None else torch_on_gpu()
    if torch is None or row.peer is None:
        return None
    tensors = [torch.from_numpy(a).cuda() for a in arrays if a is not None]
    for tensor in tensors:
        tensor.requires_grad_(tensor.dtype == torch.float32)

    def peer(*given: Any) -> Any:
        with theirs_in(torch, setting):
            return row.peer(torch, *given)  # type: ignore[misc]  # looked at above

    try:
        y = peer(*tensors)
    except (ImportError, RuntimeError, TypeError, AttributeError):  # nothing to compare with
        return None
    backward = None
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    if y.requires_grad:
        gy = torch.randn_like(y)

        def backward() -> Any:
            with theirs_in(torch, after(setting)):
                return torch.autograd.grad(y, wanted, gy, retain_graph=True, allow_unused=True)

    def stream(ours: Any) -> Any:
        return torch.cuda.stream(torch.cuda.ExternalStream(ours.ptr))

    return Rival(lambda: peer(*tensors), backward, stream)
