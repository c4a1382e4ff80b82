"""`minitorch-cv adapt` and `minitorch-cv ensemble`: what they print, write and refuse."""

from pathlib import Path

import pytest

from minitorch_cv.cli import main


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> list[Path]:
    """Two small runs of LeNet on a few digits."""
    folder = tmp_path_factory.mktemp("comparisons")
    for seed in (0, 1):
        code = main([
            "train", "lenet", "--data", "digits", "--limit", "100", "--epochs", "4", "--no-check",
            "--seed", str(seed), "--out", str(folder / str(seed)),
        ])  # fmt: skip
        assert code == 0
    return [folder / str(seed) / "checkpoint.safetensors" for seed in (0, 1)]


def refused(capsys, *arguments: object) -> str:
    """The one line with which bad input is refused."""
    assert main([str(a) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("minitorch-cv: error: ") and err.count("\n") == 1
    assert "Traceback" not in err + out
    return err


def test_adapt_prints_and_writes(checkpoints, tmp_path, capsys):
    words = [
        "adapt", "lenet", "--weights", str(checkpoints[0]), "--data", "digits", "--per-class",
        "5,1", "--seeds", "2", "--steps", "3", "--scratch-steps", "3", "--limit", "50",
        "--methods", "scratch,probe,head", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "10 classes, 50 test images" in out
    assert "| examples per class | scratch | probe | head |" in out
    rows = [line for line in out.splitlines() if line.startswith(("| 1 |", "| 5 |"))]
    assert len(rows) == 2 and "features computed 3 times, found 0 times" in out
    for end in ("md", "csv", "png"):
        file = tmp_path / "out" / f"adaptation.{end}"
        assert f"wrote {file}" in out and file.stat().st_size > 50
    assert main(words) == 0
    again = capsys.readouterr().out
    assert "features computed 0 times, found 3 times" in again
    assert [line for line in again.splitlines() if line.startswith("| ")] == [
        line for line in out.splitlines() if line.startswith("| ")
    ]


def test_ensemble_prints_and_writes(checkpoints, tmp_path, capsys):
    models = ",".join(f"lenet={file}" for file in checkpoints)
    out_folder = tmp_path / "out"
    words = ["ensemble", "--models", models, "--data", "digits", "--out", str(out_folder)]
    assert main(words) == 0
    out = capsys.readouterr().out
    for name in ("lenet ", "lenet #2", "mean of probabilities", "mean of logits", "majority vote",
                 "mean of parameters"):  # fmt: skip
        assert f"\n{name}" in out
    assert "360 test images; two members differ on" in out
    assert (out_folder / "ensemble.csv").exists() and (out_folder / "ensemble.md").exists()


def test_what_adapt_refuses(checkpoints, tmp_path, capsys):
    base = ["adapt", "lenet", "--data", "digits", "--out", tmp_path]
    here = [*base, "--weights", checkpoints[0]]
    assert "magic" in refused(capsys, *here, "--methods", "magic")
    assert "--decay" in refused(capsys, *here, "--decay", "0")
    assert "--lr" in refused(capsys, *here, "--lr", "0")
    assert "expects a whole number" in refused(capsys, *here, "--per-class", "1,x")
    assert "training images, 900 are wanted" in refused(capsys, *here, "--per-class", "900")
    assert "nothing.th" in refused(capsys, *base, "--weights", tmp_path / "nothing.th")
    wrong = ["adapt", "resnet20", "--data", "digits", "--out", tmp_path]
    assert "is a checkpoint of lenet" in refused(capsys, *wrong, "--weights", checkpoints[0])


def test_what_ensemble_refuses(checkpoints, capsys):
    base = ["ensemble", "--data", "digits", "--models"]
    assert "NAME=FILE" in refused(capsys, *base, "lenet")
    assert "two or more" in refused(capsys, *base, f"lenet={checkpoints[0]}")
    other = f"lenet={checkpoints[0]},resnet20={checkpoints[0]}"
    assert "is a checkpoint of lenet" in refused(capsys, *base, other)
