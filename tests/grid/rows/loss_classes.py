"""Losses of class scores: the target is the number of the true class, or a probability of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..row import Case, Fixed, Row, every

REDUCTIONS = ("none", "mean", "sum")
SHAPES = ((3,), (5, 3), (2, 3, 4), (2, 3, 2, 3), (2, 3, 1, 2, 2), (4, 1), (0, 3), (2, 3, 0))
OLD = ({"size_average": False}, {"size_average": True, "reduce": True}, {"reduce": False})
ODD_REDUCTIONS = ("avg", None, 1, "elementwise_mean", "batchmean")
NAN = float("nan")

Cases = Callable[[np.random.Generator], Iterable[Case]]


def scores(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape) * 2


def labels(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    K = shape[0] if len(shape) == 1 else shape[1]
    return np.asarray(rng.integers(0, K, () if len(shape) == 1 else shape[:1] + shape[2:]))


def shares(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0, 1, shape)


def weight(rng: np.random.Generator, shape: tuple[int, ...]) -> Fixed:
    return Fixed(rng.uniform(0.5, 2.0, shape[0] if len(shape) == 1 else shape[1]))


def named(inputs: tuple[Any, ...], kwargs: dict[str, Any], label: str, **more: Any) -> Case:
    return Case(inputs, (), kwargs, label=label, **more)


def of_labels(smoothing: tuple[float, ...]) -> Cases:
    """Shapes × reductions × weights × ignored labels (× label smoothing)."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        options = every(
            shape=SHAPES, reduction=REDUCTIONS, weighted=(False, True), ignored=(-100, 1),
            smooth=smoothing,
        )  # fmt: skip
        for choice in options:
            shape = choice["shape"]
            kwargs = {"reduction": choice["reduction"], "ignore_index": choice["ignored"]}
            if choice["weighted"]:
                kwargs["weight"] = weight(rng, shape)
            if choice["smooth"]:
                kwargs["label_smoothing"] = choice["smooth"]
            t = labels(rng, shape)
            t = np.where(rng.random(t.shape) < 0.3, choice["ignored"], t)
            yield named((scores(rng, *shape), t), kwargs, str(shape))

    return cases


def calls(rng: np.random.Generator) -> Iterable[Case]:
    """What both cross_entropy and nll_loss accept or refuse."""
    x, t = scores(rng, 4, 3), np.array([0, 2, 1, 0])
    for kwargs in (*OLD, *({"reduction": r} for r in ODD_REDUCTIONS)):
        yield named((x, t), kwargs, "reductions")
    for dtype in ("uint8", "int32", "int16", "bool", "float64"):
        yield named((x, t.astype(dtype)), {}, f"labels {dtype}")
    yield named((x, t.astype("uint8")), {"ignore_index": 1}, "uint8, a class ignored")
    yield named((x.astype(int), t), {}, "integer scores")
    yield named((x.astype("float16"), t), {}, "float16")
    yield named((scores(rng), np.array(0)), {}, "0-d")
    for bad in (t + 1, t - 1, t[:3], t[None], t[:, None], np.array(0), None, [0, 2, 1, 0]):
        yield named((x, bad), {}, "bad labels")
    yield named((scores(rng, 2, 3, 4), np.zeros((2,), int)), {}, "bad labels")
    yield named((scores(rng, 2, 3, 4), np.zeros((1, 4), int)), {}, "bad labels")
    for index in (None, 1.5, "a"):
        yield named((x, t), {"ignore_index": index}, "odd ignore_index")
    for w in (np.ones(4), np.ones((1, 3)), np.ones(3, "float16"), np.ones(3, int), np.ones(())):
        yield named((x, t), {"weight": Fixed(w)}, "bad weight")
    yield named((x, np.full(4, -100)), {}, "all ignored", smooth=False)
    yield named((x, np.full(4, -100)), {"reduction": "sum"}, "all ignored")
    yield named((x, t), {"weight": Fixed(np.zeros(3))}, "weights of 0", smooth=False)
    special = np.array([[np.inf, 0.0, 1.0], [-np.inf, 0.0, 1.0], [NAN, 0.0, 1.0], [1e4, 0.0, -1e4]])
    for k in range(3):
        kwargs = {"reduction": "none"}
        yield named((special, np.full(4, k)), kwargs, "NaN, inf", smooth=False)
    yield named((x.T[:, :3], t[:3]), {}, "not contiguous")
    why = "PyTorch takes a target of shape (1,) for one position, but its backward raises"
    yield named((x[0], t[:1]), {}, "one position", differs=why)
    why = "scores of no classes: PyTorch answers NaN where every label is ignored, ours raises"
    yield named((scores(rng, 2, 0), np.array([-100, -100])), {}, "no class", differs=why)


