"""Every op gives PyTorch's values and gradients in float32, and refuses what PyTorch refuses.

A table: the name of the op → the PyTorch call that it stands for, with our argument names.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from minitorch_cv.ops.catalog import op_named, op_names
from minitorch_cv.testing.probes import cast, differentiable, run, same, samples_of

torch = pytest.importorskip("torch")
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


def _dropout(x: Any, mask: Any, p: float) -> Any:
    if not 0 <= p <= 1:
        return F.dropout(x, p)
    return x * mask * (1 / (1 - p) if p < 1 else 0.0)


def _window_sum(x: Any, rows: Any, columns: Any) -> Any:
    lines = [torch.stack([x[..., a:b, c:d].sum((-1, -2)) for c, d in columns], -1) for a, b in rows]
    return torch.stack(lines, -2)


def _window_spread(x: Any, rows: Any, columns: Any, size: Any) -> Any:
    zeros = torch.zeros((*x.shape[:-2], *size), dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(_window_sum(zeros, rows, columns), zeros, x, create_graph=True)[0]


def _indices(function: Any) -> Any:
    return lambda x, **params: function(x, return_indices=True, **params)


_SAME_NAMES = """
neg abs exp expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tan tanh sign
floor ceil round trunc clamp relu sigmoid add sub mul div pow maximum minimum remainder
floor_divide clone where
"""

TORCH: dict[str, Any] = {
    **{name: getattr(torch, name) for name in _SAME_NAMES.split()},
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
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
    "sum": _reduce(torch.sum),
    "mean": _reduce(torch.mean),
    "var": _reduce(torch.var),
    "amax": _reduce(torch.amax),
    "amin": _reduce(torch.amin),
    "prod": _prod,
    "max": _extremum(torch.max),
    "min": _extremum(torch.min),
    "matmul": torch.matmul,
    "linear": F.linear,
    "im2col": lambda x, **params: F.unfold(x, **params),
    "col2im": lambda cols, **params: F.fold(cols, **params),
    "conv2d": F.conv2d,
    "max_pool2d": _indices(F.max_pool2d),
    "avg_pool2d": F.avg_pool2d,
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "adaptive_max_pool2d": _indices(F.adaptive_max_pool2d),
    "window_sum": _window_sum,
    "window_spread": _window_spread,
    "batch_norm": _batch_norm,
    "dropout": _dropout,
    "cross_entropy": F.cross_entropy,
    "nll_loss": F.nll_loss,
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
}

# Samples that PyTorch has no gradient for, or no answer at all: (op, label) or the op alone → why.
NO_GRADIENT: dict[Any, str] = {
    "floor_divide": "PyTorch has no derivative; ours is 0",
    ("adaptive_avg_pool2d", "no windows"): "PyTorch refuses to go back through an empty image",
    ("adaptive_max_pool2d", "no windows"): "PyTorch refuses to go back through an empty image",
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
    ("col2im", "columns are (N, C·KH·KW, OH·OW)"): "ops always have a batch axis",
    ("adaptive_avg_pool2d", "the images have no pixels"): "PyTorch answers NaN",
    ("batch_norm", "weight has one number"): "PyTorch's native kernel broadcasts a matrix",
    ("cross_entropy", "label_smoothing is a share"): "PyTorch looks only at values above 1",
    ("dropout", "mask is a bool tensor"): "the mask is our own argument",
    ("dropout", "mask does not broadcast to x"): "the mask is our own argument",
    ("gather", "x and index agree in all axes but"): "PyTorch takes a smaller index",
    ("max_pool2d", "wholly in the padding"): "PyTorch answers −inf",
    ("mse_loss", "target holds numbers"): "a mask for a target is a mistake",
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
        if name in NO_GRADIENT or (name, sample.label) in NO_GRADIENT:
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
        with pytest.raises((RuntimeError, ValueError, IndexError, TypeError, NotImplementedError)):
            answer(name, bad.arrays, bad.params, [False] * len(bad.arrays))
            pytest.fail(f"{name}: PyTorch takes the error sample {bad.words!r}")
