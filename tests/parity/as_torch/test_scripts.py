"""The same scripts under PyTorch and under this engine print the same lines."""

import gzip
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
SCRIPTS = Path(__file__).parents[2] / "as_torch" / "scripts"
REFERENCE = Path(__file__).with_name("reference.py")


def printed(command, *arguments):
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        capture_output=True, text=True, env=quiet, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def compare(name, ours=(), theirs=()):
    script = SCRIPTS / f"{name}.py"
    mine = printed(["-m", "minitorch_cv.as_torch", script], *ours)
    assert mine == printed([REFERENCE, script], *theirs)
    assert len(mine) > 5


@pytest.mark.parametrize(
    "name", ["tensors", "two_layers", "layers_by_hand", "schedules", "old_style"]
)
def test_scripts_with_torch_alone(name):
    compare(name)


def need_torchvision():
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")


def test_training_and_checkpoints(tmp_path):
    for side in ("ours", "theirs"):
        (tmp_path / side).mkdir()
    compare("training", [tmp_path / "ours"], [tmp_path / "theirs"])


def test_pytorch_reads_our_checkpoint(tmp_path):
    import torch

    printed(["-m", "minitorch_cv.as_torch", SCRIPTS / "training.py"], tmp_path)
    checkpoint = torch.load(tmp_path / "checkpoint.tar", weights_only=True)
    assert checkpoint["epoch"] == 4 and checkpoint["loss"] > 0
    state = checkpoint["optimizer_state_dict"]
    assert state["state"][0]["momentum_buffer"].shape == (4, 1, 3, 3)
    saved = torch.load(tmp_path / "model.pth", weights_only=True)
    for name, value in checkpoint["model_state_dict"].items():
        assert torch.equal(value, saved[name])


def test_resnet():
    need_torchvision()
    compare("resnet")


@pytest.mark.slow
def test_transfer():
    need_torchvision()
    compare("transfer")


def test_pictures(tmp_path):
    need_torchvision()
    compare("pictures", [tmp_path], [tmp_path])


def test_lenet_on_real_digits(data_dir, tmp_path):
    need_torchvision()
    raw = tmp_path / "MNIST" / "raw"  # torchvision reads unpacked files
    raw.mkdir(parents=True)
    for packed in sorted((data_dir / "mnist").glob("*.gz")):
        (raw / packed.name.removesuffix(".gz")).write_bytes(gzip.decompress(packed.read_bytes()))
    compare("lenet", [tmp_path], [tmp_path])
