"""No kernel reads or writes beyond an array, and no two of its threads race.

Each kernel is launched once under either sanitizer, with arguments from the samples of its op, or
from here where no op launches it.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import KERNELS
from minitorch_cv.kernels.cuda.launch import HERE, Source
from minitorch_cv.kernels.cuda.random.dropout import draw_mask

from minitorch_cv.backend.random import Generator
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda
from minitorch_cv.testing.cuda_emulator.device import EmulatedDevice
from minitorch_cv.testing.cuda_emulator.sanitize import can_sanitize, sanitize
from minitorch_cv.testing.fake_device import FakeArray

KINDS = ("address", "thread")
FILES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


class Recorder(EmulatedDevice):
    """Keeps the largest launch of each kernel, with its arguments as they were before it."""

    def __init__(self):
        super().__init__()
        self.kept = {}

    def run(self, source, signature, grid, block, args, shared):
        size = sum(a.size for a in args if isinstance(a, FakeArray))
        if size >= self.kept.get((source.path, signature.name), (0,))[0]:
            plain = [a._inner.copy() if isinstance(a, FakeArray) else a for a in args]
            self.kept[source.path, signature.name] = (size, grid, block, plain, shared)
        super().run(source, signature, grid, block, args, shared)


@pytest.fixture(scope="module")
def launches():
    """(file, kernel) → its largest launch by the samples of all ops."""
    if not all(map(can_sanitize, KINDS)):
        pytest.skip("no g++: CUDA kernels cannot run under its sanitizers")
    device = emulated_cuda()
    device.device = Recorder()
    rng = np.random.default_rng(0)
    with device as counters:
        for name in KERNELS:
            cuda_equals_cpu(op_named(name), rng)
        X = counters.library.from_numpy(rng.normal(size=(3, 70)).astype(np.float32))
        labels = counters.library.from_numpy(np.array([0, 5, 69]))
        entropy, params = op_named("cross_entropy"), {"label_smoothing": 0.1}
        y, saved = entropy.run((X, labels, None), params)  # many classes
        entropy.differentiate(y, saved, (True, False, False))
        draw_mask(X, (50,), 0.5, Generator(1).get_state())
    a, b, c = (rng.normal(size=s).astype(np.float32) for s in ((70, 20), (20, 65), (70, 65)))
    for name, grid in (("gemm_plain", (2, 2, 1)), ("gemm_tiled", (2, 2, 1))):
        launch = (0, grid, (16, 16, 1), [a, b, c, 70, 65, 20], 0)
        device.device.kept["teaching/gemm.cu", name] = launch
    x, w, y = (rng.normal(size=s).astype(np.float32) for s in ((2, 3, 5, 7), (5, 3, 3, 2), 350))
    sizes = [2, 3, 5, 7, 5, 3, 2, 1, 1, 1, 0, 1, 1, 5, 6]
    y = y[: 2 * 5 * 5 * 6].copy()
    device.device.kept["teaching/implicit_gemm.cu", "conv_implicit_gemm"] = (
        0, (2, 1, 1), (16, 16, 1), [x, w, y, *sizes], 0
    )  # fmt: skip
    return device.device.kept


def report(kind, source, name, launch):
    _, grid, block, args, shared = launch
    if block == (256, 1, 1):
        block = (64, 1, 1)  # right for any number of warps, and the race detector's time grows
    return sanitize(kind, source, name, grid, block, args, shared)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", FILES)
def test_kernels_are_clean(file, kind, launches):
    source = Source(file)
    for name in source.kernels:
        assert report(kind, source, name, launches[file, name]) == "", name


PLANTED = {
    "a window beyond the last": ("pool/max_pool.cu", "max_pool_backward", "address",
                                 "min(h / SH, OH - 1)", "h / SH + 1"),
    "rows beyond the last": ("teaching/gemm.cu", "gemm_tiled", "address",
                             "m < M && k < K ?", "k < K ?"),
    "a lane too many": ("norm/batch_norm.cu", "batch_norm_forward", "address",
                        "s < S; s += 32)\n            y[", "s <= S; s += 32)\n            y["),
    "all lanes write": ("loss/cross_entropy.cu", "cross_entropy_rows", "thread",
                        "if (lane != 0) continue;", ""),
    "a barrier left out": ("teaching/implicit_gemm.cu", "conv_implicit_gemm", "thread",
                           "__syncthreads();\n        for", "for"),
    "a scatter": ("conv/im2col.cu", "col2im", "thread",
                  "x[plane * pixels + pixel] = sum", "x[plane * pixels + pixel / 2] += sum"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_reported(name, launches):
    file, kernel, kind, good, bad = PLANTED[name]
    text = Source(file).text
    assert text.count(good) >= 1
    found = report(kind, Source(file, text.replace(good, bad)), kernel, launches[file, kernel])
    words = {"address": "heap-buffer-overflow", "thread": "data race"}
    assert words[kind] in found and re.search(rf"{file}:\d+", found)
