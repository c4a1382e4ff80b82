"""`minitorch-cv summary` as its user meets it."""

import pytest

from minitorch_cv.cli import main


def printed(capsys, *words):
    assert main(["summary", *words]) == 0
    out, err = capsys.readouterr()
    assert not err and max(map(len, out.splitlines())) <= 80
    return out


def test_the_table(capsys):
    out = printed(capsys, "lenet")
    assert "conv1 (Conv2d)    1×6×28×28              156 117.60 k 18.4 KiB     5    1    0" in out
    assert "pool2 (MaxPool2d) 1×16×5×5                 0        0  1.6 KiB    16    4    0" in out
    assert "Multiply-adds: 416,520;" in out and "Parameters: 61,706" in out
    assert "multiply-adds" not in out  # of single layers


def test_the_arithmetic(capsys):
    out = printed(capsys, "lenet", "--arithmetic", "--input", "1,32,32")
    for line in (
        "    (32 + 0 − 5)/1 + 1 = 28",
        "    field 6 + (5 − 1)·2 = 14, jump 2·1 = 2, padding 0 + 0·2 = 0",
        "    16·10·10 outputs × 6·5·5 = 240,000 multiply-adds",
        "    16·6·5·5 + 16 = 2,416 parameters",
    ):
        assert line in out.splitlines()


def test_large_networks_are_neither_drawn_nor_computed(capsys, monkeypatch):
    from minitorch_cv.backend.random import Generator

    def drawn(*args, **kwargs):
        raise AssertionError("random numbers were drawn")

    for name in ("rand", "randn"):
        monkeypatch.setattr(Generator, name, drawn)
    for name in ("vgg16", "inception_v3"):
        printed(capsys, name, "--arithmetic")


def test_batch_depth_and_classes(capsys):
    out = printed(
        capsys, "resnet18", "--input", "3,64,64", "--batch", "4", "--depth", "1", "--classes", "7"
    )
    assert "4×7 " in out and "4×512×2×2" in out and "BasicBlock" not in out
    assert "Input 4×3×64×64" in out


def test_with_weights_from_a_file(capsys, tmp_path):
    import minitorch_cv as mt
    from minitorch_cv import interop, models

    path = tmp_path / "weights.safetensors"
    interop.save(models.LeNet5().state_dict(), path)
    state = mt.get_rng_state()
    assert "61,706" in printed(capsys, "lenet", "--weights", str(path))
    mt.set_rng_state(state)
    assert refused(capsys, "alexnet", "--weights", str(path))


def refused(capsys, *words):
    """The one line with which bad input is refused."""
    assert main(["summary", *words]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("minitorch-cv: error: ") and err.count("\n") == 1 and not out
    return err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("resnet19",), "summary: no model is called 'resnet19'; did you mean resnet18"),
        (("lenet", "--input", "1,32"), "--input: expects three whole numbers C,H,W (got '1,32')"),
        (("lenet", "--input", "1,0,32"), "--input: expects three whole numbers"),
        (("lenet", "--input", "3,32,32"), "layer conv1 (Conv2d): conv2d: weight expects 1 input"),
        (("vgg16", "--input", "3,16,16"), "layer features.30 (MaxPool2d): runs out of pixels: "
         "(1 + 0 − 2)/2 + 1 = 0.5: not one window fits (got 512×1×1)"),
        (("lenet", "--input", "1,28,28"), "layer fc1 (Linear): linear: weight expects 400 input"),
        (("lenet_1998", "--classes", "3"), "lenet_1998 has a fixed number of classes"),
        (("lenet", "--weights", "absent.npz"), "there is no file 'absent.npz'"),
        (("lenet", "--batch", "0"), "--batch: expects a whole number ≥ 1"),
        (("lenet", "--depth", "-1"), "--depth: expects a whole number ≥ 0"),
        ((), "MODEL"),
    ],
)  # fmt: skip
def test_refusals(capsys, words, told):
    assert told in refused(capsys, *words)


def test_help_fits_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert "minitorch-cv summary vgg16 --input 3,224,224" in printed(capsys, "--help")
