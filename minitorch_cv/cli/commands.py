"""The short commands: eval, predict, check, where, models. `train` has a file of its own."""

from __future__ import annotations

import functools
import importlib
import sys
import time
from typing import Any

import numpy as np

from ..backend.threads import set_num_threads
from ..tasks.errors import TaskError
from .accuracy import below, percent


def run(arguments: Any) -> int:
    """Runs the command that was parsed; answers its exit code. Only its own file is imported."""
    here = {"eval": evaluate, "predict": predict, "check": check, "where": where, "models": models}
    command = here.get(arguments.command)
    if command is None:
        name = arguments.command.replace("-", "_")
        command = getattr(importlib.import_module(f".{_FILES.get(name, name)}", __package__), name)
    return command(arguments)


# The files of commands that do not bear their names.
_FILES = {
    "train": "training", "adapt": "comparisons.adapt", "ensemble": "comparisons.ensemble",
}  # fmt: skip


def evaluate(arguments: Any) -> int:
    """`minitorch-cv eval`."""
    from ..tasks.evaluation.evaluate import evaluate as measure
    from ..tasks.recipes import Settings
    from ..tasks.splits import load_split

    set_num_threads(arguments.threads)
    wanted = Settings("", arguments.data, 1, 1, 0.0, root=arguments.root, limit=arguments.limit)
    model, preprocessing, classes = _network(arguments)
    split = load_split(wanted, train=False)
    if len(split.classes) != len(classes):
        raise TaskError(
            f"eval: the network knows {len(classes)} classes, {arguments.data} has "
            f"{len(split.classes)}; evaluate it on the data set it was trained on"
        )
    if split.images.shape[1] != preprocessing.shape[0]:
        raise TaskError(
            f"eval: the network takes images of {preprocessing.shape[0]} channels, "
            f"{arguments.data} has {split.images.shape[1]}; evaluate it on what it was trained on"
        )
    start = time.perf_counter()
    result = measure(model, split, preprocessing, _views(arguments))
    seconds = time.perf_counter() - start
    _print_evaluation(result, split.classes, seconds)
    return int(below(result.accuracy, arguments.min_accuracy))


def _network(arguments: Any) -> tuple[Any, Any, tuple[str, ...]]:
    """(network, preprocessing, class names) of a checkpoint, or of a model with its weights."""
    from ..tasks import checkpoint as files
    from ..tasks.networks import described, scores_of

    if arguments.weights is None:
        return described(files.load(arguments.checkpoint))
    from ..tasks.published import class_names, input_of, published_network

    name = arguments.checkpoint
    preprocessing = input_of(name, arguments.input, arguments.size, arguments.resize)
    model = published_network(name, arguments.weights, dict(arguments.option))
    count = scores_of(model, name, preprocessing.shape)
    return model, preprocessing, class_names(name, count, getattr(arguments, "classes", None))


def _views(arguments: Any) -> Any:
    """The function that scores images as --ten-crop and --scales say."""
    from ..tasks.evaluation.evaluate import predict_scores
    from ..tasks.evaluation.views import dense_scores, ten_crop_scores

    if arguments.scales:
        return functools.partial(dense_scores, scales=arguments.scales)
    return ten_crop_scores if arguments.ten_crop else predict_scores


def _print_evaluation(result: Any, classes: tuple[str, ...], seconds: float) -> None:
    """Errors, loss, the commonest mistakes, and one line for each class."""
    from ..tasks.evaluation import metrics

    total = len(result.labels)
    print(f"accuracy  {percent(result.accuracy)} ({result.correct} of {total} test images)")
    for k in (1, 5):
        if k < len(classes):
            error = metrics.top_k_error(result.scores, result.labels, k)
            print(f"top-{k}     {percent(error)} error ({round(error * total)} of {total})")
    print(f"loss      {result.loss:.4f}")
    print(f"time      {seconds:.2f} s")
    counts = metrics.confusion_matrix(result.scores.argmax(axis=1), result.labels, len(classes))
    for true, said, times in metrics.worst_pairs(counts):
        print(f"mistaken  {classes[true]} for {classes[said]}: {times}")
    shares = metrics.per_class_accuracy(result.scores, result.labels)
    for k, (name, share) in enumerate(zip(classes, shares, strict=True)):
        if counts[k].any():
            print(f"class     {name}: {percent(share)} ({counts[k, k]} of {counts[k].sum()})")


def predict(arguments: Any) -> int:
    """`minitorch-cv predict`: every picture that can be read; 2 when one of them could not."""
    from ..tasks.evaluation.evaluate import predict_scores
    from ..tasks.evaluation.metrics import softmax, top_k
    from ..tasks.pictures import read_picture

    model, preprocessing, classes = _network(arguments)
    code = 0
    for path in arguments.images:
        try:
            image = read_picture(path, preprocessing)
        except TaskError as error:
            print(f"minitorch-cv: error: {error}", file=sys.stderr)
            code = 2
            continue
        scores = predict_scores(model, image.pixels[None], preprocessing)
        chances = softmax(scores)[0]
        note = f"  ({'; '.join(image.notes)})" if image.notes else ""
        print(f"{path}{note}")
        best = top_k(scores, min(arguments.top, len(classes)))[0]
        width = max(len(classes[k]) for k in best)
        for k in best:
            bar = "█" * round(30 * chances[k])
            print(f"  {classes[k]:<{width}} {100 * chances[k]:7.2f} %  {bar}".rstrip())
    return code


def check(arguments: Any) -> int:
    """`minitorch-cv check`: one line for each check; 1 when one fails."""
    from ..testing.op_checks import CHECKS, run_check

    op = _op_named(arguments.op)
    failed = 0
    width = max(len(one.name) for one in CHECKS)
    for one in CHECKS:
        result = run_check(one, op, np.random.default_rng(arguments.seed))
        verdict = "skip" if result.skipped else "PASS" if result.ok else "FAIL"
        print(f"{verdict}  {result.name:<{width}}  {result.message}".rstrip(), flush=True)
        failed += not result.ok
    samples = len(list(op.samples(np.random.default_rng(arguments.seed)))) if op.samples else 0
    summary = f"{failed} failed" if failed else "all well"
    print(f"{op.name}: {len(CHECKS)} checks on {samples} samples, {summary}")
    return int(failed > 0)


def where(arguments: Any) -> int:
    """`minitorch-cv where`: each part of an op and its place."""
    from ..testing.parts import checkout, parts_of

    parts = parts_of(_op_named(arguments.op).name)
    width = max(map(len, parts))
    only_checkout = "" if checkout() else " (tests, benchmarks and docs: in a checkout only)"
    print(f"{arguments.op}{only_checkout}")
    for part, place in parts.items():
        missing = "none yet: reference path" if "kernel" in part else "none yet"
        print(f"  {part:<{width}}  {place or missing}")
    return 0


def _op_named(name: str) -> Any:
    from ..ops.catalog import op_named

    try:
        return op_named(name)
    except ValueError as error:
        raise TaskError(str(error)) from error


def models(arguments: Any) -> int:  # noqa: ARG001 (every command is called with its arguments)
    """`minitorch-cv models`: the networks by name, with their size."""
    from .. import models as room

    width = max(map(len, room.list_models()))
    for name in room.list_models():
        count = f"{room.published(name).parameters:,}".replace(",", " ")
        print(f"{name:<{width}} {count:>11} parameters  {room.meaning(name)}")
    return 0
