"""Functions of `torch` itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.tape import new_tensor
from ...autograd.tensor import Tensor, as_tensor, tensor
from ...backend import dtypes, random, threads
from ..costume.dtypes import dtype, dtype_of
from .methods import bernoulli, multinomial

__all__ = [
    "Generator", "are_deterministic_algorithms_enabled", "asarray", "bernoulli", "can_cast",
    "compile", "detach", "finfo", "get_default_dtype", "get_float32_matmul_precision",
    "get_num_threads", "iinfo", "initial_seed", "is_complex", "is_same_size", "manual_seed",
    "multinomial", "normal", "promote_types", "result_type", "scalar_tensor", "seed",
    "set_float32_matmul_precision", "set_warn_always", "typename",
    "use_deterministic_algorithms",
]  # fmt: skip

_settings: dict[str, Any] = {"precision": "highest", "deterministic": False}


class Generator(random.Generator):
    """A stream of random numbers: `Generator()`, `Generator(device="cpu")`."""

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__(67280421310721)  # PyTorch's seed where none is set
        self.device = device

    def seed(self) -> int:
        """Starts the stream anew from a seed of chance, which is answered."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self.initial_seed()


def manual_seed(seed: Any) -> random.Generator:
    """Seeds the default generator."""
    return random.manual_seed(int(seed))


def seed() -> int:
    """Seeds the default generator by chance and answers the seed."""
    return random.manual_seed(int.from_bytes(os.urandom(8), "little")).initial_seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return random.default_generator.initial_seed()


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers; mean and std are numbers (with a size) or Tensors."""
    stream = random.default_generator if generator is None else generator
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    m, s = (np.asarray(getattr(value, "array", value)) for value in (mean, std))
    shape = np.broadcast_shapes(m.shape, s.shape) if size is None else tuple(size)
    drawn = stream.randn(shape, kind) * s.astype(kind) + m.astype(kind)
    out = new_tensor(np.asarray(drawn))
    out = out if device is None else out.to(device)
    return out.requires_grad_() if requires_grad else out


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The data as a Tensor, without a copy where none is needed."""
    out = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype, device)
    return out.requires_grad_(requires_grad) if requires_grad else out


def scalar_tensor(value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor without axes, of the default float dtype."""
    kind = dtypes.get_default_dtype() if dtype is None else dtype
    return tensor(value, dtype=kind, device=device)


def detach(input: Tensor) -> Tensor:  # noqa: A002
    """The same memory, off the tape."""
    return input.detach()


def is_complex(input: Tensor) -> bool:  # noqa: A002, ARG001
    """False: there are no complex Tensors here."""
    return False


def is_same_size(input: Tensor, other: Tensor) -> bool:  # noqa: A002
    """True for two Tensors of one shape."""
    return tuple(input.shape) == tuple(other.shape)


def get_default_dtype() -> dtype:
    """The dtype that Python floats become."""
    return dtype_of(dtypes.get_default_dtype())


def promote_types(type1: Any, type2: Any) -> dtype:
    """The dtype of `a + b` for Tensors of two dtypes."""
    return dtype_of(dtypes.promote_dtypes(dtypes.as_dtype(type1), dtypes.as_dtype(type2)))


def result_type(a: Any, b: Any) -> dtype:
    """The dtype of `a + b`, where one may be a number."""
    zeros = [
        new_tensor(np.ones((0,) * min(v.ndim, 1), v.array.dtype)) if isinstance(v, Tensor) else v
        for v in (a, b)
    ]
    return dtype_of((zeros[0] + zeros[1]).array.dtype)


def can_cast(from_: Any, to: Any) -> bool:
    """May results of one dtype be written into another? Not from float to int, nor to bool."""
    a, b = dtypes.as_dtype(from_), dtypes.as_dtype(to)
    return dtypes.rank(a) <= dtypes.rank(b)


class finfo:  # noqa: N801 (PyTorch's name)
    """Facts about a float dtype: bits, eps, max, min, tiny, smallest_normal, resolution."""

    def __init__(self, type: Any = None) -> None:  # noqa: A002
        kind = dtypes.get_default_dtype() if type is None else dtypes.as_dtype(type)
        facts = np.finfo(kind)
        self.bits, self.dtype = int(facts.bits), str(kind)
        for name in ("eps", "max", "min", "tiny", "smallest_normal", "resolution"):
            setattr(self, name, float(getattr(facts, name)))


class iinfo:  # noqa: N801 (PyTorch's name)
    """Facts about an integer dtype: bits, max, min."""

    def __init__(self, type: Any) -> None:  # noqa: A002
        facts = np.iinfo(dtypes.as_dtype(type))
        self.bits, self.dtype = int(facts.bits), str(facts.dtype)
        self.max, self.min = int(facts.max), int(facts.min)


def typename(obj: Any) -> str:
    """The name of an object's type; of a Tensor, `torch.FloatTensor`."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = type(obj)
    return f"{kind.__module__}.{kind.__qualname__}"


def get_num_threads() -> int:
    """The number of threads that kernels use."""
    return int(getattr(threads, "get_num_threads", os.cpu_count)() or 1)


def compile(  # noqa: A001 (PyTorch's name)
    model: Any = None, **options: Any  # noqa: ARG001
) -> Any:  # fmt: skip
    """The model itself: compiling changes the speed, never the values. Also a decorator."""

    def same(made: Callable[..., Any]) -> Callable[..., Any]:
        return made

    return same if model is None else model


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:  # noqa: ARG001
    """Nothing to do: all algorithms here are deterministic."""
    _settings["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told."""
    return _settings["deterministic"]


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: products are computed in full float32 whatever it says."""
    _settings["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told."""
    return _settings["precision"]


def set_warn_always(b: bool) -> None:
    """Accepted; warnings come as Python's filters say."""
    _settings["warn"] = b
