"""What a PyTorch file may name: tensors, storages, number types, plain containers, NumPy values.

Each name stands for a value or for one of the functions below, which judge their arguments. Nothing
here imports a name that comes from a file.
"""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor, from_numpy
from ..errors import WeightsError
from .machine import Function, as_keys, put
from .storages import KINDS, MOST_AXES, Storage, strided

_NUMBER = re.compile(r"(b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6})")
_DTYPES = {
    "float16": "f2", "half": "f2", "float32": "f4", "float": "f4", "float64": "f8", "double": "f8",
    "int8": "i1", "int16": "i2", "short": "i2", "int32": "i4", "int": "i4", "int64": "i8",
    "long": "i8", "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8", "bool": "b1",
}  # fmt: skip


# Tensors.


def tensor(storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Tensor:  # noqa: ARG001
    """A Tensor that looks at a storage; whether it required grad, and its hooks, are left out."""
    if type(storage) is not Storage:
        raise WeightsError("is damaged (a tensor without a storage)")
    return from_numpy(strided(storage.array, offset, size, stride))


def typed_tensor(
    storage: Any, offset: Any, size: Any, stride: Any,
    requires_grad: Any, hooks: Any, dtype: Any, *rest: Any,
) -> Tensor:  # noqa: ARG001  # fmt: skip
    """A Tensor of a dtype that the storage does not name."""
    if type(storage) is not Storage or storage.kind.name != "UntypedStorage":
        raise WeightsError("is damaged (a tensor without an untyped storage)")
    if not isinstance(dtype, np.dtype):
        raise WeightsError("is refused: a tensor of a type that NumPy does not have")
    whole = len(storage.array) // dtype.itemsize * dtype.itemsize
    return from_numpy(strided(storage.array[:whole].view(dtype), offset, size, stride))


def parameter(data: Any, *rest: Any) -> Tensor:  # noqa: ARG001
    """A parameter is its tensor."""
    if type(data) is not Tensor:
        raise WeightsError("is damaged (a parameter without a tensor)")
    return data


def from_type(function: Any, kind: Any, arguments: Any, state: Any) -> Tensor:  # noqa: ARG001
    """A tensor with attributes of its own, which are left out."""
    if type(function) is not Function or function.run not in (tensor, typed_tensor, parameter):
        raise WeightsError("is refused: a tensor that is made in its own way")
    return function.run(*arguments)


# Containers.


def listed(items: Any) -> Any:
    """The same list or tuple; what else can be iterated may have far more items than bytes."""
    if type(items) not in (list, tuple):
        raise WeightsError(f"is damaged (items in its pickle that are a {type(items).__name__})")
    return items


def ordered(pairs: Any = ()) -> OrderedDict[Any, Any]:
    """An ordered dictionary; Python 2 wrote its items as a list of pairs."""
    made: OrderedDict[Any, Any] = OrderedDict()
    for pair in listed(pairs):
        put(made, list(listed(pair)))
    return made


def with_default(factory: Any = None) -> defaultdict[Any, Any]:
    """A dictionary that makes what it lacks; only plain containers and numbers can be made."""
    if factory is None:
        return defaultdict(None)
    return defaultdict(_FACTORIES[factory.name])


def counted(counts: Any = None) -> Counter[Any]:
    """A Counter, from a dictionary."""
    if type(counts) not in (dict, type(None)):
        raise WeightsError("is damaged (a Counter that is made of something else than counts)")
    return Counter(counts)


def encoded(text: str, encoding: str) -> bytes:
    """Bytes, which protocol 2 writes as text."""
    if type(text) is not str or type(encoding) is not str or encoding[:5] != "latin":
        raise WeightsError("is refused: _codecs.encode with another encoding than latin-1")
    return text.encode("latin-1")


def array_of_bytes(data: Any = b"", encoding: str = "latin-1") -> bytearray:
    """A bytearray; never of a size that the file merely names."""
    if type(data) is str:
        data = encoded(data, encoding)
    if type(data) is not bytes:
        raise WeightsError("is refused: builtins.bytearray of something else than bytes")
    return bytearray(data)


def device(kind: str, index: int | None = None) -> str:
    """The name of a device, as text: what was on a GPU is loaded on the CPU."""
    if type(kind) is not str or type(index) not in (int, type(None)):
        raise WeightsError("is damaged (a device without a name)")
    return kind if index is None else f"{kind}:{index}"


def number_complex(real: float, imag: float) -> complex:
    """A complex number from two floats."""
    return complex(float(real), float(imag))


def layout(name: str) -> str:
    """A layout, as text."""
    return name if type(name) is str else "torch.strided"


# NumPy.


def dtype_of(code: Any, *rest: Any) -> np.dtype[Any]:  # noqa: ARG001
    """A dtype of numbers or text, in this machine's byte order; never of objects or fields."""
    if type(code) is not str or not _NUMBER.fullmatch(code):
        said = repr(code[:40]) if type(code) is str else f"from {type(code).__name__}"
        raise WeightsError(f"is refused: a NumPy dtype {said}")
    return np.dtype(code)


def scalar(dtype: Any, data: Any) -> Any:
    """A NumPy number from its bytes."""
    return array_from(data, dtype, ())[()]


def array_from(data: Any, dtype: Any, shape: Any, order: str = "C") -> np.ndarray:
    """A NumPy array, a copy of bytes."""
    if isinstance(data, str):  # written by Python 2
        data = data.encode("latin-1")
    if not isinstance(dtype, np.dtype) or dtype.hasobject or type(data) not in (bytes, bytearray):
        raise WeightsError("is refused: a NumPy array that is no plain run of numbers")
    if type(shape) is not tuple or len(shape) > MOST_AXES or not all(map(_size, shape)):
        raise WeightsError("is damaged (a NumPy array with a wrong shape)")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise WeightsError(
            f"is damaged (a NumPy array {shape} of {dtype} does not have {len(data)} bytes)"
        )
    if not data:
        return np.empty(shape, dtype)
    flat = np.frombuffer(bytearray(data), dtype)  # a bytearray: the array can be written to
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**62


def empty_array(*rest: Any) -> np.ndarray:  # noqa: ARG001
    """An array whose shape and numbers come later, in `build`."""
    return np.empty(0, np.uint8)


def build(target: Any, state: Any) -> None:
    """Hands an object its state.

    A state dict's `_metadata` and a parameter's flags are left out. A NumPy array gets its numbers.
    Raises WeightsError for everything else: no `__setstate__` of a file's choice is ever called.
    """
    if type(target) in (OrderedDict, dict, Tensor):
        return
    if isinstance(target, np.dtype) and type(state) is tuple and len(state) > 1:
        if state[1] == ">" and target.itemsize > 1:
            raise WeightsError("is refused: NumPy values of a big-endian machine")
        return
    if type(target) is np.ndarray and type(state) is tuple and len(state) == 5:
        _, shape, dtype, by_columns, data = state
        if target.shape != (0,):
            raise WeightsError("is damaged (a NumPy array that is filled twice)")
        columns = by_columns is True
        made = array_from(data, dtype, shape, "F" if columns else "C")
        state = (1, shape, dtype, columns, made.tobytes("A"))
        target.__setstate__(state)
        return
    raise WeightsError(f"is refused: its pickle hands a state to {type(target).__name__}")


_FACTORIES = {
    "builtins.list": list, "builtins.dict": dict, "builtins.set": set, "builtins.int": int,
    "builtins.float": float, "builtins.str": str, "builtins.bool": bool,
    "collections.OrderedDict": OrderedDict,
}  # fmt: skip


def _only_named(*rest: Any) -> Any:  # noqa: ARG001
    raise WeightsError("is refused: its pickle makes an object of a type that may only be named")


def _functions() -> dict[str, Any]:
    names: dict[str, Any] = {
        "collections.OrderedDict": ordered,
        "collections.defaultdict": with_default,
        "collections.Counter": counted,
        "builtins.set": lambda items=(): set(as_keys(listed(items))),
        "builtins.frozenset": lambda items=(): frozenset(as_keys(listed(items))),
        "builtins.bytearray": array_of_bytes,
        "builtins.bytes": lambda: b"",
        "builtins.complex": number_complex,
        "_codecs.encode": encoded,
        "torch.Size": lambda sizes=(): tuple(listed(sizes)),
        "torch.device": device,
        "torch.serialization._get_layout": layout,
        "torch.nn.parameter.Parameter": parameter,
        "torch._utils._rebuild_tensor": tensor,
        "torch._utils._rebuild_tensor_v2": tensor,
        "torch._utils._rebuild_tensor_v3": typed_tensor,
        "torch._utils._rebuild_parameter": parameter,
        "torch._utils._rebuild_parameter_with_state": parameter,
        "torch._tensor._rebuild_from_type_v2": from_type,
        "numpy.dtype": dtype_of,
        "numpy.ndarray": _only_named,
    }
    for core in ("numpy.core", "numpy._core"):  # before and since NumPy 2
        names[f"{core}.multiarray.scalar"] = scalar
        names[f"{core}.multiarray._reconstruct"] = empty_array
        names[f"{core}.numeric._frombuffer"] = array_from
    for name in _FACTORIES:
        names.setdefault(name, _only_named)
    return names


def _table() -> dict[str, Any]:
    table: dict[str, Any] = {name: Function(name, run) for name, run in _functions().items()}
    for name in [name for name in table if name.startswith("builtins.")]:
        table[name.replace("builtins", "__builtin__")] = table[name]  # Python 2's name
    for kind in KINDS.values():
        for module in ("torch", "torch.cuda", "torch.storage"):
            table[f"{module}.{kind.name}"] = kind
        for module in ("torch", "torch.cuda"):  # types of tensors, as text
            name = f"{module}.{kind.name.replace('Storage', 'Tensor')}"
            table[name] = name
    table.update({f"torch.{name}": np.dtype(code) for name, code in _DTYPES.items()})
    table.update({name: name for name in ("torch.Tensor", "torch.bfloat16")})
    return table


ALLOWED = _table()
