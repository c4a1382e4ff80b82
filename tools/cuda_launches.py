"""What the tests launch on the emulator: each launch's arguments, before and after.

A pytest plugin (`-p cuda_launches`), and what runs tests with it in a process of their own:
`launches_of` gives their launches, `tests_fail` runs them on a kernel that has been changed.
Only kernels as they stand in their files are recorded, not texts that a test has changed.
"""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from minitorch_cv.kernels.cuda import KERNELS
from minitorch_cv.kernels.cuda.launch import HERE, Source

from minitorch_cv.ops.catalog import op_names
from minitorch_cv.testing.cuda_emulator import Emulated

ROOT = Path(__file__).resolve().parents[1]
TESTS = "tests/kernels/cuda"
ENDLESS = 240.0  # seconds: the tests of a family take at most 60, so that one of them loops
# The environment says: where launches are written to; a kernel's file, and another text for it.
TARGET, PLANTED, TEXT = (f"MINITORCH_CV_{word}" for word in ("LAUNCHES", "PLANTED", "TEXT"))
MOST = 200  # launches kept of each kernel; where there are more, a random choice


class Launch(NamedTuple):
    """sizes: of grid and block. before, after: arguments (arrays are copies).

    starts: where each array began, beyond a multiple of 64 bytes: kernels may look at that.
    """

    file: str
    kernel: str
    sizes: tuple[int, ...]
    shared: int
    before: list[Any]
    after: list[Any]
    starts: list[int]

    def arguments(self) -> list[Any]:
        """As they were before, in fresh memory that begins likewise."""
        return [
            _placed(a, start) if isinstance(a, np.ndarray) else a
            for a, start in zip(self.before, self.starts, strict=True)
        ]


def _placed(array: np.ndarray, start: int) -> np.ndarray:
    memory = np.empty(array.nbytes + 128, np.uint8)
    begin = -memory.ctypes.data % 64 + start
    found = memory[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    found[...] = array
    return found


class _Recorder:
    """Stands in for Emulated.run while tests run."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], list[Launch]] = {}
        self.seen: dict[tuple[str, str], set[Any]] = {}
        self.run = Emulated.run
        self.choice = random.Random(0)

    def __call__(
        self, kernels: Emulated, signature: Any, sizes: Any, args: Sequence[Any], shared: int,
        order: str,
    ) -> None:  # fmt: skip
        file = kernels.source.path
        if not _is_the_file(file, kernels.source.hash):
            self.run(kernels, signature, sizes, args, shared, order)
            return
        before = _copies(args)
        self.run(kernels, signature, sizes, args, shared, order)
        starts = [a.ctypes.data % 64 if isinstance(a, np.ndarray) else 0 for a in args]
        launch = Launch(file, signature.name, tuple(sizes), shared, before, _copies(args), starts)
        self._keep((file, signature.name), launch)

    def _keep(self, name: tuple[str, str], launch: Launch) -> None:
        kept, seen = self.kept.setdefault(name, []), self.seen.setdefault(name, set())
        places = (start % 16 for start in launch.starts)
        key = (launch.sizes, *places, *(_key(a) for a in launch.before))
        if key in seen:
            return
        seen.add(key)
        if len(kept) < MOST:
            kept.append(launch)
        elif (place := self.choice.randrange(len(seen))) < MOST:
            kept[place] = launch


@cache
def _is_the_file(path: str, own: str) -> bool:
    return (HERE / path).is_file() and Source(path).hash == own


def _copies(args: Sequence[Any]) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def _key(arg: Any) -> Any:
    return (arg.shape, arg.dtype.str) if isinstance(arg, np.ndarray) else arg


def pytest_configure(config: Any) -> None:
    if PLANTED in os.environ:
        _plant(os.environ[PLANTED], Path(os.environ[TEXT]).read_text(encoding="utf-8"))
    config.cuda_launches = recorder = _Recorder()

    def run(self: Emulated, *given: Any) -> None:
        recorder(self, *given)

    if TARGET in os.environ:
        setattr(Emulated, "run", run)  # noqa: B010


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """One order is enough where launches are kept: they are the same in the other."""
    if TARGET in os.environ:
        items[:] = [item for item in items if _order_of(item) != "backward"]


def _order_of(item: Any) -> str | None:
    return getattr(item, "callspec", None) and item.callspec.params.get("order")


def pytest_unconfigure(config: Any) -> None:
    if TARGET in os.environ:
        setattr(Emulated, "run", config.cuda_launches.run)  # noqa: B010
        found = [launch for kept in config.cuda_launches.kept.values() for launch in kept]
        Path(os.environ[TARGET]).write_bytes(pickle.dumps(found))


def _plant(path: str, text: str) -> None:
    """From here on the file of a kernel reads otherwise."""
    create = Source.__init__

    def init(self: Source, own: str, given: str | None = None) -> None:
        create(self, own, text if own == path and given is None else given)

    setattr(Source, "__init__", init)  # noqa: B010


def launches_of(family: str) -> list[Launch]:
    """What the tests of a family launch. Raises RuntimeError where they fail."""
    with tempfile.TemporaryDirectory() as work:
        target = Path(work) / "launches"
        done = _run_tests(family, {TARGET: str(target)})
        if done.returncode:
            raise RuntimeError(f"the tests of {family} fail:\n{done.stdout[-3000:]}{done.stderr}")
        return pickle.loads(target.read_bytes())


def tests_fail(file: str, text: str) -> bool:
    """Do the tests of a family see that one of its files reads so?"""
    with tempfile.TemporaryDirectory() as work:
        planted = Path(work) / "text"
        planted.write_text(text, encoding="utf-8")
        env = {PLANTED: file, TEXT: str(planted)}
        try:
            return _run_tests(file.partition("/")[0], env, ENDLESS).returncode != 0
        except subprocess.TimeoutExpired:
            return True


def _run_tests(
    family: str, env: dict[str, str], seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """pytest with this plugin on the tests of a family, and on the samples of its ops."""
    ops = sorted(op for op in op_names() if KERNELS.get(op, "").startswith(f"{family}."))
    samples = [f"{TESTS}/test_ops_on_the_emulator.py::test_op[forward-{op}]" for op in ops]
    path = os.pathsep.join([str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")])
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-p", "cuda_launches", f"{TESTS}/{family}", *samples],
        cwd=ROOT, env={**plain, "PYTHONPATH": path, **env}, capture_output=True, text=True,
        timeout=seconds,
    )  # fmt: skip
