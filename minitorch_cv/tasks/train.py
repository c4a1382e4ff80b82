"""The training loop: batches, steps, an evaluation and a checkpoint after each epoch.

Everything that decides what comes next (parameters, optimizer, schedule, three random streams,
the place within the epoch and its running sums) is in the checkpoint, so a run that was stopped
anywhere and resumed ends bit for bit where it would have ended.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import optim
from ..autograd import from_numpy
from ..backend import to_numpy
from ..backend.random import default_generator, manual_seed
from ..nn import functional as F  # noqa: N812
from ..optim import lr_scheduler
from . import checkpoint as files
from .checkpoint import Checkpoint
from .errors import CheckpointError, DivergedError, Interrupted
from .evaluation.evaluate import Evaluation, evaluate
from .networks import arguments_for, build, load_weights, require_fit
from .packing import pack, unpack
from .preprocessing import Preprocessing
from .recipes import Settings
from .run_folder import RunFolder
from .splits import Batches, Split

# The share of auxiliary heads in the loss (Szegedy et al., "Going deeper with convolutions", 2015,
# section 5).
AUXILIARY = 0.3
Watch = Callable[["Trainer"], None]


def _nothing(trainer: Trainer) -> None:
    """The watcher that is used where none is given."""


class Trainer:
    """A training run in progress.

    epoch: epochs finished; batch: batches done of the present one; history: one dictionary for
    each finished epoch, as in metrics.jsonl; seconds: time spent training, over all sessions.
    """

    def __init__(
        self,
        settings: Settings,
        train: Split,
        test: Split,
        preprocessing: Preprocessing,
        folder: RunFolder,
    ) -> None:
        self.settings, self.train_split, self.test_split = settings, train, test
        self.preprocessing, self.folder = preprocessing, folder
        manual_seed(settings.seed)
        classes, image = len(train.classes), preprocessing.shape
        self.model_args = arguments_for(settings.model, classes, image)
        self.model = build(settings.model, self.model_args)
        require_fit(self.model, settings.model, classes, image)
        self.optimizer = optim.SGD(
            self.model.parameters(), lr=settings.lr, momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )  # fmt: skip
        self.schedule = make_schedule(self.optimizer, settings)
        self.batches = Batches(train, preprocessing, settings)
        self.epoch = self.batch = 0
        self.history: list[dict[str, Any]] = []
        self.seconds = 0.0
        self._begin_epoch()

    # What a progress bar shows.

    @property
    def loss(self) -> float:
        """The mean loss of this epoch so far."""
        return self._loss_sum / max(self._seen, 1)

    @property
    def accuracy(self) -> float:
        """The share of this epoch's training images that were right when they were seen."""
        return self._correct / max(self._seen, 1)

    @property
    def images_done(self) -> int:
        """Training images seen since the start of the run."""
        return self.epoch * len(self.train_split.labels) + self._seen

    @property
    def images_total(self) -> int:
        """Training images of the whole run."""
        return self.settings.epochs * len(self.train_split.labels)

    # The loop.

    def run(
        self,
        on_batch: Watch = _nothing,
        on_epoch: Watch = _nothing,
        stopped: Callable[[], int] = lambda: 0,
    ) -> None:
        """Trains up to the last epoch. A checkpoint is written at the start and after each epoch.

        on_batch, on_epoch: called after each; stopped: asked after each batch, answers the number
        of the signal that wants an end (0: none); the run is then saved and Interrupted is raised.
        Raises DivergedError when the loss is no longer finite; the last good checkpoint stays.
        """
        self.model.train()
        if not self.folder.checkpoint.exists():
            self.save()
        while self.epoch < self.settings.epochs:
            self._run_epoch(on_batch, stopped)
            self._end_epoch()
            on_epoch(self)
            self._stop_if_asked(stopped)

    def _run_epoch(self, on_batch: Watch, stopped: Callable[[], int]) -> None:
        self._order_at_start = self.batches.order.get_state()
        for x, y in self.batches.epoch(self.batch):
            start = time.perf_counter()
            self._step(x, y)
            self.seconds += time.perf_counter() - start
            self._epoch_seconds += time.perf_counter() - start
            self.batch += 1
            on_batch(self)
            self._stop_if_asked(stopped)

    def _stop_if_asked(self, stopped: Callable[[], int]) -> None:
        number = stopped()
        if number:
            self.save()
            raise Interrupted(number)

    def _step(self, x: np.ndarray, y: np.ndarray) -> None:
        """Forward, backward, update: one batch."""
        scores, *side = _all_scores(self.model(from_numpy(x)))
        loss = self._cross_entropy(scores, y)
        for other in side:
            loss = loss + AUXILIARY * self._cross_entropy(other, y)
        value = float(loss.item())
        if not math.isfinite(value):
            raise DivergedError(self._diverged(f"the loss became {value}"))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self._loss_sum += value * len(y)
        self._correct += int((np.argmax(to_numpy(scores.array), axis=1) == y).sum())
        self._seen += len(y)

    def _cross_entropy(self, scores: Any, y: np.ndarray) -> Any:
        return F.cross_entropy(scores, from_numpy(y), label_smoothing=self.settings.label_smoothing)

    def _end_epoch(self) -> None:
        self._require_finite()
        lr = float(self.optimizer.param_groups[0]["lr"])
        self.schedule.step()
        test = self.evaluate()
        self.epoch, self.batch = self.epoch + 1, 0
        line = {
            "epoch": self.epoch,
            "train_loss": self.loss,
            "train_accuracy": self.accuracy,
            "test_loss": test.loss,
            "test_accuracy": test.accuracy,
            "lr": lr,
            "seconds": round(self._epoch_seconds, 3),
            "images_per_second": round(self._seen / max(self._epoch_seconds, 1e-9), 1),
        }
        self.history.append(line)
        self._begin_epoch()
        self.folder.append(line)
        self.save()

    def _begin_epoch(self) -> None:
        self._loss_sum, self._correct, self._seen, self._epoch_seconds = 0.0, 0, 0, 0.0
        self._order_at_start = self.batches.order.get_state()

    def evaluate(self) -> Evaluation:
        """The network as it is now on the test images."""
        return evaluate(self.model, self.test_split, self.preprocessing)

    # Saving and resuming.

    def save(self) -> None:
        """Writes the checkpoint. Raises DivergedError rather than save NaN or infinity."""
        self._require_finite()
        files.save(self.folder.checkpoint, self.state())

    def state(self) -> Checkpoint:
        """The whole state of the run."""
        tensors = {
            f"model.{name}": to_numpy(value.detach().array)
            for name, value in self.model.state_dict().items()
        }
        settings = self.settings
        training = {
            "model": {"name": settings.model, "arguments": self.model_args},
            "classes": list(self.train_split.classes),
            "preprocessing": self.preprocessing.as_json(),
            "settings": settings.as_json(),
            "images": {"train": len(self.train_split.labels), "test": len(self.test_split.labels)},
            "progress": {
                "epoch": self.epoch, "batch": self.batch, "loss_sum": self._loss_sum,
                "correct": self._correct, "seen": self._seen,
                "epoch_seconds": self._epoch_seconds, "seconds": self.seconds,
            },
            "random": {
                "default": default_generator.get_state(),
                "order": self._order_at_start,
                "moves": self.batches.moves.get_state(),
            },
            "optimizer": pack(self.optimizer.state_dict(), "optimizer", tensors),
            "schedule": pack(self.schedule.state_dict(), "schedule", tensors),
            "history": self.history,
        }  # fmt: skip
        return Checkpoint(tensors, training)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on from `state`. Raises CheckpointError where it does not fit this run."""
        training = checkpoint.training
        try:
            load_weights(self.model, checkpoint)
            self.optimizer.load_state_dict(unpack(training["optimizer"], checkpoint.tensors))
            self.schedule.load_state_dict(unpack(training["schedule"], checkpoint.tensors))
            default_generator.set_state(training["random"]["default"])
            self.batches.order.set_state(training["random"]["order"])
            self.batches.moves.set_state(training["random"]["moves"])
            progress = training["progress"]
            self.epoch, self.batch = progress["epoch"], progress["batch"]
            self._loss_sum, self._correct = progress["loss_sum"], progress["correct"]
            self._seen, self._epoch_seconds = progress["seen"], progress["epoch_seconds"]
            self.seconds = progress["seconds"]
            self.history = list(training["history"])
            self.optimizer.has_stepped = self.epoch + self.batch > 0
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise CheckpointError(f"checkpoint: it cannot be resumed from ({error!r})") from error
        self._order_at_start = self.batches.order.get_state()

    def _require_finite(self) -> None:
        for name, value in self.model.state_dict().items():
            if value.dtype.kind == "f" and not np.isfinite(to_numpy(value.array)).all():
                raise DivergedError(self._diverged(f"parameter {name} became NaN or infinite"))

    def _diverged(self, what: str) -> str:
        lr = self.optimizer.param_groups[0]["lr"]
        kept = self.folder.checkpoint
        return (
            f"train: {what} in epoch {self.epoch + 1}, batch {self.batch + 1} (lr {lr:g}); the "
            f"last good checkpoint is kept in {kept}; start again with a smaller --lr"
        )


def _all_scores(answer: Any) -> list[Any]:
    """The scores of a network, then those of its auxiliary heads where it has any."""
    if not isinstance(answer, tuple):
        return [answer]
    return [scores for scores in answer if scores is not None]


def make_schedule(optimizer: Any, settings: Settings) -> Any:
    """The learning rate's schedule, one step for each epoch."""
    if settings.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    if settings.schedule == "drops":
        places = [settings.epochs // 2, settings.epochs * 3 // 4]
        return lr_scheduler.MultiStepLR(optimizer, places, gamma=0.1)
    if settings.schedule == "step":
        return lr_scheduler.StepLR(optimizer, max(1, -(-settings.epochs // 3)), gamma=0.1)
    return lr_scheduler.StepLR(optimizer, settings.epochs + 1, gamma=1.0)
