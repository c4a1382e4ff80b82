"""minitorch_cv: a deep-learning engine for computer vision, from scratch, to be read.

`import minitorch_cv as mt` loads nothing yet: each name below is fetched from its home when it is
first used, and so are the larger rooms (`mt.nn`, `mt.optim`, `mt.data`, …). The methods of Tensor
are functions here, too: `mt.exp(x)` is `x.exp()`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_ROOMS = (
    "autograd", "backend", "data", "detection", "interop", "models", "nn", "ops", "optim", "tasks",
    "testing",
)  # fmt: skip
_INNER_ROOMS = {
    "amp": "optim.amp", "backends": "backend.backends", "cuda": "backend.cuda",
    "linalg": "autograd.linalg",
}  # fmt: skip

_HOMES: dict[str, tuple[str, ...]] = {
    "autograd": (
        "Function", "Tensor", "as_tensor", "enable_grad", "from_numpy", "inference_mode",
        "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled", "tensor",
    ),
    "autograd.autocasting": (
        "autocast", "clear_autocast_cache", "get_autocast_dtype", "is_autocast_enabled",
    ),
    "autograd.creation": (
        "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "logspace",
        "ones", "ones_like", "rand", "rand_like", "randint", "randint_like", "randn",
        "randn_like", "randperm", "zeros", "zeros_like",
    ),
    "autograd.einsum": ("einsum", "tensordot"),
    "autograd.functions": (
        "allclose", "cdist", "equal", "is_nonzero", "is_tensor", "numel", "rsub", "trapezoid",
        "trapz", "where",
    ),
    "autograd.joining": (
        "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes",
        "broadcast_tensors", "cartesian_prod", "cat", "column_stack", "combinations", "concat",
        "concatenate", "dstack", "hstack", "meshgrid", "row_stack", "split", "stack",
        "tril_indices", "triu_indices", "vstack",
    ),
    "autograd.searching": ("bucketize", "isin", "searchsorted"),
    "backend": (
        "Generator", "device", "get_default_device", "manual_seed", "set_default_device",
        "use_kernels",
    ),
    "backend.dtypes": (
        "bfloat16", "double", "float16", "float32", "float64", "get_default_dtype", "half", "int8",
        "int16", "int32", "int64", "long", "set_default_dtype", "uint8",
    ),
    "backend.memory": ("keep_memory", "release_memory"),
    "backend.threads": ("get_num_threads", "set_num_threads"),
    "backend.random": ("default_generator", "get_rng_state", "set_rng_state"),
    "nn.functional": (
        "celu", "celu_", "hardshrink", "prelu", "relu_", "rrelu", "rrelu_", "selu", "selu_",
        "threshold", "threshold_",
    ),
    "nn.utils": ("optimize_for_inference",),
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
    elif name in _INNER_ROOMS:
        value = importlib.import_module(f".{_INNER_ROOMS[name]}", __name__)
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
    return sorted({*globals(), *_ROOMS, *_HOME_OF, *_ALIASES, *_INNER_ROOMS, *_methods()})


if TYPE_CHECKING:  # the same names, for type checkers and editors
    from . import (
        autograd,
        backend,
        data,
        detection,
        interop,
        models,
        nn,
        ops,
        optim,
        tasks,
        testing,
    )
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
    from .autograd import linalg as linalg
    from .autograd.autocasting import (
        autocast,
        clear_autocast_cache,
        get_autocast_dtype,
        is_autocast_enabled,
    )
    from .autograd.creation import (
        arange,
        empty,
        empty_like,
        eye,
        full,
        full_like,
        linspace,
        logspace,
        ones,
        ones_like,
        rand,
        rand_like,
        randint,
        randint_like,
        randn,
        randn_like,
        randperm,
        zeros,
        zeros_like,
    )
    from .autograd.einsum import einsum, tensordot
    from .autograd.functions import (
        allclose,
        cdist,
        equal,
        is_nonzero,
        is_tensor,
        numel,
        rsub,
        trapezoid,
        trapz,
        where,
    )
    from .autograd.joining import (
        atleast_1d,
        atleast_2d,
        atleast_3d,
        block_diag,
        broadcast_shapes,
        broadcast_tensors,
        cartesian_prod,
        cat,
        column_stack,
        combinations,
        concat,
        concatenate,
        dstack,
        hstack,
        meshgrid,
        row_stack,
        split,
        stack,
        tril_indices,
        triu_indices,
        vstack,
    )
    from .autograd.searching import bucketize, isin, searchsorted
    from .backend import (
        Generator,
        backends,
        cuda,
        device,
        get_default_device,
        manual_seed,
        set_default_device,
        use_kernels,
    )
    from .backend.dtypes import (
        bfloat16,
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
    from .backend.memory import keep_memory, release_memory
    from .backend.random import default_generator, get_rng_state, set_rng_state
    from .backend.threads import get_num_threads, set_num_threads
    from .nn.functional import (
        celu,
        celu_,
        hardshrink,
        prelu,
        relu_,
        rrelu,
        rrelu_,
        selu,
        selu_,
        threshold,
        threshold_,
    )
    from .nn.utils import optimize_for_inference
    from .optim import amp as amp

__all__ = [
    "Function", "Generator", "Tensor", "allclose", "amp", "arange", "as_tensor",
    "atleast_1d", "autocast", "clear_autocast_cache", "get_autocast_dtype", "is_autocast_enabled",
    "atleast_2d", "atleast_3d", "autograd", "backend", "backends", "bfloat16", "block_diag",
    "broadcast_shapes",
    "broadcast_tensors", "bucketize", "cartesian_prod", "cat", "cdist", "celu", "celu_",
    "column_stack", "combinations", "concat", "concatenate", "cuda", "data",
    "default_generator", "detection", "device", "double", "dstack", "einsum", "empty", "empty_like",
    "enable_grad", "equal", "eye", "float16", "float32", "float64", "from_numpy", "full",
    "full_like", "get_default_device", "get_default_dtype", "get_num_threads", "get_rng_state",
    "half", "hardshrink",
    "hstack", "inference_mode", "int16", "int32", "int64", "int8", "interop", "is_grad_enabled",
    "is_inference_mode_enabled", "is_nonzero", "is_tensor", "isin", "keep_memory", "linalg",
    "linspace", "logspace", "long", "manual_seed", "meshgrid", "models", "nn", "no_grad",
    "numel", "ones", "ones_like", "ops", "optim", "optimize_for_inference", "prelu", "rand",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "release_memory",
    "relu_", "row_stack",
    "rrelu", "rrelu_", "rsub", "searchsorted", "selu", "selu_", "set_default_device",
    "set_default_dtype", "set_grad_enabled", "set_num_threads", "set_rng_state", "split",
    "stack", "tasks", "tensor",
    "tensordot", "testing", "threshold", "threshold_", "trapezoid", "trapz", "tril_indices",
    "triu_indices", "uint8", "use_kernels", "vstack", "where", "zeros", "zeros_like",
]  # fmt: skip
