"""`Profile`: where the time of a step goes, op by op, with what each op computed and moved.

    with Profile() as seen:
        loss = criterion(model(x), target)
        loss.backward()
    for row in seen.rows():
        print(row.name, row.calls, row.forward, row.backward)

Ops are timed only inside the block. An op that calls others is charged for its own time alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from ..backend.library import library_of
from ..ops.op import Op


class Row:
    """All calls of one kind of op: seconds, FLOPs and bytes in each direction.

    bytes: every array read or written counted once, the least that had to be moved.
    """

    __slots__ = (
        "name", "calls", "forward", "backward", "forward_flops", "backward_flops",
        "forward_bytes", "backward_bytes",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = 0
        self.forward = self.backward = 0.0
        self.forward_flops = self.backward_flops = 0
        self.forward_bytes = self.backward_bytes = 0

    @property
    def seconds(self) -> float:
        return self.forward + self.backward

    @property
    def flops(self) -> int:
        return self.forward_flops + self.backward_flops

    @property
    def bytes(self) -> int:
        return self.forward_bytes + self.backward_bytes


class Profile:
    """Times every op that runs inside a `with` block.

    by_shape: a row for each op and shape instead of one for each op.
    seconds: how long the block took; what no row accounts for is Python and the tape.
    """

    def __init__(self, by_shape: bool = False) -> None:
        self.by_shape = by_shape
        self.seconds = 0.0
        self._rows: dict[str, Row] = {}
        self._inner = [0.0]  # for each op that is running: seconds of the ops inside it
        self._names: dict[int, str] = {}  # of rows, by what the call saved for its gradient

    def __enter__(self) -> Profile:
        self._original = (Op.run, Op.differentiate)
        Op.run = self._timed_run(Op.run)  # type: ignore[method-assign]
        Op.differentiate = self._timed_gradient(Op.differentiate)  # type: ignore[method-assign]
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds += time.perf_counter() - self._start
        Op.run, Op.differentiate = self._original  # type: ignore[method-assign]

    def rows(self) -> list[Row]:
        """What was seen, the longest first."""
        return sorted(self._rows.values(), key=lambda row: -row.seconds)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Charges what a block takes, but for its ops, to a row of that name."""
        with self._charged(name) as row:
            yield
            row.calls += 1

    @contextmanager
    def _charged(self, name: str, direction: str = "forward") -> Iterator[Row]:
        row = self._rows.setdefault(name, Row(name))
        self._inner.append(0.0)
        start = time.perf_counter()
        try:
            yield row
        finally:
            spent = time.perf_counter() - start
            setattr(row, direction, getattr(row, direction) + spent - self._inner.pop())
            self._inner[-1] += spent

    def _timed_run(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def timed(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
            name = f"{op.name} {_form(op.name, arrays, params)}" if self.by_shape else op.name
            with self._charged(name) as row:
                result = run(op, arrays, params)
            row.calls += 1
            row.forward_flops += _flops(op.name, arrays, _first(result[0]))
            row.forward_bytes += _bytes(*arrays, _first(result[0]))
            self._names[id(result[1])] = name
            return result

        return timed

    def _timed_gradient(self, differentiate: Callable[..., Any]) -> Callable[..., Any]:
        def timed(op: Op, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
            name = self._names.get(id(saved), op.name)
            with self._charged(name, "backward") as row:
                grads = differentiate(op, gy, saved, needs)
            row.backward_flops += _gradient_flops(op, gy, saved, grads)
            row.backward_bytes += _bytes(gy, *saved, *grads)
            return grads

        return timed


def _first(result: Any) -> Any:
    """The output; ops with extra outputs answer a tuple."""
    return result[0] if isinstance(result, tuple) else result


def _form(name: str, arrays: Sequence[Any], params: dict[str, Any]) -> str:
    """What tells two calls of one op apart: the shapes, and the strides of windows."""
    shapes: list[tuple[int, ...]] = [a.shape for a in arrays if library_of(a) is not None]
    if name == "conv" and len(shapes) > 1 and len(shapes[0]) == 4:
        _, C, H, W = shapes[0]
        OC, _, KH, KW = shapes[1]
        stride = params.get("stride", 1)
        step = stride[0] if isinstance(stride, tuple) else stride
        return f"{KH}×{KW}/{step} {C}→{OC} {H}×{W}"
    return ", ".join("×".join(map(str, shape)) for shape in shapes[:1])


def _flops(name: str, arrays: Sequence[Any], y: Any) -> int:
    """2 for each multiplication with its addition of convolutions and matrix products, else 0."""
    if name in ("conv", "linear"):  # each output element: one row of the weight
        return 2 * y.size * math.prod(arrays[1].shape[1:])
    if name == "conv_transpose":
        return 2 * arrays[0].size * math.prod(arrays[1].shape[1:])
    if name == "matmul":
        return 2 * y.size * arrays[0].shape[-1]
    return 0


def _gradient_flops(op: Op, gy: Any, saved: Any, grads: Sequence[Any]) -> int:
    """Each gradient of a product costs what the product did."""
    if op.name not in ("conv", "linear", "conv_transpose", "matmul"):
        return 0
    fields = dict(zip(saved._fields, saved, strict=True))
    pair = [fields.get(name) for name in op.inputs[:2]]
    if any(library_of(array) is None for array in pair):
        return 0
    return _flops(op.name, pair, gy) * sum(grad is not None for grad in grads[:2])


def _bytes(*arrays: Any) -> int:
    return sum(array.nbytes for array in arrays if library_of(array) is not None)
