"""Two published networks together, and the snapshots of one run: the part of docs/ensembles.md.

    python benchmarks/ensembles.py --weights resnet20=FILE,resnet32=FILE --cifar DIR [--threads N]

--cifar: holds `cifar-10-batches-py`. Trains ResNet-8 in cycles; --quick does little of it and
writes no page.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from page_part import put, where
from timing import machine

from minitorch_cv import from_numpy, optim
from minitorch_cv.backend.random import manual_seed
from minitorch_cv.backend.threads import set_num_threads
from minitorch_cv.models import CifarResNet
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.tasks.adaptation import pretrained
from minitorch_cv.tasks.ensembles import (
    Comparison,
    Snapshots,
    averaged_model,
    compare_ensembles,
    greedy_soup,
)
from minitorch_cv.tasks.evaluation.evaluate import predict_scores
from minitorch_cv.tasks.evaluation.metrics import accuracy
from minitorch_cv.tasks.preprocessing import Preprocessing
from minitorch_cv.tasks.recipes import Settings
from minitorch_cv.tasks.splits import Batches, Split, load_splits

PAGE = Path(__file__).resolve().parents[1] / "docs" / "ensembles.md"
HELD_OUT = 1000  # training images that choose what goes into the greedy soup
LAST = 4  # snapshots that are combined: the paper leaves out the first ones, too


class Run(NamedTuple):
    """Cycles of epochs on so many training images, at so high a rate."""

    cycles: int = 5
    epochs: int = 12
    images: int = 1000
    batch_size: int = 50
    lr: float = 0.1


def main() -> int:
    given = _parse()
    set_num_threads(given.threads)
    about, began = machine(given.threads), time.perf_counter()
    run = Run(2, 1, 128) if given.quick else Run()
    settings = Settings(
        "", "cifar10", 1, run.batch_size, run.lr, root=given.cifar, crop_padding=4, flip=0.5
    )
    train, test, preprocessing = load_splits(settings)
    test = test.first(100) if given.quick else test
    two = _published(given.weights, test)
    print(two.text(), flush=True)
    cycles, taken = _snapshots(run, settings, train, test, preprocessing)
    print(cycles.text(), f"\ngreedy: snapshots {taken}")
    if not given.quick:
        line = where(about, time.perf_counter() - began)
        put(PAGE, _text(two, cycles, taken, run, line))
        print(f"wrote {PAGE}")
    return 0


def _published(weights: str, test: Split) -> Comparison:
    scores = {}
    for part in weights.split(","):
        name, _, file = part.partition("=")
        model, preprocessing = pretrained(name, file)
        scores[name] = predict_scores(model, test.images, preprocessing)
    return compare_ensembles(scores, test.labels)


def _snapshots(
    run: Run, settings: Settings, train: Split, test: Split, preprocessing: Preprocessing
) -> tuple[Comparison, list[int]]:
    """The table of one run, and which snapshots are in the greedy soup."""
    manual_seed(0)
    model = CifarResNet([1, 1, 1])
    held = Split(train.images[-HELD_OUT:], train.labels[-HELD_OUT:], train.classes)
    states = _trained(model, run, settings, train.first(run.images), preprocessing)

    def scores_of(network: Any, split: Split = test) -> np.ndarray:
        return predict_scores(network, split.images, preprocessing)

    def good(state: Any) -> float:
        return accuracy(scores_of(averaged_model(model, [state], again), held), held.labels)

    again = _inputs(train.first(run.images), preprocessing, run.batch_size)
    members = {}
    for k in range(max(0, len(states) - LAST), len(states)):
        model.load_state_dict(states[k])
        members[f"snapshot {k + 1}"] = scores_of(model)
    soup, taken = greedy_soup(states, good)
    others = {
        f"parameters, last {LAST}": averaged_model(model, states[-LAST:], again),
        "parameters, greedy": averaged_model(model, [soup], again),
    }
    outcomes = {name: scores_of(network) for name, network in others.items()}
    return compare_ensembles(members, test.labels, outcomes), sorted(k + 1 for k in taken)


def _trained(
    model: Any, run: Run, settings: Settings, train: Split, preprocessing: Preprocessing
) -> list[dict[str, Any]]:
    """The state dict at the end of each cycle; the rate falls after each batch."""
    batches = Batches(train, preprocessing, settings)
    optimizer = optim.SGD(model.parameters(), lr=run.lr, momentum=0.9, weight_decay=1e-4)
    snapshots = Snapshots(model, optimizer, run.epochs * len(batches))
    model.train()
    for epoch in range(run.cycles * run.epochs):
        total = 0.0
        for x, y in batches.epoch():
            loss = F.cross_entropy(model(from_numpy(x)), from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            snapshots.step()
            total += float(loss.item())
        print(f"epoch {epoch + 1}: loss {total / len(batches):.3f}", flush=True)
    return snapshots.states


def _inputs(split: Split, preprocessing: Preprocessing, size: int) -> list[Any]:
    """Batches for the statistics of averaged networks."""
    x = preprocessing.to_input(split.images)
    return [from_numpy(x[k : k + size]) for k in range(0, len(x), size)]


def _text(two: Comparison, cycles: Comparison, taken: list[int], run: Run, line: str) -> str:
    names = ", ".join(map(str, taken))
    return "\n".join([
        f"Two networks with published weights, ResNet-20 and ResNet-32, on {two.tested} of "
        f"CIFAR-10's test images. They differ on {100 * two.apart:.1f} % of them.\n",
        two.markdown(),
        f"Snapshots of one run: ResNet-8, {run.images} training images, {run.cycles} cycles of "
        f"{run.epochs} epochs, rate {run.lr:g} to 0 in each; the last {LAST} are combined. Two of "
        f"them differ on {100 * cycles.apart:.1f} % of the test images. Parameters: of the last "
        f"{LAST}, and of those that a greedy soup takes by {HELD_OUT} other training images (here "
        f"{names}); batch norm's statistics are computed anew on the training images. {line}\n",
        cycles.markdown(),
    ])  # fmt: skip


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", required=True, metavar="NAME=FILE,…")
    parser.add_argument("--cifar", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
