"""Compares two networks layer by layer: which is the first layer whose output diverges?

For porting weights (is the state dict of the one right for the other?) and for two devices (is the
GPU's network the CPU's?). Both run on the same input, from the same random state, in float32 or
whatever they are; each layer's output is brought to the host and compared.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import autograd
from ..autograd.tape import new_tensor
from .gradcheck.subject import Tensor
from .gradcheck.subject_arrays import reseeded

# How far outputs may be apart, relative to the layer's largest value: rounding in sums of thousands
# of products, which two devices take in different orders.
TOLERANCE = {"float64": 1e-9, "float32": 1e-4, "float16": 2e-2}


class LayerDifference(NamedTuple):
    """The outputs of one layer in both networks."""

    name_a: str
    name_b: str
    kind: str  # class of the layer in a (and in b, where it is another)
    shape: tuple[int, ...]
    error: float  # the largest difference, relative to the largest value; inf: nothing to compare
    ok: bool
    message: str  # what differs

    def __str__(self) -> str:
        name = self.name_a if self.name_a == self.name_b else f"{self.name_a} / {self.name_b}"
        verdict = "same" if self.ok else "DIFFERS"
        text = f"{verdict:8}{name or '(the whole)'}  {self.kind}  {self.error:.1e}"
        return text + (f": {self.message}" if self.message else "")


class Comparison(NamedTuple):
    """All layers in the order of the calls. True as a bool where none diverges."""

    layers: list[LayerDifference]
    parameters: list[str]  # parameters and buffers that are not equal, in words

    @property
    def first(self) -> LayerDifference | None:
        """The first layer that diverges."""
        return next((layer for layer in self.layers if not layer.ok), None)

    def __bool__(self) -> bool:
        return self.first is None

    def __str__(self) -> str:
        lines = [str(layer) for layer in self.layers]
        lines += [f"note    {text}" for text in self.parameters]
        first = self.first
        end = "all layers agree" if first is None else f"the first that diverges: {first}"
        return "\n".join([*lines, end])


class _Call(NamedTuple):
    name: str
    module: Any
    output: np.ndarray


def compare(module_a: Any, module_b: Any, x: Any, *, tolerance: float | None = None) -> Comparison:
    """Runs both modules on x and compares every layer's output; the layers pair up as called.

    x: the input, or a tuple of them; it is moved to the device of each module. Nothing else is
    changed: training or evaluation is as the modules have it, buffers are put back.
    tolerance: the largest difference allowed, relative to the layer's largest value; without it
        1e-9 for float64, 1e-4 for float32, 0.02 for float16.
    Raises TypeError for inputs that are no Tensors.
    """
    given = x if isinstance(x, tuple) else (x,)
    for v in given:
        if not isinstance(v, Tensor):
            raise TypeError(f"compare: inputs are Tensors (got {type(v).__name__})")
    calls_a, calls_b = _run(module_a, given), _run(module_b, given)
    layers = [_judged(a, b, tolerance) for a, b in zip(calls_a, calls_b, strict=False)]
    longer, who = (calls_a, "a") if len(calls_a) > len(calls_b) else (calls_b, "b")
    for call in longer[len(layers) :]:
        words = f"only module_{who} has this layer"
        kind = type(call.module).__name__
        layers.append(
            LayerDifference(call.name, call.name, kind, call.output.shape, np.inf, False, words)
        )
    return Comparison(layers, _parameters(module_a, module_b))


def _run(module: Any, given: tuple[Any, ...]) -> list[_Call]:
    """Every layer without children with its (first) output, and the output of the whole."""
    calls: list[_Call] = []
    handles = []

    def watch(name: str, part: Any) -> Any:
        def hook(layer: Any, inputs: tuple[Any, ...], output: Any) -> None:
            y = output[0] if isinstance(output, (tuple, list)) and output else output
            if isinstance(y, Tensor):
                calls.append(_Call(name, part, np.array(y.detach().cpu().array)))

        return hook

    for name, part in module.named_modules():
        if part is module or not any(True for _ in part.children()):
            handles.append(part.register_forward_hook(watch(name, part)))
    place = next((p for p in [*module.parameters(), *module.buffers()] if p is not None), None)
    moved = [new_tensor(np.array(v.detach().cpu().array)) for v in given]
    if place is not None:
        moved = [v.to(place.device) for v in moved]
        moved = [v.to(place.dtype) if v.dtype.kind == place.dtype.kind == "f" else v for v in moved]
    buffers = [(b, b.array.copy()) for b in module.buffers() if b is not None]
    try:
        with autograd.no_grad():
            reseeded(module)(*moved)
    finally:
        for handle in handles:
            handle.remove()
        for buffer, before in buffers:
            buffer.array[...] = before
    return calls


def _judged(a: _Call, b: _Call, tolerance: float | None) -> LayerDifference:
    kinds = [type(a.module).__name__, type(b.module).__name__]
    kind = kinds[0] if kinds[0] == kinds[1] else " / ".join(kinds)

    def answer(error: float, ok: bool, message: str = "") -> LayerDifference:
        return LayerDifference(a.name, b.name, kind, a.output.shape, error, ok, message)

    if a.output.shape != b.output.shape:
        return answer(np.inf, False, f"shape {a.output.shape} against {b.output.shape}")
    if a.output.size == 0:
        return answer(0.0, True)
    coarser = min((a.output.dtype, b.output.dtype), key=lambda dtype: dtype.itemsize)
    allowed = TOLERANCE.get(str(coarser), 0.0) if tolerance is None else tolerance
    p, q = a.output.astype(np.float64), b.output.astype(np.float64)
    with np.errstate(invalid="ignore"):
        gap = np.where((p == q) | (np.isnan(p) & np.isnan(q)), 0.0, abs(p - q))
    gap = np.where(np.isnan(gap), np.inf, gap)
    finite = abs(p[np.isfinite(p)])
    error = float(gap.max()) / max(float(finite.max(initial=0.0)), 1e-300) if gap.any() else 0.0
    if error <= allowed:
        return answer(error, True)
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
    place = ", ".join(map(str, where))
    words = f"at [{place}] {p[where]:.6g} against {q[where]:.6g}"
    if a.module.training != b.module.training:
        words += "; one is in training, the other in evaluation"
    own = _parameters(a.module, b.module)
    return answer(error, False, "; ".join([words, *own]))


def _parameters(module_a: Any, module_b: Any) -> list[str]:
    """Which parameters and buffers of the same name are not the same."""
    state_a, state_b = module_a.state_dict(), module_b.state_dict()
    notes = []
    for name in state_a:
        if name not in state_b:
            notes.append(f"{name} is missing in module_b")
            continue
        p, q = (np.asarray(s[name].detach().cpu().array) for s in (state_a, state_b))
        if p.shape != q.shape:
            notes.append(f"{name} has shape {p.shape} against {q.shape}")
        elif not np.allclose(p.astype(np.float64), q.astype(np.float64), 1e-3, 1e-6, True):
            turned = p.ndim == 2 and p.shape[0] == p.shape[1] and np.allclose(p, q.T, 1e-3, 1e-6)
            notes.append(f"{name} is transposed" if turned else f"{name} has other values")
    notes += [f"{name} is missing in module_a" for name in state_b if name not in state_a]
    return notes
