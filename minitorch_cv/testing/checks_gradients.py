"""Op checks of the backward pass: right, complete, differentiable again, and honest."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import autograd
from ..autograd.tape import new_tensor
from ..backend.registry import use_kernels
from ..ops.op import Op, Sample
from .numeric import Problem, compare
from .numeric import directions as random_directions
from .probes import (
    CheckError,
    SkippedError,
    differentiable,
    gradients,
    input_name,
    is_float,
    naive,
    on_reference_path,
    run,
    same,
    samples_of,
)

EXACT = 1e-10
SMALL = 12  # inputs of up to so many elements are checked element by element


def gradient_matches_reference(op: Op, rng: np.random.Generator) -> None:
    """Every gradient equals the exact derivative of the naive loops to 1e-10."""
    for sample in samples_of(op, rng):
        y, gy, needs, grads = on_reference_path(op, sample, rng)
        if not np.isfinite(y).all():
            continue  # there is no derivative to compare
        for k, need in enumerate(needs):
            if need:
                _judge_shape(op, k, grads[k], sample)
                _judge_gradient(op, k, grads[k], gy, sample, rng)
            elif grads[k] is not None:
                raise CheckError(f"{op.name}: {input_name(op, k)} has no gradient, but got one")


def _judge_shape(op: Op, k: int, gradient: Any, sample: Sample) -> None:
    if gradient is None:
        raise CheckError(f"{op.name}: g{input_name(op, k)} is None ({sample.label})")
    if np.shape(gradient) != sample.arrays[k].shape:
        raise CheckError(
            f"{op.name}: g{input_name(op, k)} has shape {np.shape(gradient)}, expected "
            f"{sample.arrays[k].shape} ({sample.label})"
        )


def _judge_gradient(
    op: Op, k: int, gradient: Any, gy: np.ndarray, sample: Sample, rng: np.random.Generator
) -> None:
    x = sample.arrays[k]
    if x.size <= SMALL:
        wrong = any(not _agrees(op, k, gradient, gy, sample, v)[0] for v in _units(x.shape))
    else:
        tries = (rng.normal(size=x.shape) for _ in range(2))
        wrong = any(not _agrees(op, k, gradient, gy, sample, v)[0] for v in tries)
    if not wrong:
        return
    for v in itertools.islice(_units(x.shape), 2000):  # which element is it?
        ok, got, want = _agrees(op, k, gradient, gy, sample, v)
        if not ok:
            where = ", ".join(str(i) for i in np.argwhere(v)[0])
            raise CheckError(
                f"{op.name}: g{input_name(op, k)}[{where}] is {got:.10g}, expected {want:.10g} "
                f"({sample.label})"
            )
    raise CheckError(f"{op.name}: g{input_name(op, k)} is wrong ({sample.label})")


def _units(shape: tuple[int, ...]) -> Any:
    for where in np.ndindex(shape):
        v = np.zeros(shape)
        v[where] = 1.0
        yield v


def _agrees(
    op: Op, k: int, gradient: Any, gy: np.ndarray, sample: Sample, v: np.ndarray
) -> tuple[bool, float, float]:
    """(equal to 1e-10?, ⟨gx, v⟩ as backward has it, ⟨gy, exact derivative along v⟩)."""
    slope = naive(op, sample, {k: v})[1]
    got, want = float(np.sum(gradient * v)), float(np.sum(gy * slope))
    size = max(1.0, float(np.sum(abs(gy * slope))))
    return abs(got - want) <= EXACT * size, got, want


def gradcheck(op: Op, rng: np.random.Generator) -> None:
    """Every gradient equals differences of forward itself, by `testing.gradcheck`."""
    from .gradcheck import gradcheck_op

    for sample in samples_of(op, rng):
        if sample.kink:
            continue  # differences would reach across it
        if not np.isfinite(np.asarray(run(op, sample.arrays, sample.params)[0])).all():
            continue
        result = gradcheck_op(op, sample)
        if result.verdict == "FAIL":
            raise CheckError(result.error_text())
        sized = any(np.prod(report.shape) for report in result.inputs)
        if result.verdict == "UNDECIDED" and sized and "vacuous" not in result.reason:
            raise CheckError(f"{op.name} ({sample.label}): undecided: {result.reason}")


def second_derivative(op: Op, rng: np.random.Generator) -> None:
    """Backward recorded on Tensors gives the same gradients, and their derivative is right to 1e-6.

    Ops for which it makes no sense must say so.
    """
    for sample in samples_of(op, rng):
        if sample.kink or not any(differentiable(op, sample.arrays)):
            continue
        tensors = [_leaf(x, is_float(x)) for x in sample.arrays]
        needs = differentiable(op, sample.arrays)
        with use_kernels("reference"):
            y = op(*tensors, **sample.params)
        y = y[0] if op.extra_outputs else y
        if not np.isfinite(y.array).all():
            continue
        gy = _leaf(rng.normal(size=y.shape), True)
        wanted = [t for t, need in zip(tensors, needs, strict=True) if need]
        if not op.twice:
            _refuses(op, y, wanted, gy)
            continue
        grads = autograd.grad(y, wanted, gy, create_graph=True, allow_unused=True)
        _judge_second(op, sample, needs, (tensors, gy, grads), rng)
    if not op.twice:
        raise SkippedError("has no second derivative, and says so")


def _leaf(x: Any, wanted: bool) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    return new_tensor(np.array(x)).requires_grad_(wanted) if wanted else new_tensor(x)


def _refuses(op: Op, y: Any, wanted: list[Any], gy: Any) -> None:
    try:
        autograd.grad(y, wanted, gy, create_graph=True, allow_unused=True)
    except RuntimeError as error:
        if f"{op.name}: has no second derivative" not in str(error):
            raise
        return
    raise CheckError(f"{op.name}: says twice=False, but create_graph raises no error")


def _judge_second(
    op: Op, sample: Sample, needs: tuple[bool, ...], recorded: Any, rng: np.random.Generator
) -> None:
    """The derivative of s = Σ ⟨w, gx⟩ in all inputs and in gy, against differences of gx."""
    tensors, gy, grads = recorded
    places = [k for k, need in enumerate(needs) if need]
    plain = _first_order(op, sample, needs, list(sample.arrays), gy.array)
    weights = []
    s: Any = 0
    for k, g in zip(places, grads, strict=True):
        if g is None:
            raise CheckError(f"{op.name}: no recorded g{input_name(op, k)} ({sample.label})")
        what = f"{op.name}: the recorded g{input_name(op, k)} differs from the plain one"
        same(what, g.array, plain[places.index(k)], EXACT, sample.label)
        weights.append(rng.normal(size=g.shape))
        s = s + (g * new_tensor(weights[-1])).sum()
    sources = [tensors[k] for k in places] + [gy]
    answers = (
        autograd.grad(s, sources, allow_unused=True) if s.requires_grad else [None] * len(sources)
    )

    def evaluate(arrays: Any) -> list[np.ndarray]:
        full = list(sample.arrays)
        for k, x in zip(places, arrays[:-1], strict=True):
            full[k] = x
        return _first_order(op, sample, needs, full, arrays[-1])

    names = [input_name(op, k) for k in places] + ["gy"]
    arrays = [np.asarray(t.array) for t in sources]
    claimed = [
        np.zeros(x.shape) if a is None else a.array for a, x in zip(answers, arrays, strict=True)
    ]
    problem = Problem(evaluate, arrays, names, weights, claimed)
    for k, x in enumerate(arrays):
        for v in random_directions(rng, x.shape, 1):
            found = compare(problem, k, v, step=3e-4)
            if found.verdict == "FAIL":
                raise CheckError(f"{op.name}: second derivative of {found} ({sample.label})")


def _first_order(
    op: Op, sample: Sample, needs: tuple[bool, ...], arrays: list[Any], gy: np.ndarray
) -> list[np.ndarray]:
    with use_kernels("reference"):
        saved = run(op, arrays, sample.params)[2]
        grads = gradients(op, gy, saved, needs)
    return [np.asarray(g) for g, need in zip(grads, needs, strict=True) if need]


def linear_in_gy(op: Op, rng: np.random.Generator) -> None:
    """Backward is linear in gy: parts of gy give parts of the gradient, −2 gy gives −2 times it."""
    for sample in samples_of(op, rng):
        y, gy, needs, grads = on_reference_path(op, sample, rng)
        if not np.isfinite(y).all():
            continue
        kept = rng.uniform(size=gy.shape) < 0.5
        with use_kernels("reference"):
            saved = run(op, sample.arrays, sample.params)[2]
            parts = [
                gradients(op, part, saved, needs)
                for part in (np.where(kept, gy, 0.0), np.where(kept, 0.0, gy), -2 * gy)
            ]
        for k, need in enumerate(needs):
            if need:
                what = f"{op.name}: g{input_name(op, k)} is not linear in gy"
                same(what, parts[0][k] + parts[1][k], grads[k], EXACT, sample.label)
                same(what, parts[2][k], -2 * grads[k], EXACT, sample.label)


def needs_respected(op: Op, rng: np.random.Generator) -> None:
    """A gradient is None exactly where it is not wanted, and the others do not change by that."""
    for sample in samples_of(op, rng):
        free = differentiable(op, sample.arrays)
        with use_kernels("reference"):
            y, _, saved = run(op, sample.arrays, sample.params)
            gy = rng.normal(size=np.shape(y))
            full = gradients(op, gy, saved, free)
            for needs in itertools.product(*((False, True) if f else (False,) for f in free)):
                grads = gradients(op, gy, saved, needs)
                for k, need in enumerate(needs):
                    name = f"g{input_name(op, k)}"
                    label = f"{sample.label}, needs {needs}"
                    if need and grads[k] is None:
                        raise CheckError(
                            f"{op.name}: {name} is None although it is needed ({label})"
                        )
                    if not need and grads[k] is not None:
                        raise CheckError(
                            f"{op.name}: {name} is computed though not needed ({label})"
                        )
                    if need:
                        same(f"{op.name}: {name} depends on needs", grads[k], full[k], EXACT, label)


def saved_links_honest(op: Op, rng: np.random.Generator) -> None:
    """A saved field with an input's name is that input, `y` is the output, and the other fields of
    a primitive are constants: they do not follow small changes of the inputs."""
    for sample in samples_of(op, rng):
        with use_kernels("reference"):
            outputs, saved = op.run(sample.arrays, sample.params)
            y = outputs[0] if op.extra_outputs else outputs
        for field, link, value in zip(saved._fields, op.links, saved, strict=True):
            if link is None or value is None:
                continue
            source = y if link == -1 else sample.arrays[link]
            if value is not source and isinstance(source, np.ndarray) and source is not None:
                raise CheckError(
                    f"{op.name}: saved.{field} must be the {field} of forward itself, not a copy "
                    f"or another array ({sample.label})"
                )
        if not op.composite:
            _constants_stay(op, sample, saved, rng)


def _constants_stay(op: Op, sample: Sample, saved: Any, rng: np.random.Generator) -> None:
    near = [
        x + 1e-7 * rng.normal(size=x.shape) if is_float(x) and d else x
        for x, d in zip(sample.arrays, differentiable(op, sample.arrays), strict=True)
    ]
    with use_kernels("reference"):
        moved = run(op, near, sample.params)[2]
    for field, link, old, new in zip(saved._fields, op.links, saved, moved, strict=True):
        if link is None and is_float(old) and not np.array_equal(old, new, equal_nan=True):
            raise CheckError(
                f"{op.name}: saved.{field} changes with the inputs, so second derivatives would "
                f"take it for a constant; save inputs and y alone, or set composite=True "
                f"({sample.label})"
            )
