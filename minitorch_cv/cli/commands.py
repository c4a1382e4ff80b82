"""The short commands: eval, predict, check, where, models. `train` has a file of its own."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from ..backend.threads import set_num_threads
from ..tasks.errors import TaskError
from .accuracy import below, percent


def run(arguments: Any) -> int:
    """Runs the command that was parsed; answers its exit code."""
    from .explain_conv import explain_conv
    from .gradcheck import gradcheck
    from .training import train
    from .weights import weights

    commands = {
        "train": train, "eval": evaluate, "predict": predict, "check": check,
        "explain-conv": explain_conv, "gradcheck": gradcheck, "where": where, "models": models,
        "weights": weights,
    }  # fmt: skip
    return commands[arguments.command](arguments)


def evaluate(arguments: Any) -> int:
    """`minitorch-cv eval`."""
    from ..tasks import checkpoint as files
    from ..tasks.evaluate import evaluate as measure
    from ..tasks.metrics import confusion_matrix
    from ..tasks.networks import described
    from ..tasks.recipes import Settings
    from ..tasks.splits import load_split

    set_num_threads(arguments.threads)
    model, preprocessing, classes = described(files.load(arguments.checkpoint))
    wanted = Settings("", arguments.data, 1, 1, 0.0, root=arguments.root, limit=arguments.limit)
    split = load_split(wanted, train=False)
    if len(split.classes) != len(classes):
        raise TaskError(
            f"eval: the network knows {len(classes)} classes, {arguments.data} has "
            f"{len(split.classes)}; evaluate it on the data set it was trained on"
        )
    start = time.perf_counter()
    result = measure(model, split, preprocessing)
    seconds = time.perf_counter() - start
    total = len(split.labels)
    print(f"accuracy  {percent(result.accuracy)} ({result.correct} of {total} test images)")
    print(f"loss      {result.loss:.4f}")
    print(f"time      {seconds:.2f} s")
    counts = confusion_matrix(result.scores.argmax(axis=1), split.labels, len(classes))
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:5]
    worst = [divmod(int(k), len(classes)) for k in order if counts.flat[k]]
    for true, said in worst:
        print(f"mistaken  {classes[true]} for {classes[said]}: {counts[true, said]}")
    return int(below(result.accuracy, arguments.min_accuracy))


def predict(arguments: Any) -> int:
    """`minitorch-cv predict`: every picture that can be read; 2 when one of them could not."""
    from ..tasks import checkpoint as files
    from ..tasks.evaluate import predict_scores
    from ..tasks.metrics import softmax, top_k
    from ..tasks.networks import described
    from ..tasks.pictures import read_picture

    model, preprocessing, classes = described(files.load(arguments.checkpoint))
    width = max(map(len, classes))
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
        for k in top_k(scores, min(arguments.top, len(classes)))[0]:
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
