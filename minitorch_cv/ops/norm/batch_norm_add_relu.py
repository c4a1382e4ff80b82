"""batch_norm_add_relu: batch norm, the sum with a shortcut and ReLU: the end of a residual block.

    y = max(γ x̂ + β + z, 0),   x̂ as in batch_norm, z = shortcut
    h = gy where y > 0, else 0;   gz = h;   gx, gγ and gβ are those of batch_norm, for h

One op instead of two, because its steps are short and its arrays large: on a GPU what is between
them need not go through memory. Where the sum is 0 the derivative is 0; NaN goes on.

Shapes: x, shortcut (N, C, …) float; weight, bias, running_mean, running_var (C,) or None → y like
x, μ and v as batch_norm returns them.
Raises: what batch_norm raises; ValueError or TypeError for a shortcut that is not like x.
Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
figure 2 and section 3.4. Verified by the op checks against loops, and against PyTorch by the parity
tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from . import batch_norm


class Saved(NamedTuple):
    x: Array
    weight: Array | None
    mean: Array  # (1, C, 1 …)
    inverse: Array  # (1, C, 1 …): σ, the inverse of the standard deviation
    bias_dtype: Any
    training: bool
    y: Array


def check(
    x: Array, shortcut: Array, weight: Array | None, bias: Array | None,
    running_mean: Array | None, running_var: Array | None, *, training: bool, eps: float,
) -> None:  # fmt: skip
    op = "batch_norm_add_relu"
    batch_norm.check_call(op, x, weight, bias, running_mean, running_var, training, eps)
    if shortcut.shape != x.shape:
        raise ValueError(
            f"{op}: x and shortcut have one shape (got x {x.shape}, shortcut {shortcut.shape}); "
            "use a 1 × 1 convolution on the shortcut"
        )
    if shortcut.dtype != x.dtype:
        raise TypeError(
            f"{op}: x and shortcut have one dtype (got {x.dtype} and {shortcut.dtype}); use "
            "shortcut.to(x.dtype)"
        )


def forward(
    x: Array, shortcut: Array, weight: Array | None, bias: Array | None,
    running_mean: Array | None, running_var: Array | None, *, training: bool, eps: float,
) -> tuple[tuple[Array, Array, Array], Saved]:  # fmt: skip
    xp = array_module(x, shortcut, weight, bias)
    (normal, mean, var), saved = batch_norm.forward(
        x, weight, bias, running_mean, running_var, training=training, eps=eps
    )
    y = xp.maximum(normal + shortcut, 0)
    return (y, mean, var), Saved(*saved, y)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    h = like(xp.where(saved.y <= 0, 0, gy), gy)
    inner = batch_norm.Saved(*saved[:-1])
    wanted = (needs[0], needs[2], needs[3], False, False)
    gx, *others = batch_norm.backward(h, inner, wanted)
    return gx, h if needs[1] else None, *others


def reference(
    x: np.ndarray, shortcut: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None,
    running_mean: np.ndarray | None, running_var: np.ndarray | None, *, training: bool, eps: float,
) -> np.ndarray:  # fmt: skip
    given = (weight, bias, running_mean, running_var)
    normal = batch_norm.reference(x, *given, training=training, eps=eps)
    y = np.zeros(x.shape, np.result_type(normal, shortcut))
    for place in np.ndindex(x.shape):
        total = normal[place] + shortcut[place]
        y[place] = 0 if total.real <= 0 else total
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in batch_norm.samples(rng):
        x, *given = sample.arrays
        yield sample._replace(arrays=(x, rng.normal(size=x.shape), *given))
    x = np.array([[1.0, 2.0], [3.0, 6.0]])  # x̂ = −1 and 1, nearly
    none, params = (None,) * 4, {"training": False, "eps": 0.0}
    yield Sample((x, -x, None, None, np.zeros(2), np.ones(2)), params, "the sum is 0", kink=True)
    yield Sample((x, -3 * x.T, *none), {"training": True, "eps": 0.1}, "shortcut not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    for bad in batch_norm.error_samples(rng):
        x, *given = bad.arrays
        words = bad.words.replace("batch_norm: ", "batch_norm_add_relu: ")
        yield bad._replace(arrays=(x, x, *given), words=words)
    x, train = rng.normal(size=(4, 3)), {"training": True, "eps": 1e-5}
    for z, error, words in (
        (x[:2], ValueError, "batch_norm_add_relu: x and shortcut have one shape (got x (4, 3), "),
        (x[0], ValueError, "use a 1 × 1 convolution"),
        (x.astype(np.float32), TypeError, "x and shortcut have one dtype (got float64 and float32"),
    ):
        yield ErrorSample((x, z, *(None,) * 4), train, error, words)


OP = Op(
    "batch_norm_add_relu", forward, backward, Saved, check=check, reference=reference,
    samples=samples, error_samples=error_samples, composite=True, extra_outputs=2,
    constants=("running_mean", "running_var"),
)  # fmt: skip
