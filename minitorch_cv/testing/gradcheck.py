"""Gradient checks: what backward says against what small changes of the inputs do.

    s(x_1, x_2, …) = Σ_k ⟨c_k, f_k(x_1, x_2, …)⟩      with random cotangents c_k

Every element of every input is moved, and ∂s/∂x_i[j] by central differences (`numeric.py`) must
equal what the tape says. The cotangent is random and never ones: the sum over a softmax or a batch
norm does not change at all, and a backward that answers zeros would pass.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import autograd
from ..autograd.tape import new_tensor
from ..backend.random import get_rng_state, set_rng_state
from ..backend.registry import use_kernels
from ..ops.op import Op, Sample
from .numeric import STEP, Difference, Problem, compare, directions
from .probes import differentiable, gradients, input_name, run

Tensor = autograd.Tensor


class GradcheckError(RuntimeError):
    """A gradient is wrong, or the function cannot be checked."""


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-6,
    seed: int = 0,
    raise_exception: bool = True,
) -> bool:
    """True where the gradients of `fn` equal numeric ones in every element of every input.

    fn: a function of Tensors that returns a Tensor or a tuple of them. Outputs that hold integers
        (indices) are left out. Random numbers from the default generator are drawn anew, from the
        same state, on every evaluation.
    inputs: a float64 Tensor or several; those that require grad are checked, or all where none
        does. They are copied first.
    eps: the step; without it ε^(1/5) ≈ 7e-4. Smaller ones follow where a kink is nearby.
    atol, rtol: |analytic − numeric| ≤ atol + rtol · the larger of both.
    seed: of the random cotangent.
    raise_exception: False to get False instead of GradcheckError for a wrong gradient.

    Raises TypeError for inputs that are no float64 Tensors, GradcheckError for a wrong gradient, a
    function that is not deterministic, changes its inputs, or returns no float64 Tensor. Warns
    where all gradients are zero, for then nothing was checked.
    """
    tensors = _judge_inputs(inputs)
    try:
        problem = _problem(fn, tensors, seed)
        check_problem("gradcheck", problem, eps=eps, atol=atol, rtol=rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-6,
    seed: int = 0,
    raise_exception: bool = True,
) -> bool:
    """`gradcheck` of the gradient itself: second derivatives in the inputs and in the cotangents.

    Takes what `gradcheck` takes.
    """
    tensors = _judge_inputs(inputs)
    outputs = _outputs(_reseeded(fn)(*tensors))
    rng = np.random.default_rng(seed + 1)
    cotangents = [new_tensor(rng.normal(size=y.shape)) for y in outputs]
    wanted = [k for k, t in enumerate(tensors) if t.requires_grad]

    def gradient(*args: Any) -> tuple[Any, ...]:
        with autograd.enable_grad():
            xs = [a if a.requires_grad else a.detach() for a in args[: len(tensors)]]
            for k in wanted:
                xs[k].requires_grad_()
            ys = _outputs(fn(*xs))
            pairs = [
                (y, c) for y, c in zip(ys, args[len(tensors) :], strict=True) if y.requires_grad
            ]
            grads = autograd.grad(
                [y for y, _ in pairs], [xs[k] for k in wanted], [c for _, c in pairs],
                create_graph=True, allow_unused=True,
            )  # fmt: skip
        return tuple(
            new_tensor(np.zeros(xs[k].shape)) if g is None else g
            for k, g in zip(wanted, grads, strict=True)
        )

    everything = [*tensors, *(c.requires_grad_() for c in cotangents)]
    return gradcheck(
        gradient, everything, eps=eps, atol=atol, rtol=rtol, seed=seed,
        raise_exception=raise_exception,
    )  # fmt: skip


def gradcheck_op(
    op: Op,
    sample: Sample,
    *,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-6,
    rng: np.random.Generator | None = None,
    most: int = 64,
    warn: bool = True,
) -> None:
    """Gradient-checks an op on bare arrays, without a tape.

    most: inputs of more elements are checked in that many random ones, and along two random
    directions. Raises GradcheckError; warns of a vacuous check unless `warn` is False.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    needs = differentiable(op, sample.arrays)
    places = [k for k, need in enumerate(needs) if need]

    def evaluate(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        full = list(sample.arrays)
        for k, x in zip(places, arrays, strict=True):
            full[k] = x
        return [run(op, full, sample.params)[0]]

    with use_kernels("reference"):
        y, _, saved = run(op, sample.arrays, sample.params)
        if not np.isfinite(y).all():
            return
        gy = rng.normal(size=np.shape(y))
        grads = gradients(op, gy, saved, needs)
        arrays = [np.asarray(sample.arrays[k], np.float64) for k in places]
        names = [f"g{input_name(op, k)}" for k in places]
        claimed = [_zeros_for_none(grads[k], x) for k, x in zip(places, arrays, strict=True)]
        problem = Problem(evaluate, arrays, names, [gy], claimed)
        what = f"{op.name} ({sample.label})"
        check_problem(what, problem, eps=eps, atol=atol, rtol=rtol, rng=rng, most=most, warn=warn)


def check_problem(
    what: str,
    problem: Problem,
    *,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-6,
    rng: np.random.Generator | None = None,
    most: int | None = None,
    warn: bool = True,
) -> list[Difference]:
    """Compares the claimed gradients with numeric ones; `what` opens the error message.

    Returns what was compared. Raises GradcheckError.
    """
    step = STEP if eps is None else eps
    found: list[Difference] = []
    for k, (x, gradient) in enumerate(zip(problem.arrays, problem.gradients, strict=True)):
        if gradient.shape != x.shape:
            raise GradcheckError(
                f"{what}: {problem.names[k]} has the wrong shape (got {gradient.shape}, expected "
                f"{x.shape})"
            )
        for place in check_places(x, most, rng):
            found.append(compare(problem, k, place, step=step, atol=atol, rtol=rtol))
    wrong = [d for d in found if not d.ok]
    if wrong:
        raise GradcheckError(_describe(what, found, wrong))
    if warn and found and not any(d.numeric or d.analytic for d in found):
        warnings.warn(
            f"{what}: vacuous, for all gradients are zero; choose inputs (or a function) on which "
            "the output depends",
            stacklevel=3,
        )
    return found


def check_places(
    x: np.ndarray, most: int | None, rng: np.random.Generator | None, probes: int = 2
) -> list[Any]:
    """Every flat element; of a large input `most` of them and some random directions."""
    if most is None or rng is None or x.size <= most:
        return list(range(x.size))
    chosen = sorted(int(i) for i in rng.choice(x.size, most, replace=False))
    return [*directions(rng, x.shape, probes), *chosen]


def _describe(what: str, found: list[Difference], wrong: list[Difference]) -> str:
    """Which input, how many elements, the first and the worst of them."""
    name = wrong[0].name
    here = [d for d in wrong if d.name == name]
    total = sum(d.name == name for d in found)
    worst = max(here, key=lambda d: abs(d.analytic - d.numeric))
    text = f"{what}: the gradient of {name} is wrong in {len(here)} of {total} places"
    if len(here) == 1:
        text += f" ({here[0]})"
    else:
        text += f" (first {here[0]}; worst {worst})"
    others = sorted({d.name for d in wrong} - {name})
    if others:
        text += f", and so is that of {', '.join(others)}"
    if all(d.kink is not None for d in wrong):
        return text + "; move the inputs away from the kink"
    return text + "; look at the backward that computes it"


def _zeros_for_none(gradient: Any, x: np.ndarray) -> np.ndarray:
    return np.zeros(x.shape) if gradient is None else np.asarray(gradient)


# The pieces of `gradcheck` on Tensors.


def _judge_inputs(inputs: Any) -> list[Any]:
    """Copies of the inputs as leaves. Raises TypeError for what cannot be checked."""
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not given:
        raise ValueError("gradcheck: expects at least one input (got none)")
    for k, x in enumerate(given):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"gradcheck: input {k} is no Tensor (got {type(x).__name__}); pass other arguments "
                "inside fn, e.g. lambda x: fn(x, 3)"
            )
        if x.dtype.kind != "f":
            raise TypeError(
                f"gradcheck: input {k} has no gradient (got dtype {x.dtype}); pass it inside fn, "
                "e.g. lambda x: fn(x, target)"
            )
        if x.dtype != np.float64:
            raise TypeError(
                f"gradcheck: input {k} is {x.dtype}, too coarse for finite differences; "
                "use .double()"
            )
    every = not any(x.requires_grad for x in given)
    copies = [new_tensor(np.array(x.detach().cpu().array)).to(x.device) for x in given]
    for copy, x in zip(copies, given, strict=True):
        copy.requires_grad_(every or x.requires_grad)
    return copies


