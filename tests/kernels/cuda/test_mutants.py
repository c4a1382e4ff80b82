"""A kernel in which one barrier is missing does not pass: the emulator's two orders show it."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.activation import softmax
from minitorch_cv.kernels.cuda.conv import channels_last
from minitorch_cv.kernels.cuda.launch import HERE, Source
from minitorch_cv.kernels.cuda.loss import cross_entropy, labels
from minitorch_cv.kernels.cuda.norm import batch_norm, group_norm, local_response_norm
from minitorch_cv.kernels.cuda.optim import unscale
from minitorch_cv.kernels.cuda.packed import batch_norm as packed_batch_norm
from minitorch_cv.kernels.cuda.packed.array import packed
from minitorch_cv.kernels.cuda.packed.conv import BFLOAT16
from minitorch_cv.kernels.cuda.reduce import sums
from minitorch_cv.kernels.cuda.roi import nms

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import ORDERS, Emulated, EmulatorError, emulated_cuda
from minitorch_cv.testing.probes import CheckError

BARRIER = re.compile(r"__sync(?:threads|warp)\(\);")
HELPER = re.compile(r"\b((?:block|warp)_\w+)\(")  # of common.cuh: threads wait for each other in it
FILES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


def without(source: Source, k: int) -> Source:
    """The file without its k-th barrier."""
    place = list(BARRIER.finditer(source.text))[k]
    text = source.text[: place.start()] + ";" + source.text[place.end() :]
    return Source(source.path, text)


def uses_barriers(file: str) -> bool:
    own = (HERE / file).read_text(encoding="utf-8")
    return bool(BARRIER.search(own) or "block_" in "".join(HELPER.findall(own)))


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


def op_is_right(module, name: str, cases, source: Source, order: str) -> bool:
    """An op on one block, which has to go round, so that each step follows upon another."""
    op, rng = op_named(name), np.random.default_rng(0)
    for shape, params in cases:
        x = rng.normal(size=shape).astype("f")
        arrays = (x, *(np.ones(shape[1], "f") for _ in op.inputs[1:]))
        needs = (True,) * len(arrays)
        with use_kernels("reference"):
            y, saved = op.run(arrays, params)
            y = y[0] if op.extra_outputs else y
            gy = rng.normal(size=y.shape).astype("f")
            want = (y, *op.backward(gy, saved, needs))
        device = emulated_cuda(order)
        with pytest.MonkeyPatch.context() as patch, device:
            patch.setattr(module, "KERNELS", source)
            patch.setattr(launch, "MOST_BLOCKS", 1)
            there = [device.library.from_numpy(a) for a in arrays]
            y, saved = op.run(there, params)
            grads = op.differentiate(device.library.from_numpy(gy), saved, needs)
            got = [a.get() for a in (y[0] if op.extra_outputs else y, *grads)]
        if not all(np.allclose(a, b, rtol=1e-4, atol=1e-4) for a, b in zip(got, want, strict=True)):
            return False
    return True


GROUPS = (((3, 4, 700), {"num_groups": 2, "eps": 1e-5}), ((70, 4), {"num_groups": 1, "eps": 1e-5}))
LINES = (((5, 700), {"axis": 1}), ((70, 40), {"axis": 0}))
WINDOWS = (((2, 40, 5), {"size": 5, "alpha": 0.5, "beta": 0.75, "k": 1.0}),)


def nms_is_right(source: Source, order: str) -> bool:
    """Enough boxes for several words and warps, of which many are crossed out."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 1, (400, 2))
    boxes = np.concatenate([corners, corners + 0.2], 1).astype(np.float32)
    scores, params = rng.uniform(size=400).astype(np.float32), {"iou_threshold": 0.4}
    want, _ = op_named("nms").forward(boxes, scores, **params)
    device = emulated_cuda(order)
    with pytest.MonkeyPatch.context() as patch, device:
        patch.setattr(nms, "KERNELS", source)
        got, _ = op_named("nms").run(
            [device.library.from_numpy(a) for a in (boxes, scores)], params
        )
        return np.array_equal(got.get(), want)


def entropy_is_right(source: Source, order: str) -> bool:
    """Sums over several warps and blocks, by threads and by warps; a bad label of any warp."""
    rng, device, good = np.random.default_rng(0), emulated_cuda(order), True
    with pytest.MonkeyPatch.context() as patch, device:
        patch.setattr(cross_entropy, "KERNELS", source)
        patch.setattr(labels, "KERNELS", source)
        for shape in ((600, 3), (40, 33)):
            x, t = rng.normal(size=shape).astype("f"), rng.integers(0, 3, shape[0])
            w = rng.uniform(size=shape[1]).astype("f")
            want, _ = op_named("cross_entropy").forward(x, t, w)
            y, _ = cross_entropy.forward(*map(device.library.from_numpy, (x, t, w)))
            good &= bool(np.allclose(y.get(), want, rtol=1e-5))
            for place in (None, 0, shape[0] - 1):
                kept = device.library.from_numpy(np.zeros(3, np.int64))
                there = t if place is None else np.where(np.arange(len(t)) == place, 3, t)
                labels.judge(device.library.from_numpy(there), 0, 3, None, kept, 1, 5)
                good &= kept.get().tolist() == [0, 0 if place is None else 5, 0]
    return good


