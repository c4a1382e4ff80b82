"""What a module does to all of its tensors at once: dtype, device, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from ...backend.device import device as Device  # noqa: N812
from ...backend.dtypes import as_dtype, float16, float32, float64

M = TypeVar("M", bound="Moving")


class Moving:
    """Mixin: to, float, double, half, cpu, cuda, requires_grad_, zero_grad."""

    modules: Callable[..., Any]
    parameters: Callable[..., Any]

    def to(self: M, *args: Any, device: Any = None, dtype: Any = None, **kwargs: Any) -> M:
        """Moves parameters and buffers, in place, to a device, a float dtype, or both.

        Takes what `Tensor.to` takes; integer buffers keep their dtype. Gradients move too, and
        shared parameters stay shared. Raises TypeError for a dtype that is not a float dtype.
        """
        kwargs.pop("non_blocking", None)  # nobody waits on the way to a GPU
        if kwargs:
            raise TypeError(f"to: unknown arguments {sorted(kwargs)}; use device= and dtype=")
        for arg in args:
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif arg is not None and not isinstance(arg, bool):
                device, dtype = _device_or_dtype(arg, device, dtype)
        if dtype is not None:
            dtype = as_dtype(dtype)
            if dtype.kind != "f":
                raise TypeError(f"to: a module is of a float dtype (got {dtype})")
        if device is not None:
            device = Device(device)

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype if tensor.dtype.kind == "f" else None)

        return self._apply(move)

    def _apply(self: M, move: Callable[[Tensor], Tensor]) -> M:
        """Replaces the memory of every parameter, gradient and buffer by what `move` answers."""
        moved: dict[int, tuple[Tensor, Tensor]] = {}  # buffers, with the old one kept alive
        with no_grad():
            for module in self.modules():
                for param in module._parameters.values():
                    if param is None:
                        continue
                    _replace_memory(param, move)
                    if param.grad is not None:
                        param.grad = move(param.grad)
                for name, buffer in module._buffers.items():
                    if buffer is not None:
                        known = moved.setdefault(id(buffer), (buffer, move(buffer)))
                        module._buffers[name] = known[1]
        return self

    def half(self: M) -> M:
        """Float parameters and buffers as float16."""
        return self.to(dtype=float16)

    def float(self: M) -> M:
        """Float parameters and buffers as float32."""
        return self.to(dtype=float32)

    def double(self: M) -> M:
        """Float parameters and buffers as float64."""
        return self.to(dtype=float64)

    def type(self: M, dst_type: Any) -> M:
        """Float parameters and buffers as another float dtype."""
        return self.to(dtype=dst_type)

    def cpu(self: M) -> M:
        """Parameters and buffers on the CPU."""
        return self.to(device="cpu")

    def cuda(self: M, device: Any = None) -> M:
        """Parameters and buffers on a GPU. Raises ValueError where there is none."""
        name = f"cuda:{device}" if device.__class__ is (0).__class__ else device or "cuda"
        return self.to(device=name)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Sets `requires_grad` of every parameter."""
        for param in self.parameters():
            param.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of all parameters, or sets them to 0."""
        for param in self.parameters():
            if param.grad is None:
                continue
            if set_to_none:
                param.grad = None
            else:
                with no_grad():
                    param.grad.detach_().zero_()


def _replace_memory(param: Tensor, move: Callable[[Tensor], Tensor]) -> None:
    fresh = move(param)
    if fresh.array is not param.array:
        param.data = fresh


def _device_or_dtype(arg: Any, device: Any, dtype: Any) -> tuple[Any, Any]:
    if isinstance(arg, Device):
        return arg, dtype
    try:
        return device, as_dtype(arg)
    except TypeError:
        return Device(arg), dtype
