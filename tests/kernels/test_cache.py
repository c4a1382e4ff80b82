"""Compiled kernels are found again, made anew when they are out of date, and done without.

A copy of the machinery with two tiny kernels stands for the package, each run in its own process.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba")

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
KERNEL = "from numba import njit\n\n@njit(cache=True)\n"
TINY = {
    "cpu/__init__.py": "",
    "cpu/tiny/__init__.py": "from ...kept import keep_compiled\n\nkeep_compiled()\n",
    "cpu/tiny/first.py": f"from .second import times\n{KERNEL}def first(x):\n    return times(x)+1",
    "cpu/tiny/second.py": f"{KERNEL}def times(x):\n    return 2 * x\n",
    "cpu/tiny/other.py": "SIZE = 1\n",
}
SHOW = (
    "import warnings\n"
    "from small.cpu.tiny.first import first\n"
    "from small import cache\n"
    "lines = []\n"
    "with warnings.catch_warnings(record=True) as caught, cache.telling(lines.append):\n"
    "    warnings.simplefilter('always')\n"
    "    print(first(3))\n"
    "print(sorted(cache.compiled))\n"
    "print(lines)\n"
    "print([str(w.message) for w in caught])\n"
)


@pytest.fixture
def small(tmp_path):
    """The folder of a package `small` that keeps its kernels as ours does."""
    package = tmp_path / "small"
    for name in ("__init__.py", "cache.py", "kept.py"):
        package.mkdir(exist_ok=True)
        shutil.copy(KERNELS / name, package / name)
    for name, text in TINY.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    return package


def run(package, code=SHOW, **places):
    """The lines that a process printed; its cache folder is beside the package."""
    env = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    places = places or {"XDG_CACHE_HOME": str(package.parent / "kept")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package.parent, env={**env, **places},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_second_process_compiles_nothing_and_says_nothing(small):
    value, compiled, lines, warned = run(small)
    assert value == "7" and "tiny.first.first" in compiled and "tiny.second.times" in compiled
    assert lines.count("compiling kernels") == 1 and str(small.parent / "kept") in lines
    assert warned == "[]"
    assert run(small) == ["7", "[]", "[]", "[]"]
    assert not list(small.rglob("*.nbi"))  # the package itself may be read-only


def test_a_change_in_an_imported_file_is_seen_and_no_other(small):
    run(small)
    (small / "cpu/tiny/other.py").write_text("SIZE = 2\n")
    assert run(small)[:2] == ["7", "[]"]
    (small / "cpu/tiny/second.py").write_text(TINY["cpu/tiny/second.py"].replace("2 *", "5 *"))
    value, compiled, *_ = run(small)
    assert value == "16" and "tiny.first.first" in compiled


def test_without_a_place_to_write_to_one_warning_and_the_same_value(small):
    file = small.parent / "file"
    file.write_text("")
    value, _, _, warned = run(small, XDG_CACHE_HOME=str(file))
    assert value == "7"
    assert warned.count("cannot be kept") == 1 and "NUMBA_CACHE_DIR" in warned


def test_a_broken_file_is_made_anew(small):
    run(small)
    for file in (small.parent / "kept").rglob("*.nbc"):
        file.write_bytes(b"nonsense")
    value, compiled, _, warned = run(small)
    assert value == "7" and "tiny.first.first" in compiled and "cannot be read" in warned
    assert run(small) == ["7", "[]", "[]", "[]"]


def test_numbas_own_variable_says_where(small):
    place = small.parent / "elsewhere"
    run(small, NUMBA_CACHE_DIR=str(place))
    assert list(place.glob("kernels-*/cpu/tiny/first.first-kernel.*.nbi"))


def test_other_users_of_numba_keep_their_places(small):
    (small.parent / "theirs.py").write_text(f"{KERNEL}def f(x):\n    return x\n")
    run(small, f"{SHOW}import theirs\ntheirs.f(1)\n")
    assert list((small.parent / "__pycache__").glob("theirs.f-*.nbi"))


def test_a_terminal_is_told_and_a_log_is_not(small, monkeypatch):
    code = "from small.cpu.tiny.first import first\nfirst(1)\n"
    told = "import sys\nsys.stderr.isatty = lambda: True\nsys.stderr.write = print\n" + code
    line = run(small, told)[0]
    assert line.startswith("minitorch_cv: compiling kernels, first tiny.")
    shutil.rmtree(small.parent / "kept")
    assert run(small, "import sys\nsys.stderr = sys.stdout\n" + code) == []


def test_what_nobody_uses_is_removed(tmp_path):
    from minitorch_cv.kernels import cache

    for name, days in (("kernels-old", 90), ("kernels-new", 1), ("others", 90)):
        (tmp_path / name).mkdir()
        then = time.time() - days * 24 * 3600
        os.utime(tmp_path / name, (then, then))
    cache.forget_unused(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kernels-new", "others"]


@pytest.mark.parametrize("family", sorted(p.parent.name for p in KERNELS.glob("cpu/*/__init__.py")))
def test_every_family_keeps_its_kernels(family):
    text = (KERNELS / "cpu" / family / "__init__.py").read_text()
    assert "\nfrom ...kept import keep_compiled\n\nkeep_compiled()\n" in text