def turning_is_right(source: Source, order: str) -> bool:
    """Images of several tiles on one block, which has to go round, there and back."""
    x = nearest_bfloat16(np.random.default_rng(0).normal(size=(2, 40, 7, 9)).astype("f"))
    device = emulated_cuda(order)
    with pytest.MonkeyPatch.context() as patch, device:
        patch.setattr(channels_last, "KERNELS", source)
        patch.setattr(launch, "MOST_BLOCKS", 1)
        there, good = device.library.from_numpy(x), True
        for form in (channels_last.LAST, BFLOAT16):
            last = form.pack(there)
            back, turned = form.unpack(last, 4).get(), last.get()
            if turned.dtype == np.uint16:
                turned = (turned.astype(np.uint32) << 16).view("f")
            good &= np.array_equal(back, x) and np.array_equal(turned, np.moveaxis(x, 1, -1))
    return good


def packed_norm_is_right(source: Source, order: str) -> bool:
    """Channels of which several warps of a block have a part."""
    x, gy = (nearest_bfloat16(np.random.default_rng(k).normal(size=(64, 8, 9))) for k in range(2))
    op, params = op_named("batch_norm"), {"training": True, "eps": 1e-5}
    y, saved = op.forward(x, None, None, None, None, **params)
    want = (*y, op.backward(gy, saved, (True,) + (False,) * 4)[0])
    device = emulated_cuda(order)
    with pytest.MonkeyPatch.context() as patch, device:
        patch.setattr(packed_batch_norm, "KERNELS", source)
        X, GY = (packed(device.library.from_numpy(a)) for a in (x, gy))
        y, fields = packed_batch_norm.forward(X, *(None,) * 4, **params)
        gx = packed_batch_norm.backward(GY, op.saved(*fields), (True, False, False))[0]
        got = [a.get() for a in (y[0].plain(), *y[1:], gx.plain())]
    return all(np.allclose(a, b, rtol=2**-7, atol=1e-4) for a, b in zip(got, want, strict=True))


def unscaling_is_right(source: Source, order: str) -> bool:
    """Gradients of several warps: an infinity of any warp is found, and no other."""
    rng, device = np.random.default_rng(0), emulated_cuda(order)
    with pytest.MonkeyPatch.context() as patch, device:
        patch.setattr(unscale, "KERNELS", source)
        send, good = device.library.from_numpy, True
        for place in (None, 0, 130, 1000):
            g = rng.normal(size=1024).astype("f")
            if place is not None:
                g[place] = np.inf
            there, scale, found = (send(a) for a in (g, np.full(1, 4, "f"), np.zeros(1, "i")))
            unscale.unscale([there], scale, found, {})
            good &= np.array_equal(there.get(), g / 4)
            good &= int(found.get()[0]) == (place is not None)
    return good


TRIALS = {
    "activation/softmax.cu": partial(op_is_right, softmax, "softmax", LINES),
    "conv/channels_last.cu": turning_is_right,
    "loss/cross_entropy.cu": entropy_is_right,
    "norm/group_norm.cu": partial(op_is_right, group_norm, "group_norm", GROUPS),
    "norm/local_response_norm.cu": partial(
        op_is_right, local_response_norm, "local_response_norm", WINDOWS
    ),
    "norm/batch_norm.cu": batch_norm_is_right,
    "optim/updates.cu": unscaling_is_right,
    "packed/batch_norm.cu": packed_norm_is_right,
    "reduce/sums.cu": partial(op_is_right, sums, "sum", LINES),
    "roi/nms.cu": nms_is_right,
    "teaching/gemm.cu": gemm_is_right,
    "teaching/implicit_gemm.cu": conv_is_right,
}


def test_every_file_with_barriers_is_tried():
    assert [file for file in FILES if uses_barriers(file)] == sorted(TRIALS)


@pytest.mark.parametrize("file", TRIALS)
def test_whole_kernels_pass(file, order):
    assert TRIALS[file](Source(file), order)


def idle(source: Source) -> set[int]:
    """The barriers in those helpers of common.cuh that a file does not call."""
    common, _, own = source.text.partition('"common.cuh"')[2].rpartition("#line ")
    bodies = {}
    for body in common.split("__device__")[1:]:
        found = HELPER.search(body)
        bodies[found[1] if found else body] = body
    used = set(HELPER.findall(own))
    for name in reversed(bodies):  # each calls only those before it
        if name in used:
            used.update(HELPER.findall(bodies[name]))
    places = [name for name, body in bodies.items() for _ in BARRIER.findall(body)]
    return {k for k, name in enumerate(places) if name not in used}


SPARE = {"optim/updates.cu": [1]}  # for the next sum of the block, and there is none


def survivors(file: str) -> list[int]:
    """The barriers whose absence nobody sees."""
    found = []
    own = Source(file)
    tried = set(range(len(BARRIER.findall(own.text)))) - idle(own)
    for k in sorted(tried):
        try:
            good = all(TRIALS[file](without(own, k), order) for order in ORDERS)
        except (EmulatorError, CheckError):
            good = False
        if good:
            found.append(k)
    assert tried
    return found


@pytest.mark.parametrize("file", TRIALS)
def test_no_barrier_can_be_left_out(file, emulator):
    assert survivors(file) == SPARE.get(file, [])
