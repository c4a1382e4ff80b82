"""`minitorch-cv` with the networks of models/: training on photos, published weights, pictures."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minitorch_cv import interop, models
from minitorch_cv.cli import main
from minitorch_cv.tasks.published import CIFAR10

NAMES = list(CIFAR10)


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """A folder with 40 random training photos and 30 test photos in CIFAR-10's form."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("photos")
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    for name, count in (("data_batch_1", 40), ("test_batch", 30)):
        data = rng.integers(0, 256, (count, 3072), np.uint8)
        content = {b"data": data, b"labels": [k % 10 for k in range(count)]}
        (folder / name).write_bytes(pickle.dumps(content, 2))
    content = {b"label_names": [name.encode() for name in NAMES]}
    (folder / "batches.meta").write_bytes(pickle.dumps(content, 2))
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet20.safetensors"
    interop.save(models.resnet20().state_dict(), path)
    return path


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory) -> Path:
    """The folder of a small run of resnet20."""
    folder = tmp_path_factory.mktemp("run") / "r"
    words = ["--root", photos, "--epochs", "1", "--batch-size", "20", "--no-check", "--out", folder]
    assert main(["train", "resnet20", "--data", "cifar10", *map(str, words)]) == 0
    return folder


def refused(capsys, *arguments: object) -> str:
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("minitorch-cv: error: ") and err.count("\n") == 1
    return err


def test_a_network_is_trained_on_photos_and_resumed(run: Path, photos: Path, capsys) -> None:
    line = json.loads((run / "metrics.jsonl").read_text())
    assert line["epoch"] == 1 and line["lr"] == 0.1
    page = (run / "report.html").read_text()
    assert "ResNet on cifar10" in page and "First-layer filters" in page
    assert "crop padding" in page
    capsys.readouterr()
    assert main(["train", "--resume", str(run / "checkpoint.safetensors"), "--no-check",
                 "--root", str(photos)]) == 0  # fmt: skip
    assert "done already" in capsys.readouterr().out


def test_a_checkpoint_of_photos_is_measured_and_sees_pictures(
    run: Path, photos: Path, tmp_path: Path, capsys
) -> None:
    checkpoint = str(run / "checkpoint.safetensors")
    assert main(["eval", checkpoint, "--data", "cifar10", "--root", str(photos)]) == 0
    assert re.search(r"top-5 +[\d.]+ % error \(\d+ of 30\)", capsys.readouterr().out)
    Image.fromarray(np.full((50, 90, 3), 128, np.uint8)).save(tmp_path / "grey.png")
    assert main(["predict", checkpoint, str(tmp_path / "grey.png"), "--top", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[1].split()[0] in NAMES
    assert "takes images of 3 channels, digits has 1" in refused(
        capsys, "eval", checkpoint, "--data", "digits"
    )


@pytest.mark.parametrize(
    "views", [[], ["--ten-crop", "--resize", "36"], ["--scales", "32,40"]], ids=str
)
def test_published_weights_are_measured(
    views: list[str], weights: Path, photos: Path, capsys
) -> None:
    words = ["--weights", str(weights), "--data", "cifar10", "--root", str(photos)]
    assert main(["eval", "resnet20", *words, *views]) == 0
    out = capsys.readouterr().out
    assert re.search(r"accuracy  [\d.]+ % \(\d+ of 30 test images\)", out)
    wrong = int(re.search(r"top-1 +[\d.]+ % error \((\d+) of 30\)", out).group(1))
    right = sum(int(n) for n in re.findall(r"class .*\((\d+) of 3\)", out))
    assert wrong == 30 - right and out.count("class  ") == 10
    assert 1 <= out.count("mistaken  ") <= 5


def test_published_weights_see_pictures(weights: Path, tmp_path: Path, capsys) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 4), np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    (tmp_path / "names.txt").write_text("\n".join("abcdefghij"))
    words = ["predict", "resnet20", "--weights", str(weights), str(tmp_path / "a.png")]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] in NAMES
    assert main([*words, "--classes", str(tmp_path / "names.txt")]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] in "abcdefghij"


def test_squeezenet_knows_a_cat(data_dir: Path, capsys) -> None:
    folder = data_dir / "squeezenet"
    words = ["--weights", folder / "squeezenet_v1.0_dc.npz", "--input", "caffe", "--size", "227"]
    words += ["--resize", "256", "--option", "final_padding=1"]
    words += ["--classes", folder / "imagenet_classes.txt", data_dir / "std_images" / "chelsea.png"]
    assert main(["predict", "squeezenet1_0", *map(str, words), "--top", "3"]) == 0
    names = re.findall(r"^  (\w+(?: \w+)*) +[\d.]+ %", capsys.readouterr().out, re.MULTILINE)
    assert names == ["Egyptian cat", "tiger cat", "tabby"]


def test_what_cannot_be_is_one_line(weights: Path, photos: Path, capsys) -> None:
    data = ["--data", "cifar10", "--root", photos]
    given = ["eval", "resnet20", "--weights"]
    assert "there is no file" in refused(capsys, *given, "none.th", *data)
    assert "did you mean" in refused(capsys, "eval", "resnet2", "--weights", weights, *data)
    assert "resnet32" in refused(capsys, "eval", "resnet32", "--weights", weights, *data)
    assert "there are: imagenet" in refused(capsys, *given, weights, *data, "--input", "x")
    assert "NAME=VALUE" in refused(capsys, *given, weights, *data, "--option", "x")
    assert "no option depth" in refused(capsys, *given, weights, *data, "--option", "depth=2")
    assert "not allowed with" in refused(
        capsys, *given, weights, *data, "--ten-crop", "--scales", "32"
    )
    assert "whole number" in refused(capsys, *given, weights, *data, "--scales", "32,x")
    assert "a crop of 32 does not fit" in refused(capsys, *given, weights, *data, "--resize", "20")
    assert "takes images of 3 channels" in refused(capsys, *given, weights, "--data", "digits")
