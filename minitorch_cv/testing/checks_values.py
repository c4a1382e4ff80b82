"""Op checks of the forward pass and of how an op treats its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend.registry import find_kernel, kernel_path, use_kernels
from ..ops.op import Op, Sample
from .probes import (
    CheckError,
    SkippedError,
    cast,
    differentiable,
    gradients,
    input_name,
    is_float,
    naive,
    naive_extra,
    on_reference_path,
    run,
    same,
    samples_of,
)

EXACT = 1e-10  # float64 against float64: only the order of additions may differ


def matches_reference(op: Op, rng: np.random.Generator) -> None:
    """forward equals the naive loops to 1e-10."""
    for sample in samples_of(op, rng):
        with use_kernels("reference"):
            y, extra, _ = run(op, sample.arrays, sample.params)
        want, _ = naive(op, sample)
        same(f"{op.name}: y differs from the reference", y, want, EXACT, sample.label)
        for k, (got, other) in enumerate(zip(extra, naive_extra(op, sample), strict=False), 1):
            what = f"{op.name}: output {k} differs from the reference"
            same(what, got, other, EXACT, sample.label)


def batch_of_seeds(op: Op, rng: np.random.Generator) -> None:
    """Value and gradient equal the reference's on samples drawn from other seeds, too."""
    for seed in rng.integers(1 << 30, size=3):
        fresh = np.random.default_rng(seed)
        for sample in samples_of(op, fresh):
            y, gy, needs, grads = on_reference_path(op, sample, fresh)
            moves = {k: fresh.normal(size=sample.arrays[k].shape) for k, n in enumerate(needs) if n}
            want, slope = naive(op, sample, moves)
            label = f"{sample.label}, seed {seed}"
            same(f"{op.name}: y differs from the reference", y, want, EXACT, label)
            if not np.isfinite(want).all():
                continue
            claimed = sum(float(np.sum(grads[k] * v)) for k, v in moves.items())
            size = max(1.0, float(np.sum(abs(gy * slope))))
            if abs(claimed - float(np.sum(gy * slope))) > EXACT * size:
                raise CheckError(
                    f"{op.name}: the gradient along a random direction is wrong ({label}; got "
                    f"{claimed:.10g}, expected {float(np.sum(gy * slope)):.10g})"
                )


def fast_kernel_equals_reference(op: Op, rng: np.random.Generator) -> None:
    """The float32 kernel gives the reference's values, indices and gradients."""
    if kernel_path(op.name, "cpu") is None:
        raise SkippedError("no kernel")
    with use_kernels("fast"):
        kernel = find_kernel(op.name, "cpu")
        if kernel is None:
            raise SkippedError("the kernel cannot be loaded (is numba installed?)")
        used = 0
        for sample in samples_of(op, rng):
            if kernel.supports(*sample.arrays, **sample.params) and _all_float64(sample):
                raise CheckError(f"{op.name}: the kernel takes float64, which is the reference's")
            arrays = cast(sample.arrays, np.float32)
            if kernel.supports(*arrays, **sample.params):
                used += 1
                _compare_paths(op, sample._replace(arrays=tuple(arrays)), rng)
    if not used:
        raise CheckError(f"{op.name}: the kernel supports none of the samples")


def _all_float64(sample: Sample) -> bool:
    return all(x.dtype == np.float64 for x in sample.arrays if is_float(x))


