"""Dropout: p = 0, p = 1, evaluation and bad calls. Random masks are no case: no two libraries draw
the same; tests/nn/test_dropout.py looks at their statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ..row import Case, Fixed, Row, every

Rng = np.random.Generator
DRAWN = "the masks of two libraries differ; tests/nn/test_dropout.py looks at their statistics"
SHAPES = ((), (4,), (3, 4), (2, 3, 4), (2, 3, 4, 2), (2, 3, 1, 2, 2), (2, 1, 1, 1, 2, 2), (0, 3),
          (2, 0, 3), (0, 2, 3, 4))  # fmt: skip


def layer(rng: Rng) -> Iterable[Case]:
    """The cases of all dropout layers."""
    for shape in SHAPES:
        x = rng.normal(size=shape)
        for p in (0, 0.0, 1, 1.0):
            for kwargs in every(p=(p,), inplace=(True, False)):
                for given in (x, Fixed(x)):
                    yield Case((given,), (), kwargs, label=f"{shape}")
                    yield Case((given,), (), kwargs, label=f"{shape}", evaluate=True)
        yield Case((x,), (0.3,), label=f"{shape}, evaluation", evaluate=True)
    yield Case((rng.normal(size=(2, 3, 4)),), (0.5,), label="drawn", differs=DRAWN)
    x = rng.normal(size=(2, 3, 4))
    for p in (-0.1, 1.1, float("nan"), "half", None):
        yield Case((x,), (p,), label=f"p {p}")
        yield Case((x,), (p,), label=f"p {p}, evaluation", evaluate=True)
    yield Case((np.arange(24).reshape(2, 3, 4),), (0.3,), label="integers")
    yield Case((np.arange(24).reshape(2, 3, 4),), (1.0,), label="integers, all dropped")
    yield Case((np.arange(24).reshape(2, 3, 4),), (0.3,), label="integers", evaluate=True)
    yield Case((np.array([[np.nan, np.inf, 1.0]]),), (1.0,), label="NaN, inf", smooth=False)
    yield Case((x.tolist(),), (0.3,), label="a list")
    yield Case((x,), (0.3, False, 1), label="too many arguments")


def function(rank: int) -> Callable[[Rng], Iterable[Case]]:
    """The cases of a dropout function. rank: a mask can be drawn for this many axes at least."""

    def cases(rng: Rng) -> Iterable[Case]:
        for shape in SHAPES:
            x = rng.normal(size=shape)
            for kwargs in every(p=(0, 1, 1.0), training=(True, False), inplace=(True, False)):
                yield Case((x,), kwargs=kwargs, label=f"{shape}")
                yield Case((Fixed(x),), kwargs=kwargs, label=f"{shape}, no gradient")
            yield Case((x, 0.4, False), label=f"{shape}, evaluation")
            if len(shape) < rank:
                yield Case((x, 0.4, True), label=f"{shape}, too few axes")
        x = rng.normal(size=(2, 3, 4))
        yield Case((x, 0.5, True), label="drawn", differs=DRAWN)
        for p in (-0.1, 1.1, float("nan"), "half", None):
            for training in (True, False):
                yield Case((x, p, training), label=f"p {p}")
        for training in (None, 1, "yes"):
            yield Case((x, 1.0, training), label=f"training {training}")
        whole = np.arange(24).reshape(2, 3, 4)
        for p in (0, 0.3, 1):
            for kwargs in every(p=(p,), training=(True, False), inplace=(True, False)):
                yield Case((whole,), kwargs=kwargs, label="integers")
        yield Case((whole > 3,), kwargs={"p": 1.0, "training": True}, label="booleans")
        yield Case((x.astype(np.float16), 1.0, True), label="half", smooth=False)
        yield Case((x.tolist(), 0.3), label="a list")

    return cases


ROWS = [
    *(Row(f"nn.{name}", layer) for name in (
        "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout",
    )),
    Row("F.dropout", function(0)),
    Row("F.dropout1d", function(2)),
    Row("F.dropout2d", function(2)),
    Row("F.dropout3d", function(1)),
    Row("F.alpha_dropout", function(0)),
    Row("F.feature_alpha_dropout", function(2)),
]  # fmt: skip
