"""Kernels that no op of the list launches: teaching, the mask of dropout, bfloat16, and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .place import Launch, Place, moved, watched, with_packed_images

Found = tuple[str, list[Launch], float | None, str]


def direct_errors(place: Place, only: Sequence[str] = ()) -> Iterator[Found]:
    """(name, what was launched, its error, what is wrong) for each of them."""
    trials: dict[str, Callable[[Place], float]] = {
        "gemm": _gemm, "implicit_gemm": _implicit_gemm, "dropout_mask": _mask,
        "channels_last": _turned, "bfloat16": _bfloat16, "conv_bfloat16": _rounded,
        "conv_transpose_bfloat16": _rounded_transpose, "linear_bfloat16": _rounded_linear,
        "matmul_bfloat16": _rounded_matmul, "packed": _packed,
    }  # fmt: skip
    for name, trial in trials.items():
        if only and name not in only:
            continue
        error, wrong = None, ""
        with watched(place) as launched:
            try:
                error = trial(place)
                wrong = "" if error <= 1e-5 else f"{name}: is off by {error:.1e}"
            except Exception as raised:
                wrong = f"{name}: {type(raised).__name__}: {raised}"
        yield name, launched, error, wrong


def _off(got: Any, want: np.ndarray, place: Place) -> float:
    host = place.library.to_numpy(got)
    return float(abs(host - want).max() / max(1.0, abs(want).max()))


def _gemm(place: Place) -> float:
    from minitorch_cv.kernels.cuda.launch import Source, launch

    rng, source = np.random.default_rng(0), Source("teaching/gemm.cu")
    a, b = rng.standard_normal((70, 40)), rng.standard_normal((40, 65))
    worst = 0.0
    for name in source.kernels:
        given = moved((a.astype("f"), b.astype("f")), place)
        c = place.device.empty((70, 65), np.float32)
        launch(source, name, (5, 5), (16, 16), (*given, c, 70, 65, 40))
        want = a.astype("f").astype(float) @ b.astype("f").astype(float)
        worst = max(worst, _off(c, want, place))
    return worst


def _implicit_gemm(place: Place) -> float:
    from minitorch_cv.kernels.cuda.launch import Source, launch

    from minitorch_cv.ops.catalog import op_named

    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype("f") for s in ((2, 4, 6, 6), (5, 4, 3, 3)))
    want, _ = op_named("conv").forward(x.astype(float), w.astype(float), None, padding=1)
    y = place.device.empty(want.shape, np.float32)
    sizes = (2, 4, 6, 6, 5, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6)
    source = Source("teaching/implicit_gemm.cu")
    launch(source, "conv_implicit_gemm", (3, 1), (16, 16), (*moved((x, w), place), y, *sizes))
    return _off(y, want, place)


def _mask(place: Place) -> float:
    """The share of places where the mask is not the one that NumPy's generator draws."""
    from minitorch_cv.kernels.cuda.random.dropout import GraphStream, draw_mask

    from minitorch_cv.backend.random import Generator

    drawn = Generator(3)
    drawn.rand((5,))
    model, state = moved(np.zeros(1, np.float32), place), drawn.get_state()
    want = drawn.rand((1000,)) >= 0.3
    stream = GraphStream(model)
    stream.fill(state)
    parts = [stream.draw_mask((n,), 0.3) for n in (1, 16, 983)]
    recorded = np.concatenate([place.library.to_numpy(part) for part in parts])
    mask = place.library.to_numpy(draw_mask(model, (1000,), 0.3, state))
    return max(float((mask != want).mean()), float((recorded != want).mean()))


def _turned(place: Place) -> float:
    """Axes turned, there and back with a bias: the share of numbers that are not those of NumPy."""
    from minitorch_cv.kernels.cuda.conv.channels_last import LAST

    rng, worst = np.random.default_rng(0), 0.0
    for shape in ((3, 70, 9, 11), (2, 3, 40, 41), (2, 300, 1, 5)):
        x, b = rng.standard_normal(shape, np.float32), rng.standard_normal(shape[1], np.float32)
        there, bias = moved((x, b), place)
        last = LAST.pack(there)
        back = place.library.to_numpy(LAST.unpack(last, 4, bias))
        pairs = ((place.library.to_numpy(last), np.moveaxis(x, 1, -1)),
                 (back, x + b[:, None, None]))  # fmt: skip
        worst = max(worst, *(float((got != known).mean()) for got, known in pairs))
    return worst


