"""minitorch_cv: a deep-learning engine for computer vision, from scratch, to be read.

`import minitorch_cv as mt` loads nothing yet: each name below is fetched from its home when it is
first used, and so are the larger rooms (`mt.nn`, `mt.optim`, `mt.data`, …). The methods of Tensor
are functions here, too: `mt.exp(x)` is `x.exp()`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_ROOMS = ("autograd", "backend", "data", "models", "nn", "ops", "optim", "tasks", "testing")

_HOMES: dict[str, tuple[str, ...]] = {
    "autograd": (
        "Function", "Tensor", "as_tensor", "enable_grad", "from_numpy", "inference_mode",
        "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled", "tensor",
    ),
    "autograd.creation": (
        "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "ones",
        "ones_like", "rand", "rand_like", "randint", "randn", "randn_like", "randperm", "zeros",
        "zeros_like",
    ),
    "autograd.functions": (
        "allclose", "cat", "equal", "is_tensor", "numel", "stack", "where",
    ),
    "backend": ("Generator", "device", "manual_seed", "use_kernels"),
    "backend.dtypes": (
        "double", "float16", "float32", "float64", "get_default_dtype", "half", "int8", "int16",
        "int32", "int64", "long", "set_default_dtype", "uint8",
    ),
    "backend.threads": ("set_num_threads",),
    "backend.random": ("default_generator", "get_rng_state", "set_rng_state"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_ALIASES = {
    "bool": ("backend.dtypes", "bool_"),
    "float": ("backend.dtypes", "float32"),
    "int": ("backend.dtypes", "int32"),
}


def __getattr__(name: str) -> Any:
    """Fetches a name from its home, once."""
    if name in _ROOMS:
        value = importlib.import_module(f".{name}", __name__)
    elif name in _HOME_OF:
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    elif name == "cuda":
        value = importlib.import_module(".backend.cuda", __name__)
    elif name in _ALIASES:
        home, real = _ALIASES[name]
        value = getattr(importlib.import_module(f".{home}", __name__), real)
    elif not name.startswith("_") and name in _methods():
        value = _methods()[name]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _methods() -> dict[str, Any]:
    """The methods of Tensor as functions."""
    return importlib.import_module(".autograd.functions", __name__).FUNCTIONS


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_HOME_OF, *_ALIASES, *_methods(), "cuda"})


if TYPE_CHECKING:  # the same names, for type checkers and editors
    from . import autograd, backend, data, models, nn, ops, optim, tasks, testing
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
    from .autograd.functions import allclose, cat, equal, is_tensor, numel, stack, where
    from .backend import Generator, cuda, device, manual_seed, use_kernels
    from .backend.dtypes import (
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
    from .backend.random import default_generator, get_rng_state, set_rng_state
    from .backend.threads import set_num_threads

__all__ = [
    "Function", "Generator", "Tensor", "allclose", "arange", "as_tensor", "autograd", "backend",
    "cat", "cuda", "data", "default_generator", "device", "double", "empty", "empty_like",
    "enable_grad", "equal", "eye", "float16", "float32", "float64", "from_numpy", "full",
    "full_like", "get_default_dtype", "get_rng_state", "half", "inference_mode", "int16",
    "int32", "int64", "int8", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor",
    "linspace", "long", "manual_seed", "models", "nn", "no_grad", "numel", "ones", "ones_like",
    "ops", "optim", "rand", "rand_like", "randint", "randn", "randn_like", "randperm",
    "set_default_dtype", "set_grad_enabled", "set_num_threads", "set_rng_state", "stack",
    "tasks", "tensor", "testing", "uint8", "use_kernels", "where", "zeros", "zeros_like",
]  # fmt: skip
