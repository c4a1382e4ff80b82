"""Bugs with a name: the ones that a teacher finds in homework, planted into an op as it runs.

Each bug wraps an op's forward or backward, so that it fits however the op is written.
EVERY_FORWARD and EVERY_BACKWARD go into every op (with a gradient), `parameter_bugs` into every op
with parameters, and SPECIAL into one op.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_cv.ops.op import Op

Plant = Callable[[Op], Op]

NO_GRADIENT = (
    "ceil",
    "floor",
    "floor_divide",
    "nms",
    "round",
    "sign",
    "trunc",
)  # their derivative is 0 everywhere, or there is none
PAIRS = ("kernel_size", "stride", "padding", "dilation", "output_size")


def bugs_of(op: Op) -> list[str]:
    """The names of the bugs that are planted into an op."""
    return list(_bugs(op))


def plant(op: Op, bug: str) -> Op:
    """A copy of the op with that bug."""
    return _bugs(op)[bug](op)


def _bugs(op: Op) -> dict[str, Plant]:
    bugs = dict(EVERY_FORWARD)
    if op.name not in NO_GRADIENT:
        bugs.update(EVERY_BACKWARD)
    return {**bugs, **parameter_bugs(op), **SPECIAL.get(op.name, {})}


def with_forward(op: Op, forward: Callable[..., Any]) -> Op:
    """A copy whose forward is forward(original, *arrays, **params)."""
    wrong, original = copy.copy(op), op.forward
    wrong.forward = lambda *arrays, **params: forward(original, *arrays, **params)
    return wrong


def with_backward(op: Op, backward: Callable[..., Any]) -> Op:
    """A copy whose backward is backward(original, gy, saved, needs)."""
    wrong, original = copy.copy(op), op.backward
    wrong.backward = lambda gy, saved, needs: backward(original, gy, saved, needs)
    return wrong


def with_output(op: Op, change: Callable[[Any], Any]) -> Op:
    """A copy whose output is change(y)."""

    def forward(original: Any, *arrays: Any, **params: Any) -> Any:
        y, saved = original(*arrays, **params)
        changed = (change(y[0]), *y[1:]) if op.extra_outputs else change(y)
        return changed, saved

    return with_forward(op, forward)


def with_gradients(op: Op, change: Callable[[Any], Any]) -> Op:
    """A copy whose gradients are change(g) each."""
    return with_backward(
        op,
        lambda original, gy, saved, needs: tuple(
            None if g is None else change(g) for g in original(gy, saved, needs)
        ),
    )


# Bugs for every op.


def _writes_input(original: Any, *arrays: Any, **params: Any) -> Any:
    answer = original(*arrays, **params)
    for array in arrays:
        if getattr(array, "dtype", None) == np.float64 and array.flags.writeable:
            array += 1.0
    return answer


def _writes_gy(original: Any, gy: Any, saved: Any, needs: Any) -> Any:
    answer = tuple(None if g is None else +g for g in original(gy, saved, needs))
    gy *= 2.0
    return answer


def _without_last(g: Any) -> Any:
    flat = np.array(g).reshape(-1)
    flat[-1:] = 0.0
    return flat.reshape(g.shape)


def _first_image_only(original: Any, gy: Any, saved: Any, needs: Any) -> Any:
    gy = np.array(gy)
    if gy.ndim:
        gy[1:] = 0.0
    return original(gy, saved, needs)


EVERY_FORWARD: dict[str, Plant] = {
    "output scaled by 1.001": lambda op: with_output(op, lambda y: y * 1.001),
    "output in float64 whatever comes in": lambda op: with_output(
        op, lambda y: np.asarray(y, dtype=np.float64)
    ),
    "output with noise": lambda op: with_output(op, lambda y: y + 1e-6 * np.random.rand()),  # noqa: NPY002
    "forward writes into its input": lambda op: with_forward(op, _writes_input),
}
EVERY_BACKWARD: dict[str, Plant] = {
    "gradient is zero": lambda op: with_gradients(op, lambda g: 0 * g),
    "gradient has the wrong sign": lambda op: with_gradients(op, lambda g: -g),
    "half the gradient": lambda op: with_gradients(op, lambda g: g / 2),
    "twice the gradient": lambda op: with_gradients(op, lambda g: 2 * g),
    "gradient in float64 whatever comes in": lambda op: with_gradients(
        op, lambda g: np.asarray(g, dtype=np.float64)
    ),
    "last element of the gradient forgotten": lambda op: with_gradients(op, _without_last),
    "gradient ignores gy": lambda op: with_backward(
        op, lambda original, gy, saved, needs: original(0 * gy + 1, saved, needs)
    ),
    "gradient of the first row alone": lambda op: with_backward(op, _first_image_only),
    "needs forgotten": lambda op: with_backward(
        op, lambda original, gy, saved, needs: original(gy, saved, [True] * len(needs))
    ),
    "no gradient at all": lambda op: with_gradients(op, lambda g: None),
    "backward writes into gy": lambda op: with_backward(op, _writes_gy),
}


# Bugs for every op with parameters.


def parameter_bugs(op: Op) -> dict[str, Plant]:
    """Each parameter ignored (its default stands), and each pair with height and width swapped."""
    bugs: dict[str, Plant] = {}
    for name, parameter in inspect.signature(op.forward).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if parameter.default is not inspect.Parameter.empty:
            bugs[f"{name} ignored"] = lambda op, n=name, d=parameter.default: with_forward(  # type: ignore[misc]
                op, lambda original, *a, **p: original(*a, **{**p, n: d})
            )
        if name in PAIRS:
            bugs[f"{name}: height and width swapped"] = lambda op, n=name: with_forward(  # type: ignore[misc]
                op, lambda original, *a, **p: original(*a, **{**p, n: _swapped(p.get(n))})
            )
    return bugs


def _swapped(value: Any) -> Any:
    return tuple(value)[::-1] if isinstance(value, (tuple, list)) else value


# Bugs for one op.


def with_memory(op: Op, backward: Callable[..., Any]) -> Op:
    """A copy whose backward is backward(original, gy, saved, needs, arrays, params, y)."""
    last: list[Any] = []

    def forward(original: Any, *arrays: Any, **params: Any) -> Any:
        y, saved = original(*arrays, **params)
        last[:] = arrays, params, y
        return y, saved

    return with_backward(
        with_forward(op, forward), lambda original, *given: backward(original, *given, *last)
    )


def _flip_kernel(op: Op) -> Op:
    def forward(original: Any, x: Any, w: Any, b: Any, **params: Any) -> Any:
        return original(x, np.flip(w, range(2, w.ndim)), b, **params)

    def backward(original: Any, gy: Any, saved: Any, needs: Any) -> Any:
        gx, gw, gb = original(gy, saved, needs)
        return gx, None if gw is None else np.flip(gw, range(2, gw.ndim)), gb

    return with_backward(with_forward(op, forward), backward)


def _only(position: int, change: Callable[..., Any]) -> Plant:
    """Changes one gradient: change(g, gy, arrays, params, y, again), where again(gy) gives g."""

    def planted(op: Op) -> Op:
        def backward(original: Any, gy: Any, saved: Any, needs: Any, *memory: Any) -> Any:
            grads = list(original(gy, saved, needs))
            if grads[position] is not None:
                grads[position] = change(
                    grads[position], gy, *memory, lambda gy: original(gy, saved, needs)[position]
                )
            return tuple(grads)

        return with_memory(op, backward)

    return planted


def _of_first_image(g: Any, gy: Any, arrays: Any, params: Any, y: Any, again: Any) -> Any:
    first = np.array(gy)
    first[1:] = 0.0
    return again(first)


def _overlapping_writes(g: Any, gy: Any, arrays: Any, params: Any, y: Any, again: Any) -> Any:
    """`gx[places] = gy` where it should be `+=`."""
    x, index = arrays[0], y[1]
    gx = np.zeros((*x.shape[:2], x.shape[2] * x.shape[3]))
    np.put_along_axis(
        gx, index.reshape(*x.shape[:2], -1), gy.reshape(*x.shape[:2], -1), axis=2
    )  # (N, C, H*W)
    return gx.reshape(x.shape)


def _fold_overwrites(original: Any, x: Any, **params: Any) -> Any:
    y, saved = original(x, **params)
    count, _ = original(np.ones_like(x), **params)
    return y / np.maximum(count, 1), saved


def _ties_to_the_last(original: Any, x: Any, **params: Any) -> Any:
    (y, index), saved = original(x + 1e-12 * np.arange(x.size).reshape(x.shape), **params)
    return (y, index), saved


def _norm_without(term: str) -> Callable[..., Any]:
    """Batch norm's gx = w / σ (gy − mean(gy) − x̂ mean(gy x̂)) with a term left out."""

    def change(g: Any, gy: Any, arrays: Any, params: Any, y: Any, again: Any) -> Any:
        x, weight = arrays[0], arrays[1]
        if not params["training"]:
            return g
        axes = (0, *range(2, x.ndim))
        mean, var = (np.mean(x, axes, keepdims=True), np.var(x, axes, keepdims=True))
        inverse = 1 / np.sqrt(var + params["eps"])
        x_hat = (x - mean) * inverse
        scale = inverse if weight is None else inverse * weight.reshape(mean.shape)
        through_mean = np.mean(gy, axes, keepdims=True)
        through_var = x_hat * np.mean(gy * x_hat, axes, keepdims=True)
        left = {"mean": gy - through_var, "variance": gy - through_mean, "both": gy}
        return (scale * left[term]).astype(g.dtype)

    return change


