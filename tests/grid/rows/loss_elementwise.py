"""Losses that compare x with a target element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..row import Case, Fixed, Row, every

REDUCTIONS = ("none", "mean", "sum")
SHAPES = ((3, 4), (), (1,), (2, 1, 3, 2))
EMPTY = ((0, 3), (2, 0))
BROADCAST = (((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((1,), ()))
OLD = ({"size_average": False}, {"size_average": True, "reduce": True}, {"reduce": False})
NAN, INF = float("nan"), float("inf")

Draw = Callable[..., Any]
Cases = Callable[[np.random.Generator], Iterable[Case]]


def spread(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers in tenths plus a little: differences stay away from 0, 0.5, 0.7 and 1."""
    tenths = rng.integers(-20, 20, shape) / 10
    return np.asarray(tenths + rng.uniform(0.02, 0.03, shape))


def tenths(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.asarray(rng.integers(-20, 20, shape) / 10)


def share(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.asarray(rng.uniform(0.05, 0.95, shape))


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.asarray(rng.normal(size=shape))


def sign(rng: np.random.Generator, *shape: int) -> Fixed:
    return Fixed(np.asarray(rng.choice([-1.0, 1.0], shape)))


def calling(inputs: tuple[Any, ...], kwargs: dict[str, Any], **more: Any) -> Case:
    return Case(inputs, (), kwargs, **more)


def pairs(
    x: Draw, t: Draw, options: tuple[dict[str, Any], ...] = ({},), broadcast: bool = True,
    old: bool = True,
) -> Cases:  # fmt: skip
    """Reductions × options × shapes, the older arguments, and the calls that all losses refuse."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for choice in every(reduction=REDUCTIONS, option=options, shape=SHAPES + EMPTY):
            kwargs = {"reduction": choice["reduction"], **choice["option"]}
            shape = choice["shape"]
            yield calling((x(rng, *shape), t(rng, *shape)), kwargs, label=str(shape))
        for kwargs in OLD if old else ():
            yield calling((x(rng, 2, 3), t(rng, 2, 3)), kwargs, label="older arguments")
        for shape_x, shape_t in BROADCAST:
            for reduction in REDUCTIONS:
                yield calling((x(rng, *shape_x), t(rng, *shape_t)), {"reduction": reduction},
                           label="broadcast" if broadcast else "shapes differ")  # fmt: skip
        yield calling((x(rng, 2, 3), t(rng, 2, 4)), {}, label="shapes do not fit")
        for reduction in ("avg", None, 1, "elementwise_mean", "batchmean"):
            yield calling((x(rng, 3), t(rng, 3)), {"reduction": reduction}, label="odd reduction")
        yield calling(([0.5, 0.5], t(rng, 2)), {}, label="a list")
        yield calling((x(rng, 2), None), {}, label="no target")
        yield calling((x(rng, 3, 2).T, t(rng, 2, 3)), {}, label="not contiguous")

    return cases


def dtypes(x: Draw, t: Draw, names: tuple[str, ...], gradient: bool = True) -> Cases:
    """Inputs and targets of other dtypes, as ones and zeros; gradient: of the target, too."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        ones = np.array([1, 0, 1])
        for name in names:
            for reduction in ("none", "mean"):
                kwargs = {"reduction": reduction}
                odd = ones.astype(name) if gradient else Fixed(ones.astype(name))
                yield Case((x(rng, 3), odd), (), kwargs, label=f"target {name}")
                if name != "float64":
                    odd = ones.astype(name)
                    yield Case((odd, t(rng, 3)), (), kwargs, label=f"input {name}")
                    both = (odd, odd.copy() if gradient else Fixed(odd))
                    yield Case(both, (), kwargs, label=f"both {name}")

    return cases


def together(*parts: Cases) -> Cases:
    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for part in parts:
            yield from part(rng)

    return cases


def special(
    xs: tuple[float, ...], ts: tuple[float, ...], target_gradient: bool = True, **kwargs: Any
) -> Cases:
    """NaN, infinities and kinks: every x with every t."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        x, t = (np.array(v).reshape(-1) for v in np.meshgrid(xs, ts))
        inputs = (x, t if target_gradient else Fixed(t))
        yield Case(inputs, (), {"reduction": "none", **kwargs}, label="special", smooth=False)

    return cases


def weights(x: Draw, t: Draw, **kwargs: Any) -> Cases:
    """mse_loss, l1_loss, huber_loss: a weight for each element."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for reduction in (*REDUCTIONS, "avg", "elementwise_mean"):
            w = rng.uniform(0.5, 2.0, (2, 3))
            for weight in (w, w[0], w.astype("float32"), np.ones((2, 3), np.int64), [1.0]):
                inputs, more = (x(rng, 2, 3), t(rng, 2, 3)), {"weight": weight}
                yield Case(inputs, (), {"reduction": reduction, **more, **kwargs}, label="weight")
        inputs = (x(rng, 3), t(rng, 2, 3))
        for shape in ((2, 3), (3,)):
            yield Case(inputs, (), {"weight": normal(rng, *shape)}, label="broadcast and weight")

    return cases


def bce_weights(logits: bool, layer: bool) -> Cases:
    """Weights that are broadcast, too large, of other dtypes, or that want a gradient."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        x = normal if logits else share
        for shape in ((3,), (2, 1), (2, 3), (), (4,), (4, 2, 3)):
            for name in ("weight", "pos_weight") if logits else ("weight",):
                for reduction in REDUCTIONS:
                    w = Fixed(rng.uniform(0.5, 2.0, shape))
                    kwargs = {name: w, "reduction": reduction}
                    yield Case(
                        (x(rng, 2, 3), share(rng, 2, 3)), (), kwargs, label=f"{name} {shape}"
                    )
        for dtype in ("float32", "int64", "bool"):
            kwargs = {"weight": np.ones(3).astype(dtype)}
            if dtype == "float32":
                kwargs = {"weight": Fixed(kwargs["weight"])}
            yield Case((x(rng, 2, 3), share(rng, 2, 3)), (), kwargs, label=f"weight {dtype}")
        if not layer:
            for name in ("weight", "pos_weight") if logits else ("weight",):
                kwargs = {name: np.ones(3)}
                yield Case((x(rng, 2, 3), share(rng, 2, 3)), (), kwargs, label="weight's gradient")
        if logits:
            both = {
                "weight": Fixed(rng.uniform(1, 2, 3)),
                "pos_weight": Fixed(rng.uniform(1, 2, 3)),
            }
            yield Case((x(rng, 2, 3), share(rng, 2, 3)), (), both, label="both weights")

    return cases


def bad_options(**options: tuple[Any, ...]) -> Cases:
    """Each value of an option, good or bad."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        for name, values in options.items():
            for value in values:
                inputs = (spread(rng, 2, 3), tenths(rng, 2, 3))
                yield Case(inputs, (), {name: value}, label="odd option")

    return cases


def soft_margin_overflow(rng: np.random.Generator) -> Iterable[Case]:
    """e^−tx beyond the largest float."""
    why = "e^−tx overflows in PyTorch, which answers inf and NaN; ours is exact"
    for x, t in ((1000.0, -1.0), (-1000.0, 1.0), (INF, -1.0)):
        yield Case((np.array([x]), Fixed(np.array([t]))), differs=why)


def outside(rng: np.random.Generator) -> Iterable[Case]:
    """binary_cross_entropy of what is no probability."""
    for x, t in ((1.5, 1.0), (-0.1, 1.0), (NAN, 1.0), (0.5, 2.0), (0.5, -1.0), (0.5, NAN)):
        yield Case((np.array([x]), np.array([t])), label="no probability")


def half(rng: np.random.Generator) -> Iterable[Case]:
    x, t = share(rng, 3).astype("float16"), share(rng, 3).astype("float16")
    yield Case((x, t), label="float16")
    yield Case((x, share(rng, 3)), label="float16 and another")
    why = "10⁻¹² is 0 in float16, and PyTorch's gradient is 0 / 0; ours is 0"
    yield Case((np.ones(1, "float16"), np.ones(1, "float16")), differs=why)


def huber_dtypes(rng: np.random.Generator) -> Iterable[Case]:
    x = spread(rng, 3)
    for name in ("int64", "uint8", "bool"):
        odd = np.array([1, 0, 1]).astype(name)
        yield Case((Fixed(x), odd), (), {"reduction": "none"}, label=f"target {name}")
        yield Case((odd, x), (), {"reduction": "none"}, label=f"input {name}")
        why = "PyTorch answers for a target of another dtype, but its backward raises"
        yield Case((x, odd), (), {"reduction": "none"}, differs=why)


def unsigned(rng: np.random.Generator) -> Iterable[Case]:
    why = "−t wraps around in PyTorch where t is of an unsigned dtype"
    yield Case((normal(rng, 3), np.array([1, 0, 1], np.uint8)), differs=why)


SIGNED = ("float16", "float32", "float64", "int64", "bool")
OTHER = ("float32", "int64", "uint8", "bool")
ALL = ("float16", "float32", "float64", "int64", "uint8", "bool")
BETAS, DELTAS = ({}, {"beta": 0.5}, {"beta": 0.0}), ({}, {"delta": 0.5})
MARGINS = ({}, {"margin": 0.3}, {"margin": -0.3})
LOGS = ({"log_target": True}, {"log_target": False})
RATES = tuple(every(log_input=(True, False), full=(True, False)))
FLAGS = (0, -1.0, NAN, "a", None, True, 2)


def counts(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Positive, and not near 1, where Stirling's formula sets in."""
    return np.asarray(rng.integers(1, 5, shape) + rng.uniform(0.2, 0.7, shape))


def single_counts(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """e to the power of an integer is a float32 in PyTorch, whatever the target is."""
    return counts(rng, *shape).astype("float32")


def margins(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Not near 1, 0.3 or −0.3."""
    return np.asarray(rng.integers(-20, 20, shape) / 10 + 0.05)


FUNCTIONS = {
    "mse_loss": (spread, tenths, ({},)),
    "l1_loss": (spread, tenths, ({},)),
    "smooth_l1_loss": (spread, tenths, BETAS),
    "soft_margin_loss": (normal, sign, ({},)),
    "binary_cross_entropy": (share, share, ({},)),
    "binary_cross_entropy_with_logits": (normal, share, ({},)),
    "kl_div": (normal, share, LOGS),
    "poisson_nll_loss": (share, counts, RATES),
    "hinge_embedding_loss": (margins, sign, MARGINS),
    "multilabel_soft_margin_loss": (normal, share, ({},)),
}
LAYERS = {
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "soft_margin_loss": "SoftMarginLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "kl_div": "KLDivLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
}
HUGE = (0.0, 1.0, -1.0, INF, -INF, NAN, 0.5)
MORE: dict[str, tuple[Cases, ...]] = {
    "mse_loss": (dtypes(spread, tenths, ALL), special(HUGE, HUGE), weights(spread, tenths)),
    "l1_loss": (dtypes(spread, tenths, ALL), special(HUGE, HUGE), weights(spread, tenths)),
    "smooth_l1_loss": (
        dtypes(spread, tenths, ALL), special(HUGE, HUGE), special(HUGE, HUGE, beta=0.5),
        special(HUGE, HUGE, beta=0.0), bad_options(beta=FLAGS),
    ),
    "soft_margin_loss": (
        dtypes(normal, sign, SIGNED, False), unsigned, soft_margin_overflow,
        special((0.0, 3.0, NAN, 30.0), (1.0, -1.0, 0.0), False),
        lambda rng: [Case((normal(rng, 3), np.ones(3)), label="target's gradient")],
    ),
    "binary_cross_entropy": (
        dtypes(share, share, OTHER), half, outside, bce_weights(False, False),
        special((0.0, 1.0, 0.5, 1e-30), (0.0, 1.0, 0.5)),
    ),
    "binary_cross_entropy_with_logits": (
        dtypes(normal, share, ALL), bce_weights(True, False),
        special((*HUGE, 1000.0, -1000.0), (0.0, 1.0, 0.5)),
    ),
    "kl_div": (
        dtypes(normal, share, ALL), special(HUGE, HUGE), special(HUGE, HUGE, log_target=True),
    ),
    "poisson_nll_loss": (
        dtypes(share, single_counts, ALL), special(HUGE, HUGE), bad_options(eps=FLAGS),
        special((*HUGE, 1000.0), (*HUGE, 3.0), full=True),
        special(HUGE, (*HUGE, 3.0), full=True, log_input=False),
    ),
    "hinge_embedding_loss": (
        dtypes(margins, sign, ALL, False), special((*HUGE, 2.0), (1.0, -1.0, 0.0, 0.5, NAN), False),
        bad_options(margin=FLAGS),
    ),
    "multilabel_soft_margin_loss": (
        dtypes(normal, share, ALL), special(HUGE, (0.0, 1.0, 0.5)),
        weights(normal, share),
    ),
}  # fmt: skip
LAYERS_MORE: dict[str, tuple[Cases, ...]] = {
    "binary_cross_entropy": (bce_weights(False, True),),
    "binary_cross_entropy_with_logits": (bce_weights(True, True),),
    "smooth_l1_loss": (bad_options(beta=FLAGS),),
}


def huber(layer: bool) -> Cases:
    parts: tuple[Cases, ...] = (
        pairs(spread, tenths, DELTAS, old=False), bad_options(delta=FLAGS),
        special(HUGE, HUGE), special(HUGE, HUGE, delta=0.5), huber_dtypes,
    )  # fmt: skip
    return together(*parts) if layer else together(*parts, weights(spread, tenths))


def gaussian(layer: bool) -> Cases:
    """The shapes that the variance may have, and those it may not."""

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        shapes = (
            ((2, 3), (2, 3), (2, 3)), ((2, 3), (2, 3), (2, 1)), ((2, 3), (2, 3), (2,)),
            ((2, 3), (2, 3), (3,)), ((2, 3), (2, 3), (1, 3)), ((2, 3), (2, 3), (1, 1)),
            ((2, 3), (3,), (2, 3)), ((2, 3), (2, 3), ()), ((3,), (3,), ()), ((3,), (3,), (1,)),
            ((), (), ()), ((0, 3), (0, 3), (0, 3)), ((3,), (2, 3), (3,)), ((2, 3), (2, 4), (2, 3)),
            ((2, 3, 2, 2), (2, 3, 2, 2), (2, 1, 2, 2)),
        )  # fmt: skip
        for choice in every(shape=shapes, reduction=REDUCTIONS, full=(False, True)):
            x, t, v = choice.pop("shape")
            inputs = (normal(rng, *x), normal(rng, *t), np.asarray(rng.uniform(0.5, 2.0, v)))
            yield calling(inputs, choice, label=f"var {v}")
        x, t = normal(rng, 3), normal(rng, 3)
        for var in (2.0, 0.0, 2, -1.0, None, "a", np.array([1, 1, 1]), np.array([1.0, -1.0, 1.0])):
            yield calling((x, t, var), {}, label="odd var")
        tiny = np.array([0.0, 1e-9, NAN])
        for eps in (1e-6, 0.5, -1.0, 0):
            yield calling(
                (x, t, tiny), {"eps": eps, "reduction": "none"}, label="eps", smooth=False
            )
        for reduction in ("avg", None, "elementwise_mean"):
            yield calling((x, t, np.ones(3)), {"reduction": reduction}, label="odd reduction")
        whole = np.array([1, 0, 1])
        yield calling((whole, t, np.ones(3)), {}, label="integer input")
        yield calling((whole, t, 1.0), {}, label="integer input, var a number")
        yield calling((x, whole, np.ones(3)), {}, label="integer target")
        yield calling((x, whole > 0, np.ones(3)), {}, label="bool target")

    return cases


ROWS = [
    *(Row(f"F.{name}", together(pairs(*how), *MORE[name])) for name, how in FUNCTIONS.items()),
    *(
        Row(f"nn.{LAYERS[name]}", together(pairs(*how), *LAYERS_MORE.get(name, ())))
        for name, how in FUNCTIONS.items()
    ),
    Row("F.huber_loss", huber(False)),
    Row("nn.HuberLoss", huber(True)),
    Row("F.gaussian_nll_loss", gaussian(False)),
    Row("nn.GaussianNLLLoss", gaussian(True)),
]
