"""`Function`: an operation of one's own, with its own backward (PyTorch: `autograd.Function`).

The engine's own use of it is `Transfer`: moving to another device, and the gradient back.
"""

from __future__ import annotations

from typing import Any

from ..backend.device import to_device
from ..backend.library import array_module
from . import tape
from .modes import enable_grad, no_grad, state
from .tape import Node, new_tensor


class Context:
    """What `forward` leaves for `backward`; attributes of any name may be set on it."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs
        self._saved: tuple[Any, ...] = ()
        self._places: list[Any] = []
        self._constant: tuple[Any, ...] = ()
        self.materialize_grads = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Saves inputs or outputs; a later change in place is then noticed."""
        self._saved = tensors
        self._guards = [
            (t._version, t._version.value) for t in tensors if isinstance(t, tape.TENSOR)
        ]

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved. Raises RuntimeError where it was changed in place since."""
        for version, seen in self._guards if self._saved else ():
            if version.value != seen:
                raise RuntimeError(
                    "Function: a saved tensor was changed in place after the forward pass; "
                    "save a .clone()"
                )
        return self._saved

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Outputs that have no gradient (indices, masks)."""
        self._constant = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """False: `backward` receives None instead of zeros for unused outputs."""
        self.materialize_grads = value


class FunctionNode(Node):
    """A recorded call of a `Function`."""

    __slots__ = ("function", "context", "shapes")

    def __init__(
        self, function: type[Function], context: Context, edges: Any, outputs: tuple[Any, ...]
    ) -> None:
        super().__init__(function.__name__, edges, len(outputs))
        self.function = function
        self.context = context
        self.shapes = [(t.shape, t.dtype, array_module(t.array)) for t in outputs]

    def backward(self, gys: list[Any], wanted: tuple[bool, ...], create_graph: bool) -> Any:
        tensors = [g if g is None or isinstance(g, tape.TENSOR) else new_tensor(g) for g in gys]
        if self.context.materialize_grads:
            for k, (shape, dtype, xp) in enumerate(self.shapes):
                if tensors[k] is None:
                    tensors[k] = new_tensor(xp.zeros(shape, dtype))
        with enable_grad() if create_graph else no_grad():
            answers = self.function.backward(self.context, *tensors)
        if not isinstance(answers, tuple):
            answers = (answers,)
        if len(answers) != len(self.edges):
            raise RuntimeError(
                f"{self.name}: backward returns one gradient for each argument of forward "
                f"(got {len(answers)}, expected {len(self.edges)}); return None for arguments "
                "that have none"
            )
        return tuple(self._judged(k, g, create_graph) for k, g in enumerate(answers))

    def _judged(self, number: int, gradient: Any, create_graph: bool) -> Any:
        edge = self.edges[number]
        if gradient is None or edge is None:
            return None
        if not isinstance(gradient, tape.TENSOR):
            raise TypeError(
                f"{self.name}: backward returns Tensors (got {type(gradient).__name__} for "
                f"argument {number})"
            )
        expected = self.context._shapes[number]  # type: ignore[attr-defined]
        if gradient.shape != expected:
            raise RuntimeError(
                f"{self.name}: the gradient of argument {number} has the wrong shape "
                f"(got {gradient.shape}, expected {expected})"
            )
        return gradient if create_graph else gradient.array

    def release(self) -> None:
        super().release()
        self.context._saved = ()


class Function:
    """Subclass it with static methods `forward(ctx, *args)` and `backward(ctx, *grads)`; call
    `MyFunction.apply(*args)`. Both speak Tensors; `forward` is not recorded.

    `backward` returns one gradient for each argument of `forward`, None for those without one.
    Written with Tensor operations it can be differentiated again (`create_graph=True`).
    """

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Function: write forward(ctx, ...) as a static method")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise NotImplementedError("Function: write backward(ctx, ...) as a static method")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs `forward` and records it where an argument requires grad."""
        needs = tuple(isinstance(a, tape.TENSOR) and a._requires_grad for a in args)
        context = Context(needs)
        context._shapes = [getattr(a, "shape", None) for a in args]  # type: ignore[attr-defined]
        for value in args:
            if isinstance(value, tape.TENSOR) and value._seen < value._version.recorded:
                tape.raise_stale(cls.__name__)
        edges = tuple(map(tape.edge_of, args))
        with no_grad():
            results = cls.forward(context, *args, **kwargs)
        outputs = results if isinstance(results, tuple) else (results,)
        for output in outputs:
            if not isinstance(output, tape.TENSOR):
                raise TypeError(
                    f"{cls.__name__}: forward returns Tensors (got {type(output).__name__})"
                )
        if any(needs) and state.recording:
            outputs = cls._record(context, edges, args, outputs)
        return outputs if isinstance(results, tuple) else outputs[0]

    @classmethod
    def _record(cls, context: Context, edges: Any, args: Any, outputs: Any) -> tuple[Any, ...]:
        """The outputs on the tape; an input that is handed back becomes a new Tensor first."""
        constant = {id(t) for t in context._constant}
        fresh = tuple(
            t.detach() if any(t is a for a in args) or t._node is not None else t for t in outputs
        )
        node = FunctionNode(cls, context, edges, fresh)
        for k, (old, new) in enumerate(zip(outputs, fresh, strict=True)):
            if id(old) not in constant and new.dtype.kind == "f":
                new._node, new._index, new._requires_grad = node, k, True
        return fresh


class Transfer(Function):
    """y = x on another device; gx = gy on the device of x."""

    @staticmethod
    def forward(ctx: Any, x: Any, where: Any) -> Any:
        ctx.source = x.device
        return new_tensor(to_device(x.array, where))

    @staticmethod
    def backward(ctx: Any, gy: Any) -> Any:
        return gy.to(ctx.source), None
