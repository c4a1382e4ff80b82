"""Times a training step of LeNet-5 on a batch of 128 images, against PyTorch.

    python benchmarks/network.py [--quick] [--threads 1] [--out FILE]

Forward is the network and its loss, backward the gradients and a step of SGD with momentum. Both
run the same lines of code in alternation; results go to benchmarks/results/network.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from timing import RESULTS, Rival, import_torch, limit_threads, machine, race

BATCH = 128


def lenet(nn: Any) -> Any:
    """LeNet-5 with ReLU and max-pooling, of either library's layers."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10),
    )  # fmt: skip


def rival(library: Any, images: Any, labels: Any) -> Rival:
    """A training step with the layers, loss and optimizer of a library."""
    network = lenet(library.nn)
    optimizer = library.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    x, target = library.tensor(images), library.tensor(labels)
    judge = library.nn.CrossEntropyLoss()

    def backward(loss: Any) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return Rival(lambda: judge(network(x), target), backward)


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time LeNet-5's training step against PyTorch.")
    parser.add_argument("--quick", action="store_true", help="three rounds, no more")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "network.json")
    given = parser.parse_args(argv)
    limit_threads(given.threads)
    torch = import_torch(given.threads)
    import numpy as np

    import minitorch_cv as mt

    rng = np.random.default_rng(0)
    images = rng.uniform(size=(BATCH, 1, 32, 32)).astype(np.float32)
    labels = rng.integers(0, 10, BATCH)
    libraries = {"ours": mt} | ({} if torch is None else {"torch": torch})
    rivals = [rival(library, images, labels) for library in libraries.values()]
    times = race(rivals, 0.0 if given.quick else 10.0)
    steps = dict(zip(libraries, times, strict=True))
    for name, step in steps.items():
        total = step.forward + step.backward
        sys.stdout.write(
            f"{name:<6} forward {step.forward * 1e3:7.2f} ms, backward and step "
            f"{step.backward * 1e3:7.2f} ms, {BATCH / total:8.0f} images/s\n"
        )
    if "torch" in steps:
        sys.stdout.write(f"torch / ours: {sum(steps['torch']) / sum(steps['ours']):.2f}\n")
    about = machine(given.threads) | {"torch": getattr(torch, "__version__", None)}
    seconds = {name: step._asdict() for name, step in steps.items()}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"machine": about, "seconds": seconds}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
