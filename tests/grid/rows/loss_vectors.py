"""Distances of vectors, and the losses that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..row import Case, Fixed, Of, Row, apart, every

REDUCTIONS = ("none", "mean", "sum")
OLD = ({"size_average": False}, {"size_average": True, "reduce": True}, {"reduce": False})
ODD_REDUCTIONS = ("avg", None, 1, "elementwise_mean", "batchmean")
NAN, INF = float("nan"), float("inf")
PAIRS = (
    ((2, 3), (2, 3)), ((3,), (3,)), ((), ()), ((2, 3), (3,)), ((2, 3), (1, 3)), ((3,), (2, 3)),
    ((2, 3, 4), (2, 3, 4)), ((0, 3), (0, 3)), ((2, 0), (2, 0)), ((2, 3), (2, 4)), ((2, 3), (2, 1)),
    ((2, 2, 3), (2, 3)),
)  # fmt: skip
NORMS = (2.0, 1, 0, 3, 0.5, INF, -INF, -1, 2.5, NAN)


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.asarray(rng.normal(size=shape))


def named(inputs: tuple[Any, ...], kwargs: dict[str, Any], label: str, **more: Any) -> Case:
    return Case(inputs, (), kwargs, label=label, **more)


def pairwise(rng: np.random.Generator) -> Iterable[Case]:
    for a, b in PAIRS:
        for keepdim in (False, True):
            kwargs = {"keepdim": keepdim}
            yield named((normal(rng, *a), normal(rng, *b)), kwargs, f"{a} {b}")
    for p in NORMS:
        for eps in (1e-6, 0.0):
            x = apart(rng, 4, 3)
            kwargs = {"p": p, "eps": eps}
            yield named((x, Fixed(np.zeros((4, 3)))), kwargs, f"p={p}", smooth=p == p)
        ties = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 1.0, -1.0], [INF, 1.0, 1.0]])
        if p == p:
            kwargs = {"p": p, "eps": 0.0}
            yield named((ties, Fixed(np.zeros(3))), kwargs, f"zeros, p={p}", smooth=False)
    for p in (2.0, 1, 3, -1):
        x = np.array([[NAN, 1.0, 1.0]])
        yield named((x, Fixed(np.zeros(3))), {"p": p, "eps": 0.0}, "NaN", smooth=False)
    for key, values in (("p", (None, "a")), ("eps", (None, "a", -1.0))):
        for value in values:
            yield named((normal(rng, 2, 3), normal(rng, 2, 3)), {key: value}, "odd option")
    yield from dtypes(rng)


def dtypes(rng: np.random.Generator) -> Iterable[Case]:
    """Vectors of other dtypes."""
    for dtype in ("float16", "float32", "int64", "uint8", "bool"):
        x = np.array([[1, 0, 1]]).astype(dtype)
        yield named((x, normal(rng, 2, 3)), {}, f"{dtype} and float64")
        yield named((x, np.array([[1, 1, 0]]).astype(dtype)), {}, f"both {dtype}")
    yield named(([1.0], normal(rng, 1)), {}, "a list")


def cosine(rng: np.random.Generator) -> Iterable[Case]:
    for a, b in PAIRS:
        for dim in (1, 0, -1, 2, -3):
            kwargs = {"dim": dim}
            yield named((normal(rng, *a), normal(rng, *b)), kwargs, f"{a} {b} dim={dim}")
    for eps in (0.0, 1e-8, -1.0, "a", None):
        yield named((normal(rng, 2, 3), normal(rng, 2, 3)), {"eps": eps}, "eps")
    for dim in (None, 1.5):
        yield named((normal(rng, 2, 3), normal(rng, 2, 3)), {"dim": dim}, "odd dim")
    y = normal(rng, 5, 3)
    x = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [NAN, 1.0, 1.0], [1e-9, 0.0, 0.0], [INF, 1, 1]])
    yield named((x, y), {}, "zeros, NaN", smooth=False, single=False)
    yield named((x[:2], x[:2] * 0), {"eps": 10.0}, "shorter than eps", smooth=False)
    yield from dtypes(rng)


def pdist(rng: np.random.Generator) -> Iterable[Case]:
    for shape in ((4, 2), (1, 2), (3, 1), (5, 3)):
        for p in (2.0, 1, 0, 3, 0.5, 1.5, INF):
            yield Case((apart(rng, *shape),), (p,), label=f"{shape} p={p}", smooth=p != 0)
    for shape in ((3, 0), (3,), (2, 3, 2), ()):
        yield Case((normal(rng, *shape),), label=str(shape))
    for p in (-1.0, NAN, None, "a"):
        yield Case((normal(rng, 3, 2),), (p,), label="bad p")
    ties = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for p in (2.0, 1, 0, 3, 0.5, 1.5, INF):
        yield Case((ties,), (p,), label=f"ties p={p}", smooth=False)
    yield Case((np.array([[NAN, 1.0], [1.0, 2.0], [0.0, 1.0]]),), label="NaN", smooth=False)
    yield Case((np.array([[1, 2], [3, 4]]),), label="integers")
    yield Case((np.ones((2, 2), "float16"),), differs="PyTorch has no float16 for it on the CPU")


def ranking(rng: np.random.Generator) -> Iterable[Case]:
    def sign(*shape: int) -> np.ndarray:
        return np.asarray(rng.choice([-1.0, 1.0], shape))

    shapes = (
        ((4,), (4,), (4,)), ((2, 3), (2, 3), (2, 1)), ((2, 3), (3,), (2, 3)), ((), (), ()),
        ((2, 3), (1, 3), (2, 3)), ((0,), (0,), (0,)), ((2, 3), (2, 4), (2, 3)), ((3,), (3,), ()),
    )  # fmt: skip
    for choice in every(shape=shapes, reduction=REDUCTIONS, margin=(0, 0.3, -0.3)):
        a, b, t = choice.pop("shape")
        yield named((normal(rng, *a), normal(rng, *b), sign(*t)), choice, f"{a} {b} {t}")
    inputs = (normal(rng, 3), normal(rng, 3), sign(3))
    for kwargs in (*OLD, *({"reduction": r} for r in ODD_REDUCTIONS)):
        yield named(inputs, kwargs, "reductions")
    for margin in (NAN, None, "a", True):
        yield named(inputs, {"margin": margin}, "odd margin")
    a, b = np.array([1.0, 1.0, 1.0, NAN, INF]), np.array([1.0, 2.0, 0.0, 0.0, INF])
    yield named((a, b, np.ones(5)), {"reduction": "none"}, "ties, NaN", smooth=False)
    for dtype in ("float32", "int64", "uint8", "bool"):
        ones = np.array([1, 0, 1]).astype(dtype)
        why = "−t wraps around in PyTorch where t is of an unsigned dtype"
        differs = why if dtype == "uint8" else ""
        yield named((normal(rng, 3), normal(rng, 3), ones), {}, f"target {dtype}", differs=differs)
        yield named((ones, ones, normal(rng, 3).astype("float32")), {}, f"inputs {dtype}")


def cosine_embedding(rng: np.random.Generator) -> Iterable[Case]:
    shapes = (
        ((4, 3), (4, 3), (4,)), ((3,), (3,), ()), ((4, 3), (4, 3), (4, 1)), ((2, 3), (1, 3), (2,)),
        ((2, 3), (3,), (2,)), ((2, 3), (2, 3), (1,)), ((2, 3), (2, 3), ()), ((0, 3), (0, 3), (0,)),
        ((2, 3, 4), (2, 3, 4), (2,)), ((3,), (3,), (1,)), ((2, 3), (2, 4), (2,)),
        ((2, 3), (2, 3), (3,)),
    )  # fmt: skip
    for choice in every(shape=shapes, reduction=REDUCTIONS, margin=(0, 0.2, -0.2)):
        a, b, t = choice.pop("shape")
        target = Fixed(np.asarray(rng.choice([-1.0, 1.0], t)))
        yield named((normal(rng, *a), normal(rng, *b), target), choice, f"{a} {b} {t}")
    a = np.array([[1.0, 2.0], [1.0, 0.0], [0.0, 0.0], [2.0, 2.0], [NAN, 1.0]])
    b = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, 1.0]])
    for t in ([1] * 5, [-1] * 5, [0, 2, 1, -1, 1], [True, False, True, True, False]):
        kwargs = {"reduction": "none"}
        label = "zeros, right angles, NaN"
        yield named((a, b, np.array(t)), kwargs, label, smooth=False, single=False)
    inputs = (normal(rng, 3, 2), normal(rng, 3, 2), np.array([1, -1, 1]))
    for kwargs in (*OLD, *({"reduction": r} for r in ODD_REDUCTIONS)):
        yield named(inputs, kwargs, "reductions")
    for margin in (NAN, None, "a", 1.5):
        yield named(inputs, {"margin": margin}, "odd margin")
    whole = rng.integers(1, 4, (3, 2))
    yield named((whole, whole + 1, np.array([1, -1, 1])), {}, "integers")
    yield named((normal(rng, 3, 2), normal(rng, 3, 2), np.array([1.0, -1, 1])), {}, "float target")


TRIPLES = (
    ((4, 3),) * 3, ((3,),) * 3, ((),) * 3, ((2, 3), (3,), (2, 3)), ((2, 3), (1, 3), (1, 3)),
    ((2, 3, 4),) * 3, ((0, 3),) * 3, ((2, 0),) * 3, ((2, 3), (2, 4), (2, 3)),
)  # fmt: skip


def triplet(own: bool) -> Callable[[np.random.Generator], Iterable[Case]]:
    """own: the loss with a distance of one's own, which has fewer arguments."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for choice in every(shape=TRIPLES, reduction=REDUCTIONS, swap=(False, True)):
            inputs = tuple(normal(rng, *shape) for shape in choice["shape"])
            yield named(inputs, {k: choice[k] for k in ("reduction", "swap")}, str(choice["shape"]))
        three = tuple(normal(rng, 4, 3) for _ in range(3))
        for margin in (0.3, 0, -1, NAN, "a", True):
            yield named(three, {"margin": margin}, "margin")
        for kwargs in (*(() if own else OLD), *({"reduction": r} for r in ODD_REDUCTIONS)):
            yield named(three, kwargs, "reductions")
        same = np.array([[1.0, 2.0], [0.0, 0.0]])
        yield named((same, same.copy(), same + 1), {"reduction": "none"}, "ties", smooth=False)
        whole = rng.integers(0, 4, (3, 2))
        yield named((whole, whole + 1, whole - 2), {}, "integers")
        if own:
            for function in (Of("maximum"), Of("add"), 3):
                yield named(three, {"distance_function": function}, "a distance of one's own")
            return
        for p in (1, 0, -1, INF, 3, 0.5, "a", None):
            yield named(three, {"p": p}, "p")
        for eps in (0.0, -1.0, "a", None):
            yield named(three, {"eps": eps}, "eps")

    return cases


ROWS = [
    Row("F.pairwise_distance", pairwise),
    Row("nn.PairwiseDistance", pairwise),
    Row("F.cosine_similarity", cosine),
    Row("nn.CosineSimilarity", cosine),
    Row("F.pdist", pdist),
    Row("F.margin_ranking_loss", ranking),
    Row("nn.MarginRankingLoss", ranking),
    Row("F.cosine_embedding_loss", cosine_embedding),
    Row("nn.CosineEmbeddingLoss", cosine_embedding),
    Row("F.triplet_margin_loss", triplet(False)),
    Row("nn.TripletMarginLoss", triplet(False)),
    Row("F.triplet_margin_with_distance_loss", triplet(True)),
    Row("nn.TripletMarginWithDistanceLoss", triplet(True)),
]
