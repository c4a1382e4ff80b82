"""The activation functions and add_relu on the GPU: activations.cu, in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch

KERNELS = Source("elementwise/activations.cu")


class Unary:
    """The kernel of an op of one input.

    name: of the op, and of its two kernels. saves: "x" or "y", what the derivative reads.
    names: the op's parameters, in the order in which the kernels take them.
    """

    def __init__(self, name: str, saves: str, names: Sequence[str] = ()) -> None:
        self.name, self.saves, self.names = name, saves, tuple(names)

    def supports(self, x: Any, **params: Any) -> bool:
        if params.get("approximate", "none") != "none":
            return False
        return is_on_device(x) and x.dtype == np.float32

    def forward(self, x: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
        y = self._run("forward", params, x)
        return y, (x if self.saves == "x" else None, y if self.saves == "y" else None, params)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        kept = saved.x if self.saves == "x" else saved.y
        if kept is None or not self.supports(kept, **saved.params):
            return NotImplemented
        return (self._run("backward", saved.params, gy, kept) if needs[0] else None,)

    def _run(self, way: str, params: dict[str, Any], *arrays: Any) -> Any:
        numbers = [float(params[name]) for name in self.names]
        return run(f"{self.name}_{way}", arrays, numbers)


class AddRelu:
    """The kernel of add_relu for two arrays of one shape: a residual block's last step."""

    def supports(self, a: Any, b: Any) -> bool:
        if not is_on_device(a, b) or a.shape != b.shape:
            return False
        return a.dtype == np.float32 and b.dtype == np.float32

    def forward(self, a: Any, b: Any) -> tuple[Any, tuple[Any, ...]]:
        y = run("add_relu_forward", (a, b))
        return y, (None, None, y, a.shape, b.shape)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        if not self.supports(gy, saved.y) or saved.shape_a != saved.shape_b:
            return NotImplemented
        g = run("relu_backward", (gy, saved.y))  # one and the same for both
        return g if needs[0] else None, g if needs[1] else None


def run(name: str, arrays: Sequence[Any], numbers: Sequence[float] = ()) -> Any:
    """A kernel of arrays of one shape: a new array of that shape."""
    gpu, n = device_of(arrays[0]), arrays[0].size
    result = gpu.empty(arrays[0].shape, np.float32)
    if n:
        given = [gpu.namespace.ascontiguousarray(a) for a in arrays]
        launch(KERNELS, name, blocks_for(-(-n // 4)), THREADS, (*given, result, n, *numbers))
    return result


ADD_RELU = AddRelu()
RELU = Unary("relu", "y")
LEAKY_RELU = Unary("leaky_relu", "x", ("negative_slope",))
ELU = Unary("elu", "x", ("alpha",))
HARDTANH = Unary("hardtanh", "x", ("min_val", "max_val"))
SIGMOID = Unary("sigmoid", "y")
TANH = Unary("tanh", "y")
SILU = Unary("silu", "x")
GELU = Unary("gelu", "x")
