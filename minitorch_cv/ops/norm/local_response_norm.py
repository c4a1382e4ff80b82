"""local_response_norm: each value divided by what the channels around it measure together.

    y_c = x_c / s_c^β,   s_c = k + α/m Σ x_j²   over the window j = c − ⌊m/2⌋ … c + ⌊(m − 1)/2⌋
    gx_c = gy_c / s_c^β − 2 α β / m · x_c Σ gy_j x_j / s_j^(β + 1)   over all j whose window holds c

m: size. Channels outside of x count as zeros, and α is divided by m also there. The original paper
has α without that division.

Shapes: x (N, C, …) float, at least one axis after C → y like x. size: m ≥ 1, in channels; alpha: α,
beta: β, k: numbers.
Raises: ValueError for less than 3 axes or size < 1, TypeError for dtypes.
Source: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks", NIPS 2012, section 3.3. Verified by the op checks against loops, and against
PyTorch by the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import is_int
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen


class Saved(NamedTuple):
    x: Array
    s: Array  # like x, the divisor before the power
    size: int
    alpha: float
    beta: float


def check(x: Array, *, size: int, alpha: float, beta: float, k: float) -> None:
    if x.ndim < 3:
        raise ValueError(
            f"local_response_norm: x is (N, C, …) with at least 3 axes (got {x.shape}); "
            "use e.g. x[..., None]"
        )
    check_float("local_response_norm", "x", x)
    if not is_int(size):
        raise TypeError(f"local_response_norm: size is an int (got {size!r}); use e.g. size=5")
    if size < 1:
        raise ValueError(f"local_response_norm: size is at least 1 (got {size}); use e.g. size=5")


def _window_sum(x: Array, before: int, after: int) -> Array:
    """Σ of the channels c − before … c + after, those outside counting as zeros."""
    xp = array_module(x)
    C = x.shape[1]
    before, after = min(before, C), min(after, C)  # further away there are only zeros
    ends = [xp.zeros_like(x[:, :count]) for count in (before, after)]
    wide = xp.concatenate((ends[0], x, ends[1]), axis=1)  # (N, before + C + after, …)
    total = wide[:, :C]
    for start in range(1, before + after + 1):
        total = total + wide[:, start : start + C]
    return total


def forward(x: Array, *, size: int, alpha: float, beta: float, k: float) -> tuple[Array, Saved]:
    wide = widen(x)
    s = _window_sum(wide * wide, size // 2, (size - 1) // 2) * (alpha / size) + k
    return like(wide / s**beta, x), Saved(x, s, size, alpha, beta)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    x, s, size, beta = widen(saved.x), saved.s, saved.size, saved.beta
    g = widen(gy) / s**beta
    # c lies in the window of c − ⌊(m − 1)/2⌋ … c + ⌊m/2⌋: the same window, turned round
    back = _window_sum(g * x / s, (size - 1) // 2, size // 2)
    return (like(g - x * back * (2 * saved.alpha * beta / size), gy),)


def reference(x: np.ndarray, *, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        n, c, *rest = place
        s = x.dtype.type(k)
        for channel in range(c - size // 2, c + (size - 1) // 2 + 1):
            near = (n, channel, *rest)
            if 0 <= channel < x.shape[1]:
                s += alpha / size * x[near] ** 2
        y[place] = x[place] / s**beta
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def params(size: int, alpha: float = 0.5, beta: float = 0.75, k: float = 1.0) -> dict[str, Any]:
        return {"size": size, "alpha": alpha, "beta": beta, "k": k}

    yield Sample((rng.normal(size=(2, 5, 3)),), params(3), "odd window")
    yield Sample((rng.normal(size=(2, 5, 2, 2)),), params(2), "even window")
    yield Sample((rng.normal(size=(1, 4, 2)),), params(4, 2.0, 1.5, 0.7), "wide even window")
    yield Sample((rng.normal(size=(2, 3, 2)),), params(9, 3.0), "window larger than the channels")
    yield Sample((rng.normal(size=(2, 3, 2)),), params(1, 1.0, -0.5), "window of one, negative β")
    yield Sample((rng.normal(size=(2, 3, 4)).T,), params(3), "not contiguous")
    yield Sample((rng.normal(size=(1, 1, 1)),), params(3), "one value")
    yield Sample((rng.normal(size=(2, 3, 1, 2, 1)),), params(2, 1.0, 2.0), "volumes")
    yield Sample((rng.normal(size=(0, 3, 2)),), params(3), "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 4, 3))
    params = {"size": 3, "alpha": 1e-4, "beta": 0.75, "k": 1.0}

    def bad(error: type[Exception], words: str, x: Any, **other: Any) -> ErrorSample:
        return ErrorSample((x,), {**params, **other}, error, f"local_response_norm: {words}")

    yield bad(ValueError, "x is (N, C, …)", x[0])
    yield bad(ValueError, "size is at least 1", x, size=0)
    yield bad(TypeError, "size is an int", x, size=2.5)
    yield bad(TypeError, "x is a float tensor", x.astype(np.int64))


OP = Op(
    "local_response_norm", forward, backward, Saved, check=check, reference=reference,
    samples=samples, error_samples=error_samples, composite=True,
)  # fmt: skip
