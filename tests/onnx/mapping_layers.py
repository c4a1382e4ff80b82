"""Linear layers, activations and normalisation."""

from __future__ import annotations

from math import prod
from typing import Any


def gemm(lib: Any, node: Any, a: Any, b: Any, c: Any = None) -> Any:
    """y = α A B + β C, either factor transposed: a linear layer where nothing but B is."""
    node.attribute("broadcast")  # before version 7: the shape of C may differ, as always today
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    a_turned, b_turned = node.attribute("transA", 0), node.attribute("transB", 0)
    if (alpha, beta, a_turned, b_turned) == (1, 1, 0, 1) and (c is None or c.ndim == 1):
        return lib.F.linear(a, b, c)
    a = lib.mt.transpose(a, 0, 1) if a_turned else a
    b = lib.mt.transpose(b, 0, 1) if b_turned else b
    y = lib.mt.mul(lib.mt.matmul(a, b), alpha)
    return y if c is None else lib.mt.add(y, lib.mt.mul(c, beta))


# Activations.


def same(name: str) -> Any:
    """Activations without attributes."""
    return lambda lib, node, x: getattr(lib.F, name)(x)


def elu(lib: Any, node: Any, x: Any) -> Any:
    return lib.F.elu(x, node.attribute("alpha", 1.0))


def gelu(lib: Any, node: Any, x: Any) -> Any:
    return lib.F.gelu(x, approximate=node.attribute("approximate", "none"))


def hard_sigmoid(lib: Any, node: Any, x: Any) -> Any:
    """ONNX: clip(α x + β) with α = 0.2; PyTorch: clip(x / 6 + 1 / 2)."""
    alpha, beta = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    return lib.F.hardsigmoid(lib.mt.add(lib.mt.mul(x, 6 * alpha), 6 * beta - 3))


def leaky_relu(lib: Any, node: Any, x: Any) -> Any:
    return lib.F.leaky_relu(x, node.attribute("alpha", 0.01))


def prelu(lib: Any, node: Any, x: Any, slope: Any) -> Any:
    """PyTorch slopes channels, as ONNX did before version 7; since then it is the last axis."""
    if node.opset < 7 or slope.numel() == 1:
        return lib.F.prelu(x, slope)
    if slope.ndim != 1:
        raise NotImplementedError("PRelu: slopes along more than one axis")
    return lib.mt.movedim(lib.F.prelu(lib.mt.movedim(x, -1, 1), slope), 1, -1)


def selu(lib: Any, node: Any, x: Any) -> Any:
    """PyTorch's selu has its two numbers built in; it is γ elu with α."""
    alpha = node.attribute("alpha", 1.6732632423543772)
    return lib.mt.mul(lib.F.elu(x, alpha), node.attribute("gamma", 1.0507009873554805))


def soft(name: str) -> Any:
    """softmax or log_softmax: before version 13 over all axes from `axis` (1) on."""

    def mapping(lib: Any, node: Any, x: Any) -> Any:
        function = getattr(lib.F, name)
        if node.opset >= 13:
            return function(x, dim=node.attribute("axis", -1))
        axis = node.attribute("axis", 1) % x.ndim
        rows = lib.mt.reshape(x, (prod(x.shape[:axis]), -1))
        return lib.mt.reshape(function(rows, dim=1), x.shape)

    return mapping


def thresholded_relu(lib: Any, node: Any, x: Any) -> Any:
    return lib.F.threshold(x, node.attribute("alpha", 1.0), 0.0)


# Normalisation.


def batch_normalization(lib: Any, node: Any, x: Any, w: Any, b: Any, mean: Any, var: Any) -> Any:
    """In training ONNX keeps the biased variance of the batch, PyTorch the unbiased one.

    PyTorch's new variance is m v + (1 − m) s² n / (n − 1): taking off m v, scaling by (n − 1) / n
    and adding m v again gives ONNX's.
    """
    eps, kept = node.attribute("epsilon", 1e-5), node.attribute("momentum", 0.9)
    node.attribute("is_test")  # 1 in all cases of the versions that have it
    if not node.attribute("training_mode", 0):
        return lib.F.batch_norm(x, mean, var, w, b, training=False, eps=eps)
    mean, new = lib.mt.clone(mean), lib.mt.clone(var)
    y = lib.F.batch_norm(x, mean, new, w, b, training=True, momentum=1 - kept, eps=eps)
    n, old = x.numel() // x.shape[1], lib.mt.mul(var, kept)
    new = lib.mt.add(old, lib.mt.mul(lib.mt.sub(new, old), (n - 1) / n))
    return y, mean, new


def group_normalization(lib: Any, node: Any, x: Any, w: Any, b: Any) -> Any:
    groups, eps = node.attribute("num_groups"), node.attribute("epsilon", 1e-5)
    return lib.F.group_norm(x, groups, w, b, eps=eps)


def instance_normalization(lib: Any, node: Any, x: Any, w: Any, b: Any) -> Any:
    return lib.F.instance_norm(x, weight=w, bias=b, eps=node.attribute("epsilon", 1e-5))


def layer_normalization(lib: Any, node: Any, x: Any, w: Any, b: Any) -> Any:
    """ONNX also answers the mean and one over the deviation."""
    axis, eps = node.attribute("axis", -1) % x.ndim, node.attribute("epsilon", 1e-5)
    dims = tuple(range(axis, x.ndim))
    y = lib.F.layer_norm(x, x.shape[axis:], w, b, eps=eps)
    mean = lib.mt.mean(x, dim=dims, keepdim=True)
    var = lib.mt.var(x, dim=dims, correction=0, keepdim=True)
    return y, mean, lib.mt.rsqrt(lib.mt.add(var, eps))


def local_response(lib: Any, node: Any, x: Any) -> Any:
    alpha, beta = node.attribute("alpha", 1e-4), node.attribute("beta", 0.75)
    size, bias = node.attribute("size"), node.attribute("bias", 1.0)
    return lib.F.local_response_norm(x, size, alpha=alpha, beta=beta, k=bias)


OPERATORS = {
    "BatchNormalization": batch_normalization, "Elu": elu, "Gelu": gelu, "Gemm": gemm,
    "GroupNormalization": group_normalization, "HardSigmoid": hard_sigmoid,
    "HardSwish": same("hardswish"), "InstanceNormalization": instance_normalization,
    "LRN": local_response, "LayerNormalization": layer_normalization, "LeakyRelu": leaky_relu,
    "LogSoftmax": soft("log_softmax"), "PRelu": prelu, "Relu": same("relu"), "Selu": selu,
    "Sigmoid": same("sigmoid"), "Softmax": soft("softmax"), "Softplus": same("softplus"),
    "Tanh": same("tanh"), "ThresholdedRelu": thresholded_relu,
}  # fmt: skip
