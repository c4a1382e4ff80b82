"""Changes Tensor so that scripts see PyTorch: its printed form, `torch.Size`, `torch.float32`."""

from __future__ import annotations

from typing import Any

from ...autograd import tape
from ...autograd.creation import zeros
from ...autograd.tensor import PackedTensor, Tensor
from ...nn.parameter import Parameter
from ..answers import methods
from ..missing import MissingAttribute, complaint
from .dtypes import dtype_of
from .show import tensor_text
from .size import Size

_TYPES = {
    "float16": "HalfTensor", "float32": "FloatTensor", "float64": "DoubleTensor",
    "int8": "CharTensor", "int16": "ShortTensor", "int32": "IntTensor", "int64": "LongTensor",
    "uint8": "ByteTensor", "bool": "BoolTensor",
}  # fmt: skip
_begin: Any = Tensor.__init__
_convert: Any = Tensor.type


def dress() -> None:
    """From here on, for the rest of the process, Tensors look as PyTorch's do."""
    looks: dict[str, Any] = {
        "__init__": _init, "__repr__": tensor_text, "__format__": _format, "type": _type,
        "shape": property(lambda tensor: Size(tensor.array.shape)),
        "dtype": property(lambda tensor: dtype_of(tensor.array.dtype)),
        "__getattr__": _missing,
    }  # fmt: skip
    for name, value in (looks | methods.METHODS).items():
        setattr(Tensor, name, value)
    PackedTensor.shape = property(lambda tensor: Size(tensor._packed.shape))  # type: ignore[assignment]
    PackedTensor.dtype = property(lambda tensor: dtype_of(tensor._packed.dtype))  # type: ignore
    Parameter.__repr__ = _parameter_text  # type: ignore[method-assign]
    Tensor.__module__ = PackedTensor.__module__ = "torch"
    Parameter.__module__ = "torch.nn.parameter"


def _init(tensor: Tensor, *data: Any, **options: Any) -> None:
    """`Tensor(2, 3)` is a tensor of that shape, `Tensor([2, 3])` one of these numbers."""
    if data and all(isinstance(size, int) for size in data):
        data = (zeros(data),)
    elif len(data) == 1 and isinstance(data[0], Size):
        data = (zeros(*data[0]),)
    _begin(tensor, *data, **options)


def _format(tensor: Tensor, spec: str) -> str:
    """A number is written as a number, everything else as `print` writes it."""
    if tensor.ndim == 0 and not isinstance(tensor, Parameter):
        return format(tensor.item(), spec)
    if spec:
        raise TypeError(f"unsupported format string passed to {type(tensor).__name__}.__format__")
    return repr(tensor)


def _type(tensor: Tensor, dtype: Any = None) -> Any:
    """`torch.FloatTensor`, or the tensor as the type of that name."""
    if dtype is None:
        return f"torch.{_TYPES[str(tensor.array.dtype)]}"
    by_name = {f"torch.{name}": kind for kind, name in _TYPES.items()}
    return _convert(tensor, getattr(dtype, "kind_name", by_name.get(str(dtype), dtype)))


def _parameter_text(parameter: Parameter) -> str:
    plain = tape.new_tensor(parameter.array)
    plain._requires_grad = parameter._requires_grad
    return f"Parameter containing:\n{tensor_text(plain)}"


def _missing(tensor: Tensor, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"'Tensor' object has no attribute {name!r}")
    known = [f"torch.Tensor.{known}" for known in dir(Tensor) if not known.startswith("_")]
    raise MissingAttribute(complaint(f"torch.Tensor.{name}", known), name=name, obj=tensor)
