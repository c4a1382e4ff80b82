"""What is timed and compared: each op that has a CUDA kernel, on the sizes of a vision network.

The sizes are those of the floors in docs/gpu.md: images of 64 × 64 × 56 × 56, 51 MB, which no GPU
keeps in its cache. On the emulator they are small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Row(NamedTuple):
    """An op and its arguments. make(rng) → arrays; peer(torch, *tensors): PyTorch's call."""

    op: str
    make: Callable[[np.random.Generator], tuple[Any, ...]]
    params: dict[str, Any]
    peer: Callable[..., Any] | None = None


def rows(small: bool) -> list[Row]:
    """All of them; ops without a CUDA kernel are left out."""
    from minitorch_cv.kernels.cuda import KERNELS

    families = (_windows, _images, _activations, _lines, _regions)
    return [row for family in families for row in family(small) if row.op in KERNELS]


def without_row(small: bool = True) -> list[str]:
    """Ops with a CUDA kernel that are not timed here."""
    from minitorch_cv.kernels.cuda import KERNELS

    from minitorch_cv.ops.catalog import op_names

    named = {row.op for row in rows(small)}
    return sorted(set(KERNELS) & set(op_names()) - named)


def _normal(*shape: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    return lambda rng: (rng.standard_normal(shape, np.float32),)


def _scaled(C: int, *shape: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:  # noqa: N803
    """An image, and a weight and a bias for each channel."""
    return lambda rng: tuple(rng.standard_normal(s, np.float32) for s in (shape, (C,), (C,)))


def _doubled(size: int) -> Any:
    """The table that makes an axis twice as long, linearly."""
    from minitorch_cv.ops.resize.taps import taps_of

    return taps_of("linear", size, 2 * size, None, False, False, "float32")


def _windows(small: bool) -> list[Row]:
    N, C, H = (2, 4, 6) if small else (64, 64, 56)
    x, half = _normal(N, C, H, H), _normal(N, C, H // 2, H // 2)
    three = {"kernel_size": 3, "padding": 1}
    return [
        Row("im2col", x, three, lambda t, x: t.nn.functional.unfold(x, 3, padding=1)),
        Row("col2im", _normal(N, C * 9, H * H), {**three, "output_size": (H, H)},
            lambda t, x: t.nn.functional.fold(x, (H, H), 3, padding=1)),
        Row("conv", lambda rng: (*x(rng), rng.standard_normal((C, C, 3, 3), np.float32), None),
            {"padding": 1}, lambda t, x, w: t.nn.functional.conv2d(x, w, padding=1)),
        Row("conv_transpose",
            lambda rng: (*half(rng), rng.standard_normal((C, C, 2, 2), np.float32), None),
            {"stride": 2}, lambda t, x, w: t.nn.functional.conv_transpose2d(x, w, stride=2)),
    ]  # fmt: skip


def _images(small: bool) -> list[Row]:
    N, C, H = (2, 4, 6) if small else (64, 64, 56)
    x, window = _normal(N, C, H, H), {"kernel_size": 3, "stride": 2, "padding": 1}
    grid = lambda rng: (  # noqa: E731
        rng.standard_normal((N, C, H, H), np.float32),
        rng.uniform(-1, 1, (N, H, H, 2)).astype(np.float32),
    )
    return [
        Row("max_pool", x, window, lambda t, x: t.nn.functional.max_pool2d(x, 3, 2, 1)),
        Row("avg_pool", x, window, lambda t, x: t.nn.functional.avg_pool2d(x, 3, 2, 1)),
        Row("adaptive_avg_pool", x, {"output_size": 1},
            lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 1)),
        Row("adaptive_max_pool", x, {"output_size": 7 if not small else 2},
            lambda t, x: t.nn.functional.adaptive_max_pool2d(x, 7 if not small else 2)),
        Row("batch_norm", lambda rng: (*_scaled(C, N, C, H, H)(rng), None, None),
            {"training": True, "eps": 1e-5},
            lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, True)),
        Row("batch_norm_add_relu",
            lambda rng: (*x(rng), *_scaled(C, N, C, H, H)(rng), None, None),
            {"training": True, "eps": 1e-5},
            lambda t, x, s, w, b: t.relu(
                t.nn.functional.batch_norm(x, None, None, w, b, True) + s)),
        Row("sum", x, {"axis": (0, 2, 3)}, lambda t, x: x.sum((0, 2, 3))),
        Row("mean", x, {"axis": (2, 3)}, lambda t, x: x.mean((2, 3))),
        Row("resample", x, {"taps": (_doubled(H), _doubled(H))},
            lambda t, x: t.nn.functional.interpolate(x, (2 * H, 2 * H), mode="bilinear")),
        Row("group_norm", _scaled(C, N, C, H, H), {"num_groups": 2, "eps": 1e-5},
            lambda t, x, w, b: t.nn.functional.group_norm(x, 2, w, b)),
        Row("local_response_norm", x, {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0},
            lambda t, x: t.nn.functional.local_response_norm(x, 5, k=2.0)),
        Row("scatter_add", lambda rng: (
                rng.standard_normal((N, C, H * H), np.float32), rng.integers(0, H, (N, C, H * H))),
            {"size": H}, lambda t, x, i: t.zeros(N, C, H, device=x.device).scatter_add(-1, i, x)),
        Row("grid_sample", grid,
            {"mode": "bilinear", "padding_mode": "zeros", "align_corners": False},
            lambda t, x, g: t.nn.functional.grid_sample(x, g, align_corners=False)),
    ]  # fmt: skip


def _activations(small: bool) -> list[Row]:
    x = _normal(2, 4, 6, 6) if small else _normal(64, 64, 56, 56)
    one: dict[str, dict[str, Any]] = {
        "leaky_relu": {"negative_slope": 0.1},
        "elu": {"alpha": 1.0},
        "hardtanh": {"min_val": -1.0, "max_val": 1.0},
        "gelu": {"approximate": "none"},
    }

    def peer(name: str) -> Callable[..., Any]:
        return lambda t, x: getattr(t.nn.functional, name)(x, **one.get(name, {}))

    names = ("relu", "leaky_relu", "elu", "hardtanh", "gelu", "sigmoid", "tanh", "silu")
    found = [Row(name, x, one.get(name, {}), peer(name)) for name in names]
    pair = lambda rng: (*x(rng), *x(rng))  # noqa: E731
    mask = lambda rng: (*(a := x(rng)), rng.random(a[0].shape) < 0.5)  # noqa: E731
    return [
        *found,
        Row("add_relu", pair, {}, lambda t, a, b: t.relu(a + b)),
        Row("dropout", mask, {"p": 0.5}, lambda t, x, m: t.nn.functional.dropout(x, 0.5)),
    ]


def _lines(small: bool) -> list[Row]:
    R, K = (6, 40) if small else (16384, 1000)
    scores = _normal(R, K)
    labels = lambda rng: (*scores(rng), rng.integers(0, K, R), None)  # noqa: E731
    return [
        Row("softmax", scores, {"axis": 1}, lambda t, x: x.softmax(1)),
        Row("log_softmax", scores, {"axis": 1}, lambda t, x: x.log_softmax(1)),
        Row("cross_entropy", labels, {}, lambda t, x, y: t.nn.functional.cross_entropy(x, y)),
        Row("layer_norm", _scaled(K, R, K), {"normalized_shape": (K,), "eps": 1e-5},
            lambda t, x, w, b: t.nn.functional.layer_norm(x, (K,), w, b)),
    ]  # fmt: skip


def _regions(small: bool) -> list[Row]:
    R, C, H, W = (5, 2, 9, 11) if small else (1000, 256, 50, 68)

    def boxes(rng: np.random.Generator, count: int, most: float) -> np.ndarray:
        low = rng.uniform(0, most / 2, (count, 2))
        return np.concatenate([low, low + rng.uniform(1, most / 2, (count, 2))], 1).astype("f")

    def regions(rng: np.random.Generator) -> tuple[Any, ...]:
        x = rng.standard_normal((2, C, H, W), np.float32)
        return x, boxes(rng, R, H), rng.integers(0, 2, R)

    def scored(rng: np.random.Generator) -> tuple[Any, ...]:
        count = 12 if small else 6000
        return boxes(rng, count, 800), rng.random(count, np.float32)

    def peer(name: str) -> Callable[..., Any]:
        def call(t: Any, *inputs: Any) -> Any:
            import torchvision

            if name == "nms":
                return torchvision.ops.nms(*inputs, 0.7)
            x, found, index = inputs
            given = t.cat([index[:, None].to(found.dtype), found], 1)
            return getattr(torchvision.ops, name)(x, given, 7)

        return call

    return [
        Row("roi_pool", regions, {"output_size": 7}, peer("roi_pool")),
        Row("roi_align", regions, {"output_size": 7}, peer("roi_align")),
        Row("nms", scored, {"iou_threshold": 0.7}, peer("nms")),
    ]
