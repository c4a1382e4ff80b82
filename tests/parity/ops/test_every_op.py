"""Every op gives PyTorch's values and gradients in float32, and refuses what PyTorch refuses.

A table: the name of the op → the PyTorch call that it stands for, with our argument names.
"""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_cv.ops.catalog import op_named, op_names
from minitorch_cv.testing.probes import cast, differentiable, run, same, samples_of

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parent / "roi"))

import in_torch  # noqa: E402 (lies below this file, and needs torch)

F = torch.nn.functional

TOLERANCE = 1e-5  # float32 against float32, relative to the largest value


def _key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(map(_key, key))
    return torch.from_numpy(key) if isinstance(key, np.ndarray) else key


def _getitem(x: Any, key: Any) -> Any:
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts):
        places = np.arange(x.numel()).reshape(tuple(x.shape))[key].copy()
        return x.reshape(-1)[torch.from_numpy(places)]  # PyTorch has no negative steps
    return x[_key(key)]


def _scatter(x: Any, key: Any, shape: Any) -> Any:
    zeros = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(_getitem(zeros, key), zeros, x, create_graph=True)[0]


def _setitem(x: Any, v: Any, key: Any) -> Any:
    y = x.clone()
    y[_key(key)] = v
    return y


def _reduce(function: Any) -> Any:
    def call(x: Any, axis: Any = None, keepdims: bool = False, **params: Any) -> Any:
        if axis is None:
            axis = tuple(range(x.ndim))
        return function(x, dim=axis, keepdim=keepdims, **params)

    return call


def _prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return x.prod() if axis is None else x.prod(axis, keepdims)


def _extremum(function: Any) -> Any:
    return lambda x, axis, keepdims=False: tuple(function(x, axis, keepdims))


def _batch_norm(x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, eps: float) -> Any:
    mean, var = (None if v is None else v.detach().clone() for v in (mean, var))
    return F.batch_norm(x, mean, var, w, b, training=training, eps=eps)


def _batch_norm_add_relu(x: Any, shortcut: Any, *given: Any, training: bool, eps: float) -> Any:
    if shortcut.shape != x.shape or shortcut.dtype != x.dtype:
        raise ValueError("PyTorch would broadcast the sum, or promote it")
    return torch.relu(_batch_norm(x, *given, training, eps) + shortcut)


def _dropout(x: Any, mask: Any, p: float) -> Any:
    if not 0 <= p <= 1:
        return F.dropout(x, p)
    return x * mask * (1 / (1 - p) if p < 1 else 0.0)


def _window_sum(x: Any, spans: Any) -> Any:
    for axis, windows in enumerate(spans, x.ndim - len(spans)):
        sums = [x.narrow(axis, start, stop - start).sum(axis) for start, stop in windows]
        x = torch.stack(sums, axis)
    return x


def _window_spread(x: Any, spans: Any, size: Any) -> Any:
    shape = (*x.shape[: x.ndim - len(size)], *size)
    zeros = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(_window_sum(zeros, spans), zeros, x, create_graph=True)[0]


def _interpolate(
    x: Any, size: Any, scale_factor: Any = None, align_corners: bool = False,
    mode: str = "nearest", antialias: bool = False,
) -> Any:  # fmt: skip
    wanted: dict[str, Any] = (
        {"size": size} if scale_factor is None else {"scale_factor": scale_factor}
    )
    if align_corners or "linear" in mode or mode == "bicubic":
        wanted["align_corners"] = align_corners
    return F.interpolate(x, mode=mode, antialias=antialias, **wanted)


def _grid_sample(x: Any, grid: Any, mode: str, padding_mode: str, align_corners: bool) -> Any:
    return F.grid_sample(x, grid, mode, padding_mode, align_corners)


def _resample(x: Any, taps: Any) -> Any:
    for axis, table in enumerate(taps, x.ndim - len(taps)):
        if table is None:
            continue
        y = 0
        for t, places in enumerate(table.index):
            picked = x.index_select(axis, torch.from_numpy(places.copy()))
            if table.weights is not None:
                weights = torch.from_numpy(table.weights[t].copy()).to(x.dtype)
                if table.counts is not None:  # an output with fewer taps has none here
                    weights = torch.where(torch.from_numpy(table.counts > t), weights, 0)
                picked = picked * weights.reshape([-1] + [1] * (x.ndim - 1 - axis))
            y = y + picked
        x = y
    return x


