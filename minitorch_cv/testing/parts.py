"""Where the parts of one op are: its file, kernels, functions, layers, tests, benchmark and docs.

One op has one name, and each of its parts follows from that name (architecture.md, section 4);
`parts_of` looks for them. `minitorch-cv where conv2d` prints the answer, and a test of the house
asserts that none is missing. Tests, benchmarks and docs are found in a checkout only.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from .. import detection, nn
from ..autograd import functions, joining
from ..autograd.tensor import Tensor
from ..backend.registry import kernel_path
from ..nn import functional
from ..ops.catalog import module_of, op_named, spoken_names
from ..ops.op import Op

_PACKAGE = Path(__file__).resolve().parents[1]

# Ops that people call by another of PyTorch's names, and steps that others are made of: for those,
# the function that takes them.
_CALLED_BY = {
    "concatenate": "cat",
    "convert": "to",
    "getitem": "__getitem__",
    "setitem": "__setitem__",
    "neg": "__neg__",
    "im2col": "unfold",
    "col2im": "fold",
    "scatter": "__getitem__",  # its gradient
    "gather": "gather",
    "strided": "diagonal",
    "scatter_add": "max_pool2d",  # its gradient
    "resample": "interpolate",
    "window_sum": "avg_pool",
    "window_spread": "avg_pool",  # its gradient
}


def checkout() -> Path | None:
    """The root of the checkout this package is imported from; None for an installed wheel."""
    root = _PACKAGE.parent
    return root if (root / "setup.cfg").is_file() and (root / "tests").is_dir() else None


def parts_of(name: str) -> dict[str, str | None]:
    """Part → where it is, as `path:line` or a dotted name; None where there is no such part.

    Paths are relative to the checkout, or to the folder the package is installed in.
    Raises ValueError, with the nearest names, for an op that does not exist.
    """
    op = op_named(name)
    name, module = op.name, module_of(name)
    row = module.rpartition(".")[2] in ("unary", "binary", "activations", "elementwise")
    path = module.replace(".", "/")
    source = _PACKAGE / "ops" / f"{path}.py"
    folder, _, stem = path.rpartition("/")
    start = rf'    (unary|binary|error)\("{name}"' if row else f"{_variable(op)} = "
    place = _line_in(source, f"^{start}")
    return {
        "op": place,
        "forward": place if row else _code(op.forward),
        "backward": place if row else _code(op.backward),
        "reference": place if row else op.reference and _code(op.reference),
        "CPU kernel": _kernel(name, "cpu", ".py"),
        "CUDA kernel": _kernel(name, "cuda", ".cu"),
        "function": _function(name),
        "layer": _layer(name),
        "tests": _in_checkout(f"tests/ops/{folder}/test_{stem}.py"),
        "parity tests": _in_checkout(f"tests/parity/ops/{folder}/test_{stem}.py"),
        "benchmark": _benchmark(name, module),
        "docs": _docs(name),
    }


def _relative(path: Path) -> str:
    return path.resolve().relative_to(_PACKAGE.parent).as_posix()


def _line_in(path: Path, pattern: str) -> str | None:
    """`path:line` of the first line that matches, None where there is none."""
    if not path.is_file():
        return None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if re.search(pattern, line):
            return f"{_relative(path)}:{number}"
    return None


def _variable(op: Op) -> str:
    """The name that an op has in its module: OP, or AMAX where a file holds two."""
    members = vars(sys.modules[op.forward.__module__])
    return next((name for name, value in members.items() if value is op), "OP")


def _code(function: Any) -> str:
    code = function.__code__
    return f"{_relative(Path(code.co_filename))}:{code.co_firstlineno}"


def _in_checkout(path: str) -> str | None:
    root = checkout()
    return path if root is not None and (root / path).is_file() else None


def _kernel(name: str, device: str, ending: str) -> str | None:
    """Kernels lie beside the package in a checkout, inside it in a wheel."""
    place = kernel_path(name, device)
    if place is None:
        return None
    file = place.partition(":")[0].removeprefix("minitorch_cv.").replace(".", "/") + ending
    return next(
        (_relative(top / file) for top in (_PACKAGE.parent, _PACKAGE) if (top / file).is_file()),
        None,
    )


def _function(name: str) -> str | None:
    """The names that a user calls: one, or one for each number of dimensions."""
    found = [_home(called) for called in spoken_names(_CALLED_BY.get(name, name))]
    return None if None in found else ", ".join(map(str, found))


def _home(called: str) -> str | None:
    """A function's full name: in `nn.functional`, else a method of Tensor, else a function."""
    if hasattr(functional, called):
        return f"nn.functional.{called}"
    if called in detection.__all__:
        return f"detection.{called}"
    if hasattr(Tensor, called):
        return f"Tensor.{called}"
    found = any(hasattr(home, called) for home in (functions, joining))
    return f"minitorch_cv.{called}" if found else None


def _layer(name: str) -> str | None:
    """The layer(s) of an op, in nn or detection: conv is Conv1d, Conv2d and Conv3d."""
    wanted = re.compile(name.replace("_", "") + r"(loss|[123]d)?", re.IGNORECASE)
    found = [
        f"{room.__name__.rpartition('.')[2]}.{layer}"
        for room in (nn, detection)
        for layer in room.__all__
        if wanted.fullmatch(layer) and inspect.isclass(getattr(room, layer))
    ]
    return ", ".join(sorted(found)) or None


def _benchmark(name: str, module: str) -> str | None:
    """The op's row in benchmarks/ops.py; elementwise functions share one."""
    root = checkout()
    if root is None:
        return None
    table = root / "benchmarks" / "ops.py"
    return _line_in(table, rf'^    "{name}": ') or (
        _line_in(table, r'^    "elementwise": ') if module.startswith("elementwise.") else None
    )


def _docs(name: str) -> str | None:
    root = checkout()
    return None if root is None else _line_in(root / "docs" / "ops.md", rf"^#+ {name}$")
