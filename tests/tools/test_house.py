"""Each rule of the house goes red on a small house that breaks it, and only there."""

import textwrap

import house
import house_ops
import pytest

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.op import Op

SETUP = """
[options]
packages =
    minitorch_cv
    minitorch_cv.ops
"""


@pytest.fixture
def build(tmp_path):
    """Builds a house from {path: text} and answers its root."""

    def make(files):
        sound = {"setup.cfg": SETUP, "minitorch_cv/__init__.py": "", "minitorch_cv/ops/sum.py": ""}
        for path, text in {**sound, **files}.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize(
    "path, text",
    [
        ("minitorch_cv/ops/a.py", "from ..autograd import Tensor"),
        ("minitorch_cv/ops/a.py", "from .. import Tensor"),
        ("minitorch_cv/ops/a.py", "import minitorch_cv.nn.functional"),
        ("minitorch_cv/ops/a.py", "def late():\n    from ..nn import functional"),
        ("minitorch_cv/ops/a.py", "import cupy"),
        ("minitorch_cv/nn/a.py", "import torch"),
        ("minitorch_cv/data/a.py", "import cv2"),
        ("minitorch_cv/tasks/a.py", "import tensorflow as tf"),
        ("minitorch_cv/data/a.py", "from ..nn import Module"),
        ("minitorch_cv/optim/a.py", "from ..models import lenet"),
        ("minitorch_cv/nn/a.py", "from ..optim import SGD"),
        ("minitorch_cv/backend/a.py", "import numba"),
        ("minitorch_cv/autograd/a.py", "from ..ops.conv.conv import OP"),
        ("minitorch_cv/attic/a.py", ""),
        ("kernels/cpu/a.py", "from minitorch_cv.backend import library"),
        ("kernels/cpu/a.py", "import scipy"),
    ],
)
def test_broken_imports_goes_red(build, path, text):
    assert len(house.broken_imports(build({path: text}))) == 1


def test_broken_imports_lets_the_floors_below_pass(build):
    root = build(
        {
            "minitorch_cv/backend/cuda.py": "import cupy\nimport numpy as np\nimport math",
            "minitorch_cv/ops/a.py": "from ..backend.library import array_module\nfrom . import b",
            "minitorch_cv/autograd/a.py": "from ..ops.elementwise import unary",
            "minitorch_cv/__init__.py": "from .autograd import Tensor\nfrom . import backend",
            "minitorch_cv/backend/__init__.py": "",
            "minitorch_cv/cli/main.py": "from ..tasks import train\nimport argparse",
            "kernels/cpu/a.py": "import numba\nfrom . import b",
        }
    )
    assert house.broken_imports(root) == []


def test_broken_floors_goes_red(monkeypatch):
    upward = {**house.ROOMS, "ops": house.Room(2, ("nn",))}
    monkeypatch.setattr(house, "ROOMS", upward)
    assert house.broken_floors() == ["ops (floor 2) may not use nn (floor 4)"]


@pytest.mark.parametrize("text", ["print('hello')", "import argparse", "from argparse import *"])
def test_stray_prints_goes_red(build, text):
    assert len(house.stray_prints(build({"minitorch_cv/ops/a.py": text}))) == 1
    assert (
        house.stray_prints(build({"minitorch_cv/ops/a.py": "", "minitorch_cv/cli.py": text})) == []
    )


def _function(lines):
    body = "\n".join(f"    x{i} = {i}" for i in range(lines))
    return f'def f():\n    """Words\n\n    words.\n    """\n    # a comment\n\n{body}\n'


@pytest.mark.parametrize(
    "files, words",
    [
        ({"tools/a.py": "x = 1\n" * 501}, "tools/a.py: 501 lines"),
        ({"tools/a.py": "x = '" + "y" * 95 + "'\n"}, "tools/a.py:1: 101 columns"),
        ({"tools/a.py": _function(41)}, "f has 41 lines"),
        ({f"kernels/cpu/a{i}.py": "" for i in range(16)}, "kernels/cpu/: 16 files"),
    ],
)
def test_too_large_goes_red(build, files, words):
    complaints = house.too_large(build(files))
    assert len(complaints) == 1
    assert words in complaints[0]


def test_too_large_lets_the_limit_pass(build):
    files = {f"kernels/cpu/a{i}.py": "" for i in range(15)}
    files |= {"kernels/cpu/__init__.py": "", "tools/a.py": "x = 1\n" * 500}
    files["tools/b.py"] = _function(40) + "x = '" + "y" * 94 + "'\n"
    assert house.too_large(build(files)) == []


def test_own_lines_leaves_inner_functions_out(build):
    text = "def f():\n    def g():\n        return 1\n\n    return g\n"
    root = build({"tools/a.py": text})
    sizes = {f.name: f.lines for f in house.functions_of(root / "tools" / "a.py", root)}
    assert sizes == {"f": 1, "g": 1}


def test_missing_packages_goes_red(build):
    complaints = house.missing_packages(build({"minitorch_cv/nn/modules/a.py": ""}))
    assert complaints == ["setup.cfg: packages lacks minitorch_cv.nn.modules"]
    stale = SETUP + "    minitorch_cv.attic\n    minitorch_cv.nn.modules\n"
    complaints = house.missing_packages(build({"setup.cfg": stale}))
    assert complaints == ["setup.cfg: packages lists minitorch_cv.attic, which has no folder"]


@pytest.mark.parametrize("path", ["tests/opps/test_sum.py", "tests/parity/op/test_sum.py"])
def test_misplaced_tests_goes_red(build, path):
    sound = {"tests/ops/test_sum.py": "", "tests/parity/ops/test_sum.py": "", "tests/test_a.py": ""}
    assert len(house.misplaced_tests(build({**sound, path: ""}))) == 1


SOUND = op_named("matmul")


def _without(part):
    fields = ("check", "reference", "samples", "error_samples")
    parts = {field: getattr(SOUND, field) for field in fields}
    parts.update(part)
    return Op("matmul", SOUND.forward, SOUND.backward, SOUND.saved, **parts)


@pytest.mark.parametrize(
    "part, words",
    [
        ({"reference": None}, "no reference"),
        ({"reference": SOUND.forward}, "reference is the op itself"),
        ({"samples": None}, "no samples"),
        ({"samples": lambda rng: []}, "no samples"),
        ({"error_samples": None}, "has a check, but no error samples"),
        ({"check": None}, "has error samples, but no check"),
    ],
)
def test_missing_inside_goes_red(part, words):
    complaints = house_ops.missing_inside(_without(part), "linalg.matmul")
    assert len(complaints) == 1
    assert words in complaints[0]


def test_missing_inside_asks_for_an_equation():
    complaints = house_ops.missing_inside(SOUND, "catalog")
    assert complaints == ["matmul: the docstring of ops/catalog gives no equation"]


def test_missing_parts_asks_for_what_lies_elsewhere(monkeypatch):
    sound = dict.fromkeys(house_ops.ELSEWHERE, "somewhere")
    for part in house_ops.ELSEWHERE:
        monkeypatch.setattr(house_ops, "parts_of", lambda name, p=part: {**sound, p: None})
        assert house_ops.missing_parts(SOUND) == [f"matmul: has no {part}"]
