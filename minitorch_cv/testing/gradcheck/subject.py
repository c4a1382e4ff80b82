"""What can be checked, brought into one form: a function of arrays and the gradients it claims.

A Tensor function, a `Function`, a `Module`, an `Op`, and a pair (forward, backward) of array
functions, either as the ops of this engine are written or as CS231n's layers are:

    y, saved = forward(x, w, **params)          gx, gw = backward(gy, saved, needs)
    out, cache = forward(x, w, b, param)        dx, dw, db = backward(dout, cache)
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import autograd
from ...autograd.tape import new_tensor
from ...nn.core.module import Module
from ...ops.op import Op
from .result import CannotCheckError
from .subject_arrays import (
    Arrays,
    Subject,
    judge_unchanged,
    name_of,
    op_subject,
    pair_subject,
    reseeded,
    too_coarse,
    words_of,
)

Tensor = autograd.Tensor


def make_subject(
    fn: Any, inputs: Any, params: dict[str, Any] | None, names: Sequence[str] | None
) -> Subject:
    """The subject that `fn` is. Raises TypeError or ValueError for what nobody can check."""
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not given:
        raise ValueError("gradcheck: expects at least one input (got none)")
    params = dict(params or {})
    if isinstance(fn, Op):
        subject = op_subject(fn, given, params)
    elif isinstance(fn, Module):
        subject = module_subject(double(fn), [host(v, "gradcheck") for v in given])
    elif isinstance(fn, (list, tuple)):
        if len(fn) != 2 or not all(map(callable, fn)):
            raise TypeError(
                f"gradcheck: a pair is (forward, backward), two functions (got {len(fn)} items)"
            )
        subject = pair_subject(fn[0], fn[1], given, params)
    elif inspect.isclass(fn) and issubclass(fn, autograd.Function):
        subject = tensor_subject(fn.apply, given, params, words_of(fn.forward)[1:], fn.__name__)
    elif callable(fn):
        subject = tensor_subject(fn, given, params, words_of(fn), "gradcheck")
    else:
        raise TypeError(
            f"gradcheck: cannot check a {type(fn).__name__}; give a function of Tensors, a Module, "
            "a Function, or a pair (forward, backward) of array functions"
        )
    if names is not None:
        if len(names) != len(subject.names):
            raise ValueError(
                f"gradcheck: names has {len(names)} entries for {len(subject.names)} inputs"
            )
        subject = subject._replace(names=list(names))
    return subject


# Functions of Tensors.


def float_outputs(what: str, result: Any) -> list[Any]:
    """The float64 outputs of a function of Tensors. Raises CannotCheckError where there is none."""
    given = list(result) if isinstance(result, (tuple, list)) else [result]
    for y in given:
        if not isinstance(y, Tensor):
            hint = "; does it end in `return`?" if y is None else ""
            raise CannotCheckError(
                f"{what}: the function must return Tensors (got {type(y).__name__}){hint}"
            )
    outputs = [y for y in given if y.dtype.kind == "f"]
    if not outputs:
        raise CannotCheckError(f"{what}: the function returns no float Tensor, nothing to check")
    for y in outputs:
        if y.dtype != np.float64:
            raise CannotCheckError(
                f"{what}: the function computes in {y.dtype} although its inputs are float64; "
                "keep float64 throughout (module.double())"
            )
    return outputs


def tensor_subject(
    fn: Callable[..., Any], given: list[Any], params: dict[str, Any], words: list[str], what: str
) -> Subject:
    """A function of Tensors; the inputs that require grad are checked, or all where none does."""
    coarse = _judge_tensors(given, words)
    wanted = [k for k, t in enumerate(given) if t.requires_grad] or list(range(len(given)))
    call = reseeded(fn)
    hosts = [np.array(t.detach().cpu().array) for t in given]

    def tensors(arrays: Arrays) -> list[Any]:
        every: list[np.ndarray] = list(hosts)
        for k, x in zip(wanted, arrays, strict=True):
            every[k] = x
        return [new_tensor(np.array(x)).to(t.device) for x, t in zip(every, given, strict=True)]

    def evaluate(arrays: Arrays) -> list[np.ndarray]:
        made = tensors(arrays)
        with autograd.no_grad():
            outputs = float_outputs(what, call(*made, **params))
            answer = [np.array(y.detach().cpu().array) for y in outputs]
        for k, x in zip(wanted, arrays, strict=True):
            judge_unchanged(what, name_of(words, k), made[k].detach().cpu().array, x)
        return answer

    def claim(arrays: Arrays, cotangents: Arrays) -> list[Any]:
        made = tensors(arrays)
        leaves = [made[k].requires_grad_() for k in wanted]
        return tensor_gradients(float_outputs(what, call(*made, **params)), leaves, cotangents)

    arrays = [hosts[k] for k in wanted]
    return Subject(
        what, [name_of(words, k) for k in wanted], arrays, evaluate, claim, params, coarse
    )  # fmt: skip


def _judge_tensors(given: list[Any], words: list[str]) -> str:
    """TypeError for inputs that have no gradient; the remedy for those that are too coarse."""
    coarse = ""
    for k, x in enumerate(given):
        name = f"input {k}" + (f" ({words[k]})" if k < len(words) else "")
        if not isinstance(x, Tensor):
            raise TypeError(
                f"gradcheck: {name} is no Tensor (got {type(x).__name__}); pass other arguments "
                "inside fn, e.g. lambda x: fn(x, 3); NumPy layers are a pair (forward, backward)"
            )
        if x.dtype.kind != "f":
            raise TypeError(
                f"gradcheck: {name} has no gradient (got dtype {x.dtype}); pass it inside fn, "
                "e.g. lambda x: fn(x, target)"
            )
        if x.dtype != np.float64:
            coarse = coarse or too_coarse(name, x.dtype, ".double()")
    return coarse


def tensor_gradients(outputs: list[Any], leaves: list[Any], cotangents: Arrays) -> list[Any]:
    """What the tape says; None for leaves that no output depends on."""
    rooted = [(y, c) for y, c in zip(outputs, cotangents, strict=True) if y.requires_grad]
    if not rooted or not leaves:
        return [None] * len(leaves)
    found = autograd.grad(
        [y for y, _ in rooted], leaves, [new_tensor(np.array(c)).to(y.device) for y, c in rooted],
        allow_unused=True,
    )  # fmt: skip
    return [None if g is None else np.array(g.detach().cpu().array) for g in found]


# Modules.


def host(v: Any, what: str = "check_module") -> np.ndarray:
    """A copy of a Tensor on the host, in float64 where it holds floats."""
    if not isinstance(v, Tensor):
        raise TypeError(f"{what}: inputs are Tensors (got {type(v).__name__})")
    array = np.array(v.detach().cpu().array)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def double(module: Any) -> Any:
    """A float64 copy of a module on the CPU, all of whose parameters require grad."""
    copied = copy.deepcopy(module).to("cpu").to(dtype=np.float64)
    for parameter in copied.parameters():
        parameter.requires_grad_(True)
    return copied


def module_subject(module: Any, inputs: Sequence[np.ndarray]) -> Subject:
    """A float64 module: its float inputs and all its parameters; integer inputs are passed on."""
    call = reseeded(module)
    what = type(module).__name__
    named = list(module.named_parameters())
    buffers = [(b, np.array(b.array)) for b in module.buffers() if b is not None]
    floats = [k for k, v in enumerate(inputs) if v.dtype == np.float64]
    arrays = [inputs[k] for k in floats] + [np.array(p.array) for _, p in named]
    held: list[Any] = [None] * len(named)  # the array that each parameter holds the values of

    def tensors(values: Arrays) -> list[Any]:
        given = [new_tensor(np.array(v)) for v in inputs]
        for k, v in zip(floats, values, strict=False):
            given[k] = new_tensor(np.array(v))
        for j, v in enumerate(values[len(floats) :]):
            original = v is arrays[len(floats) + j]
            if not original or held[j] is not v:
                named[j][1].array[...] = v
                held[j] = v if original else None
        for buffer, start in buffers:  # running statistics move on in training
            buffer.array[...] = start
        return given

    def evaluate(values: Arrays) -> list[np.ndarray]:
        made = tensors(values)
        with autograd.no_grad():
            answer = [np.array(y.array) for y in float_outputs(what, call(*made))]
        for k, v in zip(floats, values, strict=False):
            judge_unchanged(what, "x" if len(floats) == 1 else f"input {k}", made[k].array, v)
        return answer

    def claim(values: Arrays, cotangents: Arrays) -> list[Any]:
        made = tensors(values)
        leaves = [made[k].requires_grad_() for k in floats] + [p for _, p in named]
        return tensor_gradients(float_outputs(what, call(*made)), leaves, cotangents)

    names = ["x" if len(floats) == 1 else f"input {k}" for k in floats] + [n for n, _ in named]
    facts = {
        k: v
        for k, v in vars(module).items()
        if isinstance(v, (int, float, str, tuple)) and k[0] != "_"
    }
    return Subject(what, names, arrays, evaluate, claim, facts)
