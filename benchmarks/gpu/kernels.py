"""The timing table: every kernel's time, its bytes, and its share of the speed of a copy."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minitorch_cv as mt
from minitorch_cv.ops.bfloat16 import rounded
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.probes import differentiable, run

from .clock import SETTLE, copy_speed, in_turns, seconds_of
from .place import Launch, Place, moved, watched
from .rivals import SETTINGS, Rival, after, named, ours_in, torch_rival
from .rows import Row, rows, without_row
from .updates import rules

ROTATE = 256 << 20  # bytes of inputs that take turns, so that no cache holds them
_PRODUCTS = ("conv", "conv_transpose")  # timed in each of the settings
# Numbers that an update moves for each parameter: those it reads, and those it writes.
_MOVED = {
    "sgd": 5, "adam": 7, "rmsprop": 5, "adagrad": 5, "adadelta": 7, "adamax": 7, "nadam": 7,
    "radam": 7, "asgd": 5, "rprop": 7,
}  # fmt: skip


def timing(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """{"copy": bytes/s, "kernels": kernel → …, "ops": op → …}; rows that fail are told.

    Products are timed in TF32 ("conv, tf32") and in bfloat16 ("conv, bf16"), too.
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
        for setting in (SETTINGS if row.op in _PRODUCTS else SETTINGS[:1])
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
    op = rounded(op) if setting == "bf16" else op
    arrays = row.make(rng)
    size = sum(a.nbytes for a in arrays if a is not None)
    count = 2 if place.small else max(2, min(6, -(-ROTATE // max(size, 1))))
    sets = [moved(arrays, place)] + [moved(row.make(rng), place) for _ in range(count - 1)]
    needs = differentiable(op, arrays)
    y, _, saved = run(op, sets[0], row.params)
    gy = moved(rng.standard_normal(tuple(y.shape)).astype(np.float32), place)
    forward = [lambda given=given: run(op, given, row.params) for given in sets]
    result = {"bytes": size, "forward": in_turns(place, forward)}
    backward = None
    if any(needs) and y.dtype == np.float32:
        kept = [run(op, given, row.params)[2] for given in sets]
        backward = [lambda s=s: op.differentiate(gy, s, needs) for s in kept]
        result["backward"] = in_turns(place, backward)
    _time_kernels(place, [*forward, *(backward or [])], kernels, speed)
    rival = torch_rival(row, arrays, place.small, setting)
    if rival is not None:
        result |= _beside(place, rival)
    return result


def _beside(place: Place, rival: Rival) -> dict[str, Any]:
    """PyTorch's times, on CuPy's stream, so that the same events count."""
    with rival.stream(place.cupy.cuda.get_current_stream()):
        found = {"torch_forward": seconds_of(place, rival.forward)}
        if rival.backward is not None:
            found["torch_backward"] = seconds_of(place, rival.backward)
    return found


def _time_kernels(
    place: Place, calls: list[Callable[[], Any]], kernels: dict[str, Any], speed: float,
    count: int | None = None,
) -> None:  # fmt: skip
    """Medians of each kernel that the calls launch. count: its bytes, where arrays do not say."""
    seen: dict[str, list[Launch]] = {}
    for number in range(SETTLE + 8):
        with watched(place, timed=True) as launched:
            for call in calls:
                call()
        place.cupy.cuda.runtime.deviceSynchronize()
        if number >= SETTLE:
            for launch in launched:
                seen.setdefault(launch.kernel, []).append(launch)
    for name, launches in seen.items():
        times = [place.cupy.cuda.get_elapsed_time(*e) / 1e3 for *_, e in launches if e is not None]
        seconds = statistics.median(times)
        moved_bytes = count or statistics.median(launch.bytes for launch in launches)
        known = kernels.get(name)
        if known is None or known["bytes"] < moved_bytes:
            kernels[name] = {
                "file": launches[0].file, "bytes": int(moved_bytes), "microseconds": seconds * 1e6,
                "share": moved_bytes / max(seconds, 1e-12) / speed,
            }  # fmt: skip


def _time_update(
    name: str, kind: type, place: Place, kernels: dict[str, Any], speed: float
) -> dict[str, Any]:
    """A step over the parameters of ResNet-50, 25.6 million numbers."""
    model = mt.nn.Linear(7, 5) if place.small else mt.models.resnet50()
    params = [p.detach().to("cuda").requires_grad_() for p in model.parameters()]
    rng = np.random.default_rng(0)
    for p in params:
        p.grad = mt.from_numpy(rng.standard_normal(p.shape, np.float32)).to("cuda")
    options = {"momentum": 0.9} if name == "sgd" else {}
    optimizer: Any = kind(params, lr=1e-3, **options)
    optimizer.step()
    total = sum(p.numel() for p in params)
    seconds = seconds_of(place, optimizer.step)
    _time_kernels(place, [optimizer.step], kernels, speed, total * 4 * _MOVED[name])
    return {"bytes": total * 4 * _MOVED[name], "forward": seconds}
