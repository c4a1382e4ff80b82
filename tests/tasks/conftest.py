"""Small runs on a few real digits, for all tests of the task room."""

from pathlib import Path

import pytest

from minitorch_cv.backend.threads import set_num_threads
from minitorch_cv.tasks.recipes import Settings, recipe
from minitorch_cv.tasks.run_folder import RunFolder
from minitorch_cv.tasks.splits import load_splits
from minitorch_cv.tasks.train import Trainer


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    set_num_threads(1)  # as the command line does: tests share their cores


@pytest.fixture()
def settings() -> Settings:
    return recipe("lenet", "digits").changed(limit=96, epochs=3, batch_size=32, seed=3)


@pytest.fixture()
def new_trainer():
    """A function that makes a trainer for settings and a folder."""

    def make(settings: Settings, path: Path) -> Trainer:
        train, test, preprocessing = load_splits(settings)
        folder = RunFolder(path)
        folder.create()
        return Trainer(settings, train, test, preprocessing, folder)

    return make
