"""minitorch_cv: a deep-learning engine for computer vision, from scratch, to be read.

`import minitorch_cv as mt` brings tensors and autograd. The larger rooms (`mt.nn`, `mt.optim`,
`mt.models`, `mt.data`, `mt.testing`, …) are loaded when they are first used, so that importing the
package costs little more than importing NumPy.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import autograd
from .autograd import (
    Function,
    Tensor,
    as_tensor,
    enable_grad,
    from_numpy,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
    tensor,
)
from .autograd.creation import (
    arange,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    zeros,
    zeros_like,
)
from .autograd.functions import (
    FUNCTIONS,
    allclose,
    cat,
    equal,
    is_tensor,
    numel,
    stack,
    where,
)
from .backend import Generator, device, manual_seed, use_kernels
from .backend.dtypes import (
    bool_,
    double,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    uint8,
)
from .backend.random import get_rng_state, set_rng_state

__version__ = "0.1.0"

_ROOMS = ("backend", "cuda", "data", "models", "nn", "ops", "optim", "tasks", "testing")


def __getattr__(name: str) -> Any:
    """Loads a room on first use; finds the methods of Tensor as functions (`mt.exp`)."""
    if name in _ROOMS:
        path = ".backend.cuda" if name == "cuda" else f".{name}"
        room = importlib.import_module(path, __name__)
        globals()[name] = room
        return room
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name == "bool":
        return bool_
    if name == "float":
        return float32
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *FUNCTIONS})


__all__ = [
    "Function", "Generator", "Tensor", "allclose", "arange", "as_tensor", "autograd", "cat",
    "device", "double", "empty", "empty_like", "enable_grad", "equal", "eye", "float16", "float32",
    "float64", "from_numpy", "full", "full_like", "get_default_dtype", "get_rng_state", "half",
    "inference_mode", "int8", "int16", "int32", "int64", "is_grad_enabled",
    "is_inference_mode_enabled", "is_tensor", "linspace", "long", "manual_seed", "no_grad", "numel",
    "ones", "ones_like", "rand", "rand_like", "randint", "randn", "randn_like", "randperm",
    "set_default_dtype", "set_grad_enabled", "set_rng_state", "stack", "tensor", "uint8",
    "use_kernels", "where", "zeros", "zeros_like",
]  # fmt: skip
