"""Normalisations: the layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from ...row import Case, Row, every
from . import LAST, Rng, far, response

SHAPES = {  # by the number of axes after the channels: normal, one sample, one position
    0: ((5, 3), (2, 3)),
    1: ((4, 3, 5), (1, 3, 4), (3, 3, 1)),
    2: ((2, 3, 4, 5), (1, 3, 2, 3), (4, 3, 1, 1)),
    3: ((2, 3, 2, 3, 4), (1, 3, 1, 2, 2), (3, 3, 1, 1, 1)),
}
NONE = 'PyTorch cannot count batches of no channels ("index 0 out of range")'
EMPTY = "an empty batch leaves the running statistics as they are; PyTorch makes them NaN"


def batch_layer(n: int) -> Callable[[Rng], Iterable[Case]]:
    """The cases of BatchNorm{n}d."""

    def cases(rng: Rng) -> Iterable[Case]:
        options = every(
            affine=(True, False), bias=(True, False), track_running_stats=(True, False),
            momentum=(0.1, 0.4, None), eps=(1e-5, 0.3),
        )  # fmt: skip
        shapes = SHAPES[n] + (SHAPES[0] if n == 1 else ())
        for number, kwargs in enumerate(options):
            x = far(rng, *shapes[number % len(shapes)])
            yield Case((x,), (3,), kwargs, label=f"training {number}")
            yield Case((x,), (3,), kwargs, label=f"evaluation {number}", evaluate=True)
        tail = (2,) * n
        wide = far(rng, 2, *tail, 3)
        yield Case((np.moveaxis(wide, -1, 1),), (3,), label="not contiguous")
        yield Case((far(rng, 3, 1, *tail),), (1,), label="one channel")
        for evaluate in (False, True):
            yield Case((far(rng, 0, 3, *tail),), (3,), label="empty batch", evaluate=evaluate)
        special = far(rng, 2, 3, *tail)
        special.reshape(-1)[:2] = np.nan, np.inf
        yield Case((special,), (3,), label="NaN, inf", smooth=False)
        yield Case((special,), (3,), label="NaN, inf", smooth=False, evaluate=True)
        yield from bad_layer(rng, n)
        x = far(rng, 2, 3, *tail)
        for eps in (0.0, -1.0):
            yield Case((x,), (3,), {"eps": eps}, label="eps not positive")
        yield Case((far(rng, 1, 3, *(1,) * n),), (3,), label="one value in a channel")
        yield Case((far(rng, 1, 3, *(1,) * n),), (3,), label="one value", evaluate=True)
        free = {"affine": False, "track_running_stats": False}
        yield Case((far(rng, 2, 4, *tail),), (3,), free, label="num_features is not used")
        for momentum, evaluate in product(("0.1", 2), (True, False)):
            kwargs = {"momentum": momentum}
            yield Case((x,), (3,), kwargs, label=f"momentum {momentum}", evaluate=evaluate)
        yield Case((far(rng, 2, 0, *tail),), (0,), label="no channels", differs=NONE)

    return cases


def bad_layer(rng: Rng, n: int) -> Iterable[Case]:
    """Calls that BatchNorm{n}d and InstanceNorm{n}d refuse, or only one of the two."""
    tail = (2,) * n
    for extra in (0, 1, 3, 4):
        yield Case((far(rng, 2, 3, *(2,) * (n + extra - 2)),), (3,), label=f"rank {n + extra}")
    yield Case((far(rng, 2, 4, *tail),), (3,), {"affine": True}, label="other channels")
    tracked = {"affine": False, "track_running_stats": True}
    yield Case((far(rng, 2, 4, *tail),), (3,), tracked, label="other channels, tracked")
    yield Case((rng.integers(0, 5, (2, 3, *tail)),), (3,), label="integers")
    yield Case((far(rng, 2, 3, *tail).astype(np.float16),), (3,), {"affine": True}, "mixed")
    yield Case((far(rng, 2, 3, *tail).tolist(),), (3,), label="a list")
    yield Case((far(rng, 2, 3, *tail),), (-1,), label="negative num_features")
    yield Case((far(rng, 2, 3, *tail),), (2.5,), label="num_features is a float")
    yield Case((far(rng, 2, 3, *tail),), (3,), {"axis": 1}, label="unknown argument")


def instance_layer(n: int) -> Callable[[Rng], Iterable[Case]]:
    """The cases of InstanceNorm{n}d."""

    def cases(rng: Rng) -> Iterable[Case]:
        options = every(
            affine=(True, False), bias=(True, False), track_running_stats=(True, False),
            momentum=(0.1, 0.4, None), eps=(1e-5, 0.3),
        )  # fmt: skip
        shapes = (*SHAPES[n][:2], SHAPES[n][0][1:])  # the last without a batch
        for number, kwargs in enumerate(options):
            x = far(rng, *shapes[number % len(shapes)])
            yield Case((x,), (3,), kwargs, label=f"training {number}")
            yield Case((x,), (3,), kwargs, label=f"evaluation {number}", evaluate=True)
        tail = (2,) * n
        yield Case((np.moveaxis(far(rng, 2, *tail, 3), -1, 1),), (3,), label="not contiguous")
        yield Case((far(rng, 0, 3, *tail),), (3,), label="empty batch")
        yield Case((far(rng, 2, 3, *(0,) * n),), (3,), label="no positions")
        tracked = {"track_running_stats": True}
        yield Case((far(rng, 2, 3, *(0,) * n),), (3,), tracked, label="no positions, tracked")
        yield Case((far(rng, 0, 3, *tail),), (3,), tracked, label="empty", differs=EMPTY)
        more = (4,) * n  # of two values x̂ is ±1 and the gradient nothing but rounding
        yield Case((far(rng, 2, 4, *more),), (3,), label="num_features is not used")
        yield Case((far(rng, 4, *more),), (3,), label="num_features is not used, no batch")
        one = far(rng, 2, 3, *(1,) * n)
        yield Case((one,), (3,), label="one position")
        yield Case((one,), (3,), tracked, label="one position, evaluation", evaluate=True)
        special = far(rng, 2, 3, *tail)
        special.reshape(-1)[:2] = np.nan, np.inf
        yield Case((special,), (3,), {"affine": True}, label="NaN, inf", smooth=False)
        yield Case((special,), (3,), {"eps": 0.0}, label="eps 0", smooth=False)
        yield from bad_layer(rng, n)

    return cases


def layer_layer(rng: Rng) -> Iterable[Case]:
    """LayerNorm."""
    for shape, of_x in LAST:
        options = every(elementwise_affine=(True, False), bias=(True, False), eps=(1e-5, 0.5))
        for kwargs in options:
            for given in (shape[0] if len(shape) == 1 else list(shape), shape):
                yield Case((far(rng, *of_x),), (given,), kwargs, label=f"{of_x}")
    yield Case((far(rng, 3, 4),), (4,), evaluate=True, label="evaluation")
    yield from _bad_last_axes(rng)


def _bad_last_axes(rng: Rng) -> Iterable[Case]:
    x = far(rng, 3, 4)
    for shape in ((3,), (4, 3), (1, 3, 4), (), 2.5, "ab", None, (2.5,), -1, True):
        yield Case((x,), (shape,), label=f"normalized_shape {shape}")
    yield Case((x.astype(np.float16),), (4,), {"elementwise_affine": False}, "half", smooth=False)
    yield Case((np.arange(4),), (4,), label="integers")
    yield Case((x,), (4,), {"affine": True}, label="unknown argument")


def rms_layer(rng: Rng) -> Iterable[Case]:
    """RMSNorm."""
    for shape, of_x in LAST:
        for kwargs in every(elementwise_affine=(True, False), eps=(None, 1e-5, 0.5)):
            for given in (shape[0] if len(shape) == 1 else list(shape), shape):
                yield Case((far(rng, *of_x),), (given,), kwargs, label=f"{of_x}")
    yield from _bad_last_axes(rng)


def group_layer(rng: Rng) -> Iterable[Case]:
    """GroupNorm."""
    for shape in ((2, 6), (3, 6, 5), (2, 6, 2, 3), (1, 6, 1, 2, 3), (0, 6, 2)):
        for options in every(affine=(True, False), bias=(True, False), eps=(1e-5, 0.5)):
            for groups in (1, 3, 6):
                x = far(rng, *shape)  # with a value or two in a group, digits cancel
                fine = len(x) == 0 or x[0].size > 2 * groups or options["eps"] > 0.1
                yield Case((x,), (groups, 6), options, f"{shape}, {groups}", single=fine)
    x = far(rng, 2, 6, 3)
    yield Case((x,), (2, 6), evaluate=True, label="evaluation")
    for sizes in ((4, 6), (2, 4), (7, 6), (-2, 6), (2.5, 6), (2, "6"), (6,)):
        yield Case((x,), sizes, label=f"groups, channels {sizes}")
    yield Case((x,), (2, 4), {"affine": False}, label="num_channels is not used")
    yield Case((x[:1, :, :1],), (6, 6), label="one value in all")
    yield Case((rng.integers(0, 5, (2, 6, 3)),), (2, 6), label="integers")
    yield Case((x[0, :, 0],), (2, 6), label="one axis")


def response_layer(rng: Rng) -> Iterable[Case]:
    """LocalResponseNorm."""
    for inputs, kwargs, label in response(rng):
        yield Case(inputs, (), kwargs, label=label)


ROWS = [
    *(Row(f"nn.BatchNorm{n}d", batch_layer(n), calls=2) for n in (1, 2, 3)),
    *(Row(f"nn.InstanceNorm{n}d", instance_layer(n), calls=2) for n in (1, 2, 3)),
    Row("nn.LayerNorm", layer_layer),
    Row("nn.GroupNorm", group_layer),
    Row("nn.RMSNorm", rms_layer),
    Row("nn.LocalResponseNorm", response_layer),
]
