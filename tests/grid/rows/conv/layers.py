"""nn.Conv1d, nn.Conv2d, nn.Conv3d and their transposed forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ...row import Case, Row, every
from .functions import kernel, largest_rest, sizes, spread, windows


def conv_layer(n: int) -> Callable[[np.random.Generator], Iterable[Case]]:
    S = sizes(n)

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        x, one = rng.normal(size=(2, 4, *S)), rng.normal(size=(4, *S))
        grid = every(
            stride=(1, spread(n, 2, 1, 3)), padding=(0, 1, spread(n, 2, 1, 0), "same", "valid"),
            dilation=(1, 2), padding_mode=("zeros", "reflect", "replicate", "circular"),
        )  # fmt: skip
        for k, options in enumerate(grid):
            if options["padding"] == "same" and options["stride"] != 1:
                continue
            more = {**options, "groups": (1, 2)[k % 2], "bias": k % 3 > 0}
            yield Case((x,), (4, 6, (2, 3, 2)[k % 3]), more, label="grid")
        yield Case((x,), (4, 2, kernel(n), 2, 1, 1, 2, False), label="by position")
        for mode in ("zeros", "reflect", "replicate", "circular"):
            more = {"padding": 1, "padding_mode": mode}
            yield Case((one,), (4, 2, 3), more, label="unbatched")
            yield Case((x[:0],), (4, 2, 3), more, label="empty batch")
            yield Case((x,), (4, 2, 3), {"padding_mode": mode}, label="a mode without padding")
            yield Case((x,), (4, 2, 3), {"padding": "same", "padding_mode": mode, "dilation": 2})
        yield Case((x[:, :0],), (0, 3, 2), label="no channels")
        yield from _bad_layer(n, x)

    return cases


def _bad_layer(n: int, x: np.ndarray) -> Iterable[Case]:
    for options in (
        {"stride": 0}, {"dilation": 0}, {"padding": -1}, {"padding": "full"}, {"groups": 0},
        {"groups": 3}, {"groups": -1}, {"padding": "same", "stride": 2}, {"padding_mode": "mirror"},
        {"padding": 9, "padding_mode": "reflect"}, {"padding": 19, "padding_mode": "circular"},
        {"stride": (1,) * (n + 1)}, {"dilation": 9}, {"stride": 1.5},
    ):  # fmt: skip
        yield Case((x,), (4, 6, 2), options, label="bad option")
    for args in (
        (4, 6, 0), (4, 6, -1), (4, 6, 1.5), (4, 6, (2,) * (n + 1)), (-4, 6, 2), (4, -6, 2),
        (4, 0, 2), (3, 6, 2), (4, 6, 12), (4.0, 6, 2), (4, 6), (4, 6, None), (4, 6, ()),
    ):  # fmt: skip
        yield Case((x,), args, label="bad argument")
    for mode in ("zeros", "reflect"):
        more = {"padding": 1, "padding_mode": mode}
        yield Case((x[0, 0],), (4, 6, 2), more, label="two axes less")
        yield Case((x[None],), (4, 6, 2), more, label="an axis more")
    yield Case((x.astype(int),), (4, 6, 2), label="integers")
    if n > 1:
        yield Case((x,), (4, 6, (2,)), label="a kernel of one size")


def transpose_layer(n: int) -> Callable[[np.random.Generator], Iterable[Case]]:
    S = sizes(n)

    def cases(rng: np.random.Generator) -> Iterable[Case]:
        x, one = rng.normal(size=(2, 4, *S)), rng.normal(size=(4, *S))
        for k, options in enumerate(windows(n)):
            rest = largest_rest(n, options)
            more = {**options, "groups": (1, 2, 4)[k % 3], "bias": k % 2 > 0}
            yield Case((x,), (4, 8, (3, 2)[k % 2]), {**more, "output_padding": rest}, label="grid")
        yield Case((x,), (4, 6, kernel(n), 2, 1, 1, 2, False, 2), label="by position")
        yield Case((one,), (4, 3, 3), {"stride": 2}, label="unbatched")
        yield Case((x[:0],), (4, 3, 3), {"stride": 2}, label="empty batch")
        yield from _output_sizes(n, x, one)
        yield from _bad_transpose_layer(n, x)

    return cases


def _output_sizes(n: int, x: np.ndarray, one: np.ndarray) -> Iterable[Case]:
    """With stride 2, padding 1 and a kernel of 3, sizes 2 S − 1 and 2 S are possible."""
    S, args = x.shape[2:], (4, 3, 3, 2, 1)
    low, high = [2 * s - 1 for s in S], [2 * s for s in S]
    for wanted in (low, high, tuple(high), [2, 3, *high], [2, 9, *low]):
        yield Case((x, wanted), args, label="output_size")
    for wanted in (low, high, [3, *high]):
        yield Case((one, wanted), args, label="output_size, unbatched")
    yield Case((x, low), args, {"output_padding": 1}, label="output_size goes first")
    yield Case((x[:0], high), args, label="output_size, empty batch")
    yield Case((x, [s + 1 for s in high]), args, label="too large")
    yield Case((x, [s - 1 for s in low]), args, label="too small")
    yield Case((x, [3, *high]), args, label="an odd number of sizes")
    yield Case((one, [2, 3, *high]), args, label="two sizes too many")
    yield Case((x, 8), args, label="one number")
    yield Case((x, []), args, label="no sizes")


def _bad_transpose_layer(n: int, x: np.ndarray) -> Iterable[Case]:
    for options in (
        {"stride": 0}, {"dilation": 0}, {"padding": -1}, {"padding": "same"}, {"groups": 0},
        {"groups": 3}, {"padding_mode": "circular"}, {"padding_mode": "reflect"},
        {"output_padding": 1}, {"output_padding": -1}, {"output_padding": 2, "stride": 2},
        {"padding": 19}, {"stride": (1,) * (n + 1)},
    ):  # fmt: skip
        yield Case((x,), (4, 6, 2), options, label="bad option")
    for args in (
        (4, 6, 0), (4, 6, -1), (4, 6, 1.5), (-4, 6, 2), (4, 0, 2), (3, 6, 2), (4, 6, (2,) * 4),
    ):  # fmt: skip
        yield Case((x,), args, label="bad argument")
    yield Case((x[0, 0],), (4, 6, 2), label="two axes less")
    yield Case((x[:, :, :0],), (4, 6, 2), label="empty images")
    yield Case((x[:, :0],), (0, 6, 2), label="no channels")


ROWS = [
    *(Row(f"nn.Conv{n}d", conv_layer(n)) for n in (1, 2, 3)),
    *(Row(f"nn.ConvTranspose{n}d", transpose_layer(n)) for n in (1, 2, 3)),
]
