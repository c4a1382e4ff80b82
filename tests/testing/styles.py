"""How other gradient checkers judge: their styles, written anew in a few lines each.

A style answers whether it finds a layer's gradients right. What makes a style: the upstream
gradient, which elements are looked at, the step and the tolerance. Layers are those of the corpus:
out, cache = forward(*inputs[, param]) and gradients = backward(dout, cache).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Arrays = Sequence[np.ndarray]


class Layer:
    """A forward and a backward, with param bound: what every style below asks."""

    def __init__(self, forward: Any, backward: Any, param: dict[str, Any] | None) -> None:
        self._forward, self._backward = forward, backward
        self._more = () if param is None else (param,)

    def output(self, inputs: Arrays) -> np.ndarray:
        return np.asarray(self._forward(*inputs, *self._more)[0])

    def gradients(self, inputs: Arrays, dout: np.ndarray) -> list[np.ndarray]:
        """One backward, with this upstream gradient."""
        _, cache = self._forward(*inputs, *self._more)
        found = self._backward(dout, cache)
        found = [np.asarray(g, float) for g in (found if isinstance(found, tuple) else (found,))]
        if [g.shape for g in found] != [x.shape for x in inputs]:
            raise ValueError("a gradient has the wrong shape")  # which every style notices
        return found

    def along(self, inputs: Arrays, directions: Arrays, step: float) -> np.ndarray:
        """The central difference of the output along a direction of all inputs."""
        above = self.output([x + step * d for x, d in zip(inputs, directions, strict=True)])
        below = self.output([x - step * d for x, d in zip(inputs, directions, strict=True)])
        return (above - below) / (2 * step)

    def derivative(self, inputs: Arrays, k: int, element: int, step: float) -> np.ndarray:
        """The central difference of the output in one element of input k."""
        directions = [np.zeros(x.shape) for x in inputs]
        directions[k].reshape(-1)[element] = 1
        return self.along(inputs, directions, step)


Style = Callable[[Layer, Arrays, np.random.Generator], bool]


def close(a: Any, b: Any, atol: float, rtol: float) -> bool:
    return bool(np.allclose(a, b, atol=atol, rtol=rtol))


def unit(rng: np.random.Generator, inputs: Arrays) -> list[np.ndarray]:
    """A random direction of length 1 over all inputs."""
    directions = [rng.normal(size=x.shape) for x in inputs]
    length = np.sqrt(sum(np.sum(d * d) for d in directions))
    return [d / length for d in directions]


def dots(a: Arrays, b: Arrays) -> float:
    return sum(float(np.sum(p * q)) for p, q in zip(a, b, strict=True))


def pytorch(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """Every element of the Jacobian: each output in turn, step 1e-6, atol 1e-5, rtol 1e-3."""
    shape = layer.output(inputs).shape
    rows = [layer.gradients(inputs, one) for one in np.eye(int(np.prod(shape))).reshape(-1, *shape)]
    for k, x in enumerate(inputs):
        numeric = [layer.derivative(inputs, k, j, 1e-6).ravel() for j in range(x.size)]
        analytic = [row[k].ravel() for row in rows]
        if not close(np.array(analytic), np.array(numeric).T, 1e-5, 1e-3):
            return False
    return True


def pytorch_fast(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """Fast mode: the Jacobian of each input between two random unit vectors, step 1e-6."""
    v = unit(rng, [layer.output(inputs)])[0]
    gradients = layer.gradients(inputs, v)
    for k, x in enumerate(inputs):
        directions = [np.zeros(other.shape) for other in inputs]
        directions[k] = unit(rng, [x])[0]
        numeric = np.sum(v * layer.along(inputs, directions, 1e-6))
        if not close(np.sum(gradients[k] * directions[k]), numeric, 1e-5, 1e-3):
            return False
    return True


def jax(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """One direction over all inputs, seed always 0, step 1e-4, tolerance 1e-5."""
    fixed = np.random.default_rng(0)
    directions = [fixed.normal(size=x.shape) for x in inputs]
    v = fixed.normal(size=layer.output(inputs).shape)
    numeric = np.sum(v * layer.along(inputs, directions, 1e-4))
    return close(dots(layer.gradients(inputs, v), directions), numeric, 1e-5, 1e-5)


def chainer(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """One direction of length 1 over all inputs, step 1e-3, atol 1e-5, rtol 1e-4."""
    v = rng.normal(size=layer.output(inputs).shape)
    directions = unit(rng, inputs)
    numeric = np.sum(v * layer.along(inputs, directions, 1e-3))
    return close(dots(layer.gradients(inputs, v), directions), numeric, 1e-5, 1e-4)


def dezero(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """Every element of the gradient of the sum, step 1e-4, atol 1e-5, rtol 1e-4."""
    analytic = layer.gradients(inputs, np.ones(layer.output(inputs).shape))
    for k, x in enumerate(inputs):
        numeric = [np.sum(layer.derivative(inputs, k, j, 1e-4)) for j in range(x.size)]
        if not close(analytic[k].ravel(), numeric, 1e-5, 1e-4):
            return False
    return True


def minitorch(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """One random element of each input, of the gradient of the sum, step 1e-6, 1e-2 both."""
    analytic = layer.gradients(inputs, np.ones(layer.output(inputs).shape))
    for k, x in enumerate(inputs):
        j = int(rng.integers(x.size))
        numeric = np.sum(layer.derivative(inputs, k, j, 1e-6))
        if not close(analytic[k].ravel()[j], numeric, 1e-2, 1e-2):
            return False
    return True


def cs231n(layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """Every element, random upstream gradient, step 1e-5; the eye is taken to stop at 1e-4."""
    v = rng.normal(size=layer.output(inputs).shape)
    analytic = layer.gradients(inputs, v)
    for k, x in enumerate(inputs):
        numeric = np.array(
            [np.sum(v * layer.derivative(inputs, k, j, 1e-5)) for j in range(x.size)]
        )
        a = analytic[k].ravel()
        if np.max(abs(a - numeric) / np.maximum(1e-8, abs(a) + abs(numeric))) > 1e-4:
            return False
    return True


def finds_right(style: Style, layer: Layer, inputs: Arrays, rng: np.random.Generator) -> bool:
    """The verdict of a style; gradients of the wrong shape are found by all."""
    try:
        return style(layer, inputs, rng)
    except ValueError:
        return False


STYLES: dict[str, Style] = {
    "PyTorch": pytorch,
    "PyTorch, fast mode": pytorch_fast,
    "JAX": jax,
    "Chainer": chainer,
    "DeZero": dezero,
    "minitorch": minitorch,
    "CS231n": cs231n,
}
