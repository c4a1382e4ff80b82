"""CPU against GPU: each op's checks, each kernel's error, and two runs that must be equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named, op_names
from minitorch_cv.ops.op import Op, Sample
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.probes import (
    CheckError,
    SkippedError,
    cast,
    differentiable,
    gradients,
    run,
)

from .direct import direct_errors
from .place import Launch, Place, moved, watched
from .rows import Row, rows
from .updates import update_errors

MOST = 1e-5  # of a float32 sum, relative to the largest value; an op's own tolerance may be larger


def agreement(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """{"ops": op → "" or what is wrong, "kernels": kernel → its file, error, whether it passed}."""
    ops: dict[str, str] = {}
    kernels: dict[str, dict[str, Any]] = {}
    for name in [name for name in op_names() if not only or name in only]:
        with watched(place) as launched:
            ops[name] = _checked(op_named(name))
        _note(kernels, launched, None, not ops[name])
    for row in rows(True):
        if only and row.op not in only:
            continue
        with watched(place) as launched:
            error, wrong = _error_of(row, place)
        ops[row.op] = ops.get(row.op) or wrong
        _note(kernels, launched, error, not wrong)
    for errors in (direct_errors, update_errors):
        for name, launched, error, wrong in errors(place, only):
            ops[name] = ops.get(name) or wrong
            _note(kernels, launched, error, not wrong)
    bad = {name: wrong for name, wrong in ops.items() if wrong}
    return {"passed": not bad, "ops": len(ops), "failed": bad, "kernels": kernels}


def _checked(op: Op) -> str:
    """Values, gradients, dtypes, exception classes, and which arrays may not be mixed."""
    try:
        cuda_equals_cpu(op, np.random.default_rng(0))
    except SkippedError:
        return ""
    except CheckError as error:
        return str(error)
    except Exception as error:  # one op that fails must not hide the others
        return f"{type(error).__name__}: {error}"
    return ""


def _note(
    kernels: dict[str, dict[str, Any]], launched: list[Launch], error: float | None, passed: bool
) -> None:
    for launch in launched:
        known = kernels.setdefault(
            launch.kernel, {"file": launch.file, "error": None, "passed": True}
        )
        known["passed"] &= passed
        if error is not None:
            known["error"] = max(error, known["error"] or 0.0)


def _error_of(row: Row, place: Place) -> tuple[float, str]:
    """(the largest difference from float64, relative to the largest value; what is wrong)."""
    try:
        op, rng = op_named(row.op), np.random.default_rng(1)
        sample = Sample(tuple(row.make(rng)), row.params, "")
        want, gy = exact(op, sample, rng)
        got = results(op, sample, gy, place)
        error = max(map(difference, got, want))
    except Exception as error_raised:
        return float("inf"), f"{row.op}: {type(error_raised).__name__}: {error_raised}"
    most = max(MOST, op.tolerance)
    return error, "" if error <= most else f"{row.op}: is off by {error:.1e} (at most {most:.0e})"


def exact(op: Op, sample: Sample, rng: np.random.Generator) -> tuple[list[Any], np.ndarray]:
    """Outputs and gradients on the CPU in float64, and the cotangent that they belong to."""
    wide = sample._replace(arrays=tuple(cast(sample.arrays, np.float64)))
    needs = differentiable(op, wide.arrays)
    with use_kernels("reference"):
        y, extra, saved = run(op, wide.arrays, wide.params)
        gy = rng.standard_normal(np.shape(y)).astype(np.float32)
        grads = gradients(op, gy.astype(np.float64), saved, needs) if any(needs) else ()
    return [y, *extra, *grads], gy


def results(op: Op, sample: Sample, gy: np.ndarray, place: Place) -> list[Any]:
    """The same from the GPU, on the host."""
    needs = differentiable(op, sample.arrays)
    y, extra, saved = run(op, moved(sample.arrays, place), moved(sample.params, place))
    grads = gradients(op, moved(gy, place), saved, needs) if any(needs) else ()
    return [None if a is None else place.library.to_numpy(a) for a in (y, *extra, *grads)]


def difference(got: Any, want: Any) -> float:
    """The largest one, relative to the largest value; inf where one is missing or not finite."""
    if got is None or want is None:
        return 0.0 if got is want else float("inf")
    want = np.asarray(want)
    if got.shape != want.shape or not np.isfinite(got).all():
        return float("inf")
    if got.size == 0:
        return 0.0
    wide = np.asarray(want, np.float64)
    return float(abs(got - wide).max() / max(1.0, abs(wide).max()))


def repeated(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """Two runs of every row on the same numbers, bit for bit: {"unequal": the ops that are not}."""
    found = [row for row in rows(place.small) if not only or row.op in only]
    bad = {row.op: wrong for row in found for wrong in _unequal(row, place)}
    return {"passed": not bad, "ops": len(found), "unequal": bad}


def _unequal(row: Row, place: Place) -> Iterator[str]:
    """What is wrong with a row: nothing, one line, or the error."""
    try:
        op, rng = op_named(row.op), np.random.default_rng(2)
        sample = Sample(tuple(row.make(rng)), row.params, "")
        y, _, _ = run(op, moved(sample.arrays, place), row.params)
        gy = rng.standard_normal(tuple(y.shape)).astype(np.float32)
        runs = [results(op, sample, gy, place) for _ in range(2)]
        for k, (a, b) in enumerate(zip(*runs, strict=True)):
            if a is not None and a.tobytes() != b.tobytes():
                yield f"result {k} differs from run to run"
                return
    except Exception as error:
        yield f"{type(error).__name__}: {error}"