def _reseeded(fn: Callable[..., Any]) -> Callable[..., Any]:
    """fn, starting from the same random state on every call; the state is put back afterwards."""
    start = get_rng_state()

    def call(*args: Any) -> Any:
        now = get_rng_state()
        set_rng_state(start)
        try:
            return fn(*args)
        finally:
            set_rng_state(now)

    return call


def _outputs(result: Any) -> list[Any]:
    """The float outputs of fn. Raises GradcheckError where there is none."""
    given = list(result) if isinstance(result, (tuple, list)) else [result]
    for y in given:
        if not isinstance(y, Tensor):
            raise GradcheckError(
                f"gradcheck: the function must return Tensors (got {type(y).__name__})"
            )
    outputs = [y for y in given if y.dtype.kind == "f"]
    if not outputs:
        raise GradcheckError("gradcheck: the function returns no float Tensor, nothing to check")
    for y in outputs:
        if y.dtype != np.float64:
            raise GradcheckError(
                f"gradcheck: the function computes in {y.dtype} although its inputs are float64; "
                "keep float64 throughout (module.double())"
            )
    return outputs


def _problem(fn: Callable[..., Any], tensors: list[Any], seed: int) -> Problem:
    call = _reseeded(fn)
    names = _names(fn, len(tensors))
    wanted = [k for k, t in enumerate(tensors) if t.requires_grad]

    def evaluate(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        given = list(tensors)
        for k, x in zip(wanted, arrays, strict=True):
            given[k] = new_tensor(np.array(x)).to(tensors[k].device)
        with autograd.no_grad():
            return [np.array(y.detach().cpu().array) for y in _outputs(call(*given))]

    arrays = [np.array(tensors[k].detach().cpu().array) for k in wanted]
    _judge_function(call, tensors, evaluate, arrays, names)
    outputs = _outputs(call(*tensors))
    rng = np.random.default_rng(seed)
    cotangents = [rng.normal(size=y.shape) for y in outputs]
    grads: Sequence[Any] = [None] * len(wanted)
    rooted = [(y, c) for y, c in zip(outputs, cotangents, strict=True) if y.requires_grad]
    if rooted:
        grads = autograd.grad(
            [y for y, _ in rooted], [tensors[k] for k in wanted],
            [new_tensor(c).to(y.device) for y, c in rooted], allow_unused=True,
        )  # fmt: skip
    claimed = [
        _zeros_for_none(None if g is None else g.detach().cpu().array, x)
        for g, x in zip(grads, arrays, strict=True)
    ]
    return Problem(evaluate, arrays, [names[k] for k in wanted], cotangents, claimed)


def _judge_function(
    call: Callable[..., Any], tensors: list[Any], evaluate: Any, arrays: list[np.ndarray],
    names: list[str],
) -> None:  # fmt: skip
    """Raises GradcheckError for a function that changes its inputs or is not deterministic."""
    copies = [new_tensor(np.array(t.detach().cpu().array)).to(t.device) for t in tensors]
    before = [np.array(t.cpu().array) for t in copies]
    with autograd.no_grad():
        first = [np.array(y.detach().cpu().array) for y in _outputs(call(*copies))]
    for name, copy, then in zip(names, copies, before, strict=True):
        if not np.array_equal(copy.detach().cpu().array, then, equal_nan=True):
            raise GradcheckError(
                f"gradcheck: the function changes its input {name} in place; work on a .clone()"
            )
    for a, b in zip(first, evaluate(arrays), strict=True):
        if a.shape != b.shape or not np.array_equal(a, b, equal_nan=True):
            gap = float(np.max(abs(a - b))) if a.shape == b.shape else np.inf
            raise GradcheckError(
                "gradcheck: the function is not deterministic: the same inputs gave results that "
                f"differ by {gap:.3g}; draw random numbers from the default generator, or outside"
            )


def _names(fn: Callable[..., Any], count: int) -> list[str]:
    """The names of fn's parameters, as far as they can be known."""
    try:
        kinds = inspect.signature(fn).parameters.values()
        names = [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    return [f"input {k} ({names[k]})" if k < len(names) else f"input {k}" for k in range(count)]
