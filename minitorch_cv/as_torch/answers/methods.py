"""Methods of `torch.Tensor` that the engine's Tensor has only as functions, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import functions
from ...autograd.tape import new_tensor
from ...autograd.tensor import Tensor
from ...backend.random import Generator, default_generator


def _stream(generator: Generator | None) -> Generator:
    return default_generator if generator is None else generator


def bernoulli(
    input: Tensor, p: Any = None, *, generator: Generator | None = None  # noqa: A002
) -> Tensor:  # fmt: skip
    """Ones with probability `input` (or p), else zeros, of the same shape and dtype."""
    chance = np.asarray(input.array if p is None else getattr(p, "array", p))
    if ((chance < 0) | (chance > 1)).any():
        raise RuntimeError("bernoulli: probabilities lie in 0 ... 1")
    draws = _stream(generator).rand(input.array.shape, np.float64)
    return new_tensor((draws < chance).astype(input.array.dtype))


def bernoulli_(tensor: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Sets each element to 1 with probability p, else 0."""
    return tensor.copy_(bernoulli(tensor, p, generator=generator))


def multinomial(
    input: Tensor,  # noqa: A002
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers of columns, drawn with the weights in each row (or in the one row)."""
    weights = np.asarray(input.array, np.float64)
    rows = weights.reshape(-1, weights.shape[-1])
    if (rows < 0).any() or not (rows.sum(axis=1) > 0).all():
        raise RuntimeError("multinomial: weights are not negative, and not all zero in a row")
    if not replacement and ((rows > 0).sum(axis=1) < num_samples).any():
        raise RuntimeError(
            f"multinomial: {num_samples} samples without replacement need as many weights above 0"
        )
    stream = _stream(generator)
    if replacement:
        ends = np.cumsum(rows, axis=1)
        u = stream.rand((len(rows), num_samples), np.float64) * ends[:, -1:]
        drawn = np.stack(
            [np.searchsorted(e, v, side="right") for e, v in zip(ends, u, strict=True)]
        )
    else:  # exponential races: the smallest of e / w win, as if drawn one after the other
        u = stream.rand(rows.shape, np.float64)
        with np.errstate(divide="ignore"):
            drawn = np.argsort(-np.log1p(-u) / rows, axis=1)[:, :num_samples]
    return new_tensor(drawn.reshape(*weights.shape[:-1], num_samples).astype(np.int64))


def random_(
    tensor: Tensor, *bounds: int, generator: Generator | None = None, **named: int
) -> Tensor:  # fmt: skip
    """Whole numbers in from … to − 1; without bounds, all that the dtype holds."""
    digits = {"float16": 11, "float32": 24, "float64": 53}.get(str(tensor.array.dtype))
    high = 2**digits if digits else int(np.iinfo(tensor.array.dtype).max)
    low, high = {0: (0, high), 1: (0, *bounds), 2: bounds}[len(bounds)]
    low, high = named.get("from", low), named.get("to", high)
    drawn = _stream(generator).randint(low, high, tensor.array.shape)
    return tensor.copy_(new_tensor(drawn.astype(tensor.array.dtype)))


METHODS: dict[str, Any] = {
    "bernoulli": bernoulli, "bernoulli_": bernoulli_, "multinomial": multinomial,
    "random_": random_,
    "equal": functions.equal, "allclose": functions.allclose, "is_nonzero": functions.is_nonzero,
    "ndimension": lambda tensor: tensor.ndim,
    "short": lambda tensor: tensor.to(dtype=np.dtype("int16")),
    "pin_memory": lambda tensor, device=None: tensor,
    "get_device": lambda tensor: -1 if tensor.device.type == "cpu" else tensor.device.index or 0,
    "is_complex": lambda tensor: False,
    "where": lambda tensor, condition, other: functions.where(condition, tensor, other),
    "is_sparse": property(lambda tensor: False),
    "is_quantized": property(lambda tensor: False),
    "layout": property(lambda tensor: "torch.strided"),
}  # fmt: skip
