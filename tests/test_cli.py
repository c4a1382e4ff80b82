"""`minitorch-cv` as its user meets it: what it prints, writes and answers, and how it refuses."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minitorch_cv import __version__
from minitorch_cv.cli import main
from minitorch_cv.cli.interrupt import deferred_signals
from minitorch_cv.tasks import checkpoint as files

SMALL = ["train", "lenet", "--data", "digits", "--limit", "100", "--epochs", "2"]
NO_CHECK = [*SMALL, "--no-check"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A folder with one small finished run, and what it printed in out.txt and err.txt."""
    folder = tmp_path_factory.mktemp("cli")
    done = command(*SMALL, "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "out.txt").write_text(done.stdout)
    (folder / "err.txt").write_text(done.stderr)
    return folder


@pytest.fixture()
def here(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str, cwd: Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "minitorch_cv", *arguments], cwd=cwd, capture_output=True, text=True,
        timeout=120, **options,
    )  # fmt: skip


def refused(capsys, *arguments: object) -> str:
    """The one line with which bad input is refused."""
    assert main([str(a) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("minitorch-cv: error: ")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err + out
    return err


# Training.


def test_train_writes_the_three_files_and_checks_every_layer(run: Path) -> None:
    assert sorted(os.listdir(run / "run")) == [
        "checkpoint.safetensors", "metrics.jsonl", "report.html"
    ]  # fmt: skip
    printed = (run / "out.txt").read_text()
    for layer in ("conv1", "pool2", "fc3"):
        assert re.search(rf"{layer} +\w+ +\d+ parameters .*e-\d+  PASS", printed)
    assert printed.count("PASS") == 12
    lines = [json.loads(x) for x in (run / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    page = (run / "run" / "report.html").read_text()
    assert "First-layer filters" in page and page.count(">PASS<") == 12


def test_without_a_terminal_there_is_one_plain_line_for_each_epoch(run: Path) -> None:
    lines = (run / "err.txt").read_text().splitlines()
    assert len(lines) == 2
    assert re.fullmatch(
        r"epoch 2/2  loss \d\.\d+  accuracy [\d.]+%  test [\d.]+%  \d+ images/s  0 s left", lines[1]
    )


def test_on_a_terminal_there_is_a_bar(here: Path, monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main([*NO_CHECK, "--limit", "40"]) == 0
    last = screen.getvalue().split("\r")[-1]
    assert re.search(
        r"epoch 2/2 100%.* \d+ images/s, 00:00 left, loss \d.\d+ acc [\d.]+% test [\d.]+%", last
    )


def test_the_checkpoint_says_what_it_is(run: Path) -> None:
    training = files.load(run / "run" / "checkpoint.safetensors").training
    assert training["model"] == {"name": "lenet", "arguments": {"num_classes": 10}}
    assert training["classes"] == [str(k) for k in range(10)]
    assert training["preprocessing"]["size"] == [32, 32]
    assert training["preprocessing"]["polarity"] == "light on dark"
    assert set(training["random"]) == {"default", "order", "moves"}


def test_a_second_run_never_touches_the_first(here: Path, capsys) -> None:
    one_epoch = [*NO_CHECK, "--epochs", "1", "--limit", "20"]
    assert main(one_epoch) == 0
    first = (here / "runs/lenet-digits/checkpoint.safetensors").read_bytes()
    assert main([*one_epoch, "--seed", "1"]) == 0
    assert (here / "runs/lenet-digits/checkpoint.safetensors").read_bytes() == first
    assert (here / "runs/lenet-digits-2/report.html").exists()
    assert "already holds a run" in refused(capsys_clear(capsys), *one_epoch, "--out",
                                            "runs/lenet-digits")  # fmt: skip
    assert main([*one_epoch, "--seed", "1", "--overwrite"]) == 0
    assert (here / "runs/lenet-digits/checkpoint.safetensors").read_bytes() != first
    assert len((here / "runs/lenet-digits/metrics.jsonl").read_text().splitlines()) == 1


def capsys_clear(capsys):
    capsys.readouterr()
    return capsys


def test_min_accuracy_that_is_not_reached_is_exit_code_1(run: Path, capsys) -> None:
    path = str(run / "run" / "checkpoint.safetensors")
    wanted = ["eval", path, "--data", "digits", "--limit", "50", "--min-accuracy"]
    assert main([*wanted, "100"]) == 1
    assert "below the 100 % demanded" in capsys.readouterr().err
    assert main([*wanted, "0"]) == 0


def test_a_learning_rate_that_is_too_large_is_one_line_and_exit_code_1(here: Path, capsys) -> None:
    with np.errstate(all="ignore"):
        assert main([*NO_CHECK, "--lr", "1e6", "--out", "r"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("minitorch-cv: error: train: ") and "smaller --lr" in err
    saved = files.load(here / "r" / "checkpoint.safetensors")
    assert all(np.isfinite(a).all() for a in saved.tensors.values())


def test_ctrl_c_leaves_a_checkpoint_that_is_resumed_bit_for_bit(tmp_path: Path) -> None:
    settings = ["train", "lenet", "--data", "digits", "--limit", "400", "--epochs", "3",
                "--no-check"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "minitorch_cv", *settings, "--out", "parts"], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    metrics = tmp_path / "parts" / "metrics.jsonl"
    limit = time.time() + 60
    while not metrics.exists() and process.poll() is None and time.time() < limit:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped by SIGINT; saved in epoch" in err and "--resume" in err
    assert "Traceback" not in err
    checkpoint = tmp_path / "parts" / "checkpoint.safetensors"
    assert files.load(checkpoint).training["progress"]["epoch"] in (1, 2)
    resumed = command("train", "--resume", str(checkpoint), "--no-check", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    whole = command(*settings, "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    a = files.load(checkpoint)
    b = files.load(tmp_path / "whole" / "checkpoint.safetensors")
    for name in b.tensors:
        assert a.tensors[name].tobytes() == b.tensors[name].tobytes(), name
    assert [x["test_loss"] for x in a.training["history"]] == [
        x["test_loss"] for x in b.training["history"]
    ]


def test_signals_are_remembered_and_the_second_one_is_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred_signals() as stopped:
        assert stopped() == 0
        signal.raise_signal(signal.SIGTERM)
        assert stopped() == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_resuming_a_finished_run_is_fine_and_other_settings_are_refused(
    run: Path, capsys, tmp_path: Path
) -> None:
    path = run / "run" / "checkpoint.safetensors"
    before = files.load(path)
    assert main(["train", "--resume", str(path), "--no-check"]) == 0
    assert "done already" in capsys.readouterr().out
    after = files.load(path)
    assert all(np.array_equal(before.tensors[k], after.tensors[k]) for k in before.tensors)
    assert "has --lr" in refused(capsys, "train", "--resume", path, "--lr", "0.5")
    assert "has --epochs 2" in refused(capsys, "train", "--resume", path, "--epochs", "3")
    assert "has --data digits" in refused(capsys, "train", "--resume", path, "--data", "mnist")


def test_a_constant_schedule_can_be_given_more_epochs(here: Path, capsys) -> None:
    base = ["--limit", "20", "--no-check", "--out", "r", "--schedule", "constant"]
    assert main(["train", "lenet", "--data", "digits", "--epochs", "1", *base]) == 0
    assert main(["train", "--resume", "r/checkpoint.safetensors", "--epochs", "2",
                 "--no-check"]) == 0  # fmt: skip
    assert len(Path("r/metrics.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_mnist_from_the_original_files(here: Path, data_dir: Path, capsys) -> None:
    root = ["--data", "mnist", "--root", str(data_dir / "mnist")]
    assert main(["train", "lenet", *root, "--limit", "2000", "--epochs", "2", "--no-check"]) == 0
    path = "runs/lenet-mnist/checkpoint.safetensors"
    capsys.readouterr()
    assert main(["eval", path, *root, "--limit", "500", "--min-accuracy", "60"]) == 0
    assert "of 500 test images" in capsys.readouterr().out


# The other commands.


def test_eval_prints_accuracy_and_loss(run: Path, capsys) -> None:
    path = str(run / "run" / "checkpoint.safetensors")
    assert main(["eval", path, "--data", "digits"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"accuracy  [\d.]+ % \(\d+ of 360 test images\)", out)
    assert re.search(r"loss      \d+\.\d+", out)


def test_predict_prints_the_top_five(run: Path, capsys, tmp_path: Path) -> None:
    pixels = np.full((50, 40), 255, np.uint8)
    pixels[5:45, 18:23] = 0
    Image.fromarray(pixels).save(tmp_path / "one.png")
    Image.fromarray(255 - pixels).save(tmp_path / "light.png")
    path = str(run / "run" / "checkpoint.safetensors")
    assert main(["predict", path, str(tmp_path / "one.png"), str(tmp_path / "light.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert "inverted" in lines[0] and "inverted" not in lines[6]
    shares = [float(re.search(r"([\d.]+) %", line).group(1)) for line in lines[1:6]]
    assert shares == sorted(shares, reverse=True) and sum(shares) <= 100.01
    assert lines[1:6] == lines[7:12]


def test_predict_goes_on_after_a_bad_picture_and_answers_2(run: Path, capsys, tmp_path) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("no")
    path = str(run / "run" / "checkpoint.safetensors")
    assert main(["predict", path, str(tmp_path / "bad.png"), str(tmp_path / "good.png")]) == 2
    out, err = capsys.readouterr()
    assert "good.png" in out and err.count("\n") == 1 and "bad.png is not a picture" in err


def test_check_prints_a_line_for_each_check(capsys) -> None:
    from minitorch_cv.testing.op_checks import CHECKS

    assert main(["check", "relu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS) + 1
    assert all(line.startswith(("PASS", "skip")) for line in lines[:-1])
    assert lines[-1].endswith("all well")


def test_check_of_a_wrong_op_fails_with_1(capsys, monkeypatch) -> None:
    from minitorch_cv.ops import catalog
    from minitorch_cv.ops.catalog import op_named

    relu = op_named("relu")
    monkeypatch.setattr(relu, "backward", lambda gy, saved, needs: (gy * 0,))
    monkeypatch.setattr(catalog, "op_named", lambda name: relu)
    assert main(["check", "relu"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  gradcheck" in out and "failed" in out.splitlines()[-1]


def test_where_prints_every_part(capsys) -> None:
    assert main(["where", "conv2d"]) == 0
    out = capsys.readouterr().out
    for part in ("op", "CPU kernel", "CUDA kernel", "function", "layer", "tests", "docs"):
        assert re.search(rf"^  {part} +\S", out, re.MULTILINE), part
    assert "None" not in out
    assert "ops/conv/conv.py:" in out and "nn.functional.conv2d" in out and "nn.Conv2d" in out


def test_models_lists_lenet(capsys) -> None:
    assert main(["models"]) == 0
    assert re.search(r"lenet +61 706 parameters  LeNet-5", capsys.readouterr().out)


def test_version_and_module(tmp_path: Path) -> None:
    done = command("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"minitorch-cv {__version__}\n")


@pytest.mark.parametrize("name", ["", "train", "eval", "predict", "check", "where", "models"])
def test_help_fits_80_columns(name: str, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*([name] if name else []), "--help"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert name == "models" or "example" in out


# Refusals.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["trian"], "did you mean train?"),
        (["train"], "which network and which data?"),
        (["train", "lenet"], "which network and which data?"),
        (["train", "lennet", "--data", "digits"], "did you mean lenet,"),
        (["train", "lenet", "--data", "digit"], "did you mean digits?"),
        (["train", "lenet", "--data", "mnist"], "--root is missing"),
        (["train", "lenet", "--data", "mnist", "--root", "nowhere"], "is missing (looked in"),
        (["train", "lenet", "--data", "digits", "--lr", "nan"], "--lr: expects a finite number"),
        (["train", "lenet", "--data", "digits", "--lr", "-1"], "--lr: expects a finite number"),
        (["train", "lenet", "--data", "digits", "--epochs", "0"], "whole number ≥ 1"),
        (["train", "lenet", "--data", "digits", "--momentum", "1"], "momentum is below 1"),
        (["train", "lenet", "--data", "digits", "--schedule", "cosin"], "did you mean cosine?"),
        (["train", "lenet", "--data", "digits", "--epoch", "3"], "unrecognized arguments"),
        (["train", "--resume", "none.safetensors"], "there is no file none.safetensors"),
        (["eval", "none.safetensors", "--data", "digits"], "there is no file"),
        (["eval", "x"], "required: --data"),
        (["predict", "x"], "required: IMAGE"),
        (["check", "conv2"], "did you mean conv2d"),
        (["where", "rellu"], "did you mean"),
    ],
)
def test_bad_usage_is_one_line(here: Path, capsys, arguments: list[str], words: str) -> None:
    assert words in refused(capsys, *arguments)
    assert os.listdir(here) == []


def test_bad_checkpoints_are_one_line(here: Path, run: Path, capsys) -> None:
    bad = here / "bad.safetensors"
    bad.write_text("<!doctype html><title>404</title>")
    assert f"{bad} (33 bytes) is an HTML page" in refused(capsys, "eval", bad, "--data", "digits")
    bad.write_bytes((run / "run" / "checkpoint.safetensors").read_bytes()[:-100])
    assert "truncated" in refused(capsys, "train", "--resume", bad)


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/full")
def test_a_folder_that_is_a_file_and_a_full_device(here: Path, capsys, run: Path) -> None:
    (here / "file").write_text("")
    err = refused(capsys, *NO_CHECK, "--out", "file")
    assert "cannot write to the folder file" in err
    if not Path("/dev/full").exists():
        return
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "minitorch_cv", "models"], stdout=full, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    assert done.returncode == 2 and "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m minitorch_cv where conv2d | head -n 1", shell=True, cwd=tmp_path,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "conv2d\n" and done.stderr == ""


def test_help_is_fast_because_nothing_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from minitorch_cv.cli import main; main(['--help'])\n"
        "heavy = {'numba', 'scipy', 'sklearn', 'matplotlib', 'tqdm', 'safetensors', 'PIL'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0
