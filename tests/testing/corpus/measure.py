"""What a run of the gradient check on one planted bug, or on one right layer, is worth."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from minitorch_cv.testing import gradcheck

from .entry import Backward, Bug, Layer


class Outcome(NamedTuple):
    """One run on one bug."""

    verdict: str
    caught: bool  # FAIL
    named: bool  # the element that the report names is truly wrong, and its numeric value right
    kinds: list[str]  # of the diagnoses, best first
    diagnosed: bool  # the first of them is right
    seconds: float


def on_bug(bug: Bug, seed: int) -> Outcome:
    """Checks a planted bug on inputs drawn with a seed."""
    calls: list[tuple[Any, ...]] = []

    def spy(dout: Any, cache: Any) -> Any:
        gradients = bug.backward(dout, cache)
        calls.append((np.array(dout), cache, gradients))
        return gradients

    start = time.perf_counter()
    names, result = check(bug.layer, spy, seed)
    seconds = time.perf_counter() - start
    kinds = [d.kind for d in result.diagnoses]
    return Outcome(
        result.verdict,
        result.verdict == "FAIL",
        names_wrong(bug.layer, names, result, calls),
        kinds,
        bool(kinds) and kinds[0] in bug.kinds,
        seconds,
    )


def on_layer(layer: Layer, seed: int) -> Any:
    """Checks a layer with its right backward; answers the result."""
    return check(layer, layer.backward, seed)[1]


def check(layer: Layer, backward: Backward, seed: int) -> tuple[list[str], Any]:
    """(the names of the inputs, the result of the check)"""
    inputs, param = layer.make(np.random.default_rng(seed))
    pair = (layer.forward, backward)
    names = list(inputs)
    return names, gradcheck(pair, list(inputs.values()), params=param, names=names, seed=seed)


def names_wrong(layer: Layer, names: list[str], result: Any, calls: list[Any]) -> bool:
    """Are the first and the worst element of the report truly wrong? Where there is none, is the
    gradient that it names of another shape than the right one?
    """
    elements = [d for d in (result.first, result.worst) if d is not None and d.where is not None]
    if elements:
        return all(truly_wrong(layer, names, d, calls) for d in elements)
    dout, cache, gradients = calls[0]
    claims, rights = as_list(gradients), as_list(layer.backward(dout, cache))
    bad = [r.name for r in result.inputs if r.verdict == "FAIL"]
    return bool(bad) and all(
        claims[names.index(b)].shape != rights[names.index(b)].shape for b in bad
    )


def truly_wrong(layer: Layer, names: list[str], named: Any, calls: list[Any]) -> bool:
    """Is an element wrong by the right backward, given what the wrong one was given?"""
    k = names.index(named.name)
    for dout, cache, gradients in calls:
        claimed = float(as_list(gradients)[k][named.where])
        if claimed == named.analytic:
            right = float(as_list(layer.backward(dout, cache))[k][named.where])
            near = abs(right - named.numeric) <= 1e-5 * max(1.0, abs(right))
            return near and abs(right - claimed) > 1e-7 * max(1.0, abs(right))
    return False


def as_list(gradients: Any) -> list[np.ndarray]:
    """What a backward answers, as a list also where it is a single array."""
    found = gradients if isinstance(gradients, tuple) else (gradients,)
    return [np.asarray(g, float) for g in found]
