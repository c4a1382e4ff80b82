"""Every op of the engine by name. Modules are imported when an op is asked for."""

from __future__ import annotations

import importlib
from typing import Any

from .op import Op

# module (below minitorch_cv.ops) → its ops. A table of rows names all of its ops by itself.
_FILES: dict[str, dict[str, str]] = {
    "elementwise.cast": {"convert": "CONVERT", "clone": "CLONE"},
    "elementwise.where": {"where": "OP"},
    "shape.gather": {"gather": "OP", "scatter_add": "SCATTER_ADD"},
    "shape.getitem": {"getitem": "OP", "scatter": "SCATTER"},
    "shape.setitem": {"setitem": "OP"},
    "shape.reshape": {"reshape": "OP"},
    "shape.permute": {"permute": "OP"},
    "shape.expand": {"expand": "OP"},
    "shape.concatenate": {"concatenate": "OP"},
    "shape.pad": {"pad": "OP"},
    "reduce.sum": {"sum": "OP"},
    "reduce.mean": {"mean": "OP"},
    "reduce.var": {"var": "OP"},
    "reduce.prod": {"prod": "OP"},
    "reduce.amax": {"amax": "AMAX", "amin": "AMIN"},
    "reduce.max": {"max": "MAX", "min": "MIN"},
    "linalg.matmul": {"matmul": "OP"},
    "linalg.linear": {"linear": "OP"},
    "conv.im2col": {"im2col": "OP", "col2im": "COL2IM"},
    "conv.conv2d": {"conv2d": "OP"},
    "pool.max_pool2d": {"max_pool2d": "OP"},
    "pool.window_sum": {"window_sum": "OP", "window_spread": "WINDOW_SPREAD"},
    "pool.avg_pool2d": {"avg_pool2d": "OP"},
    "pool.adaptive_avg_pool2d": {"adaptive_avg_pool2d": "OP"},
    "pool.adaptive_max_pool2d": {"adaptive_max_pool2d": "OP"},
    "norm.batch_norm": {"batch_norm": "OP"},
    "random.dropout": {"dropout": "OP"},
    "activation.prelu": {"prelu": "OP"},
    "activation.softmax": {"softmax": "OP"},
    "activation.log_softmax": {"log_softmax": "OP"},
    "loss.cross_entropy": {"cross_entropy": "OP"},
    "loss.nll_loss": {"nll_loss": "OP"},
    "loss.mse_loss": {"mse_loss": "OP"},
    "loss.l1_loss": {"l1_loss": "OP"},
}
# Ops written once for n dimensions; people call them with the number: conv1d, conv2d, conv3d.
_ANY_DIMENSION: tuple[str, ...] = ()
_TABLES = ("elementwise.unary", "elementwise.binary", "elementwise.activations")


def op_names() -> list[str]:
    """The names of all ops, sorted."""
    rows = [row.name for table in _TABLES for row in _module(table).ROWS]
    return sorted(rows + [name for file in _FILES.values() for name in file])


def spoken_names(name: str) -> tuple[str, ...]:
    """What people call an op: conv is conv1d, conv2d and conv3d; most have one name."""
    if name in _ANY_DIMENSION:
        return tuple(f"{name}{n}d" for n in (1, 2, 3))
    return (name,)


def _own_name(name: str) -> str:
    """The op's own name: conv for conv2d."""
    base = name[:-2]
    return base if base in _ANY_DIMENSION and name in spoken_names(base) else name


def op_named(name: str) -> Op:
    """The op of that name; conv2d is the conv of any dimension.

    Raises ValueError, with the nearest names, where there is none.
    """
    name = _own_name(name)
    for file, members in _FILES.items():
        if name in members:
            return getattr(_module(file), members[name])
    for table in _TABLES:
        if name in _module(table).BY_NAME:
            return _module(table).BY_NAME[name]
    import difflib

    near = difflib.get_close_matches(name, op_names(), 3, 0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(op_names())}"
    raise ValueError(f"ops: no op is called {name!r}; {hint}")


def module_of(name: str) -> str:
    """The module, below `minitorch_cv.ops`, in which an op is written."""
    name = _own_name(name)
    for file, members in _FILES.items():
        if name in members:
            return file
    for table in _TABLES:
        if name in _module(table).BY_NAME:
            return table
    raise ValueError(f"ops: no op is called {name!r}")


def all_ops() -> list[Op]:
    """All ops, by name."""
    return [op_named(name) for name in op_names()]


def _module(path: str) -> Any:
    return importlib.import_module(f".{path}", __package__)
