"""The normalisations, with the running statistics that PyTorch keeps."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.modes import state
from ...autograd.tape import apply, new_tensor
from ...autograd.tensor import Tensor
from ...backend.device import together
from ...backend.library import array_module, beside, library_of
from ...backend.registry import find_kernel
from ...ops.norm.batch_norm import OP as BATCH_NORM
from ...ops.norm.batch_norm import values_per_channel
from ...ops.norm.batch_norm_add_relu import OP as BATCH_NORM_ADD_RELU
from ...ops.norm.group_norm import OP as GROUP_NORM
from ...ops.norm.layer_norm import OP as LAYER_NORM
from ...ops.norm.local_response_norm import OP as LOCAL_RESPONSE_NORM
from ...ops.norm.parameters import check_parameters, check_shape
from ...ops.norm.rms_norm import OP as RMS_NORM
from ...ops.op import Op
from .judging import judge, judge_flag, judge_number, judge_optional


def batch_norm(
    input: Tensor,  # noqa: A002
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x − mean) / √(var + eps) · weight + bias, channel by channel (axis 1).

    training: mean and (biased) variance are the batch's, and where running statistics are given
    they are changed in place: running ← (1 − momentum) running + momentum · batch, with the
    unbiased variance. Otherwise the running statistics are used.

    Shapes: (N, C, …), statistics, weight and bias (C,) → (N, C, …).
    Raises ValueError for one value per channel while training, and for evaluation without
    running statistics.
    """
    if not isinstance(input, Tensor):
        judge("batch_norm", input=input)
    given = (running_mean, running_var, weight, bias)
    return _batch_norm(BATCH_NORM, (input,), *given, training, momentum, eps)


