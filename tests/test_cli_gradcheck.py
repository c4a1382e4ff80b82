"""`minitorch-cv gradcheck` as its user meets it: verdicts, exit codes, and words of refusal."""

import json
from pathlib import Path

import pytest

from minitorch_cv.cli import main

LAYERS = """
import numpy as np
import minitorch_cv.nn.functional as F
import helper

def linear_forward(x, w, b):
    return x @ w + b, (x, w)

def linear_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

def transposed_backward(dout, cache):
    x, w = cache
    return dout @ w, x.T @ dout, dout.sum(axis=0)

def scale_forward(x, scale_param):
    return helper.FACTOR * x * scale_param["by"], scale_param

def scale_backward(dout, scale_param):
    return helper.FACTOR * dout * scale_param["by"]

def op_forward(x, w, *, power=2):
    return x ** power * w, (x, w, power)

def op_backward(gy, saved, needs):
    x, w, power = saved
    gx = gy * power * x ** (power - 1) * w if needs[0] else None
    return gx, gy * x ** power if needs[1] else None

def loss_forward(scores, y):
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = shifted / shifted.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean(), (p, y)

def loss_backward(dout, cache):
    p, y = cache
    return dout * (p - np.eye(p.shape[1])[y]) / len(y)

def on_tensors(x, w):
    return (x @ w).relu().sum(dim=1)

def loss_on_tensors(x, y, *, factor=1.0):
    return F.cross_entropy(x, y) * factor

def with_default(x, axis=0, w=None):
    return x * w, (x, w)

def no_return(x):
    x + 1

def crashes(x):
    raise KeyError("nothing here")
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "mylayers.py").write_text(LAYERS, encoding="utf-8")
    (tmp_path / "helper.py").write_text("FACTOR = 3.0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys, target: str, *arguments: str) -> tuple[int, str, str]:
    code = main(["gradcheck", target, *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, target: str, *arguments: str) -> str:
    """The one line with which bad use is refused."""
    code, out, err = check(capsys, target, *arguments)
    assert code == 2, out + err
    assert out == ""
    assert err.startswith("minitorch-cv: error: ") and err.count("\n") == 1, err
    return err


LINEAR = ("--shapes", "x=3,4", "w=4,4", "b=4")


@pytest.mark.parametrize(
    ("names", "arguments"),
    [
        ("linear_forward,linear_backward", LINEAR),
        ("linear_forward,linear_backward", ("--shapes", "b=4", "w=4,4", "x=3,4")),
        ("scale_forward,scale_backward", ("--shapes", "x=2,3", "--param", "by=2.5")),
        ("op_forward,op_backward", ("--shapes", "x=2,3", "w=2,3", "--param", "power=3")),
        ("op_forward,op_backward", ("--shapes", "x=2,3", "w=2,3")),
        ("loss_forward,loss_backward", ("--shapes", "scores=4,5", "--labels", "y=4:5")),
        ("on_tensors", ("--shapes", "x=2,3", "w=3,4")),
        ("loss_on_tensors", ("--shapes", "x=4,5", "--labels", "y=4:5", "--param", "factor=2.5")),
    ],
)
def test_right_gradients_pass(capsys, names, arguments):
    code, out, err = check(capsys, f"mylayers.py:{names}", *arguments)
    assert (code, err) == (0, ""), out + err
    assert out.startswith("PASS")


def test_a_wrong_gradient_is_named_and_diagnosed(capsys):
    code, out, err = check(capsys, "mylayers.py:linear_forward,transposed_backward", *LINEAR)
    assert (code, err) == (1, "")
    assert out.startswith("FAIL  linear_forward")
    assert "the gradient of x (3, 4) is wrong" in out
    assert "x[0, 0]: analytic" in out
    assert "transposed" in out
    assert max(map(len, out.splitlines())) <= 80


def test_low_precision_is_undecided(capsys):
    code, out, _ = check(
        capsys, "mylayers.py:linear_forward,linear_backward", *LINEAR, "--dtype", "float32"
    )
    assert code == 2
    assert out.startswith("UNDECIDED")


def test_a_forward_without_return_is_undecided(capsys):
    code, out, _ = check(capsys, "mylayers.py:no_return,linear_backward", "--shapes", "x=2")
    assert code == 2
    assert out.startswith("UNDECIDED") and "does it end in `return`?" in " ".join(out.split())


def test_the_report_as_json(capsys):
    code, out, _ = check(
        capsys, "mylayers.py:linear_forward,transposed_backward", *LINEAR, "--json"
    )
    report = json.loads(out)
    assert (code, report["verdict"]) == (1, "FAIL")
    assert report["diagnoses"][0]["kind"] == "transposed"


def test_another_seed_draws_other_inputs(capsys):
    reports = [
        check(capsys, "mylayers.py:linear_forward,transposed_backward", *LINEAR, "--seed", seed)[1]
        for seed in ("1", "1", "2")
    ]
    assert reports[0] == reports[1] != reports[2]


@pytest.mark.parametrize(
    ("target", "arguments", "words"),
    [
        ("nowhere.py:f,g", ("--shapes", "x=2"), "there is no file nowhere.py"),
        ("mylayers.py", ("--shapes", "x=2"), "expects FILE.py:FORWARD,BACKWARD"),
        ("mylayers.py:a,b,c", ("--shapes", "x=2"), "expects FILE.py:FORWARD,BACKWARD"),
        ("mylayers.py:conv,conv_backward", ("--shapes", "x=2"), "there is: linear_forward"),
        ("mylayers.py:linear_forward,linear_backward", ("--shapes", "x=2,a"), "shape of x"),
        ("mylayers.py:linear_forward,linear_backward", ("--shapes", "x=0"), "shape of x"),
        ("mylayers.py:linear_forward,linear_backward", ("--shapes", "x"), "expects NAME=VALUE"),
        ("mylayers.py:linear_forward,linear_backward", ("--shapes", "x=2", "x=3"), "x twice"),
        ("mylayers.py:linear_forward,linear_backward", ("--shapes", "x=3,4", "w=4,4"), "needs b"),
        ("mylayers.py:linear_forward,linear_backward", ("--shapes", "q=3"), "no argument 'q'"),
        (
            "mylayers.py:linear_forward,linear_backward",
            ("--shapes", "x=3,4", "w=5,4", "b=4"),
            "ValueError: matmul",
        ),
        ("mylayers.py:scale_forward,scale_backward", ("--shapes", "x=2"), "needs scale_param"),
        ("mylayers.py:with_default,linear_backward", ("--shapes", "x=2", "w=2"), "needs axis"),
        ("mylayers.py:loss_forward,loss_backward",
         ("--shapes", "scores=4,5", "--labels", "y=4"), "y=COUNT:CLASSES"),
        ("mylayers.py:crashes,linear_backward", ("--shapes", "x=2"), "KeyError: 'nothing here'"),
    ],
)  # fmt: skip
def test_bad_use_is_one_clear_line(capsys, target, arguments, words):
    assert words in refused(capsys, target, *arguments)


def test_a_crash_names_the_line_of_the_users_file(capsys):
    message = refused(capsys, "mylayers.py:crashes,linear_backward", "--shapes", "x=2")
    line = LAYERS.splitlines().index('    raise KeyError("nothing here")') + 1
    assert f"in crashes, mylayers.py:{line}" in message


def test_a_file_that_is_no_python(capsys, here):
    (here / "broken.py").write_text("def f(:\n", encoding="utf-8")
    assert "line 1" in refused(capsys, "broken.py:f,g", "--shapes", "x=2")


def test_help_says_what_the_exit_codes_mean(capsys):
    assert main(["gradcheck", "--help"]) == 0
    out = capsys.readouterr().out
    assert "0 PASS    1 FAIL    2 UNDECIDED" in out
    assert max(map(len, out.splitlines())) <= 80
