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
    "shape.strided": {"strided": "OP"},
    "shape.concatenate": {"concatenate": "OP"},
    "shape.pad": {"pad": "OP"},
    "resize.resample": {"resample": "OP"},
    "resize.interpolate": {"interpolate": "OP"},
    "resize.grid_sample": {"grid_sample": "OP"},
    "reduce.sum": {"sum": "OP"},
    "reduce.mean": {"mean": "OP"},
    "reduce.var": {"var": "OP", "std": "STD"},
    "reduce.prod": {"prod": "OP"},
    "reduce.amax": {"amax": "AMAX", "amin": "AMIN"},
    "reduce.logsumexp": {"logsumexp": "OP"},
    "reduce.norm": {"norm": "OP"},
    "scan.cumsum": {"cumsum": "OP"},
    "scan.cumprod": {"cumprod": "OP"},
    "reduce.max": {"max": "MAX", "min": "MIN"},
    "linalg.matmul": {"matmul": "OP"},
    "linalg.linear": {"linear": "OP"},
    "conv.im2col": {"im2col": "OP", "col2im": "COL2IM"},
    "conv.conv": {"conv": "OP"},
    "conv.conv_transpose": {"conv_transpose": "OP"},
    "pool.max_pool": {"max_pool": "OP"},
    "pool.window_sum": {"window_sum": "OP", "window_spread": "WINDOW_SPREAD"},
    "pool.avg_pool": {"avg_pool": "OP"},
    "pool.adaptive_avg_pool": {"adaptive_avg_pool": "OP"},
    "pool.adaptive_max_pool": {"adaptive_max_pool": "OP"},
    "pool.max_unpool": {"max_unpool": "OP"},
    "roi.roi_pool": {"roi_pool": "OP"},
    "roi.roi_align": {"roi_align": "OP"},
    "roi.nms": {"nms": "OP"},
    "norm.batch_norm": {"batch_norm": "OP"},
    "norm.batch_norm_add_relu": {"batch_norm_add_relu": "OP"},
    "norm.group_norm": {"group_norm": "OP"},
    "norm.layer_norm": {"layer_norm": "OP"},
    "norm.local_response_norm": {"local_response_norm": "OP"},
    "norm.rms_norm": {"rms_norm": "OP"},
    "random.dropout": {"dropout": "OP"},
    "activation.prelu": {"prelu": "OP"},
    "activation.softmax": {"softmax": "OP"},
    "activation.log_softmax": {"log_softmax": "OP"},
    "loss.cross_entropy": {"cross_entropy": "OP"},
    "loss.nll_loss": {"nll_loss": "OP"},
}
# Ops written once for n dimensions; people call them with the number: conv1d, conv2d, conv3d.
_ANY_DIMENSION: tuple[str, ...] = (
    "adaptive_avg_pool", "adaptive_max_pool", "avg_pool", "conv", "conv_transpose", "max_pool",
    "max_unpool",
)  # fmt: skip
_TABLES = ("elementwise.unary", "elementwise.binary", "elementwise.activations", "loss.elementwise")


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

    called = [spoken for op in op_names() for spoken in spoken_names(op)]
    near = difflib.get_close_matches(name, called, 3, 0.5)
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
