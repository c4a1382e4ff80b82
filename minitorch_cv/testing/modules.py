"""Gradient checks of modules: one module with all its parameters, or a network layer by layer.

Everything happens on a float64 copy; the module itself is not touched. Layers are checked on the
activations that really reach them. These tie and sit on kinks (a ReLU leaves thousands of zeros,
all of them ties for a max pool), so they are first moved apart by a hundred-thousandth, and the
steps are smaller than that: no kink lies within one.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import autograd
from ..autograd.tape import new_tensor
from .gradcheck import GradcheckError, Tensor, _outputs, _reseeded, check_places
from .numeric import STEP, Difference, Problem, compare

GAP = 1e-5  # how far activations are moved apart
LAYER_STEP = GAP / 5


class ParameterCheck(NamedTuple):
    """The gradient of one parameter or input of a module."""

    name: str
    shape: tuple[int, ...]
    verdict: str  # "PASS" or "FAIL"
    max_error: float  # relative to the larger of both values, or to the gradients' usual size
    message: str  # where it is wrong


class LayerCheck(NamedTuple):
    """The gradients of one layer of a network, on the activations that reach it."""

    name: str
    kind: str  # the class of the layer
    verdict: str  # "PASS" or "FAIL"
    max_error: float
    seconds: float
    message: str = ""


def check_module(
    module: Any,
    x: Any,
    *,
    most: int | None = 64,
    seed: int = 0,
    step: float = STEP,
    rtol: float = 1e-6,
    raise_exception: bool = True,
) -> list[ParameterCheck]:
    """Gradient-checks a module's parameters and its float inputs; one answer for each.

    x: the input, or a tuple of them; integer ones (labels) are passed on as they are.
    most: larger parameters are checked in that many random elements and along two random
        directions (None: in every element).
    Raises GradcheckError with one line for each wrong gradient, unless `raise_exception` is False.
    """
    given = x if isinstance(x, tuple) else (x,)
    found = _check(_double(module), [_host(v) for v in given], seed, most, 2, step, rtol)
    wrong = [check for check in found if check.verdict == "FAIL"]
    if wrong and raise_exception:
        lines = "\n  ".join(check.message for check in wrong)
        raise GradcheckError(f"check_module: {type(module).__name__} is wrong in\n  {lines}")
    return found


def check_layers(
    model: Any, x: Any, *, batch: int = 4, most: int = 8, seed: int = 0, rtol: float = 1e-6
) -> list[LayerCheck]:
    """Gradient-checks every layer of a network, in the order in which they are called.

    model: any Module; its layers are the modules without children. x: an input of it, of which the
    first `batch` images are used. Each input and parameter of each layer is checked along two
    random directions, which involve all elements, and in `most` random elements.
    """
    copied = _double(model)
    given = [_host(v)[:batch] for v in (x if isinstance(x, tuple) else (x,))]
    answers = []
    for name, layer, inputs in _captured(copied, given):
        start = time.perf_counter()
        apart = [spread_apart(v, seed) if v.dtype == np.float64 else v for v in inputs]
        checks = _check(layer, apart, seed, most, 2, LAYER_STEP, rtol)
        wrong = [check.message for check in checks if check.verdict == "FAIL"]
        answers.append(
            LayerCheck(
                name, type(layer).__name__, "FAIL" if wrong else "PASS",
                max((check.max_error for check in checks), default=0.0),
                time.perf_counter() - start, "; ".join(wrong),
            )
        )  # fmt: skip
    return answers


def spread_apart(x: np.ndarray, seed: int = 0, gap: float = GAP) -> np.ndarray:
    """x with any two elements, and any element and 0, at least `gap` apart.

    The order stays; ties are broken at random. Nothing moves further than `gap` times the number of
    elements that were closer than that.
    """
    rng = np.random.default_rng(seed)
    flat = x.reshape(-1)
    order = np.lexsort((rng.permutation(flat.size), flat))
    steps = gap * np.arange(flat.size)
    lifted = np.maximum.accumulate(flat[order] - steps) + steps  # each at least gap above the last
    lifted = np.where(lifted >= 0, lifted + gap, lifted - gap)  # the rest leaves 0 free
    y = np.empty_like(flat)
    y[order] = lifted
    return y.reshape(x.shape)


def _host(v: Any) -> np.ndarray:
    """A copy on the host, in float64 where it holds floats."""
    if not isinstance(v, Tensor):
        raise TypeError(f"check_module: inputs are Tensors (got {type(v).__name__})")
    array = np.array(v.detach().cpu().array)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _double(module: Any) -> Any:
    copied = copy.deepcopy(module).to("cpu").to(dtype=np.float64)
    for parameter in copied.parameters():
        parameter.requires_grad_(True)
    return copied


def _captured(model: Any, given: list[np.ndarray]) -> list[tuple[str, Any, list[np.ndarray]]]:
    """(name, layer, its inputs) of every layer without children, in the order of the calls."""
    calls: list[tuple[str, Any, list[np.ndarray]]] = []
    handles = []

    def watch(name: str) -> Any:
        def hook(layer: Any, inputs: tuple[Any, ...], output: Any) -> None:
            tensors = [v for v in inputs if isinstance(v, Tensor)]
            if len(tensors) == len(inputs) and all(layer is not seen for _, seen, _ in calls):
                calls.append((name, layer, [np.array(v.detach().array) for v in tensors]))

        return hook

    for name, layer in model.named_modules():
        if not any(True for _ in layer.children()):
            handles.append(layer.register_forward_hook(watch(name)))
    try:
        with autograd.no_grad():
            _reseeded(model)(*map(new_tensor, given))
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _check(
    module: Any, inputs: Sequence[np.ndarray], seed: int, most: int | None, probes: int,
    step: float, rtol: float,
) -> list[ParameterCheck]:  # fmt: skip
    """One answer for each float input and each parameter of a float64 module."""
    rng = np.random.default_rng(seed)
    problem = _module_problem(module, inputs, rng)
    checks = []
    means = [float(np.sqrt(np.mean(g**2))) if g.size else 0.0 for g in problem.gradients]
    small = 1e-3 * max(means, default=0.0)  # a gradient that is 0 by nature has no relative error
    for k, (x, mean) in enumerate(zip(problem.arrays, means, strict=True)):
        places = check_places(x, most, rng, probes)
        found = [compare(problem, k, place, step=step, rtol=rtol) for place in places]
        wrong = [d for d in found if not d.ok]
        message = f"{wrong[0]} (wrong in {len(wrong)} of {len(found)} places)" if wrong else ""
        error = max((_error(d, max(mean, small)) for d in found), default=0.0)
        verdict = "FAIL" if wrong else "PASS"
        checks.append(ParameterCheck(problem.names[k], x.shape, verdict, error, message))
    return checks


def _error(d: Difference, usual: float) -> float:
    size = max(abs(d.analytic), abs(d.numeric), usual)
    return abs(d.analytic - d.numeric) / size if size else 0.0


def _module_problem(module: Any, inputs: Sequence[np.ndarray], rng: np.random.Generator) -> Problem:
    """s as a function of the float inputs and of the parameters, set for each evaluation."""
    call = _reseeded(module)
    named = list(module.named_parameters())
    floats = [k for k, v in enumerate(inputs) if v.dtype == np.float64]

    def tensors(arrays: Sequence[np.ndarray]) -> list[Any]:
        given = [new_tensor(np.array(v)) for v in inputs]
        for k, v in zip(floats, arrays, strict=False):
            given[k] = new_tensor(np.array(v))
        for (_, parameter), v in zip(named, arrays[len(floats) :], strict=True):
            parameter.array[...] = v
        return given

    def evaluate(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        with autograd.no_grad():
            return [np.array(y.array) for y in _outputs(call(*tensors(arrays)))]

    arrays = [inputs[k] for k in floats] + [np.array(p.array) for _, p in named]
    given = tensors(arrays)
    wanted = [given[k].requires_grad_() for k in floats] + [p for _, p in named]
    outputs = _outputs(call(*given))
    cotangents = [rng.normal(size=y.shape) for y in outputs]
    rooted = [(y, c) for y, c in zip(outputs, cotangents, strict=True) if y.requires_grad]
    grads: Sequence[Any] = [None] * len(wanted)
    if rooted and wanted:
        grads = autograd.grad(
            [y for y, _ in rooted], wanted, [new_tensor(c) for _, c in rooted], allow_unused=True
        )
    claimed = [
        np.zeros(v.shape) if g is None else np.asarray(g.array)
        for g, v in zip(grads, arrays, strict=True)
    ]
    names = ["x" if len(floats) == 1 else f"input {k}" for k in floats] + [n for n, _ in named]
    return Problem(evaluate, arrays, names, cotangents, claimed)