def weight_gradient(rng: np.random.Generator) -> Iterable[Case]:
    x, t = scores(rng, 4, 3), np.array([0, 2, 1, 0])
    yield named((x, t), {"weight": rng.uniform(0.5, 2.0, 3)}, "the weight's gradient")


def of_shares(layer: bool) -> Cases:
    """cross_entropy with probabilities."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        options = every(
            shape=SHAPES, reduction=REDUCTIONS, weighted=(False, True), smooth=(0.0, 0.3),
        )  # fmt: skip
        for choice in options:
            shape = choice["shape"]
            kwargs = {"reduction": choice["reduction"], "label_smoothing": choice["smooth"]}
            if choice["weighted"]:
                kwargs["weight"] = weight(rng, shape)
            yield named((scores(rng, *shape), shares(rng, shape)), kwargs, f"shares {shape}")
        x, q, t = scores(rng, 4, 3), shares(rng, (4, 3)), np.array([0, 2, 1, 0])
        for index in (1, 0, -1):
            yield named((x, q), {"ignore_index": index}, "ignore_index with shares")
        for smooth in (-0.1, 1.0, 1.1, NAN, True, None, "a"):
            for target in (t, q):
                yield named((x, target), {"label_smoothing": smooth}, "odd label_smoothing")
        yield named((x, q.astype("float32")), {}, "shares of another dtype")
        yield named((x, (q > 0.5).astype(int)), {}, "integer shares")
        yield named((x, q), {"weight": np.array([1, 2, 3])}, "integer weights")
        if layer:
            return
        for shape, kwargs in (
            ((4, 3), {}), ((4, 3), {"label_smoothing": 0.3}), ((2, 3, 2), {"reduction": "none"}),
            ((3,), {}),
        ):  # fmt: skip
            inputs = (scores(rng, *shape), shares(rng, shape))
            more = {"weight": rng.uniform(0.5, 2.0, 3)}
            yield named(inputs, {**kwargs, **more}, "the weight's gradient")

    return cases


def together(*parts: Cases) -> Cases:
    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for part in parts:
            yield from part(rng)

    return cases


def linear(rng: np.random.Generator) -> Iterable[Case]:
    """F.linear_cross_entropy."""
    w, b = scores(rng, 3, 4), scores(rng, 3)
    for choice in every(bias=(None, b), reduction=REDUCTIONS, weighted=(False, True)):
        kwargs = {"linear_bias": choice["bias"], "reduction": choice["reduction"]}
        if choice["weighted"]:
            kwargs["weight"] = weight(rng, (5, 3))
        x = scores(rng, 5, 4)
        yield named((x, w, labels(rng, (5, 3))), kwargs, "labels")
        yield named((x, w, shares(rng, (5, 3))), kwargs, "shares")
        yield named((x[0], w, np.array(1)), kwargs, "one position")
    x, wide = scores(rng, 5, 4), scores(rng, 3, 2, 4)
    t = rng.integers(0, 3, (5, 2))
    yield named((x, wide, t), {"linear_bias": scores(rng, 3, 2)}, "more outputs")
    yield named((x, wide, t), {"label_smoothing": 0.2, "ignore_index": 1}, "more outputs")
    yield named((x[0], wide, t[0]), {}, "more outputs of one position")
    yield named((x, w, labels(rng, (5, 3))), {"linear_bias": scores(rng, 2)}, "bad bias")
    yield named((x, w, shares(rng, (5, 3))), {"ignore_index": 1}, "ignore_index with shares")
    for bad in (scores(rng, 3, 5), scores(rng, 4)):
        yield named((x, bad, labels(rng, (5, 3))), {}, "bad weight")
    yield named((scores(rng, 2, 5, 4), w, labels(rng, (5, 3))), {}, "bad rank")


def linear_layer(rng: np.random.Generator) -> Iterable[Case]:
    options = every(bias=(False, True), reduction=REDUCTIONS, out=((), (2,)))
    for choice in options:
        kwargs = {"bias": choice["bias"], "reduction": choice["reduction"]}
        kwargs["out_features"] = choice["out"]
        t = rng.integers(0, 3, (5, *choice["out"]))
        yield Case((scores(rng, 5, 4), t), (4, 3), kwargs)
    x, t = scores(rng, 5, 4), labels(rng, (5, 3))
    for kwargs in (
        {"weight": rng.uniform(0.5, 2.0, 3)}, {"ignore_index": 1}, {"label_smoothing": 0.2},
        {"label_smoothing": -0.1}, {"label_smoothing": 1.1}, {"weight": np.ones(4)},
    ):  # fmt: skip
        yield Case((x, t), (4, 3), kwargs)
    yield Case((x, shares(rng, (5, 3))), (4, 3), {"weight": rng.uniform(0.5, 2.0, 3)})


def one_hot(rng: np.random.Generator) -> Iterable[Case]:
    for t in (np.array([0, 2]), np.array(1), np.array([[0, 1], [2, 0]]), np.zeros((0, 2), int)):
        for more in ((), (5,), (3,), (2,), (0,), (-1,), (-2,), (2.5,), (None,), (True,)):
            yield Case((t,), more, label="classes")
    for dtype in ("int32", "uint8", "bool", "float64"):
        yield Case((np.array([0, 1]).astype(dtype),), label=dtype)
    yield Case((np.array([0, -1]),), label="negative")
    yield Case((np.array([0, -1]), 3), label="negative")
    yield Case(([0, 1],), label="a list")


def margin(layer: bool) -> Cases:
    """multi_margin_loss."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for choice in every(
            shape=((4, 3), (3,), (0, 3), (2, 1)), reduction=REDUCTIONS, p=(1, 2), margin=(1.0, 0.3),
            weighted=(False, True),
        ):  # fmt: skip
            shape, weighted = choice.pop("shape"), choice.pop("weighted")
            if weighted:
                choice["weight"] = weight(rng, shape)
            why = "no rows: PyTorch answers what is in memory"
            empty = shape == (0, 3) and choice["reduction"] != "none"
            t = labels(rng, shape)
            yield named((scores(rng, *shape), t), choice, str(shape), differs=why if empty else "")
        x, t = scores(rng, 4, 3), np.array([0, 2, 1, 0])
        for p in (0, 3, 2.0, 1.5, None):
            yield named((x, t), {"p": p}, "p")
        for value in (0, -1, NAN, "a", None):
            yield named((x, t), {"margin": value}, "margin")
        bad = [np.ones(2), np.ones((1, 3)), np.ones(3, int)]
        for w in bad if layer else [*bad, np.ones(3), Fixed(np.ones(3, "float16"))]:
            yield named((x, t), {"weight": w}, "bad weight")
        for kwargs in (*OLD, *({"reduction": r} for r in ODD_REDUCTIONS)):
            yield named((x, t), kwargs, "reductions")
        yield from rows_of_classes(rng)
        special = np.array([[np.inf, 0.0, 1.0], [1.0, 0.0, NAN], [NAN, 0.0, 1.0], [0.0, 1.0, 2.0]])
        for p in (1, 2):
            kwargs = {"p": p, "reduction": "none"}
            yield named((special, np.array([1, 1, 1, 1])), kwargs, "NaN, ties", smooth=False)

    return cases