def _strided(x: Any, shape: Any, start: Any, steps: Any) -> Any:
    widths = x.contiguous().stride()
    strides = [sum(a * b for a, b in zip(step, widths, strict=True)) for step in steps]
    offset = sum(a * b for a, b in zip(start, widths, strict=True))
    return x.contiguous().as_strided(shape, strides, offset)


def _any_dimension(name: str, **options: Any) -> Any:
    """conv is conv1d, conv2d or conv3d, by the axes of x."""

    def call(x: Any, *others: Any, **params: Any) -> Any:
        n = min(max(x.ndim - 2, 1), 3)
        return getattr(F, f"{name}{n}d")(x, *others, **options, **params)

    return call


def _numbers(value: Any, n: int) -> tuple[int, ...]:
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return given if len(given) == n else given * n


def _im2col(
    x: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> Any:  # fmt: skip
    """F.unfold; for one and three axes, which it does not know, window by window."""
    n = x.ndim - 2
    if n not in (1, 3):
        return F.unfold(x, kernel_size, dilation, padding, stride)
    pads = [p for p in reversed(_numbers(padding, n)) for _ in (0, 1)]
    view = F.pad(x, pads)
    axes = zip(*(_numbers(v, n) for v in (kernel_size, stride, dilation)), strict=True)
    for axis, (k, s, d) in enumerate(axes, 2):
        view = view.unfold(axis, d * (k - 1) + 1, s)[..., ::d]  # (N, C, OD, OH, OW, KD, …)
    taps, places = range(2 + n, 2 + 2 * n), range(2, 2 + n)
    columns = math.prod(view.shape[2 : 2 + n])
    return view.permute(0, 1, *taps, *places).reshape(x.shape[0], -1 if x.numel() else 0, columns)


def _col2im(cols: Any, output_size: Any, **params: Any) -> Any:
    if not isinstance(output_size, (tuple, list)) or len(output_size) not in (1, 3):
        return F.fold(cols, output_size, **params)
    taps = math.prod(_numbers(params["kernel_size"], len(output_size)))
    shape = (cols.shape[0], cols.shape[1] // taps, *output_size)
    zeros = torch.zeros(shape, dtype=cols.dtype, requires_grad=True)
    return torch.autograd.grad(_im2col(zeros, **params), zeros, cols, create_graph=True)[0]


def _max_unpool(x: Any, indices: Any, size: Any) -> Any:
    native = torch._C._nn  # the F functions ask for the windows of the pooling
    x, indices = x.contiguous(), indices.contiguous()  # PyTorch's backward asks for a plain view
    if x.ndim == 3:
        return native.max_unpool2d(x[..., None], indices[..., None], (*size, 1))[..., 0]
    if x.ndim == 5:
        return native.max_unpool3d(x, indices, size, (1, 1, 1), (0, 0, 0))
    return native.max_unpool2d(x, indices, size)


_ACTIVATIONS = """
leaky_relu elu celu selu hardtanh threshold hardshrink softshrink tanhshrink softsign logsigmoid
softplus hardsigmoid hardswish silu mish
"""
_SAME_NAMES = """
neg abs exp expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tan tanh sign
floor ceil round trunc clamp relu sigmoid add sub mul div pow maximum minimum remainder
floor_divide clone where erf erfc asin acos atan sinh cosh asinh acosh atanh exp2 logit fmod atan2
hypot logaddexp xlogy copysign fmax fmin erfinv
"""

# Losses that compare two numbers.
PAIRS = ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "kl_div")


def _broadcast(function: Any) -> Any:
    """A loss that wants x and target in one shape."""
    return lambda x, t, **params: function(*torch.broadcast_tensors(x, t), **params)


TORCH: dict[str, Any] = {
    **{name: getattr(torch, name) for name in _SAME_NAMES.split()},
    **{name: getattr(F, name) for name in _ACTIVATIONS.split()},
    "add_relu": lambda x, other: torch.relu(x + other),
    "gelu": lambda x, approximate: F.gelu(x, approximate=approximate),
    "prelu": F.prelu,
    "softmax": lambda x, axis: F.softmax(x, axis),
    "log_softmax": lambda x, axis: F.log_softmax(x, axis),
    "convert": lambda x, dtype: x.to(getattr(torch, np.dtype(dtype).name)),
    "getitem": _getitem,
    "scatter": _scatter,
    "setitem": _setitem,
    "gather": lambda x, index: torch.gather(x, -1, index),
    "scatter_add": lambda x, index, size: torch.zeros(*x.shape[:-1], size).scatter_add(
        -1, index, x
    ),
    "reshape": lambda x, shape: x.reshape(shape),
    "permute": lambda x, axes: x.permute(axes),
    "expand": lambda x, shape: x.expand(shape),
    "concatenate": lambda *xs, axis: torch.cat(xs, axis),
    "pad": F.pad,
    "strided": _strided,
    "interpolate": _interpolate,
    "resample": _resample,
    "grid_sample": _grid_sample,
    "sum": _reduce(torch.sum),
    "mean": _reduce(torch.mean),
    "var": _reduce(torch.var),
    "std": _reduce(torch.std),
    "norm": _reduce(torch.norm),
    "logsumexp": _reduce(torch.logsumexp),
    "cumsum": lambda x, axis: x.cumsum(axis, dtype=x.dtype),
    "cumprod": lambda x, axis: x.cumprod(axis, dtype=x.dtype),
    "amax": _reduce(torch.amax),
    "amin": _reduce(torch.amin),
    "prod": _prod,
    "max": _extremum(torch.max),
    "min": _extremum(torch.min),
    "matmul": torch.matmul,
    "linear": F.linear,
    "im2col": _im2col,
    "col2im": _col2im,
    "conv": _any_dimension("conv"),
    "conv_transpose": _any_dimension("conv_transpose"),
    "max_pool": _any_dimension("max_pool", return_indices=True),
    "max_unpool": _max_unpool,
    "avg_pool": _any_dimension("avg_pool"),
    "adaptive_avg_pool": _any_dimension("adaptive_avg_pool"),
    "adaptive_max_pool": _any_dimension("adaptive_max_pool", return_indices=True),
    "window_sum": _window_sum,
    "window_spread": _window_spread,
    "roi_pool": in_torch.roi_pool,
    "roi_align": in_torch.roi_align,
    "nms": in_torch.nms,
    "batch_norm": _batch_norm,
    "batch_norm_add_relu": _batch_norm_add_relu,
    "group_norm": lambda x, w, b, num_groups, eps: F.group_norm(x, num_groups, w, b, eps),
    "layer_norm": lambda x, w, b, normalized_shape, eps: F.layer_norm(
        x, normalized_shape, w, b, eps
    ),
    "rms_norm": lambda x, w, normalized_shape, eps: F.rms_norm(x, normalized_shape, w, eps),
    "local_response_norm": F.local_response_norm,
    "dropout": _dropout,
    "cross_entropy": F.cross_entropy,
    "nll_loss": F.nll_loss,
    **{name: getattr(F, name) for name in PAIRS},
    "soft_margin_loss": _broadcast(lambda x, t, **how: F.soft_margin_loss(x, t.detach(), **how)),
    "binary_cross_entropy": _broadcast(F.binary_cross_entropy),
    "binary_cross_entropy_with_logits": _broadcast(F.binary_cross_entropy_with_logits),
}

# Samples that PyTorch has no gradient for, or no answer at all: (op, label) or the op alone → why.
NO_GRADIENT: dict[Any, str] = {
    "floor_divide": "PyTorch has no derivative; ours is 0",
    ("max_pool", "windows without a pixel"): "PyTorch writes their gradient beyond the image",
    ("adaptive_avg_pool", "no windows"): "PyTorch refuses to go back through an empty image",
    ("adaptive_max_pool", "no windows"): "PyTorch refuses to go back through an empty image",
    "soft_margin_loss": "PyTorch has no gradient for the target",
    ("group_norm", "bias alone, one sample"): "PyTorch's backward breaks down without a weight",
    ("group_norm", "no positions"): "PyTorch answers NaN where the sum over nothing is 0",
    ("nll_loss", "one position, target (1,)"): "PyTorch's backward refuses what its forward takes",
    ("setitem", "written twice: the last value stays"): "PyTorch gives a gradient to a value that "
    "was overwritten",
}
NO_ANSWER = "Padding size"  # PyTorch's message for a number of padded axes that it does not take

# Error samples that PyTorch takes: the op (or "" for any), words of ours → why we refuse them.
STRICTER: dict[tuple[str, str], str] = {
    ("", "is a float tensor"): "methods of Tensor turn integers into floats before the op",
    ("", "must be of a float dtype"): "integer images have no gradient; PyTorch rounds their mean",
    ("", "images are (N, C, H, W)"): "F adds the batch axis, ops always have one",
    ("", "images are (N, C, W), (N, C, H, W)"): "F adds the batch axis, ops always have one",
    ("col2im", "columns are (N, C·KH·KW, OH·OW)"): "ops always have a batch axis",
    ("batch_norm", "weight (1, 3)"): "PyTorch's native kernel broadcasts a matrix",
    ("batch_norm_add_relu", "weight (1, 3)"): "as for batch_norm",
    ("cross_entropy", "label_smoothing is a share"): "PyTorch looks only at values above 1",
    ("dropout", "mask is a bool tensor"): "the mask is our own argument",
    ("dropout", "mask does not broadcast to x"): "the mask is our own argument",
    ("interpolate", "uint8 for nearest"): "PyTorch resizes bytes with weights of 16 bits",
    ("pad", "more is cut off than there is"): "PyTorch's derivative of a width of 0 raises",
    ("gather", "x and index agree in all axes but"): "PyTorch takes a smaller index",
    ("", "x and target have one dtype"): "F brings them to one",
    ("roi_pool", ""): "PyTorch has no such function; torchvision's is another package",
    ("roi_align", ""): "PyTorch has no such function; torchvision's is another package",
    ("nms", ""): "PyTorch has no such function; torchvision's is another package",
}


def stricter(name: str, words: str) -> bool:
    return any(op in ("", name) and ours in words for op, ours in STRICTER)


def to_torch(array: Any, wanted: bool = False) -> Any:
    if array is None:
        return None
    return torch.from_numpy(np.array(array)).requires_grad_(wanted)


def answer(name: str, arrays: Any, params: dict[str, Any], needs: Any) -> Any:
    """(torch's outputs, its inputs)."""
    tensors = [to_torch(x, need) for x, need in zip(arrays, needs, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = TORCH[name](*tensors, **params)
    return (y if isinstance(y, tuple) else (y,)), tensors


def test_the_table_names_every_op():
    assert set(TORCH) == set(op_names())


@pytest.mark.parametrize("name", op_names())
def test_values_and_gradients(name):
    torch.set_num_threads(1)
    op, rng = op_named(name), np.random.default_rng(0)
    for sample in samples_of(op, rng):
        arrays = cast(sample.arrays, np.float32)
        needs = differentiable(op, arrays)
        try:
            (want, *others), tensors = answer(name, arrays, sample.params, needs)
        except RuntimeError as error:
            assert str(error).startswith(NO_ANSWER), sample.label
            continue
        y, extra, saved = run(op, arrays, sample.params)
        assert str(want.dtype) == f"torch.{y.dtype}", sample.label
        same(f"{name}: y", y, want.detach().numpy(), TOLERANCE, sample.label)
        for got, other in zip(extra, others, strict=False):
            same(f"{name}: indices", got, other.numpy(), 0, sample.label)
        if name in NO_GRADIENT or (name, sample.label) in NO_GRADIENT or not any(needs):
            continue
        gy = rng.normal(size=y.shape).astype(y.dtype)
        grads = op.differentiate(gy, saved, needs)
        want.backward(torch.from_numpy(np.array(gy)))
        for k, need in enumerate(needs):
            if need:
                g = tensors[k].grad
                g = np.zeros(tensors[k].shape) if g is None else g.numpy()
                same(f"{name}: gradient {k}", grads[k], g, TOLERANCE, sample.label)


@pytest.mark.parametrize("name", [n for n in op_names() if op_named(n).error_samples])
def test_what_we_refuse_pytorch_refuses_too(name):
    op = op_named(name)
    for bad in op.error_samples(np.random.default_rng(0)):
        if stricter(name, bad.words):
            continue
        refusals = (RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError)
        with pytest.raises(refusals):
            answer(name, bad.arrays, bad.params, [False] * len(bad.arrays))
            pytest.fail(f"{name}: PyTorch takes the error sample {bad.words!r}")
