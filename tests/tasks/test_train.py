"""The training loop: it can be stopped anywhere and goes on bit for bit; it never saves NaN."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.tasks import checkpoint as files
from minitorch_cv.tasks.errors import CheckpointError, DivergedError, Interrupted, TaskError
from minitorch_cv.tasks.networks import described
from minitorch_cv.tasks.recipes import Settings
from minitorch_cv.tasks.splits import Batches

TIMES = ("seconds", "images_per_second")


def metrics(path: Path) -> list[dict]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines]


def stop_after(count: int):
    """Answers SIGINT once `count` batches are done."""
    asked = [0]

    def stopped() -> int:
        asked[0] += 1
        return signal.SIGINT if asked[0] == count else 0

    return stopped


@pytest.mark.parametrize(
    ("after", "schedule"),  # asked after each of 3 batches, then at the epoch's end, and so on
    [(1, "cosine"), (3, "cosine"), (4, "step"), (6, "cosine"), (8, "constant")],
)
def test_a_stopped_run_goes_on_bit_for_bit(
    tmp_path: Path, settings: Settings, new_trainer, after: int, schedule: str
) -> None:
    settings = settings.changed(schedule=schedule)
    whole = new_trainer(settings, tmp_path / "whole")
    whole.run()
    first = new_trainer(settings, tmp_path / "parts")
    with pytest.raises(Interrupted):
        first.run(stopped=stop_after(after))
    np.random.default_rng().normal()  # what happens in between does not matter
    second = new_trainer(settings.changed(), tmp_path / "parts")
    second.restore(files.load(second.folder.checkpoint))
    second.run()
    a, b = files.load(whole.folder.checkpoint), files.load(second.folder.checkpoint)
    assert a.tensors.keys() == b.tensors.keys()
    assert any(name.startswith("optimizer.") for name in a.tensors)
    for name in a.tensors:
        assert a.tensors[name].tobytes() == b.tensors[name].tobytes(), name
    for part in ("random", "optimizer", "schedule", "settings"):
        assert a.training[part] == b.training[part]
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "parts")
    assert len(metrics(tmp_path / "parts")) == 3


def test_the_seed_decides_everything(tmp_path: Path, settings: Settings, new_trainer) -> None:
    runs = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trainer = new_trainer(settings.changed(seed=seed, epochs=1), tmp_path / name)
        trainer.run()
        runs.append(trainer.state().tensors["model.conv1.weight"])
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_training_lowers_the_loss(tmp_path: Path, settings: Settings, new_trainer) -> None:
    trainer = new_trainer(settings.changed(limit=300, epochs=4), tmp_path)
    trainer.run()
    losses = [line["train_loss"] for line in trainer.history]
    assert losses[-1] < losses[0] - 0.3


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, settings: Settings, new_trainer
) -> None:
    trainer = new_trainer(settings, tmp_path)

    def poison(trainer) -> None:
        if trainer.epoch == 1 and trainer.batch == 2:
            next(iter(trainer.model.parameters())).array[...] = np.nan

    with pytest.raises(DivergedError, match=r"loss became nan in epoch 2, batch 3.*smaller --lr"):
        trainer.run(on_batch=poison)
    saved = files.load(trainer.folder.checkpoint)
    assert saved.training["progress"]["epoch"] == 1
    assert all(np.isfinite(a).all() for a in saved.tensors.values())
    described(saved)


def test_parameters_that_are_not_finite_are_never_saved(
    tmp_path: Path, settings: Settings, new_trainer
) -> None:
    trainer = new_trainer(settings, tmp_path)

    def poison(trainer) -> None:
        if trainer.batch == 3:
            next(iter(trainer.model.parameters())).array[0] = np.inf

    with pytest.raises(DivergedError, match="conv1.weight became NaN or infinite"):
        trainer.run(on_batch=poison)
    assert np.isfinite(files.load(trainer.folder.checkpoint).tensors["model.conv1.weight"]).all()


def test_a_checkpoint_is_there_before_the_first_batch(
    tmp_path: Path, settings: Settings, new_trainer
) -> None:
    trainer = new_trainer(settings, tmp_path)
    with pytest.raises(Interrupted):
        trainer.run(on_batch=lambda t: files.load(t.folder.checkpoint), stopped=stop_after(1))


@pytest.mark.parametrize(
    "change",
    [
        lambda saved: saved.training.pop("optimizer"),
        lambda saved: saved.training.pop("random"),
        lambda saved: saved.tensors.pop("model.conv1.weight"),
        lambda saved: saved.tensors.update({"model.conv1.weight": np.zeros((2, 2))}),
        lambda saved: saved.training["random"].update(order={"seed": 1}),
    ],
)
def test_an_unfitting_checkpoint_is_refused(
    tmp_path: Path, settings: Settings, new_trainer, change
) -> None:
    trainer = new_trainer(settings, tmp_path)
    trainer.save()
    saved = files.load(trainer.folder.checkpoint)
    change(saved)
    with pytest.raises(CheckpointError):
        trainer.restore(saved)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": float("nan")}, "lr is a finite number"),
        ({"lr": -0.1}, "lr is a finite number"),
        ({"momentum": 1.0}, "momentum is below 1"),
        ({"epochs": 0}, "epochs is at least 1"),
        ({"schedule": "linear"}, "no such schedule"),
        ({"weight_decay": float("inf")}, "weight_decay is a finite number"),
    ],
)
def test_bad_settings_are_refused(settings: Settings, change: dict, words: str) -> None:
    with pytest.raises(TaskError, match=words):
        settings.changed(**change)


def test_an_empty_data_set_is_refused(tmp_path: Path, settings: Settings, new_trainer) -> None:
    trainer = new_trainer(settings, tmp_path)
    empty = trainer.train_split._replace(
        images=trainer.train_split.images[:0], labels=trainer.train_split.labels[:0]
    )
    with pytest.raises(TaskError, match="the data set is empty"):
        Batches(empty, trainer.preprocessing, settings)


def test_every_image_comes_once_in_an_epoch_and_the_order_changes(
    tmp_path: Path, settings: Settings, new_trainer
) -> None:
    still = settings.changed(shift=0.0, rotate=0.0, scale=0.0, shear=0.0, limit=40)
    trainer = new_trainer(still, tmp_path)
    numbered = trainer.train_split._replace(labels=np.arange(40))
    batches = Batches(numbered, trainer.preprocessing, still)
    orders = [np.concatenate([y for _, y in batches.epoch()]) for _ in range(2)]
    assert [sorted(order.tolist()) for order in orders] == [list(range(40))] * 2
    assert not np.array_equal(orders[0], orders[1])
    assert [len(y) for _, y in batches.epoch()] == [32, 8]
