"""The tape: `apply` runs an op on Tensors and records a `Node`; the engine walks nodes backward.

A node holds what its op saved and, for each input, an *edge* to where that input's gradient goes:
`(node, k)` for the k-th output of an earlier node, the Tensor itself for a leaf, None where no
gradient is wanted. It holds no input Tensors, so memory is freed as soon as nobody saved it.
"""

from __future__ import annotations

import itertools
import traceback
from typing import TYPE_CHECKING, Any

from ..backend.library import array_module, library_of
from ..ops.op import Op
from .modes import at_home, state

if TYPE_CHECKING:
    from .tensor import Tensor

Edge = Any  # (Node, int) | Tensor | None

_count = itertools.count()
_PACKAGE = __file__.removesuffix("autograd/tape.py")


class Version:
    """Counts in-place changes of one piece of memory, shared by all tensors that look at it.

    value: all changes; recorded: `value` at the last change that went onto the tape.
    """

    __slots__ = ("value", "recorded")

    def __init__(self) -> None:
        self.value = 0
        self.recorded = 0


class Node:
    """One recorded call: the op, what it saved, and where the gradients of its inputs go."""

    __slots__ = (
        "name", "edges", "order", "outputs", "hooks", "retained", "called_from", "freed",
        "__weakref__",
    )  # fmt: skip

    def __init__(self, name: str, edges: tuple[Edge, ...], outputs: int) -> None:
        self.name = name
        self.edges = edges
        self.order = next(_count)  # inputs are always older: descending order is topological
        self.outputs = outputs
        self.hooks: dict[int, dict[int, Any]] | None = None
        self.retained: dict[int, Any] | None = None
        self.called_from = _users_line() if state.anomaly else None
        self.freed = False

    def __repr__(self) -> str:
        return f"<{self.name} backward>"

    @property
    def next_functions(self) -> tuple[Edge, ...]:
        """Where the gradients go, one entry for each input (PyTorch's name)."""
        return self.edges

    def backward(self, gys: list[Any], wanted: tuple[bool, ...], create_graph: bool) -> Any:
        """The gradients of the inputs: arrays, or Tensors when `create_graph`."""
        raise NotImplementedError

    def release(self) -> None:
        """Forgets what was saved; a second backward through this node is an error."""
        self.freed = True
        self.edges = ()


class OpNode(Node):
    """A recorded call of an `Op`."""

    __slots__ = ("op", "saved", "params", "inputs", "guards")

    def __init__(
        self, op: Op, saved: Any, params: dict[str, Any], inputs: tuple[Any, ...],
        edges: tuple[Edge, ...], guards: tuple[tuple[Version, int], ...],
    ) -> None:  # fmt: skip
        super().__init__(op.name, edges, 1)
        self.op = op
        self.saved = saved
        self.params = params
        self.inputs = inputs  # kept for composites alone, whose forward may have to run again
        self.guards = guards

    def backward(self, gys: list[Any], wanted: tuple[bool, ...], create_graph: bool) -> Any:
        for version, seen in self.guards:
            if version.value != seen:
                raise RuntimeError(
                    f"{self.name}: a tensor that its backward needs was changed in place after the "
                    f"forward pass (got version {version.value}, expected {seen}); change a "
                    ".clone() instead, or use the out-of-place form"
                )
        if create_graph:
            return self._recorded_backward(gys[0], wanted)
        return self.op.differentiate(gys[0], self.saved, wanted)

    def _recorded_backward(self, gy: Tensor, wanted: tuple[bool, ...]) -> Any:
        """The same backward on Tensors, so that it can be differentiated again."""
        op = self.op
        if not op.twice:
            raise RuntimeError(
                f"{op.name}: has no second derivative; call backward without create_graph"
            )
        with at_home(gy.array):
            if op.composite:
                _, saved = op.forward(*self.inputs, **self.params)
            else:
                fields = zip(self.saved, op.links, strict=True)
                saved = op.saved(*(self._as_tensor(value, link) for value, link in fields))
            return op.backward(gy, saved, wanted)

    def _as_tensor(self, value: Any, link: int | None) -> Any:
        """A saved field as a Tensor at its place in the graph; shapes and numbers as they are."""
        if library_of(value) is None and (link != -1 or value is None):
            return value  # (of 0-d arrays NumPy makes scalars: as the output, they are Tensors)
        if link is None:
            return new_tensor(value)
        edge = (self, 0) if link == -1 else self.edges[link]
        if edge is None or edge.__class__ is tuple:
            tensor = new_tensor(value)
            if edge is not None:
                tensor._node, tensor._index = edge
                tensor._requires_grad = True
            return tensor
        return edge

    def release(self) -> None:
        super().release()
        self.saved, self.inputs = None, ()
        self.guards = ()


