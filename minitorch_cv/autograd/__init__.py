"""Floor 3: `Tensor` and the tape. `autograd.backward`, `autograd.grad`, `autograd.Function`."""

from ..backend.library import CPU, ArrayLibrary, register_library
from . import namespace, tape
from .engine import backward, grad
from .function import Function
from .modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from .tape import apply
from .tensor import Tensor, as_tensor, from_numpy, tensor

# From here on `array_module(tensor)` answers the recording namespace, and an op called on Tensors
# is handed to `apply`.
register_library(
    ArrayLibrary(
        "tensor", namespace, Tensor, CPU.from_numpy, lambda t: t.detach().cpu().numpy(),
        record=apply,
    )
)  # fmt: skip

__all__ = [
    "Function",
    "Tensor",
    "apply",
    "as_tensor",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "from_numpy",
    "grad",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "tape",
    "tensor",
]
