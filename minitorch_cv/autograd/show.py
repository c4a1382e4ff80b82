"""How a tensor prints: as PyTorch's does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..backend.device import to_numpy
from ..backend.dtypes import get_default_dtype

if TYPE_CHECKING:
    from .tensor import Tensor


def tensor_repr(tensor: Tensor) -> str:
    """`tensor([[1., 2.]], requires_grad=True)`, with the dtype where it is not the default."""
    values = np.array2string(
        to_numpy(tensor.array), precision=4, separator=", ", prefix="tensor(", threshold=1000
    )
    extras = []
    if tensor.numel() == 0 and tensor.shape != (0,):
        extras.append(f"size={tensor.shape}")
    if tensor.dtype not in (get_default_dtype(), np.dtype("int64"), np.dtype("bool")):
        extras.append(f"dtype={tensor.dtype}")
    if tensor.device.type != "cpu":
        extras.append(f"device='{tensor.device}'")
    if tensor._node is not None:
        extras.append(f"grad_fn={tensor._node}")
    elif tensor._requires_grad:
        extras.append("requires_grad=True")
    name = "tensor" if type(tensor).__name__ == "Tensor" else type(tensor).__name__
    return f"{name}({', '.join([values, *extras])})"
