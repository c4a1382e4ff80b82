"""LeNet-5, VGG-16 and ResNets in JAX: pure functions of a dictionary of arrays, compiled by `jit`.

Images are (N, H, W, C) and kernels (KH, KW, C, OC), which JAX's CPU convolutions are made for. The
names in the dictionary are those of the state dicts of minitorch_cv.models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .works import LEARNING_RATE, MOMENTUM, Work, data, network, values

Arrays = dict[str, Any]


class Run:
    """The layers of one forward pass. stats: the running statistics after it."""

    def __init__(self, params: Arrays, stats: Arrays, training: bool) -> None:
        self.params = params
        self.stats = dict(stats)
        self.training = training

    def has(self, layer: str) -> bool:
        return f"{layer}.weight" in self.params

    def conv(self, layer: str, x: Any, stride: int = 1, padding: int | None = None) -> Any:
        w = self.params[f"{layer}.weight"]
        pad = w.shape[0] // 2 if padding is None else padding
        y = lax.conv_general_dilated(
            x, w, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y + self.params.get(f"{layer}.bias", 0.0)

    def norm(self, layer: str, x: Any) -> Any:
        names = f"{layer}.running_mean", f"{layer}.running_var"
        mean, var = (self.stats[name] for name in names)
        if self.training:
            count = x.size // x.shape[-1]
            new = x.mean((0, 1, 2)), x.var((0, 1, 2))
            self.stats[names[0]] = 0.9 * mean + 0.1 * new[0]
            self.stats[names[1]] = 0.9 * var + 0.1 * new[1] * (count / (count - 1))
            mean, var = new
        scale = self.params[f"{layer}.weight"] * lax.rsqrt(var + 1e-5)
        return (x - mean) * scale + self.params[f"{layer}.bias"]

    def linear(self, layer: str, x: Any) -> Any:
        return x @ self.params[f"{layer}.weight"].T + self.params[f"{layer}.bias"]


def max_pool(x: Any, size: int, stride: int, padding: int = 0) -> Any:
    border = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1),
                             border)  # fmt: skip


def flat(x: Any) -> Any:
    """(N, H, W, C) → (N, C·H·W), in the order of the linear layer's weights."""
    return x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)


def lenet(run: Run, x: Any) -> Any:
    x = max_pool(jax.nn.relu(run.conv("conv1", x)), 2, 2)
    x = flat(max_pool(jax.nn.relu(run.conv("conv2", x, padding=0)), 2, 2))
    x = jax.nn.relu(run.linear("fc2", jax.nn.relu(run.linear("fc1", x))))
    return run.linear("fc3", x)


def vgg16(run: Run, x: Any) -> Any:
    number = 0
    for convolutions in (2, 2, 3, 3, 3):
        for _ in range(convolutions):
            x = jax.nn.relu(run.conv(f"features.{number}", x))
            number += 2  # a convolution and its ReLU
        x = max_pool(x, 2, 2)
        number += 1
    x = jax.nn.relu(run.linear("classifier.0", flat(x)))
    return run.linear("classifier.6", jax.nn.relu(run.linear("classifier.3", x)))


def resnet(run: Run, x: Any) -> Any:
    """Basic blocks or bottlenecks, for large images (a 7 × 7 stem) or small ones."""
    large = run.params["conv1.weight"].shape[0] == 7
    x = jax.nn.relu(run.norm("bn1", run.conv("conv1", x, 2 if large else 1)))
    if large:
        x = max_pool(x, 3, 2, 1)
    for stage in (1, 2, 3, 4):
        number = 0
        while run.has(f"layer{stage}.{number}.conv1"):
            stride = 2 if stage > 1 and number == 0 else 1
            x = residual(run, f"layer{stage}.{number}", x, stride)
            number += 1
    return run.linear("fc" if run.has("fc") else "linear", x.mean((1, 2)))


