"""The timing table: every kernel's time, its bytes, and its share of the speed of a copy."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minitorch_cv as mt
from minitorch_cv.backend.library import is_plain
from minitorch_cv.ops.bfloat16 import rounded
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.probes import differentiable, run

from .clock import copy_speed, held, measured
from .place import Launch, Place, moved, watched, with_packed_images
from .rivals import SETTINGS, after, beside, named, ours_in
from .rows import Row, rows, without_row
from .updates import rules

ROTATE = 256 << 20  # bytes of inputs that take turns, so that no cache holds them
_PRODUCTS = ("conv", "conv_transpose")  # timed in each of the settings
_PACKED = ("relu", "add_relu", "batch_norm", "max_pool")  # of images in bfloat16, too
# Numbers that an update moves for each parameter: those it reads, and those it writes.
_MOVED = {
    "sgd": 5, "adam": 7, "rmsprop": 5, "adagrad": 5, "adadelta": 7, "adamax": 7, "nadam": 7,
    "radam": 7, "asgd": 5, "rprop": 7,
}  # fmt: skip


def timing(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """{"copy": bytes/s, "kernels": kernel → …, "ops": op → …}; rows that fail are told.

    Of an op's "forward" and "backward" the time of the GPU alone and that with Python
    ("forward_with_python"), ours and PyTorch's ("torch_forward"). Products are timed in TF32
    ("conv, tf32") and in bfloat16 ("conv, bf16"), too, and what lies between them in bfloat16.
    """
    speed = copy_speed(place)
    found: dict[str, Any] = {
        "passed": True, "copy_bytes_per_second": speed, "kernels": {}, "ops": {}, "failed": {},
        "no_row": without_row(),
    }  # fmt: skip
    jobs: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        (
            named(row.op, setting),
            lambda row=row, setting=setting: _time(row, place, found["kernels"], speed, setting),  # type: ignore[misc]
        )
        for row in rows(place.small)
        for setting in _settings(row.op)
    ]
    jobs += [
        (name, lambda rule=(name, kind): _time_update(*rule, place, found["kernels"], speed))
        for name, kind in rules().items()
        if name in _MOVED
    ]  # fmt: skip
    for name, job in jobs:
        if only and name.partition(", ")[0] not in only:
            continue
        try:
            found["ops"][name] = job()
        except Exception as error:
            found["failed"][name] = f"{type(error).__name__}: {error}"
    found["passed"] = not found["failed"]
    return found


def _settings(op: str) -> tuple[str, ...]:
    if op in _PRODUCTS:
        return SETTINGS
    return ("fp32", "bf16") if op in _PACKED else ("fp32",)


def _time(
    row: Row, place: Place, kernels: dict[str, Any], speed: float, setting: str
) -> dict[str, Any]:
    """Forward and backward of one op, ours and PyTorch's."""
    with ours_in(after(setting)):
        return _time_in(row, place, kernels, speed, setting)


def _time_in(
    row: Row, place: Place, kernels: dict[str, Any], speed: float, setting: str
) -> dict[str, Any]:
    op, rng = op_named(row.op), np.random.default_rng(0)
    op = rounded(op) if setting == "bf16" and row.op in _PRODUCTS else op
    arrays = row.make(rng)
    size = sum(a.nbytes for a in arrays if a is not None)
    count = 2 if place.small else max(2, min(6, -(-ROTATE // max(size, 1))))
    sets = [moved(arrays, place) for _ in range(count)]
    if setting == "bf16" and row.op in _PACKED:
        sets = [with_packed_images(given) for given in sets]
    needs = differentiable(op, arrays)
    y, _, saved = run(op, sets[0], row.params)
    gy = moved(rng.standard_normal(tuple(y.shape)).astype(np.float32), place)
    if not is_plain(y):  # then its gradient comes packed, too
        (gy,) = with_packed_images((gy,))
    forward = [lambda given=given: run(op, given, row.params) for given in sets]
    result = {"bytes": size, **measured(place, forward).named("forward")}
    backward: list[Callable[[], Any]] = []
    if any(needs) and y.dtype == np.float32:
        kept = [run(op, given, row.params)[2] for given in sets]
        backward = [lambda s=s: op.differentiate(gy, s, needs) for s in kept]
        result |= measured(place, backward).named("backward")
    _time_kernels(place, [*forward, *backward], kernels, speed)
    return result | beside(place, row, arrays, count, setting)


def _time_kernels(
    place: Place, calls: list[Callable[[], Any]], kernels: dict[str, Any], speed: float,
    count: int | None = None,
) -> None:  # fmt: skip
    """Medians of each kernel that the calls launch. count: its bytes, where arrays do not say."""

    def launches() -> list[Launch]:
        with watched(place, timed=True) as launched:
            for call in calls:
                call()
        return launched

    start = time.perf_counter()
    launches()
    host = time.perf_counter() - start
    seen: dict[str, list[Launch]] = {}
    for found in held(place, launches, host):
        for launch in found.result:
            seen.setdefault(launch.kernel, []).append(launch)
    for name, these in seen.items():
        times = [place.cupy.cuda.get_elapsed_time(*e) / 1e3 for *_, e in these if e is not None]
        seconds = statistics.median(times)
        moved_bytes = count or statistics.median(launch.bytes for launch in these)
        known = kernels.get(name)
        if known is None or known["bytes"] < moved_bytes:
            kernels[name] = {
                "file": these[0].file, "bytes": int(moved_bytes), "microseconds": seconds * 1e6,
                "share": moved_bytes / max(seconds, 1e-12) / speed,
            }  # fmt: skip


def _time_update(
    name: str, kind: type, place: Place, kernels: dict[str, Any], speed: float
) -> dict[str, Any]:
    """A step over the parameters of ResNet-50, 25.6 million numbers."""
    params = []
    for value, grad in _parameters(place.small):
        params.append(mt.from_numpy(value).to("cuda").requires_grad_())
        params[-1].grad = mt.from_numpy(grad).to("cuda")
    options = {"momentum": 0.9} if name == "sgd" else {}
    optimizer: Any = kind(params, lr=1e-3, **options)
    optimizer.step()
    total = sum(p.numel() for p in params)
    spent = measured(place, [optimizer.step])
    _time_kernels(place, [optimizer.step], kernels, speed, total * 4 * _MOVED[name])
    return {"bytes": total * 4 * _MOVED[name], **spent.named("forward")}


@functools.cache
def _parameters(small: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each parameter of the network and a gradient, on the host."""
    model = mt.nn.Linear(7, 5) if small else mt.models.resnet50()
    rng = np.random.default_rng(0)
    return [
        (p.detach().numpy(), rng.standard_normal(p.shape, np.float32)) for p in model.parameters()
    ]
