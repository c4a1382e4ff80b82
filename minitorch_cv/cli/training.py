"""`minitorch-cv train`: settings, the run, the gradient check of every layer, the report."""

from __future__ import annotations

import datetime
import os
import platform
import signal
import sys
import time
from typing import Any

import numpy as np

from ..autograd import from_numpy
from ..backend.atomic import write_atomically
from ..backend.registry import telling
from ..backend.threads import set_num_threads
from ..tasks import checkpoint as files
from ..tasks.errors import CheckpointError, Interrupted, TaskError
from ..tasks.evaluation.evaluate import Evaluation
from ..tasks.recipes import Settings, recipe
from ..tasks.report import LayerRow, RunFacts, render
from ..tasks.run_folder import RunFolder, fresh_folder
from ..tasks.splits import load_splits
from ..tasks.train import Trainer
from .accuracy import below, percent
from .interrupt import deferred_signals
from .progress import progress_for, write_line

# The flags that decide how a run goes; a resumed run has them from its checkpoint.
_FLAGS = (
    "epochs", "batch_size", "lr", "momentum", "weight_decay", "schedule", "label_smoothing",
    "shift", "rotate", "scale", "shear", "crop_padding", "flip", "image_size", "seed", "limit",
)  # fmt: skip
_CHECKED_IMAGES = 4  # the gradient check runs on the first test images; more only take longer


def train(arguments: Any) -> int:
    """Runs `minitorch-cv train`; answers its exit code."""
    set_num_threads(arguments.threads)
    with telling(write_line):  # that kernels are compiled, for which the first run waits
        return _run(arguments)


def _run(arguments: Any) -> int:
    began = time.perf_counter()
    trainer = _resumed(arguments) if arguments.resume else _new(arguments)
    _announce(trainer)
    stopped = _train(trainer)
    if stopped:
        return stopped
    result = trainer.evaluate()
    print(f"test accuracy {percent(result.accuracy)} ({result.correct} of {len(result.labels)}), "
          f"loss {result.loss:.4f}, trained in {trainer.seconds:.1f} s")  # fmt: skip
    rows = _check_layers(trainer) if arguments.check else None
    _write_report(trainer, result, rows, time.perf_counter() - began)
    for file in (trainer.folder.checkpoint, trainer.folder.metrics, trainer.folder.report):
        print(f"wrote {file}")
    failed = rows is not None and any(row.verdict == "FAIL" for row in rows)
    return int(below(result.accuracy, arguments.min_accuracy) or failed)


def _new(arguments: Any) -> Trainer:
    """A run from the start, in a folder of its own."""
    if arguments.model is None or arguments.data is None:
        raise TaskError(
            "train: which network and which data? Say `minitorch-cv train lenet --data digits`, or "
            "--resume CHECKPOINT"
        )
    chosen = {name: getattr(arguments, name) for name in _FLAGS}
    base = recipe(arguments.model, arguments.data)
    root = os.path.abspath(arguments.root) if arguments.root else None
    settings = base.changed(root=root, **chosen)
    folder = _folder(arguments, settings)
    train, test, preprocessing = load_splits(settings)
    trainer = Trainer(settings, train, test, preprocessing, folder)
    folder.create()
    folder.clear()
    return trainer


def _folder(arguments: Any, settings: Settings) -> RunFolder:
    """Where a new run is written. Raises TaskError rather than write over a run unasked."""
    if arguments.out is None and not arguments.overwrite:
        return fresh_folder(os.path.join("runs", f"{settings.model}-{settings.data}"))
    folder = RunFolder(arguments.out or os.path.join("runs", f"{settings.model}-{settings.data}"))
    if folder.holds_a_run() and not arguments.overwrite:
        raise TaskError(
            f"train: {folder.path} already holds a run; go on with it (--resume "
            f"{folder.checkpoint}), replace it (--overwrite) or choose another --out"
        )
    return folder


def _resumed(arguments: Any) -> Trainer:
    """A run that goes on where its checkpoint was written."""
    saved = files.load(arguments.resume)
    try:
        settings = Settings.from_json(saved.training["settings"])
        images = saved.training["images"]
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"checkpoint: {arguments.resume} has no settings to go on with "
                              f"({error!r})") from error  # fmt: skip
    settings = _same_settings(arguments, settings)
    folder = RunFolder(arguments.out or os.path.dirname(arguments.resume) or ".")
    _own_folder(arguments, folder)
    train, test, preprocessing = load_splits(settings)
    if len(train.labels) != images["train"] or len(test.labels) != images["test"]:
        raise TaskError(
            f"train: the run had {images['train']} training and {images['test']} test images, "
            f"{settings.data} now has {len(train.labels)} and {len(test.labels)}; give it the same"
        )
    trainer = Trainer(settings, train, test, preprocessing, folder)
    trainer.restore(saved)
    folder.create()
    folder.rewrite(trainer.history)
    if not os.path.exists(folder.checkpoint):
        trainer.save()
    return trainer


def _own_folder(arguments: Any, folder: RunFolder) -> None:
    """A resumed run may be written to its own folder or a free one, not over another run."""
    if arguments.out is None or not folder.holds_a_run() or arguments.overwrite:
        return
    here = os.path.exists(folder.checkpoint)
    if not here or not os.path.samefile(folder.checkpoint, arguments.resume):
        raise TaskError(
            f"train: {folder.path} already holds another run; replace it (--overwrite) or choose "
            "another --out"
        )


