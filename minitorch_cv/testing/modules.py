"""Gradient checks of modules: one module with all its parameters, or a network layer by layer.

Everything happens on a float64 copy; the module itself is not touched. Layers are checked on the
activations that really reach them. These tie and sit on kinks (a ReLU leaves thousands of zeros,
all of them ties for a max pool), so they are first moved apart by a hundred-thousandth, and the
steps are smaller than that: no kink lies within one.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from .. import autograd
from ..autograd.tape import new_tensor
from .gradcheck import GradcheckError, GradcheckResult, check_subject
from .gradcheck.subject import Tensor, double, host, module_subject
from .gradcheck.subject_arrays import reseeded

GAP = 1e-5  # how far activations are moved apart
LAYER_STEP = GAP / 5


class ParameterCheck(NamedTuple):
    """The gradient of one parameter or input of a module."""

    name: str
    shape: tuple[int, ...]
    verdict: str  # "PASS", "FAIL" or "UNDECIDED"
    max_error: float  # relative to the larger of both values, or to the gradients' usual size
    message: str  # where it is wrong


class LayerCheck(NamedTuple):
    """The gradients of one layer of a network, on the activations that reach it."""

    name: str
    kind: str  # the class of the layer
    verdict: str  # "PASS", "FAIL" or "UNDECIDED"
    max_error: float
    seconds: float
    message: str = ""


def check_module(
    module: Any,
    x: Any,
    *,
    most: int = 4,
    seed: int = 0,
    raise_exception: bool = True,
) -> list[ParameterCheck]:
    """Gradient-checks a module's parameters and its float inputs; one answer for each.

    x: the input, or a tuple of them; integer ones (labels) are passed on as they are. `gradcheck`
    of a module does the same and answers with the whole report.
    most: besides random directions, which involve all elements, so many elements of each are
        measured one by one.
    Raises GradcheckError (with `.result`) for a wrong gradient or where nothing could be decided,
    unless `raise_exception` is False.
    """
    given = x if isinstance(x, tuple) else (x,)
    subject = module_subject(double(module), [host(v) for v in given])
    result = check_subject(subject, seed=seed, spot=most)
    if raise_exception and not result:
        if result.verdict != "FAIL":
            raise GradcheckError(f"check_module: {result.error_text()}", result)
        lines = "\n  ".join(_message(result, r.name) for r in result.inputs if r.verdict == "FAIL")
        words = f"check_module: {type(module).__name__} is wrong in\n  {lines}"
        raise GradcheckError(words, result)
    if not result.inputs:
        return [ParameterCheck("x", (), result.verdict, 0.0, result.reason)]
    return [
        ParameterCheck(r.name, r.shape, r.verdict, r.max_error, _message(result, r.name))
        for r in result.inputs
    ]


def check_layers(
    model: Any, x: Any, *, batch: int = 4, most: int = 4, seed: int = 0
) -> list[LayerCheck]:
    """Gradient-checks every layer of a network, in the order in which they are called.

    model: any Module; its layers are the modules without children. x: an input of it, of which the
    first `batch` images are used. Each input and parameter of each layer is checked along random
    directions, which involve all elements, and in `most` elements.
    """
    copied = double(model)
    given = [host(v)[:batch] for v in (x if isinstance(x, tuple) else (x,))]
    answers = []
    for name, layer, inputs in captured(copied, given):
        start = time.perf_counter()
        apart = [spread_apart(v, seed) if v.dtype == np.float64 else v for v in inputs]
        result = check_subject(
            module_subject(layer, apart), eps=LAYER_STEP, seed=seed, spot=most, budget=2.0
        )
        wrong = [_message(result, r.name) for r in result.inputs if r.verdict == "FAIL"]
        message = "; ".join(wrong) if wrong else result.reason
        answers.append(
            LayerCheck(
                name, type(layer).__name__, result.verdict, result.max_error,
                time.perf_counter() - start, message,
            )
        )  # fmt: skip
    return answers


def _message(result: GradcheckResult, name: str) -> str:
    """What is wrong with one input: the first wrong element, how many, and why it may be."""
    report = next(r for r in result.inputs if r.name == name)
    if report.verdict != "FAIL":
        return "" if report.verdict == "PASS" else result.reason
    if report.first is None:
        return report.note
    text = f"{report.first} (wrong in {report.wrong} of {report.measured} places)"
    return text + (f"; {result.diagnoses[0].message}" if result.diagnoses else "")


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


def captured(model: Any, given: list[np.ndarray]) -> list[tuple[str, Any, list[np.ndarray]]]:
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
            reseeded(model)(*map(new_tensor, given))
    finally:
        for handle in handles:
            handle.remove()
    return calls