def _bfloat16(place: Place) -> float:
    """Rounding, narrowing, turning and the bias: the share of numbers that are not those of CPU."""
    from minitorch_cv.kernels.cuda.elementwise import bfloat16
    from minitorch_cv.kernels.cuda.packed.conv import BFLOAT16

    from minitorch_cv.ops.precision import nearest_bfloat16

    rng = np.random.default_rng(0)
    x, b = rng.standard_normal((3, 70, 9, 11), np.float32), rng.standard_normal(70, np.float32)
    x.flat[:3] = 3.4e38, -3.4e38, 1 + 2**-8
    there, bias = moved((x, b), place)
    want = nearest_bfloat16(x)
    more = nearest_bfloat16(want + nearest_bfloat16(b)[:, None, None])
    halves = place.library.to_numpy(bfloat16.narrow(there)).astype(np.uint32) << 16
    rows = bfloat16.add_and_round(moved(x.swapaxes(1, 3).copy(), place), bias)
    pairs = [
        (place.library.to_numpy(bfloat16.rounded(there)), want), (halves.view(np.float32), want),
        (place.library.to_numpy(BFLOAT16.unpack(BFLOAT16.pack(there), 4, bias)), more),
        (place.library.to_numpy(rows),
         nearest_bfloat16(x.swapaxes(1, 3) + nearest_bfloat16(b))),
    ]  # fmt: skip
    return max(float((got != known).mean()) for got, known in pairs)


def _packed(place: Place) -> float:
    """Ops on packed images: how far they are from the CPU, beyond one rounding."""
    from minitorch_cv.kernels.cuda.packed.array import packed, with_bias

    from minitorch_cv.ops.catalog import op_named
    from minitorch_cv.ops.precision import nearest_bfloat16

    rng, worst = np.random.default_rng(0), 0.0
    for C in (24, 5):
        x, z, gy = (nearest_bfloat16(rng.standard_normal((3, C, 9, 7), np.float32)) for _ in "xzg")
        weight, bias = (rng.standard_normal(C, np.float32) for _ in range(2))
        for name, given, params in (
            ("relu", (x,), {}), ("add", (x, z), {}), ("add_relu", (x, z), {}),
            ("max_pool", (x,), {"kernel_size": 3, "padding": 1, "stride": 1}),
            ("batch_norm", (x, weight, bias, None, None), {"training": True, "eps": 1e-5}),
        ):  # fmt: skip
            op, found = op_named(name), []
            needs = tuple(a is not None for a in given)
            there = with_packed_images(moved(given, place))
            for inputs, slope in ((given, gy), (there, packed(moved(gy, place)))):
                y, saved = op.run(inputs, params)
                ys = y if isinstance(y, tuple) else (y,)
                grads = op.differentiate(slope, saved, needs)
                found.append([*ys, *(g for g in grads if g is not None)])
            pairs = zip(*found, strict=True)
            worst = max(worst, *(_rounding_apart(*pair, place) for pair in pairs))
        got = with_bias(packed(moved(x, place)), moved(bias, place))
        want = x + nearest_bfloat16(bias)[:, None, None]
        worst = max(worst, _rounding_apart(want, got, place))
    return worst


def _rounding_apart(want: np.ndarray, got: Any, place: Place) -> float:
    """How far an array of the GPU is from one of the CPU, beyond bfloat16's rounding."""
    from minitorch_cv.backend.library import plain

    most = max(float(abs(want).max()), 1e-6)
    allowed = 2**-7 * (abs(want) + 2**-7 * most)
    apart = abs(place.library.to_numpy(plain(got)) - want) - allowed
    return max(float(apart.max()) / most, 0.0)


def _beyond(place: Place, name: str, *shapes: tuple[int, ...], **params: Any) -> float:
    """How far value and gradients are from the CPU's, beyond one rounding, to the largest value."""
    from minitorch_cv.ops.bfloat16 import rounded
    from minitorch_cv.ops.catalog import op_named

    rng, op = np.random.default_rng(0), rounded(op_named(name))
    arrays = tuple(rng.standard_normal(s, np.float32) for s in shapes)
    needs, found, gy = (True,) * len(arrays), [], None
    given = (*arrays, None) if name.startswith("conv") else arrays
    for inputs in (given, moved(given, place)):
        y, saved = op.run(inputs, params)
        gy = rng.standard_normal(y.shape, np.float32) if gy is None else moved(gy, place)
        grads = op.differentiate(gy, saved, (*needs, False) if len(given) > len(arrays) else needs)
        found.append([y, *grads[: len(arrays)]])
    return max(_rounding_apart(*pair, place) for pair in zip(*found, strict=True))


def _rounded(place: Place) -> float:
    return _beyond(place, "conv", (2, 16, 9, 8), (24, 16, 3, 3), padding=1, stride=2)


def _rounded_transpose(place: Place) -> float:
    return _beyond(place, "conv_transpose", (2, 16, 5, 4), (16, 24, 3, 3), padding=1, stride=2)


def _rounded_linear(place: Place) -> float:
    return _beyond(place, "linear", (6, 33), (17, 33), (17,))


def _rounded_matmul(place: Place) -> float:
    return _beyond(place, "matmul", (3, 1, 6, 33), (2, 33, 5))