def rows_of_classes(rng: np.random.Generator) -> Iterable[Case]:
    """Scores and labels that fit, and that do not."""
    x, t = scores(rng, 4, 3), np.array([0, 2, 1, 0])
    for bad in (t + 1, t - 1, t[:3], t[None], t[0], t.astype("int32"), t.astype(float), None):
        yield named((x, bad), {}, "bad labels")
    for shape, label in (((), 0), ((3,), [1]), ((2, 0), [0, 0]), ((2, 3, 1), [0, 0]), ((1,), 0),
                         ((3,), [1, 2]), ((3,), [[1]])):  # fmt: skip
        for reduction in REDUCTIONS:
            inputs = (scores(rng, *shape), np.array(label))
            yield named(inputs, {"reduction": reduction}, "odd shapes")
    yield named((x.astype(int), t), {}, "integer scores")
    why = "PyTorch has no float16 for it on the CPU"
    yield named((x.astype("float16"), t), {}, "float16", differs=why)


def multilabel_margin(rng: np.random.Generator) -> Iterable[Case]:
    t = np.array([[3, 0, -1, 1], [0, 1, 2, 3], [-1, 1, 2, 3], [2, -1, -1, -1], [1, 1, 2, -1]])
    for reduction in (*REDUCTIONS, *ODD_REDUCTIONS):
        yield named((scores(rng, 5, 4), t), {"reduction": reduction}, "rows")
        yield named((scores(rng, 4), t[0]), {"reduction": reduction}, "one row")
    for kwargs in OLD:
        yield named((scores(rng, 5, 4), t), kwargs, "older arguments")
    for bad in (t + 1, t - 1, t[:3], t[0], t.astype("int32"), t.astype(float), None):
        yield named((scores(rng, 5, 4), bad), {}, "bad labels")
    why = "no rows: PyTorch answers what is in memory"
    for shape, shape_t in (
        ((4,), (1, 4)), ((1, 4), (4,)), ((), ()), ((), (1,)), ((1,), ()), ((0, 4), (0, 4)),
        ((4, 0), (4, 0)), ((0,), (0,)), ((2, 1), (2, 1)), ((2, 3, 1), (2, 3, 1)),
    ):  # fmt: skip
        for reduction in REDUCTIONS:
            inputs = (scores(rng, *shape), np.zeros(shape_t, int))
            empty = why if shape == (0, 4) and reduction != "none" else ""
            yield named(inputs, {"reduction": reduction}, "odd shapes", differs=empty)
    ties = np.array([[0.0, 1.0, 1.0, 2.0], [0.0, NAN, 1.0, np.inf]])
    yield named((ties, t[:2] * 0 + [[2, 0, -1, 0]]), {"reduction": "none"}, "ties", smooth=False)
    yield named((scores(rng, 5, 4).astype(int), t), {}, "integer scores")


ROWS = [
    Row(
        "F.cross_entropy", together(of_labels((0.0, 0.3)), calls, weight_gradient, of_shares(False))
    ),
    Row("nn.CrossEntropyLoss", together(of_labels((0.0, 0.3)), calls, of_shares(True))),
    Row("F.nll_loss", together(of_labels((0.0,)), calls, weight_gradient)),
    Row("nn.NLLLoss", together(of_labels((0.0,)), calls)),
    Row("nn.NLLLoss2d", together(of_labels((0.0,)), calls)),
    Row("F.linear_cross_entropy", linear),
    Row("nn.LinearCrossEntropyLoss", linear_layer),
    Row("F.one_hot", one_hot),
    Row("F.multi_margin_loss", margin(False)),
    Row("nn.MultiMarginLoss", margin(True)),
    Row("F.multilabel_margin_loss", multilabel_margin),
    Row("nn.MultiLabelMarginLoss", multilabel_margin),
]
