"""Where a network loses or gains time against PyTorch: convolutions by shape, the rest by kind.

    python -m benchmarks.networks.layers resnet18_b8 [--infer] [--threads 1] [--steps 5]

Ours is timed op by op (`testing.Profile`), PyTorch by its own profiler; each in its process, one
step in turn. Milliseconds of one step, forward and backward, the median of several.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from .turns import Engine
from .works import WORKS, work_named

Rows = dict[str, list[float]]  # name → seconds forward, seconds backward, calls

# What PyTorch's profiler calls our ops: the call, and the node of its tape.
THEIRS = {
    "conv_transpose": ("aten::conv_transpose2d", ""),
    "batch_norm": ("aten::batch_norm", "NativeBatchNormBackward0"),
    "relu": ("aten::relu", "ReluBackward0"),
    "add": ("aten::add", "AddBackward0"),
    "max_pool": ("aten::max_pool2d", "MaxPool2DWithIndicesBackward0"),
    "avg_pool": ("aten::avg_pool2d", "AvgPool2DBackward0"),
    "adaptive_avg_pool": ("aten::adaptive_avg_pool2d", "MeanBackward1"),
    "linear": ("aten::linear", "AddmmBackward0"),
    "concatenate": ("aten::cat", "CatBackward0"),
    "pad": ("aten::pad", "ConstantPadNdBackward0"),
    "getitem": ("aten::slice", "SliceBackward0"),
    "cross_entropy": ("aten::cross_entropy_loss", "NllLossBackward0"),
    "(optimizer)": ("Optimizer.step#SGD.step", ""),
    "(gradients kept)": ("", "torch::autograd::AccumulateGrad"),
}
_NODE = "autograd::engine::evaluate_function: "


def measure(engine: Any, step: Callable[[], Any]) -> Rows:
    """One step of the engine that this process runs."""
    step()
    return _theirs(step) if engine.name == "torch" else _ours(engine, step)


def _ours(engine: Any, step: Callable[[], Any]) -> Rows:
    from minitorch_cv.testing import Profile

    seen = Profile(by_shape=True)
    advance = engine.optimizer.step

    def timed() -> None:
        with seen.part("(optimizer)"):
            advance()

    engine.optimizer.step = timed
    with seen:
        step()
    engine.optimizer.step = advance
    rows: Rows = {"(whole step)": [seen.seconds, 0.0, 1]}
    for row in seen.rows():
        kind, _, form = row.name.partition(" ")
        _charge(rows, _name(row.name) if kind == "conv" and form else kind,
                row.forward, row.backward, row.calls)  # fmt: skip
    return rows


def _name(label: str) -> str:
    """A convolution's row without its stride, which PyTorch's profiler does not tell."""
    kernel, _, rest = label.partition("/")
    return f"{kernel} {rest.partition(' ')[2]}"


def _theirs(step: Callable[[], Any]) -> Rows:
    import torch

    start = time.perf_counter()
    step()
    rows: Rows = {"(whole step)": [time.perf_counter() - start, 0.0, 1]}  # the profiler takes time
    cpu = torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[cpu], record_shapes=True) as seen:
        step()
    by_call = {calls: kind for kind, (calls, _) in THEIRS.items() if calls}
    by_node = {_NODE + node: kind for kind, (_, node) in THEIRS.items() if node}
    for event in seen.key_averages(group_by_input_shape=True):
        spent = event.cpu_time_total / 1e6
        shapes = event.input_shapes
        if event.key == "aten::conv2d":
            _charge(rows, _conv(*shapes[:2]), spent, 0.0, event.count)
        elif event.key == "aten::convolution_backward":
            _charge(rows, _conv(*shapes[1:3]), 0.0, spent, 0)
        elif event.key.rstrip("_") in by_call:
            _charge(rows, by_call[event.key.rstrip("_")], spent, 0.0, event.count)
        elif event.key in by_node:
            _charge(rows, by_node[event.key], 0.0, spent, 0)
    return rows


def _conv(x: list[int], w: list[int]) -> str:
    return f"conv {w[2]}×{w[3]} {x[1]}→{w[0]} {x[2]}×{x[3]}"


def _charge(rows: Rows, name: str, forward: float, backward: float, calls: float) -> None:
    row = rows.setdefault(name, [0.0, 0.0, 0.0])
    for place, value in enumerate((forward, backward, calls)):
        row[place] += value


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks.layers",
                                     description=__doc__.splitlines()[0])  # fmt: skip
    parser.add_argument("work", choices=[work.name for work in WORKS])
    parser.add_argument("--infer", action="store_true", help="inference instead of training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    given = parser.parse_args(arguments)
    engines = [Engine(name, given.threads) for name in ("ours", "torch")]
    try:
        for engine in engines:
            engine.ask("load", work=work_named(given.work)._asdict())
            engine.ask("mode", mode="infer" if given.infer else "train")
        found: list[list[Rows]] = [[], []]
        for _ in range(given.steps):
            for engine, rounds in zip(engines, found, strict=True):
                answer = engine.ask("layers")
                if "rows" not in answer:
                    print(f"{engine.name}: {answer}", file=sys.stderr)
                    return 1
                rounds.append(answer["rows"])
    finally:
        for engine in engines:
            engine.close()
    print("\n".join(lines(*map(medians, found))))
    return 0


def medians(rounds: list[Rows]) -> Rows:
    """Number by number."""
    return {
        name: [statistics.median(values) for values in zip(*(r[name] for r in rounds), strict=True)]
        for name in rounds[0]
    }


def lines(ours: Rows, theirs: Rows) -> list[str]:
    """A line for each row of ours, what we lose most first; what only PyTorch has at the end."""
    nothing = [0.0, 0.0, 0.0]
    text = [
        f"{'':30}{'calls':>6}{'ours fwd':>10}{'bwd':>9}{'torch fwd':>11}{'bwd':>9}{'lost ms':>9}"
    ]

    def lost(name: str) -> float:
        return sum(ours.get(name, nothing)[:2]) - sum(theirs.get(name, nothing)[:2])

    for name in sorted({*ours, *theirs}, key=lost, reverse=True):
        mine, other = ours.get(name, nothing), theirs.get(name, nothing)
        text.append(
            f"{name:30}{mine[2]:6.0f}{mine[0] * 1e3:10.2f}{mine[1] * 1e3:9.2f}"
            f"{other[0] * 1e3:11.2f}{other[1] * 1e3:9.2f}{lost(name) * 1e3:9.2f}"
        )
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
