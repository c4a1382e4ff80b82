"""Trains ResNet-20 on CIFAR-10 with the default recipe, and writes docs/results.md from that run.

    python benchmarks/train_cifar.py --root DIR [--epochs N | --minutes N] [--seed N] [--threads N]

DIR holds `cifar-10-batches-py`. A run that was stopped goes on when the same line is given again
(its folder is --run); one that is finished is only written down again.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from timing import machine

from minitorch_cv.backend.threads import set_num_threads
from minitorch_cv.cli import main as command
from minitorch_cv.tasks import checkpoint as files
from minitorch_cv.tasks.errors import Interrupted
from minitorch_cv.tasks.evaluation.evaluate import evaluate
from minitorch_cv.tasks.evaluation.metrics import per_class_accuracy, top_k_error
from minitorch_cv.tasks.networks import described
from minitorch_cv.tasks.recipes import Settings, in_words, recipe
from minitorch_cv.tasks.run_folder import RunFolder
from minitorch_cv.tasks.splits import load_split, load_splits
from minitorch_cv.tasks.train import Trainer

ROOT = Path(__file__).resolve().parents[1]
PICTURE = "pictures/resnet20_cifar10.png"
TIMED = 12  # batches by which --minutes is turned into epochs
ROWS = 15  # of the page's table, at most


def main() -> int:
    given = _parse()
    path = Path(given.run)
    saved = path / "checkpoint.safetensors"
    words = ["--threads", str(given.threads), "--no-check"]
    if saved.exists():
        code = command(["train", "--resume", str(saved), "--root", given.root, *words])
    else:
        epochs = epochs_in(given) if given.minutes else given.epochs
        new = ["train", given.model, "--data", "cifar10", "--root", given.root, "--out", str(path)]
        new += ["--seed", str(given.seed), "--limit", str(given.limit)]
        code = command([*new, *(["--epochs", str(epochs)] if epochs else []), *words])
    if code:
        return code
    set_num_threads(given.threads)
    page(files.load(saved), given)
    return 0


def epochs_in(given: argparse.Namespace) -> int:
    """How many epochs pass in --minutes, by the time of a few batches and of one evaluation."""
    settings = recipe(given.model, "cifar10").changed(root=given.root, limit=given.limit)
    set_num_threads(given.threads)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(settings, *load_splits(settings), RunFolder(folder))
        trainer.folder.create()
        with contextlib.suppress(Interrupted):
            trainer.run(
                on_batch=lambda running: seconds.append(running.seconds),
                stopped=lambda: signal.SIGINT if len(seconds) >= TIMED else 0,
            )
        start = time.perf_counter()
        trainer.evaluate()
        evaluation = time.perf_counter() - start
    steps = [after - before for before, after in zip(seconds[1:], seconds[2:], strict=False)]
    epoch = statistics.median(steps or seconds) * len(trainer.batches) + evaluation
    return max(1, int(given.minutes * 60 / epoch))


def page(saved: files.Checkpoint, given: argparse.Namespace) -> None:
    """Writes docs/results.md and its picture from the run's own checkpoint."""
    training = saved.training
    settings = Settings.from_json(training["settings"]).changed(root=given.root)
    history = training["history"]
    model, preprocessing, classes = described(saved)
    result = evaluate(model, load_split(settings, train=False), preprocessing)
    shares = per_class_accuracy(result.scores, result.labels)
    draw(history, given.docs / PICTURE, f"{settings.model} on CIFAR-10")
    worst = " · ".join(f"{n} {100 * s:.1f}" for n, s in zip(classes, shares, strict=True))
    minutes = training["progress"]["seconds"] / 60
    count = sum(p.numel() for p in model.parameters())
    speed = statistics.median(line["images_per_second"] for line in history)
    text = PAGE.format(
        model=settings.model, count=f"{count:,}".replace(",", " "), picture=PICTURE,
        train=training["images"]["train"], test=training["images"]["test"],
        accuracy=f"{100 * result.accuracy:.2f}", right=result.correct, total=len(result.labels),
        top5=f"{100 * top_k_error(result.scores, result.labels, 5):.2f}",
        loss=f"{result.loss:.4f}", recipe=in_words(settings), classes=worst,
        minutes=f"{minutes:.1f}", speed=f"{speed:.0f}",
        place=_place(given.threads), table=table(history), epochs=settings.epochs,
        seed=settings.seed, threads=given.threads,
    )  # fmt: skip
    (given.docs / "results.md").write_text(text, encoding="utf-8")
    print(f"wrote {given.docs / 'results.md'}")


PAGE = """\
# A training run, logged

{model} ({count} parameters) on real CIFAR-10: the {train} training images and {test} test
images that lie in the folder given with `--root`. **{accuracy} % of the {total} test images are
right** ({right}; top-5 error {top5} %, loss {loss}) after {epochs} epochs with seed {seed},
{minutes} minutes of training on {place}, {speed} images in a second (median over epochs).

Recipe: {recipe}.
The weights are those of the last epoch, not the best on the test images.

![Loss and accuracy by epoch]({picture})

{table}

Accuracy of each class in per cent: {classes}.

This page is written by the run, from its own checkpoint:

```
python benchmarks/train_cifar.py --root DIR --epochs {epochs} --seed {seed} --threads {threads}
```
"""


def table(history: list[dict[str, Any]]) -> str:
    """A line for some of the epochs, first and last among them."""
    step = max(1, -(-len(history) // ROWS))
    chosen = [line for k, line in enumerate(history) if k == 0 or (k + 1) % step == 0]
    if chosen[-1] is not history[-1]:
        chosen.append(history[-1])
    rows = [
        "| epoch | learning rate | training loss | training accuracy | test loss | test accuracy "
        "| minutes so far |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for line in chosen:
        spent = sum(other["seconds"] for other in history[: line["epoch"]]) / 60
        rows.append(
            f"| {line['epoch']} | {line['lr']:.4f} | {line['train_loss']:.4f} "
            f"| {100 * line['train_accuracy']:.2f} % | {line['test_loss']:.4f} "
            f"| {100 * line['test_accuracy']:.2f} % | {spent:.1f} |"
        )
    return "\n".join(rows)


def draw(history: list[dict[str, Any]], path: Path, title: str) -> None:
    """Loss and accuracy against epochs, training and test."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.4))
    epochs = [line["epoch"] for line in history]
    for axes, quantity, scale in zip(panels, ("loss", "accuracy"), (1, 100), strict=True):
        for part, colour in (("train", "#e4572e"), ("test", "#2e86ab")):
            values = [scale * line[f"{part}_{quantity}"] for line in history]
            axes.plot(
                epochs, values, color=colour, label=part, marker="." if len(epochs) < 3 else ""
            )
        axes.set_xlabel("epoch")
        axes.set_ylabel("cross-entropy" if quantity == "loss" else "right, %")
        axes.grid(color="#e8edf2")
        axes.legend(frameon=False)
    figure.suptitle(title)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _place(threads: int) -> str:
    facts = machine(threads)
    return f"{facts['cpu']} ({threads} thread{'s' if threads > 1 else ''})"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="folder that holds cifar-10-batches-py")
    parser.add_argument("--model", default="resnet20", help="default: resnet20")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, default=0, help="default: the recipe's")
    length.add_argument("--minutes", type=float, default=0.0, help="as many epochs as fit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="only the first images (0: all)")
    parser.add_argument("--run", default=str(ROOT / "runs" / "resnet20-cifar10"),
                        help="folder of the run")  # fmt: skip
    parser.add_argument(
        "--docs", type=Path, default=ROOT / "docs", help="where the page is written"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
