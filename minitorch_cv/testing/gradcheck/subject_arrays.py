"""`Subject`, the form that everything is brought into; ops and pairs of array functions as such."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import autograd
from ...backend.random import get_rng_state, set_rng_state
from ...backend.registry import use_kernels
from ...ops.op import Op
from ..probes import differentiable, gradients, input_name, run
from .result import CannotCheckError

Arrays = Sequence[np.ndarray]


class Subject(NamedTuple):
    """A function of float64 arrays with the gradients that its backward claims."""

    what: str  # how it is called in messages
    names: list[str]
    arrays: list[np.ndarray]
    evaluate: Callable[[Arrays], list[np.ndarray]]  # may raise CannotCheckError
    claim: Callable[[Arrays, Arrays], list[Any]]  # (arrays, cotangents) → gradients or None
    params: dict[str, Any]
    coarse: str = ""  # why the precision is too low, with the remedy


def words_of(fn: Any) -> list[str]:
    """The names of a function's positional parameters, as far as they can be known."""
    try:
        kinds = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def name_of(words: Sequence[str], k: int) -> str:
    return words[k] if k < len(words) else f"input {k}"


# Random numbers: every evaluation starts from the same state, which is put back afterwards.


def reseeded(fn: Callable[..., Any]) -> Callable[..., Any]:
    """fn, starting from the same random state (ours and NumPy's) on every call."""
    start, legacy = get_rng_state(), np.random.get_state()  # noqa: NPY002

    def call(*args: Any, **kwargs: Any) -> Any:
        now, then = get_rng_state(), np.random.get_state()  # noqa: NPY002
        set_rng_state(start)
        np.random.set_state(legacy)  # noqa: NPY002
        try:
            return fn(*args, **kwargs)
        finally:
            set_rng_state(now)
            np.random.set_state(then)  # noqa: NPY002

    return call


def too_coarse(name: str, dtype: Any, remedy: str) -> str:
    digits = 3 if dtype == np.float16 else 7
    return (
        f"gradcheck: {name} is {dtype}, too coarse for finite differences ({digits} digits); "
        f"use {remedy}"
    )


def judge_unchanged(what: str, name: str, now: Any, before: np.ndarray) -> None:
    if now.shape != before.shape or not np.array_equal(now, before, equal_nan=True):
        raise CannotCheckError(
            f"{what}: the function changes its input {name} in place; work on a copy (.clone(), "
            ".copy())"
        )


# Ops and pairs.


def op_subject(op: Op, given: Sequence[Any], params: dict[str, Any], label: str = "") -> Subject:
    """An op on bare arrays, without kernels and without a tape."""
    what = f"{op.name} ({label})" if label else op.name
    needs = differentiable(op, given)
    places = [k for k, need in enumerate(needs) if need]

    def full(arrays: Arrays) -> list[Any]:
        every = list(given)
        for k, x in zip(places, arrays, strict=True):
            every[k] = x
        return every

    def evaluate(arrays: Arrays) -> list[np.ndarray]:
        with use_kernels("reference"):
            return [np.asarray(run(op, full(arrays), params)[0])]

    def claim(arrays: Arrays, cotangents: Arrays) -> list[Any]:
        with use_kernels("reference"):
            _, _, saved = run(op, full(arrays), params)
            grads = gradients(op, np.asarray(cotangents[0]), saved, needs)
        return [grads[k] for k in places]

    names = [input_name(op, k) for k in places]
    coarse = "".join(
        too_coarse(name, given[k].dtype, ".astype(np.float64)")
        for k, name in zip(places, names, strict=True)
        if given[k].dtype != np.float64
    )
    arrays = [np.asarray(given[k], np.float64) for k in places]
    return Subject(what, names, arrays, evaluate, claim, params, coarse)


