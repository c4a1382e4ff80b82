"""Op checks across devices, and of the errors that an op raises."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend.late import judged_at_once
from ..backend.library import ArrayLibrary, library_named
from ..backend.registry import use_kernels
from ..ops.catalog import spoken_names
from ..ops.op import ErrorSample, Op, Sample
from .fake_device import FakeCounters, fake_device
from .probes import CheckError, SkippedError, cast, differentiable, gradients, run, same, samples_of


def error_text(op: Op, rng: np.random.Generator) -> None:
    """Every error sample raises its exception type with its words, on arrays and on Tensors."""
    from ..autograd.tape import new_tensor

    bad = list(op.error_samples(rng)) if op.error_samples is not None else []
    if op.check is not None and not bad:
        raise CheckError(f"{op.name}: has a check, but no error samples")
    if not bad:
        raise SkippedError("no input is refused")
    for sample in bad:
        _judge_error(op, sample, sample.arrays)
        tensors = [new_tensor(x) if isinstance(x, np.ndarray) else x for x in sample.arrays]
        if tensors:
            _judge_error(op, sample, tensors)


def _judge_error(op: Op, sample: ErrorSample, inputs: Any) -> None:
    what = f"{op.name}: the error sample {sample.words!r}"
    error = _raised(op, inputs, sample.params)
    if error is None:
        raise CheckError(f"{what} raises nothing, expected {sample.error.__name__}")
    if type(error) is not sample.error:
        raise CheckError(
            f"{what} raises {type(error).__name__} ({error}), expected {sample.error.__name__}"
        )
    if sample.words not in str(error):
        raise CheckError(f"{what} says other words: {error}")
    if str(error).partition(":")[0] not in (op.name, *spoken_names(op.name)):
        raise CheckError(f"{what}: the message begins with the op's name (got {str(error)!r})")


def _raised(op: Op, inputs: Any, params: dict[str, Any]) -> Exception | None:
    try:
        with judged_at_once():
            op(*inputs, **params)
    except Exception as error:
        return error
    return None


def fake_device_equals_cpu(op: Op, rng: np.random.Generator) -> None:
    """On the strict fake device: same values, dtypes and errors, and nothing crosses silently."""
    with fake_device() as fake:
        _compare_devices(op, rng, fake.library, 1e-12, fake)


def cuda_equals_cpu(op: Op, rng: np.random.Generator) -> None:
    """On the GPU: same values within the tolerance, same dtypes and errors."""
    library = library_named("cuda")
    if library is None:
        from ..backend.cuda import load_cuda

        library = load_cuda()
    if library is None:
        raise SkippedError("no GPU")
    _compare_devices(op, rng, library, 1e-9, None)


def _compare_devices(
    op: Op, rng: np.random.Generator, library: ArrayLibrary, exact: float,
    counters: FakeCounters | None,
) -> None:  # fmt: skip
    for sample in samples_of(op, rng):
        for dtype in (np.float64, np.float32):
            arrays = tuple(cast(sample.arrays, dtype))
            tolerance = exact if dtype is np.float64 else op.tolerance
            _compare_sample(op, sample._replace(arrays=arrays), rng, library, tolerance, counters)
    for bad in op.error_samples(rng) if op.error_samples is not None else ():
        error = _raised(op, _moved(bad.arrays, library), _moved(bad.params, library))
        if type(error) is not bad.error or bad.words not in str(error):
            raise CheckError(
                f"{op.name}: on {library.name} the error sample {bad.words!r} gives {error!r}"
            )
    _mixing_is_refused(op, rng, library)


def _compare_sample(
    op: Op, sample: Sample, rng: np.random.Generator, library: ArrayLibrary, tolerance: float,
    counters: FakeCounters | None,
) -> None:  # fmt: skip
    needs = differentiable(op, sample.arrays)
    with use_kernels("reference"):
        y, extra, saved = run(op, sample.arrays, sample.params)
        gy = rng.normal(size=np.shape(y)).astype(y.dtype)
        want = (y, *extra, *gradients(op, gy, saved, needs))
    arrays, params = _moved(sample.arrays, library), _moved(sample.params, library)
    there = library.from_numpy(gy)
    before = counters.total() if counters else 0
    y, extra, saved = run(op, arrays, params)
    got = (y, *extra, *gradients(op, there, saved, needs))
    if counters and counters.total() != before:
        raise CheckError(
            f"{op.name}: forward or backward crosses to the host or waits for the device "
            f"({sample.label}; {counters.last})"
        )
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        kind = "output" if k <= len(extra) else "gradient"
        if a is None or b is None:
            if a is not b:
                raise CheckError(f"{op.name}: a gradient is missing on {library.name}")
            continue
        if not isinstance(a, library.array_type):
            raise CheckError(
                f"{op.name}: an {kind} lies on the host, not on {library.name} ({sample.label})"
            )
        host = library.to_numpy(a)
        if host.dtype != b.dtype:
            raise CheckError(
                f"{op.name}: an {kind} on {library.name} is {host.dtype}, expected {b.dtype} "
                f"({sample.label})"
            )
        same(f"{op.name}: an {kind} on {library.name} differs", host, b, tolerance, sample.label)


def _moved(value: Any, library: ArrayLibrary) -> Any:
    """The same structure with every NumPy array on the other device."""
    if isinstance(value, np.ndarray):
        return library.from_numpy(value)
    if isinstance(value, dict):
        return {key: _moved(item, library) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_moved(item, library) for item in value)
    return value


def _mixing_is_refused(op: Op, rng: np.random.Generator, library: ArrayLibrary) -> None:
    """Two inputs on two devices are a TypeError that names the op and both devices."""
    for sample in samples_of(op, rng):
        places = [k for k, x in enumerate(sample.arrays) if isinstance(x, np.ndarray)]
        for k in places if len(places) > 1 else ():
            arrays = list(sample.arrays)
            arrays[k] = library.from_numpy(arrays[k])
            error = _raised(op, arrays, sample.params)
            words = str(error)
            fits = words.startswith(f"{op.name}: ") and library.name in words and "cpu" in words
            if type(error) is not TypeError or not fits:
                raise CheckError(
                    f"{op.name}: input {k} on {library.name}, the others on the CPU: expected a "
                    f"TypeError that names both devices (got {error!r})"
                )
        if len(places) > 1:
            return
