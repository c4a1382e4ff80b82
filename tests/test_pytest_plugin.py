"""The pytest plug-in: a fixture that passes, fails with the report, and is silent when unused."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYER = """
import numpy as np

def forward(x):
    return np.tanh(x), x

def right(dout, x):
    return dout * (1 - np.tanh(x) ** 2)

def wrong(dout, x):
    return dout * (1 - np.tanh(x))

X = np.random.default_rng(0).normal(size=(2, 3))
"""


def run(folder: Path, text: str) -> str:
    """What pytest prints about a test file, with our plug-in alone."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                   "PYTHONPATH": os.pathsep.join(filter(None, paths))}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "minitorch_cv.pytest_plugin", "test_it.py"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip


def test_right_gradients_pass_and_wrong_ones_fail_with_the_report(tmp_path):
    out = run(tmp_path, LAYER + """
def test_right(assert_gradcheck):
    assert assert_gradcheck((forward, right), [X]).verdict == "PASS"

def test_wrong(assert_gradcheck):
    assert_gradcheck((forward, wrong), [X])

def test_undecided(assert_gradcheck):
    assert_gradcheck((forward, right), [X.astype(np.float32)])
""")  # fmt: skip
    assert "2 failed, 1 passed" in out
    assert "FAIL  forward" in out and "x[0, 0]: analytic" in out
    assert "UNDECIDED" in out
    assert "Traceback" not in out and "def test_wrong" not in out


def test_it_loads_nothing_and_says_nothing_when_unused(tmp_path):
    out = run(tmp_path, """
import sys

def test_nothing_is_loaded():
    heavy = ("numpy", "numba", "minitorch_cv.testing", "minitorch_cv.autograd")
    assert "minitorch_cv.pytest_plugin" in sys.modules
    assert [name for name in heavy if name in sys.modules] == []
""")  # fmt: skip
    assert "1 passed" in out
    assert "minitorch" not in out


def test_it_is_registered_with_pytest():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    entries = config["options.entry_points"]["pytest11"].split()
    assert entries == ["minitorch_cv", "=", "minitorch_cv.pytest_plugin"]
