"""Pooling functions and layers, for one, two and three axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..row import Case, Fixed, Row, apart, every

Cases = Iterable[Case]
NO_HALF = "PyTorch's CPU has no half precision here; ours answers"
EMPTY = "PyTorch refuses to go back through an empty output; ours gives zeros"
OUT_OF_BOUNDS = "PyTorch adds the gradient of a window without a pixel to a foreign element"
SHAPES = {1: (2, 3, 8), 2: (2, 2, 7, 6), 3: (1, 2, 5, 6, 4)}
ODD = {1: (3,), 2: (3, 2), 3: (2, 3, 1)}  # one number for each axis


def image(rng: np.random.Generator, n: int) -> np.ndarray:
    return apart(rng, *SHAPES[n])


def special(rng: np.random.Generator, n: int) -> np.ndarray:
    """Ties, NaN and infinities."""
    x = rng.integers(0, 3, SHAPES[n]) * 1.0
    x[rng.random(x.shape) < 0.05] = np.nan
    x[rng.random(x.shape) < 0.05] = np.inf
    x[rng.random(x.shape) < 0.3] = -np.inf
    return x


def sized(rng: np.random.Generator, n: int) -> Iterable[tuple[str, np.ndarray]]:
    """Images of uncommon sizes, all with windows of 2."""
    x = image(rng, n)
    yield "no batch", x[0]
    yield "one image", x[:1, :1]
    yield "empty batch", x[:0]
    yield "not contiguous", np.swapaxes(x, 0, 1)
    yield "smallest", x[(..., *(slice(2),) * n)]


def misshapen(rng: np.random.Generator, n: int) -> Iterable[tuple[str, np.ndarray]]:
    """What no pool takes."""
    x = image(rng, n)
    yield "no channels, no batch", x[0, 0]
    yield "one axis too many", x[None]
    yield "no pixels", x[..., :0]
    yield "no pixels, no batch", x[0, ..., :0]
    yield "no pixels, empty batch", x[:0, ..., :0]


def windows(n: int) -> Iterable[dict[str, Any]]:
    """kernel_size, stride and padding that fit SHAPES."""
    odd = ODD[n]
    yield from every(kernel_size=(2, odd), stride=(None, 1, odd[::-1]), padding=(0,))
    yield from every(kernel_size=(3,), stride=(None, 2), padding=(1, (1,), (0,) * (n - 1) + (1,)))
    yield {"kernel_size": [2], "stride": (), "padding": [0] * n}


def bad_windows(n: int, extra: dict[str, Iterable[Any]]) -> Iterable[dict[str, Any]]:
    """Arguments that raise, each beside good ones."""
    wrong: dict[str, Iterable[Any]] = {
        "kernel_size": (0, -1, 2.0, "2", None, (), (2,) * (n + 1), (2, 2, 2, 2), True, 30),
        "stride": (0, -1, 1.0, "1", (1,) * (n + 1)),
        "padding": (-1, 2, 1.0, None, (), (0,) * (n + 1)),
        "ceil_mode": (1, None),
        **extra,
    }
    for name, values in wrong.items():
        for value in values:
            yield {"kernel_size": 2, name: value}


def max_pool(n: int) -> Callable[[np.random.Generator], Cases]:
    def cases(rng: np.random.Generator) -> Cases:
        for ceil_mode, indices in ((False, False), (True, True)):
            more = {"ceil_mode": ceil_mode, "return_indices": indices}
            for kwargs in windows(n):
                yield Case((image(rng, n),), kwargs={**kwargs, **more})
            for dilation in (2, (1,) * (n - 1) + (2,)):
                for padding in (0, 1):
                    kwargs = {"kernel_size": 2, "stride": 1, "padding": padding}
                    yield Case((image(rng, n),), kwargs={**kwargs, "dilation": dilation, **more})
        both = {"kernel_size": 2, "return_indices": True}
        for label, x in sized(rng, n):
            yield Case((x,), kwargs=both, label=label)
        for kwargs in (both, {**both, "stride": 1, "kernel_size": 3, "padding": 1}):
            yield Case((special(rng, n),), kwargs=kwargs, label="ties, NaN, inf", smooth=False)
        yield Case((np.full(SHAPES[n], -np.inf),), kwargs={**both, "padding": 1}, smooth=False,
                   label="nothing but −inf")  # fmt: skip
        for dtype in ("float16", "int64", "int32", "int16", "int8", "uint8", "bool"):
            x = rng.integers(0, 9, SHAPES[n]).astype(dtype)
            yield Case((x,), kwargs={"kernel_size": 2}, label=dtype, smooth=False)
            yield Case((x,), kwargs={**both, "padding": 1}, label=dtype, smooth=False)
        yield from blind(rng, n)
        huge = {"kernel_size": 8, "ceil_mode": True, "stride": 3}
        yield Case((image(rng, n),), kwargs=huge, label="kernel beyond the image, ceil")
        for kwargs in bad_windows(n, {"dilation": (0, -1, 1.0, (), None, 30)}):
            yield Case((image(rng, n),), kwargs=kwargs, label="bad")
        yield Case((image(rng, n),), kwargs={"kernel_size": 3, "padding": 2, "dilation": 2})
        for label, x in (*misshapen(rng, n), ("no channels", image(rng, n)[:, :0])):
            yield Case((x,), kwargs={"kernel_size": 2}, label=label)
            yield Case((x,), kwargs=both, label=label)

    return cases


def blind(rng: np.random.Generator, n: int) -> Cases:
    """Dilation carries windows past all pixels: −inf, and an index that may lie outside."""
    far = {"kernel_size": 1, "dilation": 30}
    yield Case((image(rng, n),), kwargs=far, label="one tap, dilation beyond the image")
    far = {"kernel_size": 4, "stride": 3, "padding": 2, "dilation": 2, "ceil_mode": True}
    yield Case((apart(rng, 1, 2, *(1,) * n),), kwargs=far, label="one of four taps meets a pixel")
    for size, dilation in ((1, 2), (2, 3), (3, 4)):
        x = apart(rng, 1, 2, *(size,) * n)
        kwargs = {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": dilation}
        both = {**kwargs, "return_indices": True}
        yield Case((Fixed(x),), kwargs=both, label="window of padding", smooth=False)
        yield Case((x,), kwargs=kwargs, label="window of padding", smooth=False,
                   differs=OUT_OF_BOUNDS)  # fmt: skip


def avg_pool(n: int) -> Callable[[np.random.Generator], Cases]:
    divisors = (None, 3, -2) if n > 1 else (None,)

    def cases(rng: np.random.Generator) -> Cases:
        for ceil_mode, counted in ((False, True), (True, True), (True, False), (False, False)):
            more = {"ceil_mode": ceil_mode, "count_include_pad": counted}
            for kwargs in windows(n):
                yield Case((image(rng, n),), kwargs={**kwargs, **more})
        for divisor in divisors[1:]:
            for kwargs in windows(n):
                yield Case((image(rng, n),), kwargs={**kwargs, "divisor_override": divisor})
        for size in range(3, 9):
            for k, s, p in ((3, 2, 1), (2, 3, 0), (3, 4, 1)):
                kwargs = {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": True}
                yield Case((apart(rng, 1, 1, *(3,) * (n - 1), size),), kwargs=kwargs)
        for label, x in sized(rng, n):
            yield Case((x,), kwargs={"kernel_size": 2}, label=label)
        yield Case((special(rng, n),), kwargs={"kernel_size": 2}, label="NaN, inf", smooth=False)
        for kwargs in every(kernel_size=(2, 3), padding=(0, 1), divisor_override=divisors):
            kept = {name: value for name, value in kwargs.items() if value is not None}
            x = rng.integers(-20, 20, SHAPES[n])
            yield Case((x,), kwargs=kept, label="integers, cut off towards 0")
        half = rng.normal(size=SHAPES[n]).astype(np.float16)
        yield Case((half,), kwargs={"kernel_size": 2}, label="half", smooth=False,
                   differs=NO_HALF if n == 3 else "")  # fmt: skip
        for dtype in ("int32", "uint8", "bool"):
            yield Case((np.ones(SHAPES[n], dtype),), kwargs={"kernel_size": 2}, label=dtype)
        for kernel, padding in ((8, 1), (8, 0), (9, 4)):
            kwargs = {"kernel_size": kernel, "padding": padding, "stride": 3, "ceil_mode": True}
            yield Case((image(rng, n),), kwargs=kwargs, label="kernel beyond the image")
        extra: dict[str, Iterable[Any]] = {"count_include_pad": (1, None)}
        extra["divisor_override"] = (0, 2.0, "2", True) if n > 1 else (2,)
        for kwargs in bad_windows(n, extra):
            yield Case((image(rng, n),), kwargs=kwargs, label="bad")
        for label, x in (*misshapen(rng, n), ("no channels", image(rng, n)[:, :0])):
            yield Case((x,), kwargs={"kernel_size": 2}, label=label)

    return cases


def adaptive(n: int, largest: bool) -> Callable[[np.random.Generator], Cases]:
    """largest: maxima, not means."""
    three = {1: (3,), 2: (4, 3), 3: (3, 2, 4)}[n]
    sizes: list[Any] = [1, 2, 3, 5, 9, three, list(three), three[::-1], (1,) * n, (9, 1, 2)[:n]]
    sizes += [(None, *three[1:]), (*three[:-1], None), (None,) * n] if n > 1 else [(2,)]
    refused: list[Any] = [-1, None, (), 2.0, "2", True, (2,) * (n + 1), (-1,) * n, (2.0,) * n]
    refused += [(2,), [None] * (n - 1)] if n > 1 else [(None,)]

    def cases(rng: np.random.Generator) -> Cases:
        options = ({}, {"return_indices": True}) if largest else ({},)
        for size in sizes:
            for option in options:
                yield Case((image(rng, n),), (size,), option)
                yield Case((image(rng, n)[0],), (size,), option, label="no batch")
            yield Case((apart(rng, 1, 2, *(4, 1, 5)[:n]),), (size,), label="other sizes")
        for option in options:
            for label, x in sized(rng, n):
                yield Case((x,), (2,) if n == 1 else ((2,) * n,), option, label=label)
            for size in (1, 3, 5):
                yield Case((special(rng, n),), (size,), option, label="ties, NaN", smooth=False)
            half = apart(rng, *SHAPES[n]).astype(np.float16)
            yield Case((half,), (3,), option, label="half", smooth=False)
            empty = (0,) * n
            yield Case((Fixed(image(rng, n)),), (empty,), option, label="no windows")
            yield Case((image(rng, n),), (empty,), option, label="no windows", differs=EMPTY)
            yield Case((Fixed(image(rng, n)[0, :0]),), (2,), option, label="no channels, no batch")
        for dtype in ("int64", "int32", "uint8", "bool"):
            for size in (1, 2):
                yield Case((np.ones(SHAPES[n], dtype),), (size,), label=dtype)
        for size in refused:
            yield Case((image(rng, n),), (size,), label="bad size")
        for label, x in misshapen(rng, n):
            for size in (1, 2):
                yield Case((Fixed(x),), (size,), label=label)
        for size in (1, 2):
            yield Case((Fixed(image(rng, n)[:, :0]),), (size,), label="no channels")

    return cases


def lp_pool(n: int) -> Callable[[np.random.Generator], Cases]:
    def cases(rng: np.random.Generator) -> Cases:
        for power in (1, 2, 2.0, 3, 4, -1, -2, math.inf, -math.inf):
            for kwargs in every(kernel_size=(2, 3), stride=(None, 1), ceil_mode=(False, True)):
                # Odd powers of both signs cancel; the root of a negative sum is NaN.
                odd = power in (1, 3)
                x = abs(image(rng, n)) if power == -1 else image(rng, n)
                yield Case((x,), kwargs={"norm_type": power, **kwargs}, smooth=power != 3,
                           single=not odd)  # fmt: skip
        for power in (0.5, 1.5, 2.5, 3):
            x = abs(image(rng, n))
            yield Case((x,), (power, 2), label="positive")
            yield Case((-x,), (power, 2), label="negative", smooth=False)
        yield Case((image(rng, n),), (-1, 2), label="both signs", smooth=False, single=False)
        kernel = ODD[n] if n > 1 else 3
        yield Case((image(rng, n),), (2, kernel, 1))
        yield Case((image(rng, n),), (2, kernel, ()))
        yield Case((image(rng, n),), (math.inf, ODD[n], 1), label="line with a tuple")
        for label, x in sized(rng, n):
            yield Case((x,), (2, 2), label=label)
        for power in (1, 2, 1.5, 4):
            yield Case((np.zeros(SHAPES[n]),), (power, 2), label="sum of 0", smooth=False)
        x = rng.integers(-4, 5, SHAPES[n])
        for power in (2, 1, 2.0, 2.5, math.inf, -math.inf):
            yield Case((x,), (power, 2), label="integers", smooth=False)
        yield Case((x,), (-2, 2), label="integers")
        yield Case((x,), (0, 2), label="power 0")
        for power in (None, "2", 0, 0.0):
            yield Case((image(rng, n),), (power, 2), label="bad power")
        for kernel in (0, -1, 2.0, None, "2", (2,) * (n + 1), (2,), (), 30):
            yield Case((image(rng, n),), (2, kernel), label="bad kernel")
        for stride in (0, -1, 1.0, (1,) * (n + 1)):
            yield Case((image(rng, n),), (2, 2, stride), label="bad stride")
        for label, x in misshapen(rng, n):
            yield Case((x,), (2, 2), label=label)

    return cases


def pooled(rng: np.random.Generator, shape: tuple[int, ...], size: tuple[int, ...]) -> Any:
    """Numbers, and places for them in an image of that size, no place twice."""
    indices = np.zeros(shape, np.int64)
    for plane in np.ndindex(shape[: -len(size)]):
        chosen = rng.permutation(math.prod(size))
        indices[plane] = chosen[: indices[plane].size].reshape(indices[plane].shape)
    return rng.normal(size=shape), indices


def max_unpool(n: int, layer: bool = False) -> Callable[[np.random.Generator], Cases]:
    def call(inputs: Any, window: tuple[Any, ...], size: Any = None, label: str = "") -> Case:
        smooth = label not in ("half", "twice")
        if layer:
            inputs = inputs if size is None else (*inputs, size)
            return Case(inputs, window, label=label, smooth=smooth)
        named = {} if size is None else {"output_size": size}
        return Case(inputs, window, named, label=label, smooth=smooth)

    def cases(rng: np.random.Generator) -> Cases:
        small = {1: (3,), 2: (2, 3), 3: (2, 1, 3)}[n]
        shape = (2, 3, *small)
        for kernel, stride, padding in (
            (2, None, 0), (2, 2, 0), (3, 2, 0), (3, 2, 1), (2, 3, 0), (3, None, 1), (2, 2, -1),
            ((2,) * n, (2,) * n, (0,) * n), ([3] * n, [2] * n, [1] * n),
        ):  # fmt: skip
            k, s, p = (
                v[0] if isinstance(v, (tuple, list)) else v for v in (kernel, stride, padding)
            )
            size = tuple((m - 1) * (s or k) + k - 2 * p for m in small)
            if math.prod(size) < math.prod(small):
                continue
            window = (kernel, stride, padding)
            yield call(pooled(rng, shape, size), window)
            yield call(pooled(rng, shape[1:], size), window, label="no batch")
            for wanted in (size, list(size), (*shape[:2], *size), tuple(m + 1 for m in size)):
                yield call(pooled(rng, shape, size), window, wanted)
            yield call(pooled(rng, shape, size), window, tuple(m + (s or k) for m in size), "far")
            yield call(pooled(rng, shape, size), window, (*size, 1), "wrong length")
        two = tuple(2 * m for m in small)
        x, places = pooled(rng, shape, two)
        yield call((x.astype(np.float16), places), (2,), label="half")
        yield call((x[:0], places[:0]), (2,), label="empty batch")
        yield call((x[0, :0], places[0, :0]), (2,), label="no channels, no batch")
        yield call((x, np.zeros_like(places) + np.arange(small[-1]) // 2), (2,), label="twice")
        yield from bad_calls(x, places, two)

    def bad_calls(x: np.ndarray, places: np.ndarray, two: tuple[int, ...]) -> Cases:
        for label, inputs in (
            ("indices of another dtype", (x, places.astype(np.int32))),
            ("indices of floats", (x, places.astype(np.float32))),
            ("integers", (places, places)),
            ("indices of another shape", (x, places[:1])),
            ("indices of another width", (x, places[..., :1])),
            ("beyond the image", (x, places + math.prod(two))),
            ("before the image", (x, places - math.prod(two))),
            ("no channels", (x[:, :0], places[:, :0])),
            ("no pixels", (x[..., :0], places[..., :0])),
            ("an axis too few", (x[0, 0], places[0, 0])),
            ("an axis too many", (x[None], places[None])),
        ):
            yield call(inputs, (2,), label=label)
        for window in ((-1,), (2.0,), ((2,) * (n + 1),), (2, None, 0.0), (2, (), 0), (2, 2, 9)):
            yield call((x, places), window, label="bad window")
        for size in (5, (5.0,) * n, (1,) * n, (99,) * n):
            yield call((x, places), (2,), size, label="bad size")

    return cases


def rows(n: int) -> Iterable[Row]:
    for home, pools in (
        ("F", ("max_pool", "avg_pool", "lp_pool")),
        ("nn", ("MaxPool", "AvgPool", "LPPool")),
    ):
        for name, cases in zip(pools, (max_pool, avg_pool, lp_pool), strict=True):
            yield Row(f"{home}.{name}{n}d", cases(n))
    yield Row(f"F.max_pool{n}d_with_indices", with_indices(max_pool(n)))
    yield Row(f"F.adaptive_avg_pool{n}d", adaptive(n, largest=False))
    yield Row(f"nn.AdaptiveAvgPool{n}d", adaptive(n, largest=False))
    yield Row(f"F.adaptive_max_pool{n}d", adaptive(n, largest=True))
    yield Row(f"nn.AdaptiveMaxPool{n}d", adaptive(n, largest=True))
    yield Row(f"F.adaptive_max_pool{n}d_with_indices", with_indices(adaptive(n, largest=True)))
    yield Row(f"F.max_unpool{n}d", max_unpool(n))
    yield Row(f"nn.MaxUnpool{n}d", max_unpool(n, layer=True))


def with_indices(function: Callable[[np.random.Generator], Cases]) -> Callable[..., Cases]:
    """Every fourth of the cases: what is called does the same."""

    def cases(rng: np.random.Generator) -> Cases:
        yield from list(function(rng))[::4]

    return cases


ROWS = [row for n in (1, 2, 3) for row in rows(n)]
