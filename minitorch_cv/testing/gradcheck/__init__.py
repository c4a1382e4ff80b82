"""Gradient checks: what backward says against what small changes of the inputs do, and why.

    s(x_1, x_2, …) = Σ_k ⟨c_k, f_k(x_1, x_2, …)⟩      with random cotangents c_k

∂s along random directions, by differences with an error estimate (`numeric.py`), must equal what
backward says. The cotangent is random and never ones: the sum over a softmax or a batch norm does
not change at all, and a backward that answers zeros would pass. Where something is wrong, the first
wrong element is found (`engine.py`) and hypotheses are tried on the numbers (`diagnosis.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import autograd
from ...autograd.tape import new_tensor
from ...ops.op import Op, Sample
from .engine import BUDGET, CAP, Check
from .evidence import Diagnosis, Evidence
from .result import CannotCheckError, GradcheckError, GradcheckResult, InputReport
from .subject import float_outputs, make_subject
from .subject_arrays import Subject, op_subject, reseeded

__all__ = [
    "CannotCheckError",
    "Diagnosis",
    "Evidence",
    "GradcheckError",
    "GradcheckResult",
    "InputReport",
    "check_subject",
    "gradcheck",
    "gradcheck_op",
    "gradgradcheck",
]


def gradcheck(
    fn: Any,
    inputs: Any,
    *,
    params: dict[str, Any] | None = None,
    names: Sequence[str] | None = None,
    eps: float | None = None,
    seed: int = 0,
    raise_exception: bool = False,
) -> GradcheckResult:
    """Checks the gradients of `fn` in all its inputs at once; true in a condition where they pass.

    fn: a function of Tensors that returns a Tensor or a tuple of them; a Module (its parameters
        are checked too, on a float64 copy); an `autograd.Function`; an `Op`; or a pair of array
        functions: (forward, backward) of an op, or CS231n's (out, cache = forward(x, w, b, param);
        dx, dw, db = backward(dout, cache)). Random numbers from our default generator or NumPy's
        are drawn anew, from the same state, on every evaluation.
    inputs: one or several, float64; of Tensors those that require grad, or all where none does.
    params: keyword arguments of fn, or CS231n's last argument.
    names: what the inputs are called in the report; otherwise as fn's parameters are.
    eps: the first step; without it ε^(1/5) ≈ 7e-4. Smaller ones follow where a kink is nearby.
    seed: of the random cotangent and directions.
    raise_exception: True to get GradcheckError (with `.result`) unless the verdict is PASS.

    The verdict is UNDECIDED, with the remedy as `reason`, for float16 and float32 inputs, where
    all gradients are zero, and for what is no function of its inputs. Raises TypeError or
    ValueError for inputs that have no gradient at all.
    """
    return check_subject(
        make_subject(fn, inputs, params, names), eps=eps, seed=seed, raise_exception=raise_exception
    )


def check_subject(
    subject: Subject,
    *,
    eps: float | None = None,
    seed: int = 0,
    raise_exception: bool = False,
    cap: int = CAP,
    budget: float = BUDGET,
    spot: int = 0,
) -> GradcheckResult:
    """`gradcheck` of a subject. spot: so many elements of each input are measured in any case."""
    result = Check(subject, seed=seed, step=eps, cap=cap, budget=budget, spot=spot).run()
    if raise_exception and not result:
        raise GradcheckError(result.error_text(), result)
    return result


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    seed: int = 0,
    raise_exception: bool = False,
) -> GradcheckResult:
    """`gradcheck` of the gradient itself: second derivatives in the inputs and in the cotangents.

    fn: a function of Tensors, a Function or a Module (in its inputs alone). The other arguments are
    those of `gradcheck`.
    """
    call = fn.apply if isinstance(fn, type) and issubclass(fn, autograd.Function) else fn
    subject = make_subject(lambda *xs: call(*xs), inputs, None, None)
    if subject.coarse:
        return check_subject(subject, raise_exception=raise_exception)
    given = [inputs] if isinstance(inputs, autograd.Tensor) else list(inputs)
    tensors = [new_tensor(np.array(t.detach().cpu().array)).to(t.device) for t in given]
    every = not any(t.requires_grad for t in given)
    wanted = [k for k, t in enumerate(given) if every or t.requires_grad]
    outputs = float_outputs("gradgradcheck", reseeded(call)(*tensors))
    rng = np.random.default_rng(seed + 1)
    cotangents = [new_tensor(rng.normal(size=y.shape)).to(y.device) for y in outputs]
    leaves = [tensors[k].requires_grad_() for k in wanted]
    everything = [*tensors, *(c.requires_grad_() for c in cotangents)]
    names = [f"x{k}" for k in wanted] if len(leaves) > 1 else ["x"]
    names += [f"gy{k}" for k in range(len(cotangents))] if len(cotangents) > 1 else ["gy"]
    return gradcheck(
        _gradient_of(call, len(tensors), wanted), everything, names=names, eps=eps, seed=seed,
        raise_exception=raise_exception,
    )  # fmt: skip


def _gradient_of(fn: Callable[..., Any], count: int, wanted: list[int]) -> Callable[..., Any]:
    """(inputs, cotangents) → the gradients of the wanted inputs, recorded on the tape."""

    def gradient(*args: Any) -> tuple[Any, ...]:
        with autograd.enable_grad():
            xs = [a if a.requires_grad else a.detach() for a in args[:count]]
            for k in wanted:
                xs[k].requires_grad_()
            ys = float_outputs("gradgradcheck", fn(*xs))
            pairs = [(y, c) for y, c in zip(ys, args[count:], strict=True) if y.requires_grad]
            grads = autograd.grad(
                [y for y, _ in pairs], [xs[k] for k in wanted], [c for _, c in pairs],
                create_graph=True, allow_unused=True,
            )  # fmt: skip
        return tuple(
            new_tensor(np.zeros(xs[k].shape)).to(xs[k].device) if g is None else g
            for k, g in zip(wanted, grads, strict=True)
        )

    return gradient


def gradcheck_op(
    op: Op,
    sample: Sample,
    *,
    eps: float | None = None,
    seed: int = 0,
    spot: int = 4,
    raise_exception: bool = False,
) -> GradcheckResult:
    """Gradient-checks an op on bare arrays, without kernels and without a tape."""
    subject = op_subject(op, sample.arrays, sample.params, sample.label)
    return check_subject(subject, eps=eps, seed=seed, spot=spot, raise_exception=raise_exception)
