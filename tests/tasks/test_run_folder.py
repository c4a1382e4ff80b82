"""The run's folder: fresh ones are found, metrics are appended and cut back."""

import json
import os
from pathlib import Path

import pytest

from minitorch_cv.tasks.errors import TaskError
from minitorch_cv.tasks.run_folder import RunFolder, fresh_folder


def test_metrics_are_appended_and_rewritten(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append({"epoch": 1})
    folder.append({"epoch": 2})
    assert folder.metrics.read_text() == '{"epoch": 1}\n{"epoch": 2}\n'
    with open(folder.metrics, "a") as file:
        file.write('{"epo')  # a line that a kill cut off
    folder.rewrite([{"epoch": 1}])
    folder.append({"epoch": 2})
    assert [json.loads(x)["epoch"] for x in folder.metrics.read_text().splitlines()] == [1, 2]
    assert os.listdir(tmp_path) == ["metrics.jsonl"]


def test_fresh_folders_are_numbered(tmp_path: Path) -> None:
    base = tmp_path / "lenet"
    assert fresh_folder(base).path == base
    for number in ("", "-2"):
        RunFolder(f"{base}{number}").create()
        RunFolder(f"{base}{number}").append({})
    assert fresh_folder(base).path == tmp_path / "lenet-3"


def test_clear_leaves_other_files_alone(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append({})
    (tmp_path / "mine.txt").write_text("keep")
    assert folder.holds_a_run()
    folder.clear()
    assert not folder.holds_a_run()
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TaskError, match="cannot write to the folder"):
        RunFolder(tmp_path / "file" / "run").create()
