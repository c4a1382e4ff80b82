"""`optimize_for_inference`: batch norm goes into the layer before it, where one pass shows it can.

The tape of one forward pass knows what followed what, also inside a `forward` that is written by
hand: a batch norm goes where its input is the output of one convolution or linear layer that
nothing else used.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from ...autograd.creation import randn
from ...autograd.modes import enable_grad, no_grad
from ...autograd.tape import Node
from ...autograd.tensor import Tensor
from ...backend.random import Generator
from ..core.module import Module
from ..modules.conv import _ConvNd
from ..modules.linear import Identity, Linear
from ..norms.batchnorm import _BatchNorm
from .fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

M = TypeVar("M", bound=Module)

_SIDES = (32, 64, 96, 128, 224, 256, 299, 512, 572)  # pixels; the smallest that the model takes
_ALIKE = 1e-3  # of the largest output; folding moves it by some 1e-6


class _Call(NamedTuple):
    """One call of a layer: the node that its output came from, and that of its input."""

    module: Module
    output: Node | None
    input: Node | None
    rank: int  # axes of the input


def optimize_for_inference(model: M, example_input: Any = None) -> M:
    """A copy of the model for evaluation, with batch norm folded into the layer before it.

    bn(w ∗ x + b) = (s w) ∗ x + (b − μ) s + β, s = γ / √(v + eps): the answers stay the same but for
    rounding, and the norm costs nothing. The model itself is left as it was.

    example_input: a Tensor that the model takes, or a tuple of several arguments. Without it images
    of a few sizes are tried, with the channels of the model's first layer. One forward pass on it
    shows which layer follows which; branches that depend on values are taken as in that pass.
    Raises TypeError for anything but a Module, ValueError where no image fits.
    """
    if not isinstance(model, Module):
        raise TypeError(f"optimize_for_inference: expects a Module (got {type(model).__name__})")
    fast = copy.deepcopy(model).eval()
    if not any(isinstance(module, _BatchNorm) for module in fast.modules()):
        return fast
    given = _given(fast, example_input)
    pairs, before = _foldable(fast, given)
    for layer, norm in pairs:
        _fold(fast, layer, norm)
    with no_grad():
        after = list(_tensors(fast(*given)))
    if not all(_alike(a, b) for a, b in zip(before, after, strict=True)):
        warnings.warn(
            "optimize_for_inference: the model uses what its convolutions give in a way that the "
            "tape does not see; batch norm is left where it was",
            stacklevel=2,
        )
        return copy.deepcopy(model).eval()
    return fast


def _given(model: Module, example: Any) -> tuple[Any, ...]:
    """The arguments of the pass. Raises ValueError where no image fits the model."""
    if example is not None:
        return example if isinstance(example, tuple) else (example,)
    for shape in _shapes(model):
        weight = next(model.parameters())
        rng = Generator(0)  # the user's stream of random numbers stays where it is
        x = randn(1, *shape, generator=rng, dtype=weight.dtype, device=weight.device)
        try:
            with no_grad():
                model(x)
        except (ValueError, RuntimeError, IndexError, TypeError, AttributeError):
            continue
        return (x,)
    raise ValueError(
        "optimize_for_inference: found no input that the model takes; pass one as example_input"
    )


def _shapes(model: Module) -> Iterator[tuple[int, ...]]:
    """Shapes of one example that the first layer may take."""
    layers = (m for m in model.modules() if isinstance(m, (_ConvNd, Linear)))
    first: Any = next(layers, None)
    if isinstance(first, Linear):
        yield (first.in_features,)
    elif first is not None:
        for side in _SIDES:
            yield (first.in_channels, *(side,) * first.axes)


def _foldable(model: Module, given: tuple[Any, ...]) -> tuple[list[tuple[Any, Any]], list[Tensor]]:
    """(layer, norm) of all norms that can be folded, and the model's answers."""
    calls: list[_Call] = []
    kinds = (_ConvNd, Linear, _BatchNorm)
    handles = [
        module.register_forward_hook(lambda m, args, y: calls.append(_called(m, args, y)))
        for module in model.modules()
        if isinstance(module, kinds) and not _hooked(module)
    ]
    given = tuple(_leaf(value) for value in given)
    try:
        with enable_grad():
            answers = list(_tensors(model(*given)))
    finally:
        for handle in handles:
            handle.remove()
    uses = _uses(answers)
    times: dict[Module, int] = {}
    for call in calls:
        times[call.module] = times.get(call.module, 0) + 1
    layers = {call.output: call for call in calls if not isinstance(call.module, _BatchNorm)}
    pairs = []
    for call in calls:
        before = layers.get(call.input)
        if isinstance(call.module, _BatchNorm) and before is not None and call.input is not None:
            once = times[call.module] == 1 == times[before.module] and uses.get(call.input) == 1
            if once and _fits(before, call):
                pairs.append((before.module, call.module))
    return pairs, [answer.detach() for answer in answers]


def _called(module: Module, args: tuple[Any, ...], output: Any) -> _Call:
    x = args[0] if args else None
    if not isinstance(x, Tensor):
        return _Call(module, output._node, None, 0)
    return _Call(module, output._node, x._node, x.ndim)


def _hooked(module: Any) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _leaf(value: Any) -> Any:
    """A tensor whose every use lands on the tape."""
    if not isinstance(value, Tensor) or value.array.dtype.kind != "f":
        return value
    return value.detach().requires_grad_()


def _uses(answers: list[Tensor]) -> dict[Node, int]:
    """How often each node's output was used on the way to the answers, or is one itself."""
    uses: dict[Node, int] = {}
    stack = [answer._node for answer in answers if answer._node is not None]
    while stack:
        node = stack.pop()
        uses[node] = uses.get(node, 0) + 1
        if uses[node] == 1:
            stack += [edge[0] for edge in node.edges if edge.__class__ is tuple]
    return uses


def _fits(layer: _Call, norm: _Call) -> bool:
    """Does the norm's channel axis lie where the layer's outputs are?"""
    before, bn = layer.module, norm.module
    if not isinstance(bn, _BatchNorm) or bn.running_mean is None or bn.running_var is None:
        return False
    if isinstance(before, Linear):
        return norm.rank == 2
    assert isinstance(before, _ConvNd)
    return norm.rank == before.axes + 2 and not (before.transposed and before.groups > 1)


def _fold(model: Module, layer: Any, norm: Module) -> None:
    """Gives the layer the fused weights, and puts the identity in the norm's place."""
    if isinstance(layer, Linear):
        fused: Any = fuse_linear_bn_eval(layer, norm)
    else:
        fused = fuse_conv_bn_eval(layer, norm, layer.transposed)
    layer.weight, layer.bias = fused.weight, fused.bias
    for parent in model.modules():
        for name, child in parent._modules.items():
            if child is norm:
                parent._modules[name] = Identity().eval()


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a model's answer: one, or a list, tuple or dictionary of them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)


def _alike(a: Tensor, b: Tensor) -> bool:
    """Equal but for rounding; NaN equals NaN."""
    if a.shape != b.shape or not a.numel():
        return a.shape == b.shape
    known = a == a  # noqa: PLR0124 (false for NaN)
    if bool((known != (b == b)).any()):  # noqa: PLR0124
        return False
    scale = float(a.nan_to_num().abs().max())
    return float((a - b).nan_to_num().abs().max()) <= _ALIKE * max(scale, 1e-30)