def pair_subject(
    forward: Callable[..., Any], backward: Callable[..., Any], given: list[Any],
    params: dict[str, Any],
) -> Subject:  # fmt: skip
    """A pair of array functions, in the style of our ops or of CS231n."""
    words = words_of(forward)
    what = getattr(forward, "__name__", "forward")
    host_arrays = [_plain(x, name_of(words, k)) for k, x in enumerate(given)]
    places = [k for k, x in enumerate(host_arrays) if _kind(x) == "f"]
    if not places:
        raise TypeError(_integers(host_arrays[0], name_of(words, 0)))
    own = len(words_of(backward)) >= 3  # backward(gy, saved, needs)
    keyword = all(key in words or key in _keywords(forward) for key in params)
    call = reseeded(forward)

    def result(arrays: Arrays) -> tuple[Any, Any, list[Any]]:
        every = [copy.deepcopy(x) for x in host_arrays]
        for k, x in zip(places, arrays, strict=True):
            every[k] = np.array(x)
        extra = copy.deepcopy(params)
        answer = call(*every, **extra) if keyword else call(*every, extra)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise CannotCheckError(
                f"{what}: forward returns a pair (out, cache) (got {_shown(answer)})"
            )
        return answer[0], answer[1], every

    def evaluate(arrays: Arrays) -> list[np.ndarray]:
        out, _, every = result(arrays)
        for k, x in zip(places, arrays, strict=True):
            judge_unchanged(what, name_of(words, k), every[k], x)
        return _float_arrays(what, out)

    def claim(arrays: Arrays, cotangents: Arrays) -> list[Any]:
        out, cache, every = result(arrays)
        kept = [np.array(every[k]) for k in places]
        gys = [np.array(c) for c in cotangents]
        gy = tuple(gys) if isinstance(out, (tuple, list)) and len(gys) > 1 else gys[0]
        needs = tuple(k in places for k in range(len(every)))
        answer = reseeded(backward)(gy, cache, needs) if own else reseeded(backward)(gy, cache)
        for k, x in zip(places, kept, strict=True):
            judge_unchanged(f"{what}: backward", name_of(words, k), every[k], x)
        return _pair_gradients(what, answer, host_arrays, places, words)

    coarse = ""
    for k in places:
        if host_arrays[k].dtype != np.float64:
            name, dtype = name_of(words, k), host_arrays[k].dtype
            coarse = coarse or too_coarse(name, dtype, ".astype(np.float64)")
    arrays = [np.asarray(host_arrays[k], np.float64) for k in places]
    names = [name_of(words, k) for k in places]
    return Subject(what, names, arrays, evaluate, claim, params, coarse)


def _plain(x: Any, name: str) -> Any:
    if isinstance(x, autograd.Tensor):
        return np.array(x.detach().cpu().array)
    return np.asarray(x) if isinstance(x, (float, np.floating)) else x


def _kind(x: Any) -> str:
    return x.dtype.kind if isinstance(x, np.ndarray) else ""


def _keywords(fn: Any) -> list[str]:
    try:
        kinds = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in kinds if p.kind == p.KEYWORD_ONLY]


def _integers(x: Any, name: str) -> str:
    got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
    return (
        f"gradcheck: {name} holds no floats and has no gradient (got {got}); "
        "pass floats, e.g. x.astype(np.float64)"
    )


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return "None; does it end in `return`?" if value is None else type(value).__name__


def _float_arrays(what: str, out: Any) -> list[np.ndarray]:
    parts = list(out) if isinstance(out, (tuple, list)) else [out]
    arrays = [np.array(y) for y in parts if y is not None]
    floats = [y for y in arrays if y.dtype.kind == "f"]
    if not floats:
        got = "None" if out is None else ", ".join(str(y.dtype) for y in arrays)
        raise CannotCheckError(f"{what}: forward returns no float array (got {got})")
    for y in floats:
        if y.dtype != np.float64:
            raise CannotCheckError(
                f"{what}: forward computes in {y.dtype} although its inputs are float64; keep "
                "float64 throughout"
            )
    return floats


def _pair_gradients(
    what: str, answer: Any, given: list[Any], places: list[int], words: list[str]
) -> list[Any]:
    """One gradient for each float input; CS231n's backward leaves integer inputs out."""
    if answer is None:
        raise CannotCheckError(f"{what}: backward returns None; does it end in `return`?")
    found = list(answer) if isinstance(answer, (tuple, list)) else [answer]
    if len(found) == len(given):
        for k, g in enumerate(found):
            if k not in places and g is not None and isinstance(given[k], np.ndarray):
                raise TypeError(_integers(given[k], name_of(words, k)))
        return [found[k] for k in places]
    if len(found) == len(places):
        return found
    raise CannotCheckError(
        f"{what}: backward returns {len(found)} gradients for {len(given)} inputs; return one for "
        "each input, in the order of forward"
    )
