"""ResNet-20, trained on CIFAR-10, learns MNIST from few examples: the part of docs/adaptation.md.

    python benchmarks/adaptation.py --weights resnet20.th --mnist DIR --cifar DIR [--threads N]

--mnist: the folder of the four .gz files; --cifar: that holds `cifar-10-batches-py`. Features are
kept in --cache. --quick runs the smallest part of it and writes to --out only.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from page_part import put, where
from timing import machine

from minitorch_cv.backend.threads import set_num_threads
from minitorch_cv.models import resnet20
from minitorch_cv.tasks.adaptation import (
    Comparison,
    FeatureCache,
    Plan,
    Tuning,
    compare_adaptation,
    pretrained,
)
from minitorch_cv.tasks.recipes import Settings
from minitorch_cv.tasks.splits import Split, load_split

DOCS = Path(__file__).resolve().parents[1] / "docs"
COUNTS = (1, 5, 20, 50)
TESTED = 500


def main() -> int:
    given = _parse()
    set_num_threads(given.threads)
    about, began = machine(given.threads), time.perf_counter()
    quick = Tuning(steps=2, batch_size=10)
    few = Plan((1,), (0,), tuning=quick, scratch=quick)
    far = _compare(given, "mnist", given.mnist, few if given.quick else Plan(COUNTS))
    probes = Plan(COUNTS, methods=("probe",), seeds=(0,) if given.quick else (0, 1, 2))
    near = _compare(given, "cifar10", given.cifar, probes) if given.cifar else None
    seconds = time.perf_counter() - began
    for file in far.write(given.out, "ResNet-20 of CIFAR-10 learns MNIST"):
        print(f"wrote {file}")
    if not given.quick:
        (DOCS / "pictures" / "adaptation.png").write_bytes(
            (Path(given.out) / "adaptation.png").read_bytes()
        )
        put(DOCS / "adaptation.md", _text(far, near, where(about, seconds)))
        print(f"wrote {DOCS / 'adaptation.md'}")
    return 0


def _compare(given: argparse.Namespace, data: str, root: str, plan: Plan) -> Comparison:
    model, preprocessing = pretrained("resnet20", given.weights)
    wanted = Settings("", data, 1, 1, 0.0, root=root)
    train, test = load_split(wanted, train=True), load_split(wanted, train=False)
    chosen = np.sort(np.random.default_rng(0).permutation(len(test.labels))[:TESTED])
    test = Split(test.images[chosen], test.labels[chosen], test.classes)
    return compare_adaptation(
        model, resnet20, train, test, preprocessing, plan, FeatureCache(given.cache),
        lambda row: print(f"{data} {row.method} {row.per_class} seed {row.seed}: "
                          f"{row.accuracy:.3f} ({row.seconds:.1f} s)", flush=True),
    )  # fmt: skip


def _text(far: Comparison, near: Comparison | None, machine_line: str) -> str:
    plan = Plan()
    parts = [
        f"Test accuracy in %, mean ± deviation over {len(plan.seeds)} seeds, {far.tested} test "
        f"images drawn at random. ResNet-20 with the published CIFAR-10 weights; MNIST's digits in "
        f"three equal channels, 28 × 28 in 32 × 32. Training: {plan.tuning.steps} steps "
        f"({plan.scratch.steps} from scratch) of up to {plan.tuning.batch_size} images, SGD with "
        f"momentum {plan.tuning.momentum:g}, rate {plan.tuning.lr:g}, cosine. {machine_line}\n",
        far.markdown(),
        "![accuracy against examples per class](pictures/adaptation.png)\n",
    ]
    if near is not None:
        parts += [
            "The same network with its head dropped, probed on CIFAR-10 itself. This is no test of "
            "transfer: its features were trained on these very classes and training images.\n",
            near.markdown(),
        ]
    return "\n".join(parts)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", required=True)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--cifar")
    parser.add_argument("--cache", default="runs/features")
    parser.add_argument("--out", default="runs/adaptation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
