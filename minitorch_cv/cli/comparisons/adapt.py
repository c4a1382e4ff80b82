"""`minitorch-cv adapt`: scratch, probe and fine-tuning against the number of examples."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...backend.threads import set_num_threads
from ...tasks.adaptation import FeatureCache, Plan, Tuning, compare_adaptation, pretrained
from ...tasks.errors import TaskError
from ...tasks.networks import arguments_for, build
from ...tasks.recipes import Settings
from ...tasks.splits import Split, load_split
from ..accuracy import percent
from ..progress import StepBar


def adapt(arguments: Any) -> int:
    """Prints the table; writes it, the runs and the picture."""
    set_num_threads(arguments.threads)
    plan = _plan(arguments)
    model, preprocessing = pretrained(arguments.model, arguments.weights, arguments.input)
    wanted = Settings("", arguments.data, 1, 1, 0.0, root=arguments.root)
    train = load_split(wanted, train=True)
    test = _drawn(load_split(wanted, train=False), arguments.limit)
    options = arguments_for(arguments.model, len(train.classes), preprocessing.shape)
    cache = FeatureCache(arguments.cache or os.path.join(arguments.out, "features"))
    print(f"{arguments.model} from {arguments.weights} to {arguments.data}: "
          f"{len(train.classes)} classes, {len(test.labels)} test images", flush=True)  # fmt: skip
    total = len(plan.per_class) * len(plan.seeds) * len(plan.methods)
    with StepBar(total) as bar:
        result = compare_adaptation(
            model, lambda: build(arguments.model, options), train, test, preprocessing, plan, cache,
            lambda row: bar.next(f"{row.method} {row.per_class}: {percent(row.accuracy)}"),
        )  # fmt: skip
    print(result.markdown(), end="")
    print(f"accuracy in %, mean ± deviation over {len(plan.seeds)} seeds; features computed "
          f"{cache.computed} times, found {cache.found} times")  # fmt: skip
    for file in result.write(arguments.out, f"{arguments.model} → {arguments.data}"):
        print(f"wrote {file}")
    return 0


def _plan(arguments: Any) -> Plan:
    """What the flags ask for. Raises TaskError for rates that are out of range."""
    head = arguments.head_lr
    if min(arguments.lr, arguments.scratch_lr, arguments.lr if head is None else head) <= 0:
        raise TaskError("adapt: --lr, --head-lr and --scratch-lr are above 0")
    if not 0 < arguments.decay <= 1:
        raise TaskError(f"adapt: --decay lies above 0 and at most at 1 (got {arguments.decay:g})")
    steps, size = arguments.steps, arguments.batch_size
    return Plan(
        arguments.per_class, tuple(range(arguments.seeds)), arguments.methods,
        Tuning(steps, size, arguments.lr, head, arguments.decay),
        Tuning(arguments.scratch_steps, size, arguments.scratch_lr),
    )  # fmt: skip


def _drawn(test: Split, count: int) -> Split:
    """`count` test images, the same in every run; all for 0."""
    if not 0 < count < len(test.labels):
        return test
    chosen = np.sort(np.random.default_rng(0).permutation(len(test.labels))[:count])
    return Split(test.images[chosen], test.labels[chosen], test.classes)
