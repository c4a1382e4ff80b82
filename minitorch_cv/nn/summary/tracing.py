"""One pass through a model, op by op, that keeps what each layer costs and sees of the image.

Ops are watched where all of them pass, in `Op.run`, and are charged to the module whose `forward`
calls them; so functions and operators count as layers do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from weakref import ref

from ...autograd.methods import inplace
from ...autograd.modes import no_grad, state
from ...autograd.tensor import Tensor
from ...backend.library import array_module, library_of
from ...backend.registry import use_kernels
from ...ops.bfloat16 import unrounded
from ...ops.op import Op
from ..core.module import Module
from . import words
from .answers import cost, zeros_for
from .field import Field, by_axis, field_of_image
from .rules import Call, field_after, steps_of
from .table import Row
from .windows import Step, in_words


class _Frame:
    """A call of a module that has not ended: its place among the rows, and what it was charged."""

    __slots__ = ("module", "place", "multiply_adds", "memory", "told")

    def __init__(self, module: Module, place: int) -> None:
        self.module = module
        self.place = place
        self.multiply_adds = self.memory = 0
        self.told: list[tuple[str, list[str]]] = []  # the arithmetic of each op


class Trace:
    """Rows of a model, one for each call of a module, a container before its parts.

    counted: the ids of the parameters of modules that were called.
    """

    def __init__(self, model: Module, x: Tensor) -> None:
        self.rows: list[Row] = []
        self.counted: set[int] = set()
        self.axes = max(x.ndim - 2, 0)  # of the image
        self._names = {module: name for name, module in model.named_modules()}
        self._frames: list[_Frame] = []
        self._fields: dict[int, tuple[Any, Field]] = {}
        self._inside = False  # an op that is made of others counts once
        self._note(x.array, field_of_image(x.shape))
        with self._watching(), no_grad(), use_kernels("reference"):
            try:
                model(x)
            except ValueError as error:
                raise ValueError(f"summary: {self._where()}{error}") from error

    def _where(self) -> str:
        """The innermost module that was running."""
        if not self._frames:
            return ""
        module = self._frames[-1].module
        name = self._names[module]
        return f"layer {name} ({type(module).__name__}): " if name else ""

    @contextmanager
    def _watching(self) -> Iterator[None]:
        run, change = Op.run, inplace.change
        with ExitStack() as stack:
            stack.callback(setattr, Op, "run", run)
            stack.callback(setattr, inplace, "change", change)
            for module in self._names:
                for handle in (
                    module.register_forward_pre_hook(self._enter),
                    module.register_forward_hook(self._leave, prepend=True),
                ):
                    stack.callback(handle.remove)
            Op.run = self._traced(run)  # type: ignore[method-assign]
            inplace.change = self._changed(change)
            yield

    # What is known of arrays.

    def _note(self, array: Any, field: Field) -> None:
        try:
            kept: Any = ref(array)
        except TypeError:  # an array library whose arrays cannot be held weakly
            kept = lambda: array  # noqa: E731
        self._fields[id(array)] = (kept, field)

    def _known(self, array: Any) -> Field | None:
        kept, field = self._fields.get(id(array), (None, None))
        return field if kept is not None and kept() is array else None

    # Ops.

    def _traced(self, run: Any) -> Any:
        def traced(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
            fields = [self._known(array) for array in arrays]
            if self._inside or all(field is None for field in fields):
                return run(op, arrays, params)
            op = unrounded(op)  # shapes and costs are the same
            self._inside = True
            try:
                result, saved = self._answer(run, op, arrays, params)
            finally:
                self._inside = False
            y = result[0] if op.extra_outputs else result
            if library_of(y) is None:  # NumPy turns 0-d results into scalars, which have no name
                result = y = array_module(*arrays).asarray(y)
            call = Call(op.name, arrays, fields, params, tuple(y.shape))
            self._charge(call, y, op.view)
            return result, saved

        return traced

    def _answer(self, run: Any, op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
        op._device(arrays)
        if op.check is not None:
            try:
                op.check(*arrays, **params)
            except ValueError as error:
                self._explain(op, arrays, params, error)
                raise
        zeros = zeros_for(op, arrays, params)
        return run(op, arrays, params) if zeros is None else (zeros, None)

    def _explain(self, op: Op, arrays: Any, params: Any, error: Exception) -> None:
        """Raises ValueError with the arithmetic where the image is too small for the windows."""
        step: Step | None = None
        with suppress(ValueError, TypeError):
            step = steps_of(op.name, arrays, params)
        if step is not None and not step.fits:
            shape = words.sizes(arrays[0].shape[1:])
            raise ValueError(
                f"runs out of pixels: {'; '.join(in_words(step))} (got {shape}); use a larger image"
            ) from error

    def _charge(self, call: Call, y: Any, view: bool) -> None:
        field = field_after(call)
        if field is not None:
            self._note(y, field)
        if not self._frames:
            return
        frame = self._frames[-1]
        shared = view and array_module(y).may_share_memory(y, call.arrays[0])
        frame.memory += 0 if shared else y.nbytes
        frame.multiply_adds += cost(call.op, call.arrays, call.shape)
        told = words.arithmetic(call)
        if told is not None:
            frame.told.append(told)

    def _changed(self, change: Any) -> Any:
        """x += y, relu_(x): the values are not written, and no memory is taken."""

        def changed(target: Any, name: str, others: Any, compute: Any) -> Any:
            if state.recording or self._known(target.array) is None or not self._frames:
                return change(target, name, others, compute)
            inplace.judge(target, name)
            frame = self._frames[-1]
            before = frame.memory
            result = compute(target)
            if result.shape != target.shape:
                return change(target, name, others, lambda x: result)  # noqa: ARG005 (raises)
            frame.memory = before
            field = self._known(result.array)
            if field is not None:
                self._note(target.array, field)
            target._version.value += 1
            return target

        return changed

    # Modules.

    def _enter(self, module: Module, args: Any) -> None:  # noqa: ARG002
        self._frames.append(_Frame(module, len(self.rows)))
        self.rows.append(Row("", "", 0, (), 0, 0, 0))

    def _leave(self, module: Module, args: Any, output: Any) -> None:  # noqa: ARG002
        frame = self._frames.pop()
        own = [p for p in module._parameters.values() if p is not None]
        fresh = {id(p): p.numel() for p in own if id(p) not in self.counted}
        self.counted.update(fresh)
        tensors = [t for t in _flat(output) if isinstance(t, Tensor)]
        field = self._known(tensors[0].array) if tensors else None
        several = len(frame.told) > 1 or bool(module._modules)
        lines = [
            f"{name}: {line}" if several else line for name, told in frame.told for line in told
        ]
        self.rows[frame.place] = Row(
            self._names[module].rpartition(".")[2],
            type(module).__name__,
            len(self._frames),
            tensors[0].shape if tensors else (),
            sum(fresh.values()),
            frame.multiply_adds,
            frame.memory,
            None if field is None or not self.axes else by_axis(field, self.axes),
            (*lines, *words.parameters(module, fresh)),
        )


def _flat(output: Any) -> Sequence[Any]:
    if isinstance(output, dict):
        return list(output.values())
    return output if isinstance(output, (tuple, list)) else (output,)
