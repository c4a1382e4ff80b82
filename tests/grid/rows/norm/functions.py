"""Normalisations: the functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...row import Case, Fixed, Row, every
from . import LAST, Rng, far, response

NEGATIVE = "a negative eps is refused in evaluation, as PyTorch does for batch_norm"
ALONE = 'PyTorch\'s backward breaks down for a bias without a weight ("does not have a device")'
NOTHING = "the gradient of a weight that scales nothing is 0; PyTorch's is NaN"
NUCLEAR = "there is no nuclear norm: it needs a singular value decomposition"
ROUNDED = "PyTorch squares integers and rounds their average down; we ask for a float tensor"


def batch_norm(rng: Rng) -> Iterable[Case]:
    """Statistics, weight and bias given or not, in training and in evaluation."""
    mean, var = Fixed(far(rng, 3)), Fixed(rng.uniform(0.5, 1.5, 3))
    w, b = far(rng, 3), far(rng, 3)
    for shape in ((5, 3), (2, 3, 4), (2, 3, 2, 4), (1, 3, 2, 2, 2), (0, 3, 2), (2, 3, 0)):
        for options in every(weight=(w, None), bias=(b, None), eps=(1e-5, 0.5)):
            for training in (True, False):
                kwargs = {**options, "training": training}
                yield Case((far(rng, *shape), mean, var), kwargs=kwargs, label=f"{shape}")
            kwargs = {**options, "training": True, "momentum": 0.3}
            yield Case((far(rng, *shape), None, None), kwargs=kwargs, label=f"{shape}, batch only")
    half, single = far(rng, 4, 3).astype(np.float16), np.ones(3, np.float32)
    for other in (single, single.astype(np.float16)):
        stats, label = (Fixed(other), Fixed(other)), f"half with {other.dtype}"
        yield Case((half, *stats, other, other), (True,), label=label, smooth=False)
        yield Case((half, *stats, other, other), (False,), label=label, smooth=False)
    mixed = (half, Fixed(single), Fixed(single), single.astype(np.float16))
    yield Case(mixed, (True,), label="half with both")
    yield from batch_norm_odd(rng, mean, var)


def batch_norm_odd(rng: Rng, mean: Fixed, var: Fixed) -> Iterable[Case]:
    """Calls with statistics, sizes and options that do not fit, or only just."""
    single = np.ones(3, np.float32)
    x, three, four = far(rng, 4, 3), Fixed(np.ones(3)), Fixed(np.ones(4))
    yield Case((x, mean, var), kwargs={"eps": 0.0}, label="eps 0 in evaluation")
    for kwargs in ({"eps": 0.0, "training": True}, {"eps": -1.0}, {"eps": -1.0, "training": True}):
        yield Case((x, mean, var), kwargs=kwargs, label="eps")
    yield Case((x, None, None), label="no statistics")
    for training in (True, False):
        yield Case((x, mean, None), kwargs={"training": training}, label="mean alone")
        yield Case((x, None, var), kwargs={"training": training}, label="variance alone")
        yield Case((x, four, four), kwargs={"training": training}, label="four statistics")
        yield Case((x, three, three, np.ones(2)), (None, training), label="two weights")
        yield Case((x, three, three, None, np.ones(4)), (training,), label="four biases")
        yield Case((rng.integers(0, 9, (4, 3)), mean, var), (None, None, training), label="ints")
        yield Case((x[0], mean, var), (None, None, training), label="one axis")
        yield Case((x[0, 0], mean, var), (None, None, training), label="0-d")
    yield Case((x[:1], mean, var), (None, None, True), label="one value in a channel")
    yield Case((x, mean, var, single.astype(np.float16)), label="half weight")
    yield Case((x.tolist(), mean, var), label="a list")
    for training in (True, False, 1, None, "yes"):
        for momentum in (None, "0.1", 2):
            yield Case((x, mean, var), (None, None, training, momentum), label="other types")
    for eps in (None, "1e-5"):
        yield Case((x, mean, var), kwargs={"eps": eps}, label=f"eps {eps}")
    nothing = far(rng, 2, 0, 3)
    yield Case((nothing, None, None), (None, None, True), label="no channels")
    none = Fixed(np.ones(0))
    yield Case((nothing, none, none), label="no channels, evaluation")


def instance_norm(rng: Rng) -> Iterable[Case]:
    """Statistics of the input or given ones."""
    mean, var = Fixed(far(rng, 3)), Fixed(rng.uniform(0.5, 1.5, 3))
    w, b = far(rng, 3), far(rng, 3)
    for shape in ((4, 3, 5), (2, 3, 2, 4), (1, 3, 2, 2, 2), (2, 3, 0)):
        for options in every(weight=(w, None), bias=(b, None), eps=(1e-5, 0.5)):
            yield Case((far(rng, *shape),), kwargs=options, label=f"{shape}")
            for use in (True, False):
                kwargs = {**options, "use_input_stats": use, "momentum": 0.3}
                yield Case((far(rng, *shape), mean, var), kwargs=kwargs, label=f"{shape} {use}")
    x, four = far(rng, 2, 3, 4), Fixed(np.ones(4))
    half, single = x.astype(np.float16), np.ones(3, np.float32)
    yield Case((half, None, None, single, single), label="half with float32", smooth=False)
    small = Fixed(single)
    yield Case((x, small, small), label="statistics of another dtype")
    yield Case((x, small, small), (None, None, False), label="statistics of another dtype, used")
    yield Case((x,), kwargs={"eps": 0.0}, label="eps 0")
    yield Case((x,), kwargs={"eps": -1.0}, label="eps −1", smooth=False)
    negative = {"eps": -1.0, "use_input_stats": False}
    yield Case((x, mean, var), kwargs=negative, label="eps −1, given", differs=NEGATIVE)
    yield Case((x[:0],), label="empty batch")
    yield Case((x[:, :, :1], mean, var), (None, None, False), label="one position, given")
    yield Case((x[:, :, 0], mean, var), (None, None, False), label="no position axis, given")
    yield Case((x[:, :, :1],), label="one position")
    yield Case((x[:, :, 0],), label="no position axis")
    yield Case((x[0, 0],), label="one axis")
    yield Case((x, mean, None), label="mean alone")
    yield Case((x, None, var), label="variance alone")
    yield Case((x,), kwargs={"use_input_stats": False}, label="no statistics")
    for use in (True, False):
        yield Case((x, four, four), kwargs={"use_input_stats": use}, label="four statistics")
    for momentum in (None, "0.1", 2):
        yield Case((x,), kwargs={"momentum": momentum}, label=f"momentum {momentum}")
        yield Case((x, mean, var), kwargs={"momentum": momentum}, label=f"momentum {momentum}")
    yield Case((far(rng, 2, 0, 3),), label="no channels")
    yield Case((x, None, None, np.ones(4)), label="four weights")
    yield Case((x, None, None, None, np.ones(2)), label="two biases")
    yield Case((x, None, None, half[0, :, 0]), label="half weight")
    yield Case((rng.integers(0, 5, (2, 3, 4)),), label="integers")
    yield Case((x.tolist(),), label="a list")


def layer_norm(rng: Rng) -> Iterable[Case]:
    """The last axes, with and without weight and bias."""
    for shape, of_x in LAST:
        w, b = far(rng, *shape), far(rng, *shape)
        for options in every(weight=(w, None), bias=(b, None), eps=(1e-5, 0.5)):
            label, fine = f"{shape} of {of_x}", shape != (1,)  # of one value all digits cancel
            yield Case((far(rng, *of_x), list(shape)), (), options, label, single=fine)
    yield Case((far(rng, 4, 3).T, (4,)), label="not contiguous")
    x, w = far(rng, 2, 3), np.ones(3)
    yield from _last_axes(x, w)
    half, single = x.astype(np.float16), w.astype(np.float32)
    # PyTorch rounds these parameters' gradients to half precision; we do not
    wide = (half, (3,), Fixed(single), Fixed(single))
    yield Case(wide, label="half with float32", smooth=False)
    yield Case((half, (3,), single.astype(np.float16), single), label="half with both")
    yield Case((x, (3,), single.astype(np.float16)), label="half weight")
    yield Case((x, (3,), None, np.ones(2)), label="two biases")


def _last_axes(x: np.ndarray, w: np.ndarray) -> Iterable[Case]:
    """Special values and bad calls of layer_norm and rms_norm; x (2, 3)."""
    half, special = x.astype(np.float16), x.copy()
    special[0, 0], special[1, 1] = np.nan, np.inf
    yield Case((special, (3,)), label="NaN, inf", smooth=False)
    yield Case((half, (3,), w.astype(np.float16)), label="half", smooth=False)
    yield Case((x, (3,)), kwargs={"eps": 0.0}, label="eps 0")
    yield Case((x * 1e-3, (3,)), kwargs={"eps": -1.0}, label="eps −1", smooth=False)
    for shape in (3, (), (2,), (2, 3, 1), (3, 2), (1, 2, 3), (3.0,), None):
        yield Case((x, shape), label=f"normalized_shape {shape}")
    yield Case((x, (3,), np.ones(2)), label="two weights")
    yield Case((x, (3,), np.ones((1, 3))), label="weight of two axes")
    yield Case((np.arange(6).reshape(2, 3), (3,)), label="integers")
    yield Case((x[0, 0], (1,)), label="0-d")
    yield Case((x.tolist(), (3,)), label="a list")


def rms_norm(rng: Rng) -> Iterable[Case]:
    """The last axes, with and without weight."""
    for shape, of_x in LAST:
        w = far(rng, *shape)
        for options in every(weight=(w, None), eps=(None, 1e-5, 0.5)):
            yield Case((far(rng, *of_x), list(shape)), kwargs=options, label=f"{shape} of {of_x}")
    yield Case((far(rng, 4, 3).T, (4,)), label="not contiguous")
    x, w = far(rng, 2, 3), far(rng, 3)
    yield from _last_axes(x, w)
    yield Case((x * 1e-7, (3,)), label="as small as the eps of None", smooth=False, single=False)
    tiny = (x * 1e-4).astype(np.float16)
    yield Case((tiny, (3,)), label="half, as small as the eps of None", smooth=False)
    for dtype in (np.float16, np.float32):
        yield Case((x, (3,), w.astype(dtype)), label=f"weight of {np.dtype(dtype)}", smooth=False)
    yield Case((x.astype(np.float16), (3,), w.astype(np.float32)), label="half", smooth=False)
    yield Case((x, (3,), np.arange(3)), label="weight of integers")
    yield Case((x, (3,), np.arange(3) > 0), label="weight of booleans")
    yield Case((x, (3,), None, "1e-5"), label="eps is a text")


def group_norm(rng: Rng) -> Iterable[Case]:
    """Groups of channels, with and without weight and bias."""
    w, b = far(rng, 6), far(rng, 6)
    for shape in ((2, 6), (3, 6, 5), (2, 6, 2, 3), (1, 6, 1, 2, 3), (0, 6, 2), (2, 6, 0)):
        for groups in (1, 2, 3, 6):
            for options in every(weight=(w, None), bias=(b, None), eps=(1e-5, 0.5)):
                yield _grouped(far(rng, *shape), {"num_groups": groups, **options})
    yield Case((far(rng, 2, 6), 2, None, b), label="bias alone, with gradient", differs=ALONE)
    x = far(rng, 2, 6, 3)
    yield Case((np.moveaxis(x, 2, 1)[:, :, :4].transpose(0, 2, 1), 2), label="not contiguous")
    special = x.copy()
    special[0, 0, 0], special[1, 4, 1] = np.nan, np.inf
    yield Case((special, 3), label="NaN, inf", smooth=False)
    yield Case((x, 3), kwargs={"eps": 0.0}, label="eps 0")
    yield Case((x, 3), kwargs={"eps": -9.0}, label="eps −9", smooth=False)
    yield Case((far(rng, 2, 0, 3), 2), label="no channels")
    half, single = x.astype(np.float16), np.ones(6, np.float32)
    yield Case((half, 2, single, single), label="half with float32", smooth=False)
    yield Case((half, 2, single.astype(np.float16)), label="half", smooth=False)
    yield Case((half, 2, single.astype(np.float16), single), label="half with both")
    for groups in (4, 12, -2, 2.0, None, "2"):
        yield Case((x, groups), label=f"num_groups {groups}")
    yield Case((x[0, :, 0], 2), label="one axis")
    yield Case((x[:1, :, 0], 6), label="one value in all")
    yield Case((x, 2, np.ones(3)), label="three weights")
    yield Case((x, 2, None, np.ones((6, 1))), label="bias of two axes")
    yield Case((x, 2, single.astype(np.float16)), label="half weight")
    yield Case((rng.integers(0, 5, (2, 6, 3)), 2), label="integers")
    yield Case((x.tolist(), 2), label="a list")


def _grouped(x: Any, kwargs: dict[str, Any]) -> Case:
    label = f"{x.shape} in {kwargs['num_groups']}"
    # with a value or two in a group, digits cancel
    fine = x.shape[0] == 0 or x[0].size > 2 * kwargs["num_groups"] or kwargs["eps"] > 0.1
    if kwargs["weight"] is None and kwargs["bias"] is not None:  # see ALONE: values only
        kwargs, x = {**kwargs, "bias": Fixed(kwargs["bias"])}, Fixed(x)
        return Case((x,), kwargs=kwargs, label=f"bias alone, {label}", single=fine)
    nothing = NOTHING if x.shape[-1] == 0 and kwargs["weight"] is not None else ""
    return Case((x,), kwargs=kwargs, label=label, single=fine, differs=nothing)


def local_response_norm(rng: Rng) -> Iterable[Case]:
    """Windows of channels of every size."""
    for inputs, kwargs, label in response(rng):
        yield Case(inputs, kwargs=kwargs, label=label)
    x = far(rng, 2, 4, 3)
    yield Case((x.astype(np.float16), 3), label="half", smooth=False)
    yield Case((0 * x, 3), kwargs={"k": 0.0}, label="0 / 0", smooth=False)
    special = x.copy()
    special[0, 0, 0], special[1, 1, 1] = np.nan, np.inf
    yield Case((special, 3), label="NaN, inf", smooth=False)
    yield Case((np.arange(24).reshape(2, 4, 3), 3), label="integers", differs=ROUNDED)
    yield Case((np.zeros((0, 4, 3), np.int64), 3), label="no integers")


def normalize(rng: Rng) -> Iterable[Case]:
    """Every norm along every axis."""
    inf = float("inf")
    for shape, dims in (((3, 4), (0, 1, -1, (0, 1))), ((2, 3, 4), (1, (0, 2))), ((4,), (0,))):
        for p in (2.0, 1, 3, 0.5, 0, inf, -inf, -1.5):
            for dim in dims:
                yield Case((far(rng, *shape), p, dim), label=f"{shape}, p {p}, dim {dim}")
    x = far(rng, 2, 3)
    yield Case((x,), label="defaults")
    yield Case((x,), kwargs={"eps": 5.0}, label="eps is larger")
    yield Case((x,), kwargs={"eps": -1.0}, label="negative eps")
    zeros = x.copy()
    zeros[0] = 0
    for p in (2.0, 1, 3, inf):
        yield Case((zeros, p), label=f"a row of zeros, p {p}", smooth=False)
    special = x.copy()
    special[0, 0], special[1, 1] = np.nan, np.inf
    yield Case((special,), label="NaN, inf", smooth=False)
    yield Case((x.astype(np.float16),), label="half", smooth=False)
    yield Case((x[:0],), label="empty")
    yield Case((x[:, :0],), label="rows of nothing")
    yield Case((x[:, :0], inf), label="the largest of nothing")
    yield Case((x[0, 0], 2.0, 0), label="0-d")
    for dim in (2, -3, 1.5, "x", (0, 0)):
        yield Case((x, 2.0, dim), label=f"dim {dim}")
    yield Case((x[0],), label="one axis, dim 1")
    yield Case((rng.integers(1, 5, (2, 3)),), label="integers")
    yield Case((x.tolist(),), label="a list")
    for kwargs in ({"p": None}, {"p": float("nan")}, {"eps": None}, {"dim": None}, {"dim": ()}):
        yield Case((x,), kwargs=kwargs, label=str(kwargs), smooth=False)
    yield Case((x, "nuc", (0, 1)), label="nuclear norm", differs=NUCLEAR)
    yield Case((x,), kwargs={"out": Fixed(np.zeros((2, 3)))}, label="out, with gradient")
    yield Case((Fixed(x),), kwargs={"out": Fixed(np.zeros((2, 3)))}, label="out")


ROWS = [
    Row("F.batch_norm", batch_norm),
    Row("F.instance_norm", instance_norm),
    Row("F.layer_norm", layer_norm),
    Row("F.group_norm", group_norm),
    Row("F.rms_norm", rms_norm),
    Row("F.local_response_norm", local_response_norm),
    Row("F.normalize", normalize),
]
