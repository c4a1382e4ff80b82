"""Tensors, ops, autograd, nn and optim work where nothing but NumPy is installed, and importing the
package costs little more than importing NumPy."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv

PACKAGE = Path(minitorch_cv.__file__).parent
SITE_PACKAGES = Path(np.__file__).parents[1]

OTHERS = [
    "scipy", "numba", "llvmlite", "matplotlib", "sklearn", "safetensors", "tqdm", "PIL", "cupy",
    "threadpoolctl", "torch",
]  # fmt: skip

_BLOCK = f"""
import sys, warnings

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OTHERS!r}:
            raise ImportError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
warnings.simplefilter("ignore")
"""

_TRAIN = """
import minitorch_cv as mt
from minitorch_cv import nn, optim
import minitorch_cv.nn.functional as F

mt.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    nn.Dropout(0.1), nn.Linear(4 * 9, 3),
)
x, t = mt.randn(8, 1, 8, 8), mt.tensor([0, 1, 2, 0, 1, 2, 0, 1])
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
losses = []
for _ in range(12):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), t)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < 0.7 * losses[0], losses
a = mt.randn(3, 3).requires_grad_()
(g,) = mt.autograd.grad((a @ a.t()).exp().sum(), a, create_graph=True)
g.square().sum().backward()
assert a.grad.shape == (3, 3)
print("trained")
"""

_GRADCHECK = """
import numpy as np
from minitorch_cv.testing import check_op, gradcheck
import minitorch_cv as mt
assert gradcheck(lambda x: x.tanh(), mt.tensor(np.ones(3)))
assert all(result.ok for result in check_op("matmul"))
print("checked")
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("code", "word"), [(_TRAIN, "trained"), (_GRADCHECK, "checked")])
def test_with_numpy_alone(code, word):
    assert run(_BLOCK + code).strip() == word


def test_the_block_blocks():
    with pytest.raises(AssertionError, match="No module named 'numba'"):
        run(_BLOCK + "import numba")


def test_importing_the_package_imports_no_heavy_library():
    """Not even when tensors, nn and optim are fetched; numba comes with the first op that has a
    kernel."""
    code = """
import sys
import minitorch_cv as mt
mt.Tensor, mt.nn.Linear, mt.optim.SGD, mt.autograd
print(*{name.split('.')[0] for name in sys.modules})
"""
    assert not set(run(code).split()) & set(OTHERS)


def seconds(module: str) -> float:
    """How long a fresh interpreter takes to import a module, without its own start."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    return float(run(code))


def test_importing_takes_at_most_half_longer_than_numpy():
    """Median of alternating runs; measured again before it is called a failure."""
    for _ in range(3):
        pairs = [(seconds("minitorch_cv"), seconds("numpy")) for _ in range(7)]
        ours, numpys = (statistics.median(times) for times in zip(*pairs, strict=True))
        if ours <= 1.5 * numpys:
            return
        time.sleep(1)  # something else was running
    pytest.fail(f"import minitorch_cv takes {ours:.3f} s, import numpy {numpys:.3f} s")


def test_a_bare_checkout_runs_on_the_reference_path(tmp_path: Path) -> None:
    """Without installing, `kernels/` is not where the package looks for it."""
    shutil.copytree(PACKAGE, tmp_path / "minitorch_cv")
    code = "import minitorch_cv as mt; print(mt.nn.MaxPool2d(2)(mt.ones(1, 1, 4, 4)).sum().item())"
    bare = [sys.executable, "-S", "-c", f"import sys; sys.path += {[str(SITE_PACKAGES)]}; {code}"]
    done = subprocess.run(bare, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "4.0", done.stderr