def _compare_paths(op: Op, sample: Sample, rng: np.random.Generator) -> None:
    needs = differentiable(op, sample.arrays)
    with use_kernels("reference"):
        y, extra, saved = run(op, sample.arrays, sample.params)
        gy = rng.normal(size=y.shape).astype(np.float32)
        grads = gradients(op, gy, saved, needs)
    fast_y, fast_extra, fast_saved = run(op, sample.arrays, sample.params)
    if fast_y.dtype != y.dtype:
        raise CheckError(f"{op.name}: the kernel gives {fast_y.dtype} (expected {y.dtype})")
    same(f"{op.name}: the kernel's y differs", fast_y, y, op.tolerance, sample.label)
    for k, (got, want) in enumerate(zip(fast_extra, extra, strict=True)):
        tolerance = 0.0 if want.dtype.kind in "iu" else op.tolerance
        same(f"{op.name}: the kernel's output {k + 1} differs", got, want, tolerance, sample.label)
    for path in ("fast", "reference"):  # the reference's backward must read the kernel's saved
        with use_kernels(path):
            found = gradients(op, gy, fast_saved, needs)
        for k, need in enumerate(needs):
            if need:
                what = f"{op.name}: g{input_name(op, k)} ({path} backward of the kernel) differs"
                same(what, found[k], grads[k], op.tolerance, sample.label)


def inputs_not_mutated(op: Op, rng: np.random.Generator) -> None:
    """Neither forward nor backward changes an input, the cotangent, or what was saved."""
    for sample, arrays in _both_paths(op, rng):
        before = [_copy(x) for x in arrays]
        y, extra, saved = run(op, arrays, sample.params)
        _unchanged(op, arrays, before, "forward", sample)
        if not op.view and any(np.may_share_memory(y, x) for x in arrays if x is not None):
            raise CheckError(
                f"{op.name}: y shares memory with an input: changing one changes the other; "
                f"return a copy, or say Op(view=True) ({sample.label})"
            )
        gy = rng.normal(size=np.shape(y)).astype(y.dtype)
        kept = [_copy(x) for x in (gy, y, *extra, *saved)]
        gradients(op, gy, saved, differentiable(op, arrays))
        _unchanged(op, arrays, before, "backward", sample)
        names = ("gy", "y", *(f"output {k + 1}" for k in range(len(extra))), *saved._fields)
        for name, now, then in zip(names, (gy, y, *extra, *saved), kept, strict=True):
            if not _identical(now, then):
                raise CheckError(f"{op.name}: backward changed {name} ({sample.label})")


def _both_paths(op: Op, rng: np.random.Generator) -> Any:
    """Each sample in float64 and, where a fast kernel may take over, in float32."""
    for sample in samples_of(op, rng):
        yield sample, [_copy(x) for x in sample.arrays]
        if kernel_path(op.name, "cpu") is not None:
            yield sample, cast(sample.arrays, np.float32)