# The class Tensor, and that of tensors whose values are packed: tensor.py, which is built on this
# file, fills them in.
TENSOR: Any = None
PACKED_TENSOR: Any = None


def new_tensor(array: Any) -> Tensor:
    """A Tensor around an array, without copying; does not require grad."""
    tensor = object.__new__(TENSOR)
    library = library_of(array)
    if library is None:  # NumPy turns 0-d results into scalars
        array = state.home.asarray(array)
    tensor.array = array
    if library is not None and library.plain is not None:
        tensor.__class__ = PACKED_TENSOR
    tensor.grad = None
    tensor._requires_grad = False
    tensor._node = None
    tensor._index = 0
    tensor._version = Version()
    tensor._seen = 0
    tensor._base = None
    tensor._hooks = None
    return tensor


casting: Any = None  # while somebody is inside `autocast`, its rule for an op and its inputs


def apply(op: Op, *inputs: Any, **params: Any) -> Any:
    """Runs an op on Tensors (and constants) and records it where a gradient is wanted.

    inputs: Tensors, or None / numbers / arrays, which count as constants.
    Returns a Tensor, or a tuple where the op has extra outputs.
    """
    if casting is not None:
        op, inputs = casting(op, inputs)
    arrays: list[Any] = []
    wanted = False
    for value in inputs:
        if isinstance(value, TENSOR):
            arrays.append(value.array if op.view or value._packed is None else value._packed)
            if value._requires_grad:
                wanted = True
            if value._seen < value._version.recorded:
                raise_stale(op.name)
        else:
            arrays.append(value)
    result, saved = op.run(arrays, params)
    extra: tuple[Tensor, ...] = ()
    if op.extra_outputs:
        result, *rest = result
        extra = tuple(new_tensor(array) for array in rest)
    y = new_tensor(result)
    if op.view:
        _share(y, inputs[0])
    if wanted and state.recording and result.dtype.kind == "f":
        _record(op, inputs, params, saved, y)
    return (y, *extra) if extra else y


def _record(op: Op, inputs: tuple[Any, ...], params: dict[str, Any], saved: Any, y: Tensor) -> None:
    """Puts the call onto the tape: y now knows the node it came from."""
    guards = tuple(
        (inputs[i]._version, inputs[i]._version.value)
        for i in op.saved_inputs
        if isinstance(inputs[i], TENSOR)
    )
    if op.saves_output:
        guards += ((y._version, y._version.value),)
    kept = inputs if op.composite else ()
    y._node = OpNode(op, saved, params, kept, tuple(map(edge_of, inputs)), guards)
    y._requires_grad = True


def edge_of(value: Any) -> Edge:
    """Where the gradient of an input goes."""
    if not isinstance(value, TENSOR) or not value._requires_grad:
        return None
    return value if value._node is None else (value._node, value._index)


def _share(view: Tensor, source: Any) -> None:
    """Notes that `view` may look at the memory of `source`: both then share one version."""
    if isinstance(source, TENSOR) and array_module(view.array).may_share_memory(
        view.array, source.array
    ):
        view._base = source if source._base is None else source._base
        view._version = source._version
        view._seen = view._version.recorded


def raise_stale(name: str) -> None:
    raise RuntimeError(
        f"{name}: an input shares memory with a tensor that was changed in place while recording, "
        "so its gradient would be wrong; take the view again after the change, or .clone() first"
    )


def _users_line() -> str:
    """The innermost source line outside this package, for anomaly mode."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(_PACKAGE):
            return (
                f'File "{frame.filename}", line {frame.lineno}, in {frame.name}\n    {frame.line}'
            )
    return "a line inside the package"
