"""`minitorch-cv warmup` runs every kernel, and says what it did."""

import os
import subprocess
import sys

import numpy as np
import pytest

from minitorch_cv.cli import warmup as file
from minitorch_cv.cli.arguments import UsageError, build_parser
from minitorch_cv.tasks.errors import TaskError

cpu = pytest.importorskip("minitorch_cv.kernels.cpu")
pytest.importorskip("numba")


def warmed(*words):
    return file.warmup(build_parser().parse_args(["warmup", *words]))


def test_runs_the_kernels_forward_and_backward(monkeypatch, capsys):
    from minitorch_cv.backend.registry import find_kernel

    monkeypatch.setattr(cpu, "KERNELS", {name: cpu.KERNELS[name] for name in ("max_pool", "sgd")})
    monkeypatch.setattr(file, "_NETWORKS", ())
    calls = []
    for name, function in (("max_pool", "forward"), ("max_pool", "backward"), ("sgd", "update")):
        kernel = find_kernel(name, "cpu")
        real = getattr(kernel, function)

        def called(*arrays, real=real, seen=f"{name}.{function}", **params):
            calls.append(seen)
            return real(*arrays, **params)

        monkeypatch.setattr(kernel, function, called)
    assert warmed() == 0
    assert set(calls) == {"max_pool.forward", "max_pool.backward", "sgd.update"}
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2 kernels are ready after ") and second.startswith("kept in ")


@pytest.mark.parametrize("name", sorted(cpu.KERNELS))
def test_knows_how_to_run_every_kernel(name):
    assert list(file._runs(name))


def test_networks_are_among_its_work(monkeypatch):
    from minitorch_cv.kernels.cpu.conv import conv

    calls = []

    def counted(x, *rest, real=conv.forward, **params):
        calls.append(x.shape)
        return real(x, *rest, **params)

    monkeypatch.setattr(conv, "forward", counted)
    file._network("LeNet5", 2, 1, 32, 32)
    assert calls[:2] == [(2, 1, 32, 32), (2, 6, 14, 14)]


def test_inputs_are_float32():
    assert file._single(np.ones(2)).dtype == np.float32
    assert file._single(np.ones(2, np.int64)).dtype == np.int64
    assert file._single("mean") == "mean"


def test_other_devices_are_refused():
    with pytest.raises(UsageError, match="--device"):
        build_parser().parse_args(["warmup", "--device", "tpu"])


def test_without_kernels_it_is_an_error(monkeypatch):
    monkeypatch.setattr(file, "find_kernel", lambda name, device: None)
    with pytest.raises(TaskError, match="pip install numba"):
        warmed()


def test_training_says_once_that_kernels_are_compiled(tmp_path):
    """Also where stderr is no terminal, since whoever waits there wants to know why."""
    pytest.importorskip("sklearn")
    code = (
        "import sys\n"
        "from minitorch_cv.kernels import cache\n"
        "from minitorch_cv.tasks.train import Trainer\n"
        "Trainer.run = lambda self, *rest: [cache.compiling(name) for name in ('a.b', 'c.d')]\n"
        "from minitorch_cv.cli import training\n"
        "from minitorch_cv.cli.arguments import build_parser\n"
        "words = 'train lenet --data digits --limit 20 --no-check --out run'.split()\n"
        "sys.exit(training.train(build_parser().parse_args(words)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("compiling kernels, first ") == 1
    assert "(once; kept in " in done.stderr
