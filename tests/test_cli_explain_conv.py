"""`minitorch-cv explain-conv` says which kernel runs, why, and what it costs."""

from __future__ import annotations

import pytest

from minitorch_cv.cli.arguments import UsageError, build_parser
from minitorch_cv.cli.explain_conv import explain_conv
from minitorch_cv.tasks.errors import TaskError

pytest.importorskip("minitorch_cv.kernels.cpu.conv.conv")


def explained(capsys, *words):
    assert explain_conv(build_parser().parse_args(["explain-conv", *words])) == 0
    lines = capsys.readouterr().out.splitlines()
    return {line[:10].strip(): line[10:] for line in lines if line[:1] != " "}


def test_says_what_runs_and_what_it_costs(capsys):
    told = explained(capsys, "32", "64", "3", "--input", "2,32,12,12", "--padding", "1")
    assert told["conv2d"].startswith("32 → 64, 3 × 3, stride 1, padding 1")
    assert told["shapes"] == "(2, 32, 12, 12) → (2, 64, 12, 12), float32"
    assert told["method"] == "winograd" and "36 products" in told["because"]
    assert told["FLOPs"].startswith("0.011 G")
    assert told["bytes"].startswith("0.2 MB")
    assert "FLOP/byte" in told["roofline"]
    assert all("GFLOP/s (" in told[part] for part in ("forward", "gx", "gw"))


def test_other_methods(capsys):
    words = {"depthwise": ("6", "6", "3", "--input", "1,6,8,8", "--groups", "6"),
             "pointwise": ("6", "5", "1", "--input", "1,6,8,8"),
             "columns": ("6", "5", "3", "--input", "1,6,8,8", "--stride", "2")}  # fmt: skip
    for method, given in words.items():
        assert explained(capsys, *given)["method"] == method


def test_bad_input_is_one_error():
    parse = build_parser().parse_args
    with pytest.raises(UsageError, match="four whole numbers"):
        parse(["explain-conv", "3", "4", "3", "--input", "3,8,8"])
    with pytest.raises(TaskError, match="expects 4 input channels"):
        explain_conv(parse(["explain-conv", "4", "4", "3", "--input", "1,3,8,8"]))
