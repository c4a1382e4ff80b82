"""What the op checks are made of: samples, cotangents, exact derivatives and comparisons.

The derivative of an op's naive `reference` is exact: it is taken by a complex step,
Im f(x + ih v) / h with h = 1e-30, which subtracts nothing (Squire & Trapp, "Using complex
variables to estimate derivatives of real functions", SIAM Review 40, 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend.registry import use_kernels
from ..ops.op import Op, Sample

COMPLEX_STEP = 1e-30


class CheckError(AssertionError):
    """A check found the op wrong."""


class SkippedError(Exception):
    """A check has nothing to look at here (no GPU, no kernel, no second derivative)."""


def samples_of(op: Op, rng: np.random.Generator) -> list[Sample]:
    """The op's samples. Raises CheckError where there are none."""
    found = list(op.samples(rng)) if op.samples is not None else []
    if not found:
        raise CheckError(f"{op.name}: has no samples; give Op(samples=...)")
    return [s._replace(arrays=tuple(map(_as_array, s.arrays))) for s in found]


def _as_array(x: Any) -> Any:
    """NumPy's scalars as 0-d arrays: they lie on a device, as a user's tensors do."""
    return np.asarray(x) if isinstance(x, np.generic) else x


def input_name(op: Op, k: int) -> str:
    """The name of the k-th positional input (`xs[2]` for an op that takes any number)."""
    if len(op.inputs) == 1 and op.forward.__code__.co_flags & 0x04 and op.inputs[0] != "x":
        return f"{op.inputs[0]}[{k}]"
    return op.inputs[k] if k < len(op.inputs) else f"input {k}"


def is_float(array: Any) -> bool:
    return getattr(array, "dtype", np.dtype(bool)).kind == "f"


def differentiable(op: Op, arrays: Sequence[Any]) -> tuple[bool, ...]:
    """For each input: must its gradient be right? (Floats, but for the op's `constants`.)"""
    return tuple(
        is_float(array) and input_name(op, k) not in op.constants for k, array in enumerate(arrays)
    )


def run(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> tuple[Any, tuple[Any, ...], Any]:
    """(y, extra outputs, saved)."""
    y, saved = op.run(arrays, params)
    if op.extra_outputs:
        if not isinstance(y, tuple) or len(y) != 1 + op.extra_outputs:
            raise CheckError(
                f"{op.name}: forward returns a tuple of {1 + op.extra_outputs} outputs"
            )
        return y[0], tuple(y[1:]), saved
    return y, (), saved


def gradients(op: Op, gy: Any, saved: Any, needs: Sequence[bool]) -> tuple[Any, ...]:
    """What backward answers, one entry for each input. Raises CheckError for another number."""
    grads = op.differentiate(gy, saved, tuple(needs))
    if not isinstance(grads, tuple) or len(grads) != len(needs):
        raise CheckError(
            f"{op.name}: backward returns a tuple with one gradient for each input "
            f"(got {type(grads).__name__} for {len(needs)} inputs)"
        )
    return grads


def naive_extra(op: Op, sample: Sample) -> tuple[np.ndarray, ...]:
    """The extra outputs (indices, statistics) of a reference that gives them."""
    with np.errstate(all="ignore"):
        y = op.reference(*sample.arrays, **sample.params) if op.reference is not None else None
    return tuple(np.asarray(extra) for extra in y[1:]) if isinstance(y, tuple) else ()


def on_reference_path(
    op: Op, sample: Sample, rng: np.random.Generator
) -> tuple[Any, np.ndarray, tuple[bool, ...], tuple[Any, ...]]:
    """(y, a random cotangent, needs, gradients) of a sample, without kernels."""
    needs = differentiable(op, sample.arrays)
    with use_kernels("reference"):
        y, _, saved = run(op, sample.arrays, sample.params)
        gy = rng.normal(size=np.shape(y))
        return y, gy, needs, gradients(op, gy, saved, needs)


def naive(
    op: Op, sample: Sample, moves: dict[int, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The `reference`: its value, and its exact derivative along `moves` (input → direction)."""
    if op.reference is None:
        raise CheckError(f"{op.name}: has no reference; give Op(reference=...)")
    arrays = [
        x.astype(complex) + 1j * COMPLEX_STEP * (moves or {}).get(k, 0.0) if is_float(x) else x
        for k, x in enumerate(sample.arrays)
    ]
    with np.errstate(all="ignore"):
        y = op.reference(*arrays, **sample.params)
    y = np.asarray(y[0] if isinstance(y, tuple) else y)
    return y.real, (y.imag / COMPLEX_STEP if np.iscomplexobj(y) else np.zeros(y.shape))


def same(
    what: str, got: Any, want: Any, tolerance: float, label: str = "", relative: bool = True
) -> None:
    """Raises CheckError unless two arrays have one shape, the same NaN and inf, and equal values.

    tolerance: relative to the largest finite value (at least 1).
    """
    what = f"{what} ({label})" if label else what
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        raise CheckError(f"{what}: has shape {got.shape}, expected {want.shape}")
    if got.size == 0:
        return
    finite = np.isfinite(want)
    special = _code(got) != _code(want)
    if special.any():
        _raise_at(what, got, want, special)
    scale = max(1.0, float(np.max(abs(np.where(finite, want, 0))))) if relative else 1.0
    with np.errstate(invalid="ignore"):
        far = finite & (abs(got - np.where(finite, want, 0)) > tolerance * scale)
    if far.any():
        _raise_at(what, got, want, far)


def _code(x: np.ndarray) -> np.ndarray:
    """0 for finite values, 1 for NaN, 2 for +inf, 3 for −inf."""
    return np.isnan(x) * 1 + np.isposinf(x) * 2 + np.isneginf(x) * 3


def _raise_at(what: str, got: np.ndarray, want: np.ndarray, wrong: np.ndarray) -> None:
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f"[{', '.join(map(str, where))}]" if where else ""
    raise CheckError(
        f"{what}: {int(wrong.sum())} of {wrong.size} elements are wrong, the first at "
        f"{place or '()'} (got {got[where]:.10g}, expected {want[where]:.10g})"
    )


def cast(arrays: Sequence[Any], dtype: Any) -> list[Any]:
    """The float arrays in another dtype, the others as they are."""
    return [x.astype(dtype) if is_float(x) else x for x in arrays]