def _copy(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _identical(a: Any, b: Any) -> bool:
    """Equal bit for bit; what is no array is taken as unchanged."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return True
    same_kind = a.shape == b.shape and a.dtype == b.dtype
    return same_kind and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _unchanged(op: Op, now: Any, then: Any, what: str, sample: Sample) -> None:
    for k, (a, b) in enumerate(zip(now, then, strict=True)):
        if not _identical(a, b):
            raise CheckError(f"{op.name}: {what} changed {input_name(op, k)} ({sample.label})")


def non_contiguous_input(op: Op, rng: np.random.Generator) -> None:
    """Strided views, reversed views and Fortran order give what contiguous arrays give."""
    for sample, arrays in _both_paths(op, rng):
        needs = differentiable(op, arrays)
        y, extra, saved = run(op, [_contiguous(x) for x in arrays], sample.params)
        gy = rng.normal(size=np.shape(y)).astype(y.dtype)
        grads = gradients(op, gy, saved, needs)
        tolerance = EXACT if y.dtype == np.float64 else op.tolerance
        for name, layout in LAYOUTS.items():
            other = [layout(x) if isinstance(x, np.ndarray) else x for x in arrays]
            y2, extra2, saved2 = run(op, other, sample.params)
            label = f"{sample.label}, {name}"
            same(f"{op.name}: y depends on the memory layout", y2, y, tolerance, label)
            for got, want in zip(extra2, extra, strict=True):
                same(f"{op.name}: an output depends on the layout", got, want, tolerance, label)
            grads2 = gradients(op, layout(gy), saved2, needs)
            for k, need in enumerate(needs):
                if need:
                    what = f"{op.name}: g{input_name(op, k)} depends on the memory layout"
                    same(what, grads2[k], grads[k], tolerance, label)


def _contiguous(x: Any) -> Any:
    return np.array(x, order="C") if isinstance(x, np.ndarray) else x


def _strided(x: np.ndarray) -> np.ndarray:
    """The same values, every second element of a larger array (filled with NaN or −1 between)."""
    wide = np.full((*x.shape, 2), np.nan if x.dtype.kind == "f" else 1, x.dtype)
    wide[..., 1] = x
    return wide[..., 1]


def _reversed(x: np.ndarray) -> np.ndarray:
    """The same values with negative strides."""
    flip = (slice(None, None, -1),) * x.ndim + (Ellipsis,)
    return np.array(x[flip], order="C")[flip]


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "strided": _strided,
    "reversed": _reversed,
    "Fortran order": lambda x: np.array(x, order="F"),
}


def dtype_kept(op: Op, rng: np.random.Generator) -> None:
    """float16, float32 and float64 in, the same out, forward and backward; or int64, if in all."""
    for sample in samples_of(op, rng):
        if not any(map(is_float, sample.arrays)):
            continue  # integers keep their own
        for dtype, (tolerance, of_gradient) in ROUNDING.items():
            arrays = cast(sample.arrays, dtype)
            rounded = sample._replace(arrays=tuple(cast(arrays, np.float64)))
            exact, _ = naive(op, rounded)
            with np.errstate(over="ignore"), use_kernels("reference"):
                y, extra, saved = run(op, arrays, sample.params)
            want = np.dtype(sample.params.get("dtype", dtype))
            if not any(differentiable(op, arrays)) and getattr(y, "dtype", None) == np.int64:
                want = np.dtype(np.int64)  # places
            if getattr(y, "dtype", None) != want:
                raise CheckError(
                    f"{op.name}: y of {np.dtype(dtype)} inputs is {getattr(y, 'dtype', type(y))} "
                    f"({sample.label})"
                )
            same(f"{op.name}: y in {want} is far off", y, exact, tolerance, sample.label)
            for k, other in enumerate(extra):
                wide = np.float32 if want == np.float16 else want  # statistics of halves
                if other.dtype not in (want, wide, np.int64):
                    raise CheckError(f"{op.name}: output {k + 1} is {other.dtype} ({sample.label})")
            gy = rng.normal(size=y.shape).astype(y.dtype)
            _grads_keep_dtype(op, sample._replace(arrays=tuple(arrays)), gy, saved, of_gradient)


# dtype → how far y and a gradient may be off, relative to the largest value. Halves are added up in
# float32, so that y is off by one rounding (2⁻¹¹) and little more; a gradient is rounded more
# often.
ROUNDING = {np.float16: (7e-4, 2.5e-3), np.float32: (1e-5, 1e-5), np.float64: (EXACT, EXACT)}


def _grads_keep_dtype(op: Op, sample: Sample, gy: Any, saved: Any, tolerance: float) -> None:
    arrays = sample.arrays
    needs = differentiable(op, arrays)
    grads = gradients(op, gy, saved, needs)
    with use_kernels("reference"):
        y, _, saved = run(op, cast(arrays, np.float64), sample.params)
        wide = gradients(op, gy.astype(y.dtype), saved, needs)
    for k, need in enumerate(needs):
        if need and getattr(grads[k], "dtype", None) != arrays[k].dtype:
            raise CheckError(
                f"{op.name}: g{input_name(op, k)} of a {arrays[k].dtype} input is "
                f"{getattr(grads[k], 'dtype', None)} ({sample.label})"
            )
        if need and np.isfinite(y).all():
            what = f"{op.name}: g{input_name(op, k)} in {grads[k].dtype} is far off"
            same(what, grads[k], wide[k], tolerance, sample.label)


def empty_batch(op: Op, rng: np.random.Generator) -> None:
    """A sample with nothing in it works, and every gradient has its input's shape and is finite.

    An op that refuses empty inputs has an error sample for it instead.
    """
    empty = [s for s in samples_of(op, rng) if _is_empty(op, s)]
    if not empty:
        errors = list(op.error_samples(rng)) if op.error_samples is not None else []
        if any(np.size(x) == 0 for e in errors for x in e.arrays if x is not None):
            return
        raise CheckError(f"{op.name}: no sample is empty; add one with a size of 0 in front")
    for sample in empty:
        y, gy, needs, grads = on_reference_path(op, sample, rng)
        same(f"{op.name}: y of nothing", y, naive(op, sample)[0], EXACT, sample.label)
        for k, need in enumerate(needs):
            if need and np.shape(grads[k]) != sample.arrays[k].shape:
                raise CheckError(
                    f"{op.name}: g{input_name(op, k)} of nothing has shape {np.shape(grads[k])}, "
                    f"expected {sample.arrays[k].shape} ({sample.label})"
                )
            if need and not np.isfinite(grads[k]).all() and np.isfinite(y).all():
                raise CheckError(f"{op.name}: g{input_name(op, k)} is not finite ({sample.label})")


def _is_empty(op: Op, sample: Sample) -> bool:
    """Does an input or the output hold nothing?"""
    arrays = (x for x in sample.arrays if isinstance(x, np.ndarray))
    return any(x.size == 0 for x in arrays) or naive(op, sample)[0].size == 0


def same_nan_and_inf(op: Op, rng: np.random.Generator) -> None:
    """One NaN, +inf or −inf in an input gives NaN and inf where the reference has them.

    Checked for the reference path in float64 and for the fast kernel in float32.
    """
    for sample in samples_of(op, rng):
        for k, x in enumerate(sample.arrays):
            if not is_float(x) or x.size == 0:
                continue
            for bad in (np.nan, np.inf, -np.inf):
                arrays = [_copy(a) for a in sample.arrays]
                arrays[k].reshape(-1)[rng.integers(x.size)] = bad
                planted = sample._replace(arrays=tuple(arrays))
                _same_specials(op, planted, f"{bad} in {input_name(op, k)}")


def _same_specials(op: Op, sample: Sample, label: str) -> None:
    with np.errstate(all="ignore"):
        want = real_reference(op, sample)
        with use_kernels("reference"):
            y = run(op, sample.arrays, sample.params)[0]
        same(f"{op.name}: y has other NaN or inf", y, want, EXACT, f"{sample.label}, {label}")
        kernel = find_kernel(op.name, "cpu")
        arrays = cast(sample.arrays, np.float32)
        if kernel is not None and kernel.supports(*arrays, **sample.params):
            y = run(op, arrays, sample.params)[0]
            what = f"{op.name}: the kernel's y has other NaN or inf"
            same(what, y, want, 1e-4, f"{sample.label}, {label}")


def real_reference(op: Op, sample: Sample) -> np.ndarray:
    """The reference on real numbers: complex products would turn an inf into NaN."""
    if op.reference is None:
        raise CheckError(f"{op.name}: has no reference; give Op(reference=...)")
    y = op.reference(*(_copy(x) for x in sample.arrays), **sample.params)
    return np.asarray(y[0] if isinstance(y, tuple) else y)


def deterministic(op: Op, rng: np.random.Generator) -> None:
    """Two runs give the same bits, forward and backward, and so does a second backward."""
    for sample, arrays in _both_paths(op, rng):
        needs = differentiable(op, arrays)
        y, extra, saved = run(op, arrays, sample.params)
        gy = rng.normal(size=np.shape(y)).astype(y.dtype)
        first = (y, *extra, *gradients(op, gy, saved, needs))
        again = gradients(op, gy, saved, needs)
        y2, extra2, saved2 = run(op, arrays, sample.params)
        second = (y2, *extra2, *gradients(op, gy, saved2, needs))
        third = (y2, *extra2, *again)
        for k, (a, b, c) in enumerate(zip(first, second, third, strict=True)):
            if not _identical(a, b) or not _identical(a, c):
                kind = "output" if k <= len(extra) else "gradient"
                raise CheckError(f"{op.name}: a second run gives another {kind} ({sample.label})")
