"""One table: from scratch, by a probe, by fine-tuning, against the number of examples."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ... import nn
from ...backend.random import manual_seed
from ..errors import TaskError
from ..evaluation.evaluate import predict_scores
from ..evaluation.metrics import accuracy
from ..preprocessing import Preprocessing
from ..splits import Split
from .features import FeatureCache
from .freezing import freeze, unfreeze
from .heads import replace_head
from .probe import linear_probe
from .source import with_channels
from .table import Comparison, Row
from .tuning import Tuning, fine_tune

METHODS = {
    "scratch": "a new network, trained on the examples alone",
    "probe": "logistic regression on the features of the trained network",
    "svm": "a linear support vector machine on the same features",
    "head": "a new head on the trained network, the rest frozen",
    "fine-tune": "a new head on the trained network, all of it trained",
    "gradual": "the same, thawed one stage after the other",
}
Watch = Callable[[Row], None]


@dataclass(frozen=True)
class Plan:
    """What is compared.

    per_class: numbers of examples of each class; seeds: each draws its examples (those of a small
    number are among those of a larger one) and starts its networks; methods: names in METHODS.
    tuning: of trained networks; scratch: of new ones, which need more steps; C: of the probes.
    """

    per_class: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    seeds: tuple[int, ...] = (0, 1, 2)
    methods: tuple[str, ...] = ("scratch", "probe", "fine-tune")
    tuning: Tuning = field(default_factory=Tuning)
    scratch: Tuning = field(default_factory=lambda: Tuning(steps=150))
    C: float = 1.0

    def __post_init__(self) -> None:
        unknown = [name for name in self.methods if name not in METHODS]
        if unknown:
            raise TaskError(f"adapt: there is no {unknown[0]!r}; there are: {', '.join(METHODS)}")
        if not self.methods or not self.seeds or not self.per_class or min(self.per_class) < 1:
            raise TaskError(
                "adapt: give at least one method, one seed, and numbers of examples of at least 1 "
                f"(got {self.methods}, {self.seeds}, {self.per_class})"
            )


def compare_adaptation(
    model: nn.Module,
    fresh: Callable[[], nn.Module],
    train: Split,
    test: Split,
    preprocessing: Preprocessing,
    plan: Plan,
    cache: FeatureCache | None = None,
    watch: Watch = lambda row: None,
) -> Comparison:
    """Accuracies on `test` of every method, with every number of examples and every seed.

    model: the trained network, which is not changed; fresh: makes a new one with a score for each
    class of `train`. cache: of features; watch: called with each row once it is known.
    Raises TaskError where a class has fewer examples than the plan wants.
    """
    run = _Run(model, fresh, train, test, preprocessing, plan, cache or FeatureCache())
    rows = []
    for seed in plan.seeds:
        chosen = choose(train.labels, len(train.classes), max(plan.per_class), seed)
        for count in plan.per_class:
            for method in plan.methods:
                began = time.perf_counter()
                share = run.accuracy(method, chosen, count, seed)
                rows.append(Row(method, count, seed, share, time.perf_counter() - began))
                watch(rows[-1])
    return Comparison(tuple(rows), len(train.classes), len(test.labels))


def choose(labels: np.ndarray, classes: int, count: int, seed: int) -> np.ndarray:
    """Indices (classes, count) of images, drawn without repetition; the first n are nested."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(classes):
        there = rng.permutation(np.flatnonzero(labels == k))
        if len(there) < count:
            raise TaskError(
                f"adapt: class {k} has {len(there)} training images, {count} are wanted; ask for "
                "fewer for each class"
            )
        rows.append(there[:count])
    return np.stack(rows)


class _Run:
    """The methods, and what they share."""

    def __init__(
        self, model: nn.Module, fresh: Callable[[], nn.Module], train: Split, test: Split,
        preprocessing: Preprocessing, plan: Plan, cache: FeatureCache,
    ) -> None:  # fmt: skip
        self.model, self.fresh, self.train, self.plan = model, fresh, train, plan
        self.preprocessing, self.cache = preprocessing, cache
        self.labels = test.labels
        self.images = with_channels(test.images, preprocessing.shape[0])
        self._features: dict[Any, np.ndarray] = {}

    def accuracy(self, method: str, chosen: np.ndarray, count: int, seed: int) -> float:
        """On the test images, after learning from the first `count` chosen of each class."""
        labels = self.train.labels[chosen[:, :count].ravel()]
        if method in ("probe", "svm"):
            kind = "svm" if method == "svm" else "logistic"
            known = self._of(chosen, seed).reshape(*chosen.shape, -1)[:, :count]  # (K, count, D)
            probe = linear_probe(known.reshape(len(labels), -1), labels, kind, self.plan.C)
            return probe.accuracy(self._of(None, None), self.labels)
        manual_seed(seed)  # of the new layers
        if method == "scratch":
            network, tuning = self.fresh(), self.plan.scratch
        else:
            network, tuning = unfreeze(copy.deepcopy(self.model)), self.plan.tuning
            replace_head(network, len(self.train.classes))
            if method == "head":
                freeze(network)
            tuning = replace(tuning, gradual=method == "gradual" or tuning.gradual)
        fine_tune(
            network, self._images(chosen[:, :count]), labels, self.preprocessing, tuning, seed
        )
        return accuracy(predict_scores(network, self.images, self.preprocessing), self.labels)

    def _images(self, chosen: np.ndarray) -> np.ndarray:
        return with_channels(self.train.images[chosen.ravel()], self.preprocessing.shape[0])

    def _of(self, chosen: np.ndarray | None, seed: int | None) -> np.ndarray:
        """Features of the chosen training images; of the test images for None."""
        if seed not in self._features:
            images = self.images if chosen is None else self._images(chosen)
            self._features[seed] = self.cache.get(self.model, images, self.preprocessing)
        return self._features[seed]
