"""Backpropagation: walks the tape from the roots to the leaves, newest node first.

The walk is iterative, so that chains of any length work. Each node is visited once, after all
nodes that use its outputs; what it saved is released as soon as it has been visited.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..backend import capturing
from ..backend.device import together
from ..backend.library import array_module, beside, is_plain, plain
from . import tape
from .modes import no_grad, set_grad_enabled, state
from .tape import Node, new_tensor

if TYPE_CHECKING:
    from .tensor import Tensor


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Adds d(tensors)/d(leaf) · grad_tensors to the `.grad` of every leaf that requires grad.

    grad_tensors: the upstream gradients, None for a scalar (then 1).
    retain_graph: keep what was saved, so that backward can run again (default: `create_graph`).
    create_graph: record the backward pass itself, for second derivatives.
    Raises RuntimeError for a root without a graph, a missing upstream gradient, a graph that was
    already freed, or a saved value that was changed in place; ValueError for a gradient whose shape
    is not its tensor's.
    """
    roots = _roots(tensors, grad_tensors, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    with set_grad_enabled(create_graph) if create_graph else no_grad():
        leaves = _walk(roots, retain, create_graph, None, {})
        for entry in leaves.values():
            with beside(entry[1].array):
                _accumulate(entry, create_graph)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned and not accumulated.

    Takes what `backward` takes. allow_unused: answer None for an input that the outputs do not
    depend on, where otherwise RuntimeError is raised.
    """
    wanted = [inputs] if isinstance(inputs, tape.TENSOR) else list(inputs)
    for number, tensor in enumerate(wanted):
        if not tensor._requires_grad:
            raise RuntimeError(
                f"grad: input {number} does not require grad; call .requires_grad_() before the "
                "forward pass"
            )
    roots = _roots(outputs, grad_outputs, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    places = {(tensor._node, tensor._index) for tensor in wanted if tensor._node is not None}
    leaf_ids = {id(tensor) for tensor in wanted if tensor._node is None}
    captured: dict[tuple[Node, int], Any] = {}
    with set_grad_enabled(create_graph) if create_graph else no_grad():
        leaves = _walk(roots, retain, create_graph, (places, leaf_ids), captured)
        answers = []
        for number, tensor in enumerate(wanted):
            if tensor._node is None:
                answer = leaves[id(tensor)][0] if id(tensor) in leaves else None
            else:
                answer = captured.get((tensor._node, tensor._index))
            if answer is None and not allow_unused:
                raise RuntimeError(
                    f"grad: the outputs do not depend on input {number}; "
                    "pass allow_unused=True to get None for it"
                )
            answers.append(_as_tensor(answer))
    return tuple(answers)


def _roots(tensors: Any, gradients: Any, create_graph: bool) -> list[tuple[Tensor, Any]]:
    """The roots with their upstream gradients (arrays, or Tensors when `create_graph`)."""
    roots = [tensors] if isinstance(tensors, tape.TENSOR) else list(tensors)
    if gradients is None:
        gradients = [None] * len(roots)
    elif isinstance(gradients, tape.TENSOR) or not isinstance(gradients, (list, tuple)):
        gradients = [gradients]
    if len(gradients) != len(roots):
        raise RuntimeError(
            f"backward: expects one gradient for each of the {len(roots)} tensors "
            f"(got {len(gradients)})"
        )
    pairs = []
    for root, gradient in zip(roots, gradients, strict=True):
        if not root._requires_grad:
            raise RuntimeError(
                "backward: the tensor does not require grad and has no graph; set "
                "requires_grad=True on an input, and do not call it under no_grad()"
            )
        with beside(root.array):
            pairs.append((root, _upstream(root, gradient, create_graph)))
    return pairs


def _upstream(root: Tensor, gradient: Any, create_graph: bool) -> Any:
    if gradient is None:
        if root.numel() != 1:
            raise RuntimeError(
                f"backward: a gradient is needed for a tensor of shape {root.shape}; "
                "reduce it to one number, e.g. .sum(), or pass backward(gradient)"
            )
        gradient = new_tensor(array_module(root.array).ones_like(root.array))
    elif not isinstance(gradient, tape.TENSOR):
        raise TypeError(f"backward: the gradient is a Tensor (got {type(gradient).__name__})")
    if gradient.shape != root.shape:
        raise RuntimeError(
            f"backward: the gradient has the tensor's shape (got {gradient.shape}, "
            f"expected {root.shape})"
        )
    together("backward", tensor=root.array, gradient=gradient.array)
    return gradient if create_graph else gradient.array


def _walk(
    roots: list[tuple[Tensor, Any]],
    retain: bool,
    create_graph: bool,
    targets: tuple[set[tuple[Node, int]], set[int]] | None,
    captured: dict[tuple[Node, int], Any],
) -> dict[int, list[Any]]:
    """Visits every node that leads to a wanted gradient; returns [sum, leaf] by the leaf's id.

    targets: the places and leaves that `grad` asks for; None when every leaf is wanted.
    captured: receives the gradients at those places.
    """
    leaves: dict[int, list[Any]] = {}
    buffers: dict[Node, list[Any]] = {}
    for root, gradient in roots:
        _deliver(tape.edge_of(root), gradient, buffers, leaves)
    nodes = _reachable([root._node for root, _ in roots if root._node is not None])
    useful = None if targets is None else _leading_to(nodes, *targets)
    while nodes:
        node = nodes.pop()
        gys = buffers.pop(node, None)
        if gys is None:
            continue
        if node.hooks or node.retained:
            _call_hooks(node, gys)
        if targets is not None:
            for k, gy in enumerate(gys):
                if (node, k) in targets[0]:
                    captured[node, k] = gy
        if useful is None:
            wanted = tuple(edge is not None for edge in node.edges)
        else:
            wanted = tuple(_is_useful(edge, useful, targets) for edge in node.edges)
        if any(wanted):
            edges = node.edges
            gradients = node.backward(gys, wanted, create_graph)
            if state.anomaly:
                _stop_at_nan(node, gradients)
            for edge, want, gradient in zip(edges, wanted, gradients, strict=True):
                if want and gradient is not None:
                    _deliver(edge, gradient, buffers, leaves)
        if not retain:
            node.release()
    return leaves


def _reachable(start: list[Node]) -> list[Node]:
    """All nodes below the roots, oldest first. Raises RuntimeError at one that was freed."""
    seen = set(start)
    stack = list(seen)
    while stack:
        node = stack.pop()
        if node.freed:
            raise RuntimeError(
                f"{node.name}: backward has already run through this graph, and what it saved was "
                "freed; pass retain_graph=True to the first backward"
            )
        for edge in node.edges:
            if edge.__class__ is tuple and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return sorted(seen, key=_order)


def _order(node: Node) -> int:
    return node.order


def _leading_to(nodes: list[Node], places: set[tuple[Node, int]], leaf_ids: set[int]) -> set[Node]:
    """The nodes through which a wanted place or leaf is reached."""
    useful: set[Node] = set()
    for node in nodes:  # oldest first: its inputs have been judged
        if any(_is_useful(edge, useful, (places, leaf_ids)) for edge in node.edges):
            useful.add(node)
    return useful


def _is_useful(edge: Any, useful: set[Node], targets: Any) -> bool:
    if edge is None:
        return False
    if edge.__class__ is tuple:
        return edge[0] in useful or edge in targets[0]
    return id(edge) in targets[1]


def _deliver(
    edge: Any, gradient: Any, buffers: dict[Node, list[Any]], leaves: dict[int, list[Any]]
) -> None:
    """Adds a gradient to what has already arrived at its edge."""
    if edge.__class__ is tuple:
        node, k = edge
        slots = buffers.get(node)
        if slots is None:
            slots = buffers[node] = [None] * node.outputs
    else:
        slots, k = leaves.setdefault(id(edge), [None, edge]), 0
    if slots[k] is None:
        slots[k] = gradient
    else:
        with beside(gradient):
            _add(slots, k, gradient)


def _add(slots: list[Any], k: int, gradient: Any) -> None:
    if is_plain(slots[k]) != is_plain(gradient):
        slots[k], gradient = plain(slots[k]), plain(gradient)
    if _is_ours(slots, k) and slots[k].dtype == gradient.dtype:
        slots[k] += gradient
    else:
        slots[k] = slots[k] + gradient


def _references(slots: list[Any], k: int) -> int:
    return sys.getrefcount(slots[k])


_ONE_HOLDER = _references([object()], 0)


def _references_of_a_base() -> int:
    """What `_is_ours` counts for a base that one view and its own variable hold."""
    holder = [object()]
    base = holder[0]
    return sys.getrefcount(base)


_ONE_NAME = _references_of_a_base()


def _is_ours(slots: list[Any], k: int) -> bool:
    """Is an array in this list and nowhere else, so that changing it is seen by nobody?

    Arrays are not copied on their way: an addition hands one and the same to both of its inputs,
    and a reshape a view of it. A view is ours if it is all that holds its base, and all of it
    (one that was broadcast cannot be written to). Tensors are never ours: changing one would go
    onto the tape.
    """
    if _references(slots, k) != _ONE_HOLDER or isinstance(slots[k], tape.TENSOR):
        return False
    base = slots[k].base
    if base is None:
        return True
    if sys.getrefcount(base) != _ONE_NAME or getattr(base, "size", -1) != slots[k].size:
        return False
    return bool(getattr(slots[k].flags, "writeable", True))


def _call_hooks(node: Node, gys: list[Any]) -> None:
    """Tensor hooks may replace the gradient; `retain_grad` keeps it."""
    for k, gy in enumerate(gys):
        if gy is None:
            continue
        for hook in list((node.hooks or {}).get(k, {}).values()):
            gy = _hooked(hook, gy)
        gys[k] = gy
        tensor = (node.retained or {}).get(k, _nothing)()
        if tensor is not None:
            value = _as_tensor(gy)
            tensor.grad = value if tensor.grad is None else tensor.grad + value


def _nothing() -> None:
    return None


def _hooked(hook: Any, gy: Any) -> Any:
    answer = hook(_as_tensor(gy))
    if answer is None:
        return gy
    return answer if isinstance(gy, tape.TENSOR) else answer.array


def _accumulate(entry: list[Any], create_graph: bool) -> None:
    """leaf.grad += gradient, of an entry [gradient, leaf].

    A gradient that somebody else holds is copied first, so that no two leaves share memory.
    """
    leaf = entry[1]
    before = leaf.grad
    entry[0] = plain(entry[0])
    for hook in list((leaf._hooks or {}).values()):
        entry[0] = _hooked(hook, entry[0])
    if create_graph:
        value = _as_tensor(entry[0])
        leaf.grad = value if leaf.grad is None else leaf.grad + value
    elif leaf.grad is None:
        dtype, ours = leaf.array.dtype, _is_ours(entry, 0)
        leaf.grad = new_tensor(entry[0].astype(dtype, copy=not ours))
    elif leaf.grad._requires_grad:
        leaf.grad = leaf.grad + _as_tensor(entry[0])
    else:
        leaf.grad.array += entry[0]
        leaf.grad._version.value += 1
    if capturing.current is not None:
        _keep_for_replay(capturing.current, leaf, before)
    elif capturing.seen is not None:
        capturing.seen[id(leaf)] = leaf


def _keep_for_replay(capture: capturing.Capture, leaf: Tensor, before: Tensor | None) -> None:
    """A CUDA graph repeats this on the same memory: that is demanded, and .grad is put back.

    before: the gradient that was added to. A step that found one and made another has cleared it,
    and will again; where there was none, there must be none again.
    """
    array, gradient = leaf.array, leaf.grad
    capture.guards.append(lambda: leaf.array is array)
    if id(leaf) not in capture.judged:
        capture.judged.add(id(leaf))
        if before is not None:
            memory = before.array
            capture.guards.append(lambda: leaf.grad is not None and leaf.grad.array is memory)
        elif capture.entry.get(id(leaf)) is None:
            capture.guards.append(lambda: leaf.grad is None)
    capture.leaves[id(leaf)], capture.made[id(gradient)] = leaf, gradient
    capture.after.append(lambda: setattr(leaf, "grad", gradient))
    capture.undo.append(lambda: setattr(leaf, "grad", before))


def _stop_at_nan(node: Node, gradients: Any) -> None:
    """Anomaly mode: raises RuntimeError at the first NaN, with the line that called the op."""
    for number, gradient in enumerate(gradients):
        if gradient is None:
            continue
        array = gradient.array if isinstance(gradient, tape.TENSOR) else plain(gradient)
        if bool(array_module(array).isnan(array).any()):
            called = node.called_from or "a line that ran before anomaly mode was on"
            raise RuntimeError(
                f"{node.name}: the gradient of its input {number} is NaN; the op was called at\n"
                f"  {called}"
            )


def _as_tensor(value: Any) -> Any:
    return value if value is None or isinstance(value, tape.TENSOR) else new_tensor(value)
