"""PyTorch on the same GPU, where it is installed: in strict float32, with its own memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .rows import Row


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


def torch_rival(row: Row, arrays: tuple[Any, ...], small: bool) -> Rival | None:
    """The same call in PyTorch; None where there is none."""
    torch = None if small or row.peer is None else torch_on_gpu()
    if torch is None or row.peer is None:
        return None
    tensors = [torch.from_numpy(a).cuda() for a in arrays if a is not None]
    for tensor in tensors:
        tensor.requires_grad_(tensor.dtype == torch.float32)
    peer = row.peer
    try:
        y = peer(torch, *tensors)
    except (ImportError, RuntimeError, TypeError, AttributeError):  # nothing to compare with
        return None
    backward = None
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    if y.requires_grad:
        gy = torch.randn_like(y)

        def backward() -> Any:
            return torch.autograd.grad(y, wanted, gy, retain_graph=True, allow_unused=True)

    def stream(ours: Any) -> Any:
        return torch.cuda.stream(torch.cuda.ExternalStream(ours.ptr))

    return Rival(lambda: peer(torch, *tensors), backward, stream)