def _params(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Plant:
    """The op with changed parameters."""
    return lambda op: with_forward(op, lambda original, *a, **p: original(*a, **{**p, **change(p)}))


def _divisor(change: Callable[..., float]) -> Plant:
    """The mean with a wrong divisor: y and its gradient times change(*arrays)."""

    def planted(op: Op) -> Op:
        def forward(original: Any, *arrays: Any, **params: Any) -> Any:
            y, saved = original(*arrays, **params)
            mean = params.get("reduction", "mean") == "mean"
            return (y * change(*arrays, **params) if mean else y), saved

        return with_forward(op, forward)

    return planted


def _ignored_share(x: Any, target: Any, weight: Any, **params: Any) -> float:
    """Of all targets, how many count: the mean taken over all of them instead."""
    if target.dtype.kind == "f" or not target.size:
        return 1.0
    return float(np.mean(target != params.get("ignore_index", -100)))


def _weight_share(x: Any, target: Any, weight: Any, **params: Any) -> float:
    """The mean divided by the number of targets instead of the sum of their weights."""
    if weight is None or target.dtype.kind == "f":
        return 1.0
    kept = target[target != params.get("ignore_index", -100)]
    return float(np.sum(weight[kept]) / max(kept.size, 1))


_LOSS: dict[str, Plant] = {
    "mean over ignored targets, too": _divisor(_ignored_share),
    "mean divided by the count, not by the weights": _divisor(_weight_share),
    "class weights ignored": lambda op: with_forward(
        op, lambda original, x, target, weight, **p: original(x, target, None, **p)
    ),
}
_NORM: dict[str, Plant] = {
    "eps forgotten": _params(lambda p: {"eps": 0.0}),
    "gweight misses the sum over the batch": _only(1, _of_first_image),
    "gbias misses the sum over the batch": _only(2, _of_first_image),
}
_CONVOLUTION: dict[str, Plant] = {
    "kernel flipped": _flip_kernel,
    "gw misses the sum over the batch": _only(1, _of_first_image),
    "gb misses the sum over the batch": _only(2, _of_first_image),
    "bias forgotten": lambda op: with_forward(
        op, lambda original, x, w, b, **p: original(x, w, None, **p)
    ),
}
SPECIAL: dict[str, dict[str, Plant]] = {
    "conv": _CONVOLUTION,
    "conv_transpose": {
        **_CONVOLUTION,
        "output_padding forgotten": _params(lambda p: {"output_padding": 0}),
    },
    "linear": {
        "gw misses the sum over the batch": _only(1, _of_first_image),
        "gb misses the sum over the batch": _only(2, _of_first_image),
        "bias forgotten": lambda op: with_forward(
            op, lambda original, x, w, b, **p: original(x, w, None, **p)
        ),
    },
    "col2im": {"overlapping windows averaged": lambda op: with_forward(op, _fold_overwrites)},
    "max_pool": {
        "= for += where windows overlap": _only(0, _overlapping_writes),
        "ties go to the last": lambda op: with_forward(op, _ties_to_the_last),
    },
    "adaptive_max_pool": {
        "= for += where windows overlap": _only(0, _overlapping_writes),
        "ties go to the last": lambda op: with_forward(op, _ties_to_the_last),
    },
    "avg_pool": {
        "count_include_pad turned round": _params(
            lambda p: {"count_include_pad": not p.get("count_include_pad", True)}
        ),
    },
    "batch_norm": {
        "gradient through the mean forgotten": _only(0, _norm_without("mean")),
        "gradient through the variance forgotten": _only(0, _norm_without("variance")),
        "statistics taken for constants": _only(0, _norm_without("both")),
        "eps forgotten": _params(lambda p: {"eps": 0.0}),
        "training and evaluation swapped": _params(lambda p: {"training": not p["training"]}),
        "gweight misses the sum over the batch": _only(1, _of_first_image),
        "gbias misses the sum over the batch": _only(2, _of_first_image),
    },
    "layer_norm": _NORM,
    "rms_norm": {"eps forgotten": _NORM["eps forgotten"]},
    "group_norm": {**_NORM, "one group": _params(lambda p: {"num_groups": 1})},
    "local_response_norm": {
        "alpha not divided by the size": _params(lambda p: {"alpha": p["alpha"] * p["size"]}),
        "window off by one": _params(lambda p: {"size": p["size"] + 1}),
    },
    "dropout": {
        "not scaled": lambda op: with_forward(
            op, lambda original, x, mask, *, p: original(x * (1 - p), mask, p=p)
        ),
        "scaled by p": _params(lambda p: {"p": 1 - p["p"]}),
        "keeps what it should drop": lambda op: with_forward(
            op, lambda original, x, mask, *, p: original(x, ~mask, p=p)
        ),
    },
    "softmax": {
        "gradient of each class alone": _only(
            0, lambda g, gy, arrays, params, y, again: gy * y * (1 - y)
        ),
    },
    "log_softmax": {
        "gradient without the sum over classes": _only(
            0, lambda g, gy, arrays, params, y, again: gy - np.exp(y)
        ),
    },
    "cross_entropy": _LOSS,
    "nll_loss": _LOSS,
    "prelu": {"gw misses the sum over the batch": _only(1, _of_first_image)},
}
