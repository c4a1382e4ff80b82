"""matmul: y = a b, the matrix product, batched over leading axes (NumPy's and PyTorch's rules).

    Y[…, i, j] = Σ_k A[…, i, k] B[…, k, j]      gA = gY Bᵀ,  gB = Aᵀ gY

Shapes: (…, I, K), (…, K, J) → (…, I, J), leading axes broadcast; a 1-d input counts as a row (a)
or a column (b), and that axis is left out of y.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import broadcast_shapes, sum_to
from ..op import ErrorSample, Grads, Needs, Op, Sample


class Saved(NamedTuple):
    a: Array
    b: Array


def check(a: Array, b: Array) -> None:
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(
            f"matmul: 0-d tensors have no product (got {a.shape} and {b.shape}); use *"
        )
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ValueError(
            f"matmul: the last axis of a must match the second last of b (got {a.shape} and "
            f"{b.shape}: {a.shape[-1]} against {inner}); transpose one of them"
        )
    broadcast_shapes("matmul", a.shape[:-2], b.shape[:-2])


def forward(a: Array, b: Array) -> tuple[Array, Saved]:
    return array_module(a, b).matmul(a, b), Saved(a, b)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    a, b = saved.a, saved.b
    A = xp.reshape(a, (1, a.shape[0])) if a.ndim == 1 else a  # (…, I, K)
    B = xp.reshape(b, (b.shape[0], 1)) if b.ndim == 1 else b  # (…, K, J)
    lead = broadcast_shapes("matmul", A.shape[:-2], B.shape[:-2])
    gY = xp.reshape(gy, (*lead, A.shape[-2], B.shape[-1]))  # (…, I, J)
    ga = gb = None
    if needs[0]:
        ga = xp.reshape(sum_to(xp.matmul(gY, xp.swapaxes(B, -1, -2)), A.shape), a.shape)
    if needs[1]:
        gb = xp.reshape(sum_to(xp.matmul(xp.swapaxes(A, -1, -2), gY), B.shape), b.shape)
    return ga, gb


def reference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    A = a[None, :] if a.ndim == 1 else a
    B = b[:, None] if b.ndim == 1 else b
    lead = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    A = np.broadcast_to(A, lead + A.shape[-2:])
    B = np.broadcast_to(B, lead + B.shape[-2:])
    Y = np.zeros((*lead, A.shape[-2], B.shape[-1]), np.result_type(a, b))
    for where in np.ndindex(Y.shape):
        *n, i, j = where
        for k in range(A.shape[-1]):
            Y[where] += A[tuple(n) + (i, k)] * B[tuple(n) + (k, j)]
    if a.ndim == 1:
        Y = Y[..., 0, :]
    return Y[..., 0] if b.ndim == 1 else Y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    yield Sample((draw(2, 3), draw(3, 4)), {}, "matrices")
    yield Sample((draw(2, 1, 2, 3), draw(3, 3, 4)), {}, "batch, broadcast")
    yield Sample((draw(3), draw(3)), {}, "vectors")
    yield Sample((draw(3), draw(2, 3, 2)), {}, "vector with batch")
    yield Sample((draw(2, 4, 3), draw(3)), {}, "batch with vector")
    yield Sample((draw(3, 2).T, draw(4, 3).T), {}, "not contiguous")
    yield Sample((draw(0, 3), draw(3, 2)), {}, "empty")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    a = rng.normal(size=(2, 3))
    yield ErrorSample((a, a), {}, ValueError, "matmul: the last axis of a must match")
    yield ErrorSample((a, np.float64(2.0) * np.ones(())), {}, ValueError, "0-d tensors")
    yield ErrorSample(
        (rng.normal(size=(2, 2, 3)), rng.normal(size=(3, 3, 2))), {}, ValueError, "do not broadcast"
    )


OP = Op(
    "matmul", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
