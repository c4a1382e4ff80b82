"""What a CUDA kernel says of its arguments, read from its text, and what a launch must keep to.

CUDA itself checks nothing: a pointer is a pointer, and a Python float goes as eight bytes where the
kernel reads four. So every launch is held against the kernel's own head:

    extern "C" __global__ void __launch_bounds__(256)
    scale(const float* __restrict__ x,  // (N, C)
          const float* __restrict__ w,  // (C) or null
          float* __restrict__ y,        // (N, C)
          long long N, long long C, float factor)

The comment behind a pointer is its shape, in terms of the numbers that follow; an array of another
size is refused, so that no index can leave it. Without `or null`, None is refused.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

Dims = tuple[int, int, int]
DTYPES = {
    "float": np.dtype(np.float32), "double": np.dtype(np.float64), "bool": np.dtype(np.bool_),
    "int": np.dtype(np.int32), "long long": np.dtype(np.int64), "Long": np.dtype(np.int64),
    "unsigned int": np.dtype(np.uint32), "unsigned long long": np.dtype(np.uint64),
    "unsigned char": np.dtype(np.uint8), "unsigned short": np.dtype(np.uint16),
    "Word": np.dtype(np.uint64),
}  # fmt: skip
MOST_THREADS = 1024  # in a block: every GPU
MOST_BLOCKS: Dims = (2**31 - 1, 65535, 65535)

_REMEMBERED = 4096  # launches of a kernel

_HEAD = re.compile(
    r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\((\d+)(?:,\s*\d+)?\)\s*)?(\w+)\s*'
    r"\((.*?)\)\s*\{",
    re.DOTALL,
)
_PARAMETER = re.compile(r"(const\s+)?([A-Za-z ]+?)\s*(\*?)\s*(?:__restrict__)?\s*(\w+)")
_SHAPE = re.compile(r"\s*\(([^()]*)\)( or null)?")


class Parameter(NamedTuple):
    """One argument of a kernel. shape: sizes as text, for a pointer whose comment has one."""

    name: str
    dtype: np.dtype
    is_array: bool = False
    is_read_only: bool = False
    shape: tuple[str, ...] | None = None
    may_be_null: bool = False


class Signature:
    """The head of a kernel: its name, arguments and the most threads that a block may have."""

    def __init__(self, name: str, parameters: Sequence[Parameter], threads: int) -> None:
        self.name, self.parameters, self.threads = name, tuple(parameters), threads
        self._judged: set[Any] = set()  # launches that keep to the head, as `_described` has them

    @cached_property
    def sizes(self) -> dict[str, Any]:
        """Array argument → what its number of elements is computed by."""
        return {
            p.name: compile(_product(self.name, p.shape), f"<shape of {p.name}>", "eval")
            for p in self.parameters
            if p.shape is not None
        }

    def cast(self, args: Sequence[Any]) -> list[Any]:
        """The arguments as the kernel reads them: every number in its exact C type."""
        return [
            arg if p.is_array else p.dtype.type(arg)
            for p, arg in zip(self.parameters, args, strict=True)
        ]

    def check(self, device: Any, grid: Dims, block: Dims, args: Sequence[Any]) -> None:
        """Raises TypeError or ValueError where a launch does not keep to the kernel's head.

        A training step launches the same again and again: what has been judged once is looked up.
        """
        key = (grid, block, *(_described(arg, device.array_type) for arg in args))
        if key not in self._judged:
            self._check_head(device, grid, block, args)
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged.add(key)
        self._check_places(device, args)

    def _check_head(self, device: Any, grid: Dims, block: Dims, args: Sequence[Any]) -> None:
        """Everything that does not depend on where the arrays lie."""
        if len(args) != len(self.parameters):
            raise TypeError(
                f"{self.name}: takes {len(self.parameters)} arguments (got {len(args)}): "
                f"{', '.join(p.name for p in self.parameters)}"
            )
        self._check_block(grid, block)
        numbers = {}
        for p, arg in zip(self.parameters, args, strict=True):
            if not p.is_array:
                numbers[p.name] = self._number(p, arg)
        for p, arg in zip(self.parameters, args, strict=True):
            if p.is_array and not (arg is None and p.may_be_null):
                self._check_array(p, arg, device, numbers)

    def _check_places(self, device: Any, args: Sequence[Any]) -> None:
        """What a kernel writes may share memory with nothing: that is what __restrict__ says."""
        arrays = [
            (p, device.address(arg), arg.nbytes)
            for p, arg in zip(self.parameters, args, strict=True)
            if p.is_array and arg is not None
        ]
        if len({device.place(arg) for arg in args if arg.__class__ is device.array_type}) > 1:
            raise TypeError(f"{self.name}: the arrays lie on different devices")
        for p, start, length in arrays:
            if p.is_read_only:
                continue
            for q, other, far in arrays:
                apart = start >= other + far or other >= start + length
                if p is not q and length and far and not apart:
                    raise ValueError(f"{self.name}: {p.name} and {q.name} share memory")

    def _check_block(self, grid: Dims, block: Dims) -> None:
        threads = math.prod(block)
        if not 0 < threads <= self.threads:
            raise ValueError(
                f"{self.name}: a block has 1 … {self.threads} threads, by __launch_bounds__ "
                f"(got {block})"
            )
        if any(not 0 < n <= most for n, most in zip(grid, MOST_BLOCKS, strict=True)):
            raise ValueError(f"{self.name}: a grid has 1 … {MOST_BLOCKS} blocks (got {grid})")

    def _number(self, p: Parameter, arg: Any) -> Any:
        if p.dtype.kind == "f":
            if isinstance(arg, (int, float, np.integer, np.floating)):
                return arg
            raise TypeError(f"{self.name}: {p.name} is a number (got {type(arg).__name__})")
        if p.dtype.kind == "b":
            if isinstance(arg, (bool, np.bool_)):
                return arg
            raise TypeError(f"{self.name}: {p.name} is True or False (got {arg!r})")
        if isinstance(arg, bool) or not isinstance(arg, (int, np.integer)):
            raise TypeError(f"{self.name}: {p.name} is an integer (got {arg!r})")
        limits = np.iinfo(p.dtype)
        if not limits.min <= arg <= limits.max:
            raise ValueError(f"{self.name}: {p.name} does not fit into {p.dtype} (got {arg})")
        return int(arg)

    def _check_array(self, p: Parameter, arg: Any, device: Any, numbers: dict[str, Any]) -> None:
        if not isinstance(arg, device.array_type):
            raise TypeError(
                f"{self.name}: {p.name} is an array on {device.name} (got {type(arg).__name__})"
            )
        if arg.dtype != p.dtype:
            raise TypeError(f"{self.name}: {p.name} holds {p.dtype} (got {arg.dtype})")
        if not arg.flags.c_contiguous:
            raise ValueError(f"{self.name}: {p.name} is contiguous (got strides {arg.strides})")
        if p.shape is None:
            return
        size = eval(self.sizes[p.name], {"__builtins__": {}}, numbers)
        if arg.size != size:
            raise ValueError(
                f"{self.name}: {p.name} is ({', '.join(p.shape)}), {size} elements (got "
                f"{arg.shape}, {arg.size} elements)"
            )


def _described(arg: Any, array_type: type) -> Any:
    """What of an argument can make it wrong: all but a float's value and an array's place."""
    kind = arg.__class__
    if kind is array_type:
        return arg.dtype.char, arg.size, arg.flags.c_contiguous
    return arg if kind is int or isinstance(arg, np.integer) else kind


def signatures(text: str) -> dict[str, Signature]:
    """Name → head, of every kernel in a CUDA text. ValueError for one that cannot be read."""
    found = {}
    for threads, name, inside in _HEAD.findall(text):
        found[name] = Signature(name, _parameters(name, inside), int(threads or MOST_THREADS))
    return found


def _parameters(kernel: str, text: str) -> list[Parameter]:
    found = []
    for line in text.splitlines():
        code, _, comment = line.partition("//")
        for part in filter(None, map(str.strip, code.split(","))):
            match = _PARAMETER.fullmatch(part)
            if match is None or match[2] not in DTYPES:
                raise ValueError(f"{kernel}: cannot read the argument {part!r}")
            shape = _SHAPE.match(comment) if match[3] else None
            found.append(
                Parameter(
                    match[4], DTYPES[match[2]], bool(match[3]), bool(match[1]),
                    tuple(size.strip() for size in shape[1].split(",")) if shape else None,
                    bool(shape and shape[2]),
                )
            )  # fmt: skip
    return found


def _product(kernel: str, shape: Sequence[str]) -> str:
    """The sizes multiplied. Raises ValueError where one is more than names, numbers, + − and *."""
    text = " * ".join(f"({size})" for size in shape)
    allowed = (
        ast.Expression,
        ast.BinOp,
        ast.Name,
        ast.Load,
        ast.Constant,
        ast.Add,
        ast.Sub,
        ast.Mult,
    )
    if not all(isinstance(node, allowed) for node in ast.walk(ast.parse(text, mode="eval"))):
        raise ValueError(f"{kernel}: cannot read the shape {text}")
    return text
