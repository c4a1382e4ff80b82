"""F.conv1d, F.conv2d, F.conv3d and their transposed forms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...row import Case, Row, every

SIZES = (6, 5, 4)  # of axes of space; the last n are used: (4,), (5, 4), (6, 5, 4)
KERNEL = (2, 2, 3)
EMPTY_LIKE_FULL = "we judge an empty batch like a full one; PyTorch does not look at it"


def sizes(n: int) -> tuple[int, ...]:
    return SIZES[-n:] if n > 1 else (9,)


def kernel(n: int) -> tuple[int, ...]:
    return KERNEL[-n:]


def spread(n: int, *numbers: int) -> tuple[int, ...]:
    """The first n of some numbers: another one for each axis."""
    return numbers[:n]


def windows(n: int) -> list[dict[str, Any]]:
    """A product of stride, padding and dilation, in which axes differ."""
    return list(
        every(
            stride=(1, 2, spread(n, 3, 1, 2)),
            padding=(0, 1, spread(n, 1, 0, 2)),
            dilation=(1, 2, spread(n, 2, 1, 2)),
        )
    )


def conv(n: int) -> Callable[[np.random.Generator], Iterable[Case]]:
    S, K = sizes(n), kernel(n)

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        draw = lambda *shape: rng.normal(size=shape)
        number = itertools.count()
        for params in windows(n):
            groups, biased = (1, 2, 4)[next(number) % 3], next(number) % 4 > 1
            x = draw(2, 4, *(s + 2 for s in S))
            w, b = draw(4, 4 // groups, *K), draw(4) if biased else None
            yield Case((x, w, b), kwargs={**params, "groups": groups}, label="grid")
        for d, k in itertools.product((1, 2, spread(n, 1, 3, 2)), (1, 2, 3, 4)):
            w = draw(3, 2, *(k,) * n)
            yield Case((draw(2, 2, *S), w), kwargs={"padding": "same", "dilation": d})
        more = {"padding": "same", "groups": 2}
        yield Case((draw(1, 4, *S), draw(2, 2, *K), draw(2)), kwargs=more, label="same, groups")
        yield Case((draw(1, 2, *S), draw(3, 2, *K)), (None, 2, "valid"), label="valid")
        yield from _conv_shapes(n, draw)
        yield from _conv_dtypes(n, draw)
        yield from _bad_conv(n, draw)

    return cases


def _conv_shapes(n: int, draw: Any) -> Iterable[Case]:
    S, K, ones = sizes(n), kernel(n), (1,) * n
    w, b = draw(3, 2, *K), draw(3)
    yield Case((draw(2, *S), w, b), label="unbatched")
    yield Case((draw(2, *S), w, b), (1, "same"), label="unbatched, same")
    yield Case((draw(0, 2, *S), w, b), (2, 1), label="empty batch")
    yield Case((draw(0, 2, *S), draw(4, 1, *K)), kwargs={"groups": 2}, label="empty, groups")
    yield Case((draw(2, 0, *S), draw(3, 0, *K), b), label="no channels")
    yield Case((draw(2, 0, *S), draw(4, 0, *K)), (None, 1, 1, 1, 2), label="no channels, groups")
    yield Case((draw(0, *S), draw(3, 0, *K)), label="unbatched, no channels")
    yield Case((draw(0, 2, 0, *S[1:]), w, b), (1, 2), label="empty batch of empty images")
    yield Case((draw(2, 0, 0, *S[1:]), draw(3, 0, *K)), (None, 1, 2), label="nothing, padded")
    yield Case((draw(1, 1, *ones), draw(1, 1, *ones), draw(1)), label="size 1")
    yield Case((draw(2, 1, *ones), draw(3, 1, *(3,) * n)), (None, 1, 1), label="one pixel")
    yield Case((draw(1, 2, *K), w, b), label="one window")
    yield Case((draw(1, 2, *S), w, b), (5, 7), label="padding larger than the kernel")
    yield Case((draw(1, 2, *S), w, b), ((2,), (1,), (1,)), label="tuples of one number")
    yield Case((draw(1, 2, *S), w, b), ([2] * n, [1] * n, [1] * n), label="lists")
    x = draw(1, 2, *S)
    x[0, 0, 2], x[0, 1, 1] = np.nan, np.inf
    yield Case((x, abs(w) + 0.1, b), (1, 1), label="NaN, inf", smooth=False)


def _conv_dtypes(n: int, draw: Any) -> Iterable[Case]:
    S, K = sizes(n), kernel(n)
    for dtype in ("int64", "int32", "uint8", "int16"):
        x, w = (np.rint(9 * abs(a)).astype(dtype) for a in (draw(2, 2, *S), draw(3, 2, *K)))
        yield Case((x, w, np.arange(3).astype(dtype)), (2, 1), label=dtype)
        yield Case((x, w), kwargs={"padding": "same"}, label=f"{dtype}, same")
    half = [a.astype(np.float16) for a in (draw(2, 2, *S), draw(3, 2, *K), draw(3))]
    yield Case(tuple(half), (1, 1), label="float16", smooth=False)
    x, w, b = draw(2, 2, *S), draw(3, 2, *K), draw(3)
    single = np.float32
    for bad in (
        (x > 0, w > 0), (x.astype(int), w), (x, w.astype(int)), (x, w, b.astype(int)),
        (x, w, b.astype(np.float16)), (x.astype(np.float16), w), (x.astype(int), w.astype(int), b),
    ):  # fmt: skip
        yield Case(bad, label="dtypes that do not go together")
    mixed = (draw(0, 2, *S), w.astype(np.float16))
    yield Case(mixed, label="empty batch, two dtypes", differs=EMPTY_LIKE_FULL)
    yield Case((x.astype(single), w.astype(single), b.astype(single)), label="float32")


def _bad_conv(n: int, draw: Any) -> Iterable[Case]:
    S, K = sizes(n), kernel(n)
    x, w, b = draw(2, 4, *S), draw(6, 4, *K), draw(6)
    for options in (
        {"stride": 0}, {"stride": -1}, {"stride": (1,) * (n + 1)}, {"stride": 1.5},
        {"stride": None}, {"stride": ()}, {"stride": True}, {"padding": -1}, {"padding": 0.5},
        {"padding": "full"}, {"padding": (1,) * (n + 1)}, {"padding": True}, {"padding": None},
        {"padding": "same", "stride": 2}, {"dilation": 0}, {"dilation": -2}, {"dilation": "a"},
        {"dilation": 9}, {"groups": 0}, {"groups": -1}, {"groups": 2}, {"groups": 4},
        {"groups": 1.0}, {"groups": True}, {"groups": (1,)}, {"groups": None},
    ):  # fmt: skip
        yield Case((x, w, b), kwargs=options, label="bad option")
    for bad, label in (
        ((x, w[:, :3]), "other channels"), ((x[:, :3], w, b), "other channels"),
        ((x, w, b[:5]), "bias too short"), ((x, w, b[:1]), "bias of one number"),
        ((x, w, b[None]), "bias with two axes"), ((x, w, b[0]), "bias without axes"),
        ((x, w[:0]), "no output channels"), ((x, w[:0], b[:0]), "no output channels"),
        ((x, w[..., :0]), "no kernel"), ((x, w[0]), "weight with an axis less"),
        ((x, w[..., None]), "weight with an axis more"), ((x[0, 0], w), "two axes less"),
        ((x[None], w), "an axis more"), ((x[:, :, :1], w[:, :, :1].repeat(3, 2)), "too small"),
        ((x[:0, :, :1], w[:, :, :1].repeat(3, 2)), "too small, empty batch"),
        ((x[:, :, :0], w), "empty images"), ((x, None), "no weight"), ((None, w), "no input"),
    ):  # fmt: skip
        yield Case(bad, label=label)
    yield Case((x[:, :, :0], w), (None, 1, 2), label="empty images, padded")
    yield Case((x[:, :, :0], w), kwargs={"padding": "same"}, label="empty images, same")
    yield Case(
        (x[:, :0], w[:, :0, ..., :0]),
        label="no channels, no kernel",
        differs="a kernel without elements is refused where there are no channels, too",
    )


def conv_transpose(n: int) -> Callable[[np.random.Generator], Iterable[Case]]:
    S, K = sizes(n), kernel(n)

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        draw = lambda *shape: rng.normal(size=shape)
        number = itertools.count()
        small = tuple(s - 2 for s in S)
        for params in windows(n):
            k = next(number)
            groups, biased = (1, 2, 4)[k % 3], k % 4 > 1
            w, b = draw(4, 2, *K), draw(2 * groups) if biased else None
            for rest in {0, min(largest_rest(n, params), k % 3 + 1)}:
                more = {**params, "groups": groups, "output_padding": rest}
                yield Case((draw(2, 4, *small), w, b), kwargs=more, label="grid")
        yield from _transpose_shapes(n, draw)
        yield from _transpose_dtypes(n, draw)
        yield from _bad_transpose(n, draw)

    return cases


def largest_rest(n: int, params: dict[str, Any]) -> int:
    """What output_padding may be on every axis."""
    stride, dilation = (
        value if isinstance(value, tuple) else (value,) * n
        for value in (params["stride"], params["dilation"])
    )
    return min(max(s, d) for s, d in zip(stride, dilation, strict=True)) - 1


def _transpose_shapes(n: int, draw: Any) -> Iterable[Case]:
    S, K, ones = sizes(n), kernel(n), (1,) * n
    w, b = draw(2, 3, *K), draw(3)
    yield Case((draw(2, *S), w, b), label="unbatched")
    yield Case((draw(2, *S), w, b), (2, 1, 1), label="unbatched, stride")
    yield Case((draw(0, 2, *S), w, b), (2, 1, 1), label="empty batch")
    yield Case((draw(0, 2, *S), w), kwargs={"groups": 2}, label="empty batch, groups")
    yield Case((draw(0, 2, 0, *S[1:]), w, b), label="empty batch of empty images")
    yield Case((draw(1, 1, *ones), draw(1, 1, *ones), draw(1)), label="size 1")
    yield Case((draw(2, 1, *ones), draw(1, 2, *(3,) * n)), (None, 1, 1), label="one pixel is left")
    yield Case((draw(1, 2, *S), draw(2, 3, *ones), b), (2, 1), label="kernels in the padding")
    yield Case((draw(1, 2, *ones), draw(2, 3, *ones), b), (5, 2, 4), label="output padding is left")
    yield Case((draw(1, 2, *S), w, b), kwargs={"stride": 2, "dilation": 3, "output_padding": 2})
    yield Case((draw(1, 2, *S), w, b), ((2,), (1,), (1,), 1, (1,)), label="tuples of one number")
    yield Case((draw(1, 2, *S), w, b), ([2] * n, [1] * n, [1] * n), label="lists")
    mixed = {"stride": spread(n, 3, 2, 1), "output_padding": spread(n, 2, 0, 0)}
    yield Case((draw(2, 2, *S), w, b), kwargs=mixed, label="output padding by axis")
    x = draw(1, 2, *S)
    x[0, 0, 2], x[0, 1, 1] = np.nan, np.inf
    yield Case((x, abs(w) + 0.1, b), (2, 1), label="NaN, inf", smooth=False)


def _transpose_dtypes(n: int, draw: Any) -> Iterable[Case]:
    S, K = sizes(n), kernel(n)
    x, w, b = draw(2, 2, *S), draw(2, 3, *K), draw(3)
    whole = tuple(np.rint(9 * a).astype(np.int64) for a in (x, w, b))
    yield Case(whole, (2, 1), label="int64")
    half = tuple(a.astype(np.float16) for a in (x, w, b))
    yield Case(half, (2, 1), label="float16", smooth=False)
    for bad in ((x > 0, w > 0), (x.astype(int), w), (x, w.astype(int)), (x.astype(np.float16), w)):
        yield Case(bad, label="dtypes that do not go together")
    why = "PyTorch's kernels for 1 and 2 axes overlook a bias of another dtype, that for 3 does not"
    yield Case((x, w, b.astype(np.float16)), label="bias of another dtype", differs=why)
    mixed = (x[:0], w.astype(np.float16))
    yield Case(mixed, label="empty batch, two dtypes", differs=EMPTY_LIKE_FULL)


def _bad_transpose(n: int, draw: Any) -> Iterable[Case]:
    S, K = sizes(n), kernel(n)
    x, w, b = draw(2, 4, *S), draw(4, 3, *K), draw(3)
    for options in (
        {"stride": 0}, {"stride": (1,) * (n + 1)}, {"stride": 1.5}, {"padding": -1},
        {"padding": "same"}, {"padding": "valid"}, {"padding": True}, {"padding": 9},
        {"dilation": 0}, {"dilation": (1,) * (n + 1)}, {"groups": 0}, {"groups": 3},
        {"groups": 2, "padding": 1}, {"groups": 1.0}, {"groups": None}, {"output_padding": 1},
        {"output_padding": -1}, {"output_padding": 2, "stride": 2},
        {"output_padding": 3, "stride": 2, "dilation": 3}, {"output_padding": 0.5},
        {"output_padding": (0,) * (n + 1)}, {"output_padding": True, "stride": 2},
    ):  # fmt: skip
        yield Case((x, w, b), kwargs=options, label="bad option")
    for bad, label in (
        ((x[:, :3], w), "other channels"), ((x, w[:3]), "other channels"),
        ((x, w, b[:2]), "bias too short"), ((x, w, b[None]), "bias with two axes"),
        ((x, w, b[:1]), "bias of one number"), ((x[:, :0], w[:0]), "no channels"),
        ((x[:0, :0], w[:0]), "no batch, no channels"), ((x, w[:, :0]), "no output channels"),
        ((x[:0], w[:, :0]), "no batch, no output channels"), ((x, w[..., :0]), "no kernel"),
        ((x[:0], w[..., :0]), "no batch, no kernel"), ((x[:, :, :0], w), "empty images"),
        ((x, w[0]), "weight with an axis less"), ((x, w[..., None]), "weight with an axis more"),
        ((x[0, 0], w), "two axes less"), ((x[None], w), "an axis more"), ((x, None), "no weight"),
    ):  # fmt: skip
        yield Case(bad, label=label)
    tiny = draw(1, 4, *(1,) * n)
    yield Case((tiny, draw(4, 1, *(2,) * n)), (None, 1, 1), label="nothing is left")
    for options in ({"output_padding": 1}, {"padding": 1}):
        args = (draw(0, 4, *(1,) * n), draw(4, 1, *(2,) * n))
        yield Case(args, kwargs=options, label="empty batch", differs=EMPTY_LIKE_FULL)


ROWS = [
    *(Row(f"F.conv{n}d", conv(n)) for n in (1, 2, 3)),
    *(Row(f"F.conv_transpose{n}d", conv_transpose(n)) for n in (1, 2, 3)),
]