def residual(run: Run, key: str, x: Any, stride: int) -> Any:
    strides = (1, stride, 1) if run.has(f"{key}.conv3") else (stride, 1)
    y = x
    for number, step in enumerate(strides, 1):
        y = run.norm(f"{key}.bn{number}", run.conv(f"{key}.conv{number}", y, step))
        y = jax.nn.relu(y) if number < len(strides) else y
    if run.has(f"{key}.downsample.0"):
        x = run.norm(f"{key}.downsample.1", run.conv(f"{key}.downsample.0", x, stride))
    elif x.shape != y.shape:  # option A: every second pixel, and zeros for the missing channels
        missing = (y.shape[-1] - x.shape[-1]) // 2
        x = jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (missing, missing)))
    return jax.nn.relu(x + y)


NETWORKS: dict[str, Callable[[Run, Any], Any]] = {
    "lenet5": lenet, "vgg16": vgg16, "resnet18_cifar": resnet, "resnet20": resnet,
    "resnet18": resnet, "resnet50": resnet,
}  # fmt: skip


class Jax:
    """The engine. `name` is what tables show."""

    name = "jax"
    version = jax.__version__
    learned: Any
    stats: Any
    x: Any
    target: Any
    compiled: Any

    def build(self, work: Work) -> None:
        """The network with its weights and the data. Raises NotImplementedError without one."""
        if work.model not in NETWORKS:
            raise NotImplementedError(f"{work.model} is not written in JAX here")
        self.forward = NETWORKS[work.model]
        params, self.stats = _start(work)
        velocity = {name: jnp.zeros_like(value) for name, value in params.items()}
        self.learned = params, velocity
        images, labels = data(work)
        self.x, self.target = jnp.asarray(images.transpose(0, 2, 3, 1)), jnp.asarray(labels)

    def clear(self) -> None:
        """Forgets the network and the data."""
        self.learned = self.stats = self.x = self.target = self.compiled = None

    def step_of(self, mode: str) -> Callable[[], Any]:
        """What is timed: a training step, or the scores of the images.

        Raises NotImplementedError for "folded": the compiler does what it can already.
        """
        if mode == "folded":
            raise NotImplementedError("the compiler folds by itself")
        if mode == "train":
            self.compiled = jax.jit(self._step, donate_argnums=(0, 1))
            return self._train
        self.compiled = jax.jit(lambda p, s, x: self.forward(Run(p, s, False), x))
        return self._infer

    def numbers(self, answer: Any) -> list[float]:
        """The loss, or the first scores: what engines must agree on."""
        return [float(value) for value in answer.reshape(-1)[:10]]

    def _train(self) -> Any:
        self.learned, self.stats, loss = self.compiled(
            self.learned, self.stats, self.x, self.target
        )
        return jax.block_until_ready((loss, self.learned))[0]

    def _infer(self) -> Any:
        return self.compiled(self.learned[0], self.stats, self.x).block_until_ready()

    def _step(self, learned: Any, stats: Arrays, x: Any, target: Any) -> Any:
        params, velocity = learned

        def loss_of(params: Arrays) -> Any:
            run = Run(params, stats, True)
            chosen = jax.nn.log_softmax(self.forward(run, x))
            loss = -jnp.take_along_axis(chosen, target[:, None], 1).mean()
            return loss, run.stats

        (loss, stats), grads = jax.value_and_grad(loss_of, has_aux=True)(params)
        velocity = {name: MOMENTUM * velocity[name] + grads[name] for name in params}
        params = {name: params[name] - LEARNING_RATE * velocity[name] for name in params}
        return (params, velocity), stats, loss


def _start(work: Work) -> tuple[Arrays, Arrays]:
    """Parameters and running statistics, in JAX's layout."""
    import minitorch_cv as mt

    params, stats = {}, {}
    for name, value in network(work, mt.models, mt.nn).state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        array = values(name, tuple(value.shape))
        if array.ndim == 4:
            array = np.ascontiguousarray(array.transpose(2, 3, 1, 0))
        kind = stats if "running_" in name else params
        kind[name] = jnp.asarray(array)
    return params, stats