def _same_settings(arguments: Any, settings: Settings) -> Settings:
    """The checkpoint's settings; flags that contradict them are refused.

    More epochs are possible where the schedule does not depend on their number.
    """
    saved = settings.as_json()
    given = {name: getattr(arguments, name) for name in (*_FLAGS, "model", "data")}
    for name, value in given.items():
        if value is None or value == saved[name]:
            continue
        if name == "epochs" and settings.schedule == "constant" and value > settings.epochs:
            settings = settings.changed(epochs=value)
            continue
        flag = name.upper() if name == "model" else "--" + name.replace("_", "-")
        raise TaskError(
            f"train: the run to resume has {flag} {saved[name]} (got {value}); leave {flag} out, "
            "or start a new run"
        )
    if arguments.root:
        settings = settings.changed(root=os.path.abspath(arguments.root))
    return settings


def _announce(trainer: Trainer) -> None:
    settings = trainer.settings
    count = sum(parameter.numel() for parameter in trainer.model.parameters())
    print(f"{settings.model} ({count} parameters) on {settings.data}: "
          f"{len(trainer.train_split.labels)} training and {len(trainer.test_split.labels)} test "
          f"images\nwriting to {trainer.folder.path}")  # fmt: skip
    if trainer.epoch or trainer.batch:
        print(f"going on in epoch {trainer.epoch + 1}, after batch {trainer.batch} of "
              f"{len(trainer.batches)}" if trainer.epoch < settings.epochs
              else f"all {settings.epochs} epochs are done already")  # fmt: skip
    sys.stdout.flush()


def _train(trainer: Trainer) -> int:
    """Trains with progress; 0, or the exit code of the signal that stopped it."""
    with deferred_signals() as stopped:
        progress = progress_for(trainer)
        try:
            trainer.run(progress.on_batch, progress.on_epoch, stopped)
        except Interrupted as stop:
            progress.close()
            print(f"minitorch-cv: {stop}; saved in epoch {trainer.epoch + 1}, after batch "
                  f"{trainer.batch} of {len(trainer.batches)}\nGo on with:\n  minitorch-cv train "
                  f"--resume {trainer.folder.checkpoint}", file=sys.stderr)  # fmt: skip
            return 128 + (stop.signal or signal.SIGINT)
        finally:
            progress.close()
    return 0


def _check_layers(trainer: Trainer) -> list[LayerRow]:
    """Gradient-checks every layer of the trained network on real images; one line for each."""
    from ..testing import check_layers

    images = trainer.test_split.images[:_CHECKED_IMAGES]
    x = from_numpy(trainer.preprocessing.to_input(images))
    print(f"gradient check of every layer, float64, on {len(images)} test images", flush=True)
    trainer.model.eval()
    layers = dict(trainer.model.named_modules())
    rows = []
    for layer in check_layers(trainer.model, x):
        count = sum(parameter.numel() for parameter in layers[layer.name].parameters())
        rows.append(LayerRow(layer.name, layer.kind, count, layer.max_error, layer.verdict))
    wide = max((len(row.name) for row in rows), default=0)
    kind = max((len(row.kind) for row in rows), default=0)
    for row in rows:
        print(f"  {row.name:<{wide}}  {row.kind:<{kind}}  {row.parameters:>6} parameters  "
              f"max relative error {row.error:.1e}  {row.verdict}")  # fmt: skip
    return rows


def _write_report(
    trainer: Trainer, result: Evaluation, rows: list[LayerRow] | None, seconds: float
) -> None:
    """Writes report.html."""
    settings = trainer.settings
    shown = {
        name: f"{value:g}" if isinstance(value, float) else value
        for name, value in settings.as_json().items()
        if name != "root"
    }
    if not shown["limit"]:
        del shown["limit"]
    now = datetime.datetime.now().astimezone()
    train_count, test_count = len(trainer.train_split.labels), len(trainer.test_split.labels)
    page = render(
        RunFacts(
            title=f"{type(trainer.model).__name__} on {settings.data}",
            subtitle=f"{train_count} training images, {test_count} test images, "
            f"{now:%d %B %Y, %H:%M %Z}",
            history=trainer.history,
            scores=result.scores,
            labels=result.labels,
            images=trainer.test_split.images,
            classes=trainer.test_split.classes,
            weights=trainer.state().part("model"),
            layers=rows,
            settings=[(name.replace("_", " "), value) for name, value in shown.items()],
            times=_times(trainer, seconds),
        )
    )
    write_atomically(trainer.folder.report, page.encode())


def _times(trainer: Trainer, seconds: float) -> list[tuple[str, Any]]:
    from .. import __version__
    from ..backend import kernels_in_use

    speed = np.median([line["images_per_second"] for line in trainer.history])
    return [
        ("training", f"{trainer.seconds:.1f} s"),
        ("per epoch", f"{trainer.seconds / max(trainer.epoch, 1):.2f} s"),
        ("speed", f"{speed:.0f} images/s (median over epochs)"),
        ("this command", f"{seconds:.1f} s up to this report"),
        ("kernels", kernels_in_use()),
        ("CPU cores", len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
         else os.cpu_count()),
        ("minitorch_cv", __version__),
        ("NumPy", np.__version__),
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.machine()}"),
    ]  # fmt: skip
