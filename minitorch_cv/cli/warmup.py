"""`minitorch-cv warmup`: compiles every kernel now, so that no later run has to."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backend import cuda
from ..backend.registry import find_kernel, telling
from ..backend.threads import set_num_threads
from ..tasks.errors import TaskError
from .progress import StepBar

_NETWORKS = (("LeNet5", 32, 1, 32, 32), ("resnet20", 8, 3, 32, 32))


def warmup(arguments: Any) -> int:
    """Runs each kernel on small inputs, forward and backward; answers the exit code."""
    if arguments.device == "cuda":
        return _compile_for_the_gpu()
    set_num_threads(arguments.threads)
    try:
        package = importlib.import_module(f"minitorch_cv.kernels.{arguments.device}")
        cache = importlib.import_module("minitorch_cv.kernels.cache")
    except ModuleNotFoundError as error:
        raise TaskError("warmup: there are no kernels; pip install the package") from error
    if all(find_kernel(name, arguments.device) is None for name in package.KERNELS):
        raise TaskError("warmup: there are no kernels; pip install numba")
    steps = len(package.KERNELS) + len(_NETWORKS)
    start = time.perf_counter()
    with telling(lambda line: None), StepBar(steps) as bar:
        for name in package.KERNELS:
            bar.next(name)
            for run in _runs(name):
                run()
        for name, *shape in _NETWORKS:
            bar.next(name)
            _network(name, *shape)
    spent = time.perf_counter() - start
    print(f"{len(package.KERNELS)} kernels are ready after {spent:.1f} s, "
          f"{len(cache.compiled)} functions compiled\nkept in {cache.folder()}")  # fmt: skip
    sys.stdout.flush()
    return 0


def _compile_for_the_gpu() -> int:
    """Compiles each .cu file; 1 where one does not compile."""
    try:
        sources = importlib.import_module("minitorch_cv.backend.cuda_kernels").all_sources()
        name = cuda.get_device_name()
    except (ModuleNotFoundError, RuntimeError) as error:
        raise TaskError(f"warmup: {error}") from error
    start = time.perf_counter()
    with StepBar(len(sources)) as bar:
        errors = cuda.compile_kernels(bar.next)
    for path, reason in errors.items():
        print(f"{path}: does not compile: {reason}", file=sys.stderr)
    kernels = sum(len(source.kernels) for source in sources if source.path not in errors)
    print(f"{kernels} kernels in {len(sources) - len(errors)} of {len(sources)} files are ready on "
          f"{name} after {time.perf_counter() - start:.1f} s")  # fmt: skip
    sys.stdout.flush()
    return int(bool(errors))


def _runs(name: str) -> Iterator[Callable[[], None]]:
    """What makes a kernel compile: the samples of its op, or steps of its optimizer."""
    from ..ops.catalog import op_named, op_names

    if name not in op_names():
        yield lambda: _steps(name)
        return
    op = op_named(name)
    for sample in op.samples(np.random.default_rng(0)) if op.samples else ():
        yield lambda sample=sample: _sample(op, sample)  # type: ignore[misc]


def _sample(op: Any, sample: Any) -> None:
    """One sample in float32, forward and backward."""
    arrays = [_single(array) for array in sample.arrays]
    params = {name: _single(value) for name, value in sample.params.items()}
    y, saved = op.run(arrays, params)
    y = y[0] if op.extra_outputs else y
    if y.dtype == np.float32:
        needs = [getattr(array, "dtype", None) == np.float32 for array in arrays]
        op.differentiate(np.ones_like(y), saved, needs)


def _single(value: Any) -> Any:
    """float64 arrays as float32, everything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return value


def _steps(name: str) -> None:
    """The steps of an optimizer, of which the second one is its kernel's."""
    from .. import optim
    from ..autograd import from_numpy

    for kind in vars(optim).values():
        if getattr(kind, "kernel", None) == name:
            p = from_numpy(np.ones(3, np.float32)).requires_grad_()
            p.grad = from_numpy(np.ones(3, np.float32))
            optimizer = kind([p])
            for _ in range(2):
                optimizer.step()


def _network(name: str, *shape: int) -> None:
    """Training steps, for methods that only the sizes of networks call for, such as Winograd's."""
    from .. import models
    from ..autograd import from_numpy
    from ..nn import functional as F
    from ..optim import SGD

    model = getattr(models, name)()
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, labels = from_numpy(np.ones(shape, np.float32)), from_numpy(np.arange(shape[0]) % 10)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
