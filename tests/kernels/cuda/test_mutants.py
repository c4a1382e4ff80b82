"""A kernel in which one barrier is missing does not pass: the emulator's two orders show it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.launch import HERE, Source
from minitorch_cv.kernels.cuda.norm import batch_norm

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import ORDERS, Emulated, EmulatorError, emulated_cuda
from minitorch_cv.testing.probes import CheckError

BARRIER = re.compile(r"__sync(?:threads|warp)\(\);")
FILES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


def without(source: Source, k: int) -> Source:
    """The file without its k-th barrier."""
    place = list(BARRIER.finditer(source.text))[k]
    text = source.text[: place.start()] + ";" + source.text[place.end() :]
    return Source(source.path, text)


def uses_barriers(file: str) -> bool:
    own = (HERE / file).read_text(encoding="utf-8")
    return bool(BARRIER.search(own) or "block_sum(" in own)


def batch_norm_is_right(source: Source, order: str) -> bool:
    """One channel, so that several warps of a block have a part in each sum."""
    rng = np.random.default_rng(0)
    x, gy, ones = (rng.normal(size=s).astype(np.float32) for s in ((64, 1, 40), (64, 1, 40), 1))
    op, params = op_named("batch_norm"), {"training": True, "eps": 1e-5}
    y, saved = op.forward(x, ones, ones, None, None, **params)
    want = (*y, *op.backward(gy, saved, (True,) * 3 + (False,) * 2)[:3])
    device = emulated_cuda(order)
    with pytest.MonkeyPatch.context() as patch, device:
        patch.setattr(batch_norm, "KERNELS", source)
        X, GY, W = (device.library.from_numpy(a) for a in (x, gy, ones))
        y, fields = batch_norm.forward(X, W, W, None, None, **params)
        grads = batch_norm.backward(GY, op.saved(*fields), (True,) * 3)[:3]
        got = [a.get() for a in (*y, *grads)]
    return all(np.allclose(a, b, rtol=1e-5, atol=1e-5) for a, b in zip(got, want, strict=True))


def gemm_is_right(source: Source, order: str) -> bool:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(70, 40)).astype("f"), rng.normal(size=(40, 65)).astype("f")
    c = np.full((70, 65), np.nan, "f")
    Emulated(source).launch("gemm_tiled", (2, 2), (16, 16), (a, b, c, 70, 65, 40), order=order)
    return bool(np.allclose(c, a @ b, atol=1e-4))


def conv_is_right(source: Source, order: str) -> bool:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 4, 6, 6)).astype("f"), rng.normal(size=(5, 4, 3, 3)).astype("f")
    want, _ = op_named("conv").forward(x, w, None, stride=1, padding=1, dilation=1, groups=1)
    y = np.full(want.shape, np.nan, "f")
    sizes = (2, 4, 6, 6, 5, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6)
    Emulated(source).launch("conv_implicit_gemm", (3, 1), (16, 16), (x, w, y, *sizes), order=order)
    return bool(np.allclose(y, want, atol=1e-4))


TRIALS = {
    "norm/batch_norm.cu": batch_norm_is_right,
    "teaching/gemm.cu": gemm_is_right,
    "teaching/implicit_gemm.cu": conv_is_right,
}


def test_every_file_with_barriers_is_tried():
    assert [file for file in FILES if uses_barriers(file)] == sorted(TRIALS)


@pytest.mark.parametrize("file", TRIALS)
def test_whole_kernels_pass(file, order):
    assert TRIALS[file](Source(file), order)


def survivors(file: str) -> list[int]:
    """The barriers whose absence nobody sees."""
    found = []
    own = Source(file)
    count = len(BARRIER.findall(own.text))
    first = (
        0 if "block_sum(" in own.text.rpartition("#line")[2] else 2
    )  # else common.cuh's are idle
    for k in range(first, count):
        try:
            good = all(TRIALS[file](without(own, k), order) for order in ORDERS)
        except (EmulatorError, CheckError):
            good = False
        if good:
            found.append(k)
    assert count > first
    return found


@pytest.mark.parametrize("file", TRIALS)
def test_no_barrier_can_be_left_out(file, emulator):
    assert survivors(file) == []
