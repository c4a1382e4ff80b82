"""No kernel reads or writes beyond an array, and no two of its threads race.

Each kernel is launched once under either sanitizer, with arguments from the samples of its op, or
from here where no op launches it.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import KERNELS
from minitorch_cv.kernels.cuda.conv.channels_last import LAST
from minitorch_cv.kernels.cuda.elementwise import bfloat16
from minitorch_cv.kernels.cuda.launch import HERE, Source
from minitorch_cv.kernels.cuda.norm import running
from minitorch_cv.kernels.cuda.packed.array import packed, with_bias
from minitorch_cv.kernels.cuda.packed.conv import BFLOAT16
from minitorch_cv.kernels.cuda.random.dropout import GraphStream, draw_mask

from minitorch_cv.backend.random import Generator
from minitorch_cv.ops.catalog import op_named, op_names
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda
from minitorch_cv.testing.cuda_emulator.device import EmulatedDevice
from minitorch_cv.testing.cuda_emulator.sanitize import can_sanitize, sanitize
from minitorch_cv.testing.fake_device import FakeArray

KINDS = ("address", "thread")
FILES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))

# Several warps to a row, several threads to a column: what the ops' own samples are too small for.
LARGER = (
    ("softmax", (5, 600), {"axis": 1}),
    ("softmax", (70, 33), {"axis": 0}),
    ("sum", (5, 600), {"axis": 1}),
    ("sum", (70, 33), {"axis": 0}),
    ("group_norm", (5, 4, 300), {"num_groups": 2, "eps": 1e-5}),
    ("layer_norm", (70, 33), {"normalized_shape": (33,), "eps": 1e-5}),
    ("local_response_norm", (1, 40, 33), {"size": 5, "alpha": 0.5, "beta": 0.75, "k": 1.0}),
)


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
        for name in sorted(KERNELS.keys() & set(op_names())):
            cuda_equals_cpu(op_named(name), rng)
        X = counters.library.from_numpy(rng.normal(size=(3, 70)).astype(np.float32))
        places = counters.library.from_numpy(rng.integers(-1, 6, (3, 70)))
        op_named("scatter_add").run((X, places), {"size": 5})  # many meet, some are nowhere
        draw_masks(X)
        of_channels = rng.uniform(size=(4, 70)).astype(np.float32)
        running.follow(*(counters.library.from_numpy(a) for a in of_channels), 1.1, 0.1)
        round_and_turn(counters.library.from_numpy(rng.normal(size=(2, 35, 5, 7)).astype("f")))
        packed_steps(counters.library.from_numpy, rng)
        boxes = counters.library.from_numpy(rng.uniform(size=(200, 4)).astype(np.float32))
        op_named("nms").run((boxes, boxes[:, 0]), {"iou_threshold": 0.3})  # several words
        for name, shape, params in LARGER:
            op, x = op_named(name), rng.normal(size=shape).astype(np.float32)
            arrays = [x, *(np.ones(shape[1], np.float32) for _ in op.inputs[1:])]
            there = [counters.library.from_numpy(a) for a in arrays]
            y, saved = op.run(there, params)
            op.differentiate(y[0] if op.extra_outputs else y, saved, (True,) * len(there))
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
    device.device.kept.update(optimizer_launches(rng))
    device.device.kept.update(entropy_launches(rng))
    return device.device.kept


def draw_masks(beside):
    """Of dropout, at once and by a recorded step."""
    draw_mask(beside, (50,), 0.5, Generator(1).get_state())
    stream = GraphStream(beside)
    stream.fill(Generator(1).get_state())
    stream.draw_mask((3,), 0.5)
    stream.draw_mask((50,), 0.5)


def round_and_turn(images):
    """What is made of bfloat16, and images with their channels last."""
    bias = images.reshape(-1)[:35]
    LAST.unpack(LAST.pack(images), 4, bias)
    BFLOAT16.unpack(BFLOAT16.pack(images), 4, bias)
    bfloat16.narrow(images)
    bfloat16.add_and_round(bfloat16.rounded(images.reshape(-1, 35)), bias)


def packed_steps(send, rng):
    """Each op on packed images: few pixels of many channels, and of channels one by one."""
    for C in (5, 40):
        x, z = (packed(send(rng.normal(size=(3, C, 7)).astype("f"))) for _ in range(2))
        (y, _), saved = op_named("max_pool").run((x,), {"kernel_size": 3, "stride": 2})
        op_named("max_pool").differentiate(y, saved, (True,))
        for name, given, params in (
            ("relu", (x,), {}),
            ("add", (x, z), {}),
            ("add_relu", (x, z), {}),
            ("batch_norm", (x, *(None,) * 4), {"training": True, "eps": 1e-5}),
        ):
            y, saved = op_named(name).run(given, params)
            op_named(name).differentiate(z, saved, (True,) * len(given))
        with_bias(x, send(rng.normal(size=C).astype("f")))


def entropy_launches(rng):
    """(file, kernel) → a launch over many classes, with labels of no class among the others."""
    x, weight = rng.normal(size=(30, 70)).astype("f"), rng.uniform(size=70).astype("f")
    labels = rng.integers(0, 70, 30)
    labels[[3, 8, 21]] = -100, 70, 2000
    losses, sums, one = np.zeros(30, "f"), np.zeros((2, 2)), np.ones(1, "f")
    given = [x, labels, None, weight]
    for name, args in {
        "cross_entropy_rows": [*given, losses, sums, 30, 70, 2, -100, 0.1],
        "cross_entropy_rows_backward": [*given, losses, one, x.copy(), 30, 70, 30, -100, 0.1],
        "labels_judge": [labels, None, np.zeros(16, np.int64), 30, 0, 70, -100, 16, 5, 21],
    }.items():
        yield ("loss/cross_entropy.cu", name), (0, (2, 1, 1), (256, 1, 1), args, 0)


def optimizer_launches(rng):
    """(file, kernel) → a launch over two parameters, with the arrays behind its table."""
    sizes = (5000, 7)
    for name, signature in Source("optim/updates.cu").kernels.items():
        columns = int(signature.parameters[0].shape[1])
        table = np.zeros((len(sizes), columns), np.uint64)
        table[:, -2:] = (5000, 2), (7, 3)
        arrays = [
            (0, k * columns + column, rng.normal(size=size).astype(np.float32))
            for k, size in enumerate(sizes)
            for column in range(columns - 2)
        ]
        shared = [np.full((len(sizes), 10), 0.5)]
        if name == "gradients_unscale":
            arrays[0][2][7::100] = np.nan  # more than one thread finds one
            shared = [np.full(1, 2, np.float32), np.zeros(1, np.int32)]
        launch = (0, (2, 1, 1), (256, 1, 1), [table, *shared, len(sizes)], 0, arrays)
        yield ("optim/updates.cu", name), launch


def report(kind, source, name, launch):
    _, grid, block, args, shared, *rest = launch
    if block == (256, 1, 1):
        block = (64, 1, 1)  # right for any number of warps, and the race detector's time grows
    return sanitize(kind, source, name, grid, block, args, shared, behind=rest[0] if rest else ())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", FILES)
def test_kernels_are_clean(file, kind, launches):
    source = Source(file)
    for name in source.kernels:
        assert report(kind, source, name, launches[file, name]) == "", name


PLANTED = {
    "rows that are not there": ("activation/softmax.cu", "softmax_rows", "address",
                                "count = p < P ? own : 0", "count = own"),
    "rows that share their parts": ("activation/softmax.cu", "softmax_rows", "thread",
                                    "parts += 32 * threadIdx.y;", ""),
    "a column too many": ("norm/group_norm.cu", "layer_norm_parameter_sums", "address",
                          "c < C ? N : 0", "N"),
    "channels that are not there": ("norm/local_response_norm.cu", "local_response_norm_forward",
                                    "address", "bottom = min(end + after, C)",
                                    "bottom = end + after"),
    "elements beyond the last": ("optim/updates.cu", "adam_update", "address",
                                 "min(begin + CHUNK, (Long)entry[ARRAYS])", "begin + CHUNK"),
    "two threads on one element": ("optim/updates.cu", "sgd_update", "thread",
                                   "begin / 4 + threadIdx.x", "begin / 4 + threadIdx.x / 2"),
    "a flag that two threads write": ("optim/updates.cu", "gradients_unscale", "thread",
                                      "if (bad && threadIdx.x == 0)", "if (bad)"),
    "a window beyond the last": ("pool/max_pool.cu", "max_pool_backward", "address",
                                 "min(bottom / s.SH, s.OH - 1)", "bottom / s.SH + 1"),
    "a pixel beyond the last": ("resize/resample.cu", "resample_lists", "address",
                                "columns[j]", "columns[j] + 1"),
    "boxes beyond the last": ("roi/nms.cu", "nms_bits", "address", "min(first + 64, R)",
                              "first + 64"),
    "a choice that is still read": ("roi/nms.cu", "nms_scan", "thread",
                                    "        __syncthreads();\n        bool mine = chosen",
                                    "        bool mine = chosen"),
    "pixels beyond the image": ("roi/roi_align.cu", "roi_align_backward", "address",
                                "if (inside && k < count) gx", "if (k < count) gx"),
    "two lanes on one pixel": ("roi/roi_pool.cu", "roi_pool_backward", "thread",
                               "left + lane % TILE_W", "left + lane % TILE_W / 2"),
    "a place that is not there": ("shape/scatter_add.cu", "scatter_add_largest", "address",
                                  "if (k >= 0 && k < S && bits != 0)", ""),
    "a sum that is not atomic": ("shape/scatter_add.cu", "scatter_add_sums", "thread",
                                 "atomicAdd(&sums[place], ", "sums[place] += ("),
    "rows beyond the last": ("teaching/gemm.cu", "gemm_tiled", "address",
                             "m < M && k < K ?", "k < K ?"),
    "a lane too many": ("norm/batch_norm.cu", "batch_norm_forward", "address",
                        "there[j] = s < size[j]", "there[j] = s <= size[j]"),
    "all lanes write": ("loss/cross_entropy.cu", "cross_entropy_rows", "thread",
                        "if (lane != 0) continue;", ""),
    "an answer that all threads write": ("loss/cross_entropy.cu", "labels_judge", "thread",
                                         "if (bad && threadIdx.x == 0)", "if (bad)"),
    "a weight of no class": ("loss/cross_entropy.cu", "cross_entropy_rows_backward", "address",
                             "if (!counts(t, K, ignore_index))", "if (t == ignore_index)"),
    "pixels of the next image": ("conv/channels_last.cu", "channels_second_widen", "address",
                                 "(int)min(TALL, R - r)", "(int)TALL"),
    "channels of the next image": ("conv/channels_last.cu", "channels_second", "address",
                                   "(int)min(BROAD, K - c)", "(int)BROAD"),
    "a tile that is still read": ("conv/channels_last.cu", "channels_last_narrow", "thread",
                                  "    __syncthreads();  // the tile is whole\n", ""),
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
