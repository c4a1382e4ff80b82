"""Starting values for parameters. Every function changes its tensor in place and returns it.

generator: where random numbers are drawn from; the default generator (`manual_seed`) without it.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, TypeVar

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tape import new_tensor
from ..autograd.tensor import Tensor
from ..backend.random import Generator, default_generator
from .normal_quantile import normal_quantile

T = TypeVar("T", bound=Tensor)

_GAIN_1 = (
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "sigmoid",
)  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much weights must grow so that the variance survives a nonlinearity.

    1 for linear layers and sigmoid, 5/3 for tanh, √2 for relu, √(2 / (1 + slope²)) for leaky_relu
    (param: the slope, 0.01 by default), 3/4 for selu. Raises ValueError for another name.
    """
    if nonlinearity in _GAIN_1:
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"calculate_gain: the slope of leaky_relu is a number (got {param!r})")
        return math.sqrt(2.0 / (1 + slope**2))
    raise ValueError(
        f"calculate_gain: unknown nonlinearity (got {nonlinearity!r}); use linear, conv2d, "
        "sigmoid, tanh, relu, leaky_relu or selu"
    )


@no_grad()
def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> T:
    """Uniform numbers from [a, b)."""
    if a > b:
        raise ValueError(f"uniform_: the bounds are a <= b (got {a} and {b})")
    tensor.uniform_(a, b, generator=generator)
    return tensor


@no_grad()
def normal_(
    tensor: T, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> T:
    """Normal numbers."""
    if std < 0:
        raise ValueError(f"normal_: std is not negative (got {std})")
    tensor.normal_(mean, std, generator=generator)
    return tensor


@no_grad()
def trunc_normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> T:
    """Normal numbers of which only those in [a, b] are kept.

    Drawn as Φ⁻¹(u) with u uniform between Φ((a − mean) / std) and Φ((b − mean) / std).
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "trunc_normal_: mean is more than 2 std from [a, b]; the distribution may be off",
            stacklevel=3,
        )
    low, high = (0.5 * (1 + math.erf((bound - mean) / std / math.sqrt(2))) for bound in (a, b))
    u = (generator or default_generator).rand(tensor.shape, np.float64)
    values = normal_quantile(low + (high - low) * u) * std + mean
    return _fill(tensor, np.clip(values, a, b))


@no_grad()
def constant_(tensor: T, val: float) -> T:
    """One value everywhere."""
    tensor.fill_(val)
    return tensor


def ones_(tensor: T) -> T:
    """Ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: T) -> T:
    """Zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: T) -> T:
    """The identity matrix. Raises ValueError unless the tensor has two axes."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expects a matrix (got shape {tensor.shape})")
    return _fill(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: T, groups: int = 1) -> T:
    """Filters that pass each channel through: weight (OC, C, …) with a 1 in the middle.

    Raises ValueError unless there are 3 to 5 axes and OC is divisible by groups.
    """
    if not 3 <= tensor.ndim <= 5:
        raise ValueError(f"dirac_: expects 3, 4 or 5 axes (got shape {tensor.shape})")
    OC, C = tensor.shape[:2]
    if OC % groups:
        raise ValueError(f"dirac_: {OC} output channels are not divisible by groups={groups}")
    values = np.zeros(tensor.shape)
    middle = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(OC // groups, C)):
            place = (group * (OC // groups) + channel, channel, *middle)
            values[place] = 1
    return _fill(tensor, values)


def xavier_uniform_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """U(−a, a) with a = gain √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16)."""
    fan_in, fan_out = _fans("xavier_uniform_", tensor)
    bound = gain * math.sqrt(6.0 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """N(0, std²) with std = gain √(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    fan_in, fan_out = _fans("xavier_normal_", tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: T,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> T:
    """U(−bound, bound) with bound = gain √(3 / fan) (He et al. 2015, eq. 10).

    a: the slope of leaky_relu; mode: "fan_in" keeps the variance forward, "fan_out" backward.
    """
    std = _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    bound = math.sqrt(3.0) * std  # the standard deviation of U(−b, b) is b / √3
    return tensor if std == 0 else uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: T,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> T:
    """N(0, std²) with std = gain / √fan (He et al. 2015, eq. 10). Arguments: `kaiming_uniform_`."""
    std = _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return tensor if std == 0 else normal_(tensor, 0.0, std, generator)


@no_grad()
def orthogonal_(tensor: T, gain: float = 1, generator: Generator | None = None) -> T:
    """Orthonormal rows or columns, whichever are fewer, times gain (Saxe et al. 2013).

    Axes after the first count as one. Raises ValueError for fewer than two axes.
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: expects at least 2 axes (got shape {tensor.shape})")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    cols = tensor.numel() // rows
    normal = (generator or default_generator).randn((rows, cols), np.float64)
    Q, R = np.linalg.qr(normal.T if rows < cols else normal)
    Q = Q * np.sign(np.diag(R))  # makes the distribution uniform (Mezzadri 2007, section 5)
    return _fill(tensor, gain * (Q.T if rows < cols else Q).reshape(tensor.shape))


def fan_in_and_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs one output of a layer sees, and how many outputs one input reaches.

    Raises ValueError for a weight of fewer than two axes.
    """
    return _fans("fan_in_and_out", tensor)


def _fans(name: str, tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError(
            f"{name}: fan in and fan out need at least 2 axes (got shape {tensor.shape})"
        )
    window = math.prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def _kaiming_std(name: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if 0 in tensor.shape:
        warnings.warn(f"{name}: the tensor has no elements (got {tensor.shape})", stacklevel=3)
        return 0.0
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"{name}: mode is 'fan_in' or 'fan_out' (got {mode!r})")
    fan = _fans(name, tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


@no_grad()
def _fill(tensor: T, values: Any) -> T:
    tensor.copy_(new_tensor(np.asarray(values, tensor.dtype)).to(tensor.device))
    return tensor
