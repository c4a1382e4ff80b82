"""One comparison for all ops: a call here and in PyTorch; value, gradients, second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from minitorch_cv.autograd import Tensor, apply, grad
from minitorch_cv.ops.op import Op

# By dtype, relative to the largest value: rounding of some hundred operations in another order.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 4e-3}


@pytest.fixture(scope="session")
def agrees_with_torch() -> Callable[..., None]:
    """agrees(op, function, arrays, params, dtype): `function` is PyTorch's, with op's arguments."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return _agrees


def _agrees(
    op: Op, function: Callable[..., Any], arrays: Sequence[Any], params: dict[str, Any],
    dtype: str = "float64", twice: bool = True,
) -> None:  # fmt: skip
    import torch

    rng = np.random.default_rng(5)
    arrays = [a.astype(dtype) if _is_float(a) else a for a in arrays]
    named = zip(arrays, op.inputs, strict=True)
    free = [_is_float(a) and name not in op.constants for a, name in named]
    ours = [_ours(a, needs) for a, needs in zip(arrays, free, strict=True)]
    theirs = [_theirs(a, needs) for a, needs in zip(arrays, free, strict=True)]
    y = apply(op, *ours, **params)
    y = y[0] if op.extra_outputs else y
    ty = function(*theirs, **params)
    same(y, ty, "y")
    gy = np.asarray(rng.normal(size=y.shape)).astype(dtype)
    wanted = [t for t, needs in zip(ours, free, strict=True) if needs]
    twanted = [t for t, needs in zip(theirs, free, strict=True) if needs]
    u, tu = _ours(gy, True), _theirs(gy, True)
    twice = twice and dtype == "float64"
    grads = grad(y, wanted, u, create_graph=twice)
    tgrads = torch.autograd.grad(ty, twanted, tu, create_graph=twice)
    for k, (g, tg) in enumerate(zip(grads, tgrads, strict=True)):
        same(g, tg, f"gradient {k}")
    if not twice:
        return
    weights = [rng.normal(size=g.shape) for g in grads]
    s = sum((g * _ours(w, False)).sum() for g, w in zip(grads, weights, strict=True))
    ts = sum((g * _theirs(w, False)).sum() for g, w in zip(tgrads, weights, strict=True))
    second = grad(s, [*wanted, u], allow_unused=True)
    tsecond = torch.autograd.grad(ts, [*twanted, tu], allow_unused=True)
    for k, (g, tg) in enumerate(zip(second, tsecond, strict=True)):
        if g is None or tg is None:
            for one in (g, tg):
                assert one is None or not _numbers(one).any(), f"second derivative {k}"
        else:
            same(g, tg, f"second derivative {k}", 1e-10)


def _is_float(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def _ours(a: Any, needs: bool) -> Any:
    return a if a is None else Tensor(a, dtype=a.dtype, requires_grad=needs)


def _theirs(a: Any, needs: bool) -> Any:
    import torch

    return a if a is None else torch.tensor(np.array(a, order="C")).requires_grad_(needs)


def _numbers(t: Any) -> np.ndarray:
    """PyTorch's symbolic zeros have to be forced."""
    return t.detach().numpy() if isinstance(t, Tensor) else t.detach().numpy(force=True)


def same(ours: Any, theirs: Any, what: str, tolerance: float | None = None) -> None:
    a, b = _numbers(ours), _numbers(theirs)
    assert a.dtype == b.dtype and a.shape == b.shape, what
    finite = np.isfinite(b)
    np.testing.assert_array_equal(np.isfinite(a), finite, what)
    np.testing.assert_array_equal(a[~finite], b[~finite], what)
    size = max(1.0, float(np.max(abs(b[finite]), initial=0)))
    allowed = (TOLERANCE[a.dtype.name] if tolerance is None else tolerance) * size
    np.testing.assert_allclose(a[finite], b[finite], rtol=0, atol=allowed, err_msg=what)
