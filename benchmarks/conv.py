"""Times every convolution of known networks, forward and both gradients, against PyTorch.

    python benchmarks/conv.py [network ...] [--quick] [--threads 2] [--cpu-time] [--out FILE]

Both run in this process in alternation, with the same threads and the same numbers, and without
the tape; the least time of several is taken, because other work on the machine only ever adds.
`ratio` is PyTorch's time over ours: above 1 we are faster. Without PyTorch ours is timed alone. The
results, with the CPU's name and how busy the machine was, go to benchmarks/results/conv.json.
On a busy machine two threads wait for each other, and the ratio says little; --cpu-time takes one
thread and its processor time, which other work hardly changes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from timing import RESULTS, import_torch, limit_threads, machine

PARTS = ("forward", "gx", "gw")
BATCHES = {"resnet50": 8, "vgg16": 4, "resnet18_cifar": 32, "resnet20_cifar": 128, "lenet": 128}


class Layer(NamedTuple):
    """N images of H × H with C channels, OC kernels of K × K, stride S, padding P."""

    network: str
    C: int
    OC: int
    K: int
    H: int
    S: int
    P: int

    @property
    def batch(self) -> int:
        return BATCHES[self.network]

    @property
    def name(self) -> str:
        stride = f"/{self.S}" if self.S > 1 else ""
        return f"{self.network} {self.K}×{self.K}{stride} {self.C}→{self.OC} {self.H}²"

    @property
    def flops(self) -> int:
        side = (self.H + 2 * self.P - self.K) // self.S + 1
        return 2 * self.batch * self.OC * self.C * self.K**2 * side**2


def layers() -> list[Layer]:
    """Each shape once for each network; first layers have no gx in training, but are timed."""
    found = [Layer("resnet50", 3, 64, 7, 224, 2, 3)]
    C = 64
    for planes, side in ((64, 56), (128, 28), (256, 14), (512, 7)):
        before = side if planes == 64 else 2 * side
        found.append(Layer("resnet50", C, planes, 1, before, 1, 0))
        found.append(Layer("resnet50", planes, planes, 3, before, before // side, 1))
        found.append(Layer("resnet50", planes, 4 * planes, 1, side, 1, 0))
        found.append(Layer("resnet50", C, 4 * planes, 1, before, before // side, 0))
        found.append(Layer("resnet50", 4 * planes, planes, 1, side, 1, 0))
        found.append(Layer("resnet50", planes, planes, 3, side, 1, 1))
        C = 4 * planes
    for C, OC, side in ((3, 64, 224), (64, 64, 224), (64, 128, 112), (128, 128, 112),
                        (128, 256, 56), (256, 256, 56), (256, 512, 28), (512, 512, 28),
                        (512, 512, 14)):  # fmt: skip
        found.append(Layer("vgg16", C, OC, 3, side, 1, 1))
    for network, widths in (("resnet18_cifar", (64, 128, 256, 512)),
                            ("resnet20_cifar", (16, 32, 64))):  # fmt: skip
        found.append(Layer(network, 3, widths[0], 3, 32, 1, 1))
        for k, width in enumerate(widths):
            if k:
                found.append(Layer(network, widths[k - 1], width, 3, 64 >> k, 2, 1))
            if k and network == "resnet18_cifar":
                found.append(Layer(network, widths[k - 1], width, 1, 64 >> k, 2, 0))
            found.append(Layer(network, width, width, 3, 32 >> k, 1, 1))
    found += [Layer("lenet", 1, 6, 5, 28, 1, 2), Layer("lenet", 6, 16, 5, 14, 1, 0)]
    return list(dict.fromkeys(found))


def calls(layer: Layer, torch: Any) -> dict[str, list[Callable[[], Any]]]:
    """For each part: ours and, where PyTorch is installed, theirs, on the same numbers."""
    import numpy as np

    from minitorch_cv.ops.catalog import op_named

    op, rng = op_named("conv2d"), np.random.default_rng(0)
    x = rng.normal(size=(layer.batch, layer.C, layer.H, layer.H)).astype(np.float32)
    w = rng.normal(size=(layer.OC, layer.C, layer.K, layer.K)).astype(np.float32)
    params = {"stride": layer.S, "padding": layer.P}
    y, saved = op.run((x, w, None), params)
    gy = rng.normal(size=y.shape).astype(np.float32)
    found: dict[str, list[Callable[[], Any]]] = {
        "forward": [lambda: op.run((x, w, None), params)[0]],
        "gx": [lambda: op.differentiate(gy, saved, (True, False, False))[0]],
        "gw": [lambda: op.differentiate(gy, saved, (False, True, False))[1]],
    }
    if torch is None:
        return found
    tx, tw, tg = (torch.from_numpy(a) for a in (x, w, gy))
    tx.requires_grad_()
    tw.requires_grad_()
    ty = torch.nn.functional.conv2d(tx, tw, **params)

    def forward() -> Any:
        with torch.no_grad():
            return torch.nn.functional.conv2d(tx, tw, **params)

    found["forward"].append(forward)
    found["gx"].append(lambda: torch.autograd.grad(ty, tx, tg, retain_graph=True)[0])
    found["gw"].append(lambda: torch.autograd.grad(ty, tw, tg, retain_graph=True)[0])
    return found


def least(
    rivals: list[Callable[[], Any]], seconds: float, clock: Callable[[], float]
) -> list[float]:
    """The least time of each, in turn over and over for about `seconds` (at least 4 rounds)."""
    for call in rivals:
        call()
    times: list[list[float]] = [[] for _ in rivals]
    start = time.perf_counter()
    while len(times[0]) < 4 or time.perf_counter() - start < seconds:
        for call, spent in zip(rivals, times, strict=True):
            call()  # not timed: OpenMP's threads spin for some ms after the other one's call
            before = clock()
            call()
            spent.append(clock() - before)
    return [min(spent) for spent in times]


def measure(layer: Layer, torch: Any, seconds: float, clock: Callable[[], float]) -> dict[str, Any]:
    row: dict[str, Any] = {"flops": layer.flops}
    for part, rivals in calls(layer, torch).items():
        spent = least(rivals, seconds, clock)
        row[part] = {"ours": spent[0]}
        if len(spent) > 1:
            row[part] |= {"torch": spent[1], "ratio": spent[1] / spent[0]}
    return row


def line(name: str, row: dict[str, Any]) -> str:
    cells = []
    for part in PARTS:
        cell = row[part]
        ratio = f"{cell['ratio']:5.2f}" if "ratio" in cell else "    –"
        speed = row["flops"] / cell["ours"] / 1e9
        cells.append(f"{cell['ours'] * 1e3:8.2f} ms {speed:5.0f} {ratio}")
    return f"{name:34}" + "  ".join(cells)


def summary(rows: dict[str, Any]) -> str:
    found = [row[part]["ratio"] for row in rows.values() for part in PARTS if "ratio" in row[part]]
    if not found:
        return "PyTorch is not installed: no ratios"
    low = sum(ratio < 0.7 for ratio in found)
    return (
        f"{len(found)} measured: median ratio {statistics.median(found):.2f}, geometric mean "
        f"{statistics.geometric_mean(found):.2f}, least {min(found):.2f}, {low} under 0.7"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="network", help=", ".join(BATCHES))
    parser.add_argument("--quick", action="store_true", help="one layer, a moment")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu-time", action="store_true", help="one thread, its processor time")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each part of each layer")
    parser.add_argument("--out", type=Path, default=RESULTS / "conv.json")
    options = parser.parse_args(arguments)
    clock = time.process_time if options.cpu_time else time.perf_counter
    if options.cpu_time:
        options.threads = 1
    limit_threads(options.threads)
    torch = import_torch(options.threads)
    chosen = [row for row in layers() if not options.networks or row.network in options.networks]
    if options.quick:
        chosen, options.seconds = chosen[-1:], 0.0
    about = machine(options.threads) | {"load_before": os.getloadavg(), "clock": clock.__name__}
    rows: dict[str, Any] = {}
    print(f"{'layer':34}" + "  ".join(f"{part:>11} GF/s ratio" for part in PARTS))
    for layer in chosen:
        rows[layer.name] = measure(layer, torch, options.seconds, clock)
        print(line(layer.name, rows[layer.name]), flush=True)
    print(summary(rows))
    about["load_after"] = os.getloadavg()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": about, "layers": rows}, indent=1, ensure_ascii=False)
    options.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
