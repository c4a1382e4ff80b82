"""Number types and the old types of Tensors: `torch.float32`, `torch.LongTensor`."""

from __future__ import annotations

from typing import Any

from ...autograd.creation import zeros
from ...autograd.tensor import Tensor, tensor
from ..costume.dtypes import BY_NAME

_TENSORS = {
    "HalfTensor": "float16", "FloatTensor": "float32", "DoubleTensor": "float64",
    "CharTensor": "int8", "ShortTensor": "int16", "IntTensor": "int32", "LongTensor": "int64",
    "ByteTensor": "uint8", "BoolTensor": "bool",
}  # fmt: skip


class TensorType(type):
    """The type of `torch.FloatTensor`, …: calling it makes a Tensor of that dtype."""

    kind_name: str

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and str(instance.array.dtype) == cls.kind_name

    def __call__(cls, *data: Any) -> Any:
        if not data or all(isinstance(size, int) for size in data):
            return zeros(data or (0,), dtype=cls.kind_name)
        return tensor(*data, dtype=cls.kind_name)

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


_MADE = {name: TensorType(name, (), {"kind_name": kind}) for name, kind in _TENSORS.items()}


def named(name: str) -> Any:
    """The type of a name; None where there is none."""
    return BY_NAME.get(name, _MADE.get(name))
