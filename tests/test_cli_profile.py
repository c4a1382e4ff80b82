"""`minitorch-cv profile` prints where the time of a step goes."""

from __future__ import annotations

import pytest

from minitorch_cv.cli.arguments import UsageError, build_parser
from minitorch_cv.cli.profile import profile
from minitorch_cv.tasks.errors import TaskError


def printed(capsys, *words):
    assert profile(build_parser().parse_args(["profile", *words])) == 0
    return capsys.readouterr().out


def test_a_training_step(capsys):
    text = printed(capsys, "lenet", "--batch", "2", "--steps", "2")
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert lines["conv"][1] == "2"  # two convolutions in a step, although two steps ran
    assert float(lines["conv"][3]) > 0  # backward
    assert {"max_pool", "linear", "relu", "cross_entropy", "(optimizer)", "one step"} <= set(lines)
    assert "GFLOP/s (a large matrix product)" in text


def test_inference_by_shape(capsys):
    text = printed(capsys, "resnet20", "--input", "3,8,8", "--steps", "1", "--infer", "--by-shape")
    (line,) = (line for line in text.splitlines() if line.startswith("conv 3×3/1 16→16 8×8"))
    assert line.split()[4::2][:2] == ["6", "0.00"]  # calls, backward
    assert "optimizer" not in text


def test_a_score_for_each_pixel(capsys):
    text = printed(capsys, "unet_same", "--input", "1,16,16", "--batch", "2", "--steps", "1")
    assert "conv_transpose" in text


def test_bad_input_is_one_error():
    parse = build_parser().parse_args
    with pytest.raises(UsageError, match="three whole numbers"):
        parse(["profile", "lenet", "--input", "3,8"])
    with pytest.raises(TaskError, match="resnet18"):
        profile(parse(["profile", "resnet19"]))
    with pytest.raises(TaskError, match="profile: "):
        profile(parse(["profile", "lenet", "--input", "1,5,5"]))