def batch_norm_add_relu(
    input: Tensor,  # noqa: A002
    shortcut: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """max(batch_norm(input, …) + shortcut, 0) in one step: the end of a residual block.

    Everything else is as in `batch_norm`; where the sum is 0 the derivative is 0.

    Shapes: input and shortcut (N, C, …), statistics, weight and bias (C,) → (N, C, …).
    Raises what `batch_norm` raises, and ValueError or TypeError for a shortcut that is not like
    input.
    """
    judge("batch_norm_add_relu", input=input, shortcut=shortcut)
    given = (running_mean, running_var, weight, bias)
    return _batch_norm(BATCH_NORM_ADD_RELU, (input, shortcut), *given, training, momentum, eps)


def _batch_norm(
    op: Op, images: tuple[Tensor, ...], running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None, bias: Tensor | None, training: bool, momentum: float, eps: float,
) -> Tensor:  # fmt: skip
    """One of the two ops, and what a training step does to the running statistics."""
    for value in (running_mean, running_var, weight, bias):
        if value is not None and not isinstance(value, Tensor):
            judge_optional(
                op.name,
                running_mean=running_mean, running_var=running_var, weight=weight, bias=bias,
            )  # fmt: skip
    if training.__class__ is not bool or momentum.__class__ is not float:
        judge_flag(op.name, training=training)
        judge_number(op.name, momentum=momentum)
    statistics = (running_mean, running_var)
    if not training:
        statistics = (_as_now(running_mean), _as_now(running_var))
    y, mean, var = apply(op, *images, weight, bias, *statistics, training=training, eps=eps)
    n = values_per_channel(images[0].shape)
    if training and running_mean is not None and running_var is not None and n:
        _follow(running_mean, running_var, mean.array, var.array, n, momentum)
    return y


def _as_now(running: Tensor | None) -> Tensor | None:
    """A copy: a training step may change the statistics before backward (which, for a second
    derivative, runs forward again)."""
    if running is None:
        return None
    with beside(running.array):
        return new_tensor(array_module(running.array).array(running.array))


def _follow(
    running_mean: Tensor, running_var: Tensor, mean: Any, var: Any, n: int, momentum: float
) -> None:
    """The running statistics, a step further towards those of a batch of n values per channel."""
    library, correction = library_of(mean), n / (n - 1)
    kernel = find_kernel("running_statistics", library.name) if library is not None else None
    arrays = (running_mean.array, running_var.array, mean, var)
    if kernel is not None and kernel.takes(*arrays):
        kernel.follow(*arrays, correction, momentum)
        running_mean._version.value += 1
        running_var._version.value += 1
        return
    with beside(var):
        unbiased = var * correction
    _average(running_mean, mean, momentum)
    _average(running_var, unbiased, momentum)


def _average(running: Any, batch: Any, momentum: float) -> None:
    """running ← (1 − momentum) running + momentum · batch, in place and off the tape."""
    together("instance_norm", input=batch, running_statistics=running.array)
    with beside(batch):
        running.array[...] = (1 - momentum) * running.array + momentum * batch
    running._version.value += 1


def instance_norm(
    input: Tensor,  # noqa: A002
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x − mean) / √(var + eps) · weight + bias, for each channel of each sample.

    use_input_stats: mean and (biased) variance are those of the channel in this sample; where
    running statistics are given they follow the mean over the batch, with the unbiased variance.
    Otherwise the running statistics are used, and it is batch_norm in evaluation.

    Shapes: (N, C, …), statistics, weight and bias (C,) → (N, C, …).
    Raises ValueError for one position only, and for use_input_stats=False without statistics.
    """
    judge("instance_norm", input=input)
    judge_optional(
        "instance_norm",
        running_mean=running_mean, running_var=running_var, weight=weight, bias=bias,
    )  # fmt: skip
    judge_number("instance_norm", momentum=momentum)
    _judge_instances(input.array, running_mean, running_var, use_input_stats)
    C = input.array.shape[1]
    use = f"nn.InstanceNorm{max(input.ndim - 2, 1)}d({C}, affine=True)"
    parameters = {"weight": weight, "bias": bias}
    given = {name: None if p is None else p.array for name, p in parameters.items()}
    check_parameters("instance_norm", input.array, (C,), use, **given)
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        if running is not None:
            check_shape("instance_norm", name, running.array, input.array, (C,), use)
    if not use_input_stats:
        return _with_statistics(input, running_mean, running_var, weight, bias, eps)
    y, mean, var = apply(GROUP_NORM, input, weight, bias, num_groups=max(C, 1), eps=eps)
    N, n = input.array.shape[0], math.prod(input.array.shape[2:])
    if running_mean is not None and N * n:
        xp = array_module(mean.array)
        with beside(mean.array):
            average = xp.mean(mean.array, axis=0)
            unbiased = xp.mean(var.array, axis=0) * (n / (n - 1))
        _average(running_mean, average, momentum)
        _average(running_var, unbiased, momentum)
    return y


def _judge_instances(x: Any, mean: Any, var: Any, use_input_stats: bool) -> None:
    if x.ndim < 2:
        raise ValueError(f"instance_norm: input is (N, C, …) (got {x.shape}); use x.unsqueeze(0)")
    if (mean is None) != (var is None):
        raise ValueError(
            "instance_norm: running_mean and running_var go together; pass both or None"
        )
    if not use_input_stats and mean is None:
        raise ValueError(
            "instance_norm: use_input_stats=False needs running_mean and running_var (got None); "
            "use use_input_stats=True"
        )
    if use_input_stats and math.prod(x.shape[2:]) == 1:
        raise ValueError(
            f"instance_norm: expected more than 1 position per channel (got input {x.shape}); "
            "use a larger input or .eval() with running statistics"
        )


def _with_statistics(
    x: Tensor, mean: Any, var: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """instance_norm with given statistics, which may be of another float dtype."""
    if x.dtype != "float16":
        mean, var = mean.to(dtype=x.dtype), var.to(dtype=x.dtype)
    return batch_norm(x, mean, var, weight, bias, False, 0.0, eps)


def layer_norm(
    input: Tensor,  # noqa: A002
    normalized_shape: tuple[int, ...] | list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x − mean) / √(var + eps) · weight + bias over the last axes, sample by sample.

    Shapes: (…, *normalized_shape), weight and bias (*normalized_shape) → (…, *normalized_shape).
    """
    judge("layer_norm", input=input)
    judge_optional("layer_norm", weight=weight, bias=bias)
    return apply(LAYER_NORM, input, weight, bias, normalized_shape=normalized_shape, eps=eps)


def group_norm(
    input: Tensor,  # noqa: A002
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x − mean) / √(var + eps) · weight + bias for each group of channels of each sample.

    Shapes: (N, C, …), weight and bias (C,) → (N, C, …). num_groups divides C.
    """
    judge("group_norm", input=input)
    judge_optional("group_norm", weight=weight, bias=bias)
    return apply(GROUP_NORM, input, weight, bias, num_groups=num_groups, eps=eps)[0]


def rms_norm(
    input: Tensor,  # noqa: A002
    normalized_shape: tuple[int, ...] | list[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """y = x / √(mean of x² + eps) · weight over the last axes, sample by sample.

    eps: None is the distance from 1 to the next number of the dtype that is computed in.
    Shapes: (…, *normalized_shape), weight (*normalized_shape) → (…, *normalized_shape).
    """
    judge("rms_norm", input=input)
    judge_optional("rms_norm", weight=weight)
    return apply(RMS_NORM, input, weight, normalized_shape=normalized_shape, eps=eps)


def local_response_norm(
    input: Tensor,  # noqa: A002
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> Tensor:
    """y_c = x_c / (k + alpha / size · Σ x²)^beta, with the sum over `size` channels around c.

    Shapes: (N, C, …) with at least one axis after C → the same. Nothing is its own result.
    """
    judge("local_response_norm", input=input)
    if input.ndim >= 3 and not input.array.size:
        return input
    return apply(LOCAL_RESPONSE_NORM, input, size=size, alpha=alpha, beta=beta, k=k)


def normalize(
    input: Tensor,  # noqa: A002
    p: float = 2.0,
    dim: Any = 1,
    eps: float = 1e-12,
    out: Tensor | None = None,
) -> Tensor:
    """y = x / max(‖x‖_p, eps), with the p-norm over `dim`.

    out: a Tensor that takes the result; then no gradient is recorded, and none may be wanted.
    Shapes: (…) → the same.
    """
    judge("normalize", input=input)
    judge_optional("normalize", out=out)
    if out is None:
        return input / input.norm(p, dim, keepdim=True).clamp_min(eps)
    if state.recording and (input.requires_grad or out.requires_grad):
        raise RuntimeError(
            "normalize: with out= there is no gradient, but a tensor requires grad; "
            "leave out= away, or call it under no_grad()"
        )
    return out.copy_(normalize(input, p, dim, eps))
