"""Times every op, forward and backward, against PyTorch, on sizes that a vision network uses.

    python benchmarks/ops.py [op ...] [--quick] [--threads 1] [--out FILE]

Both run in this process in alternation, with the same threads and the tape on. `ratio` is PyTorch's
time over ours: above 1 we are faster. Without PyTorch ours is timed alone. The results, with the
CPU's name, go to benchmarks/results/ops.json. Elementwise functions share one row.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from timing import RESULTS, Rival, Times, import_torch, limit_threads, machine, race

Shapes = tuple[tuple[int, ...], ...]


class Row(NamedTuple):
    """The sizes on which an op is timed, its parameters, and the same call in PyTorch.

    shapes: of the positional inputs, float32; peer(torch, *tensors) is PyTorch's call.
    fixed: inputs that need no gradient, after the others: fixed(numpy, rng) → arrays or None.
    """

    shapes: Shapes
    params: Any  # a dictionary, or what makes one once NumPy may be imported
    peer: Callable[..., Any]
    fixed: Callable[..., tuple[Any, ...]] = lambda np, rng: ()


IMAGES = (32, 64, 28, 28)
SCORES = (128, 1000)
TILES = tuple((start, start + 2) for start in range(0, 28, 2))  # windows of 2 × 2, side by side


def labels(np: Any, rng: Any) -> tuple[Any, ...]:
    """A class for each of the rows of SCORES."""
    return (rng.integers(0, SCORES[1], SCORES[0]),)


def numbers(np: Any, rng: Any) -> tuple[Any, ...]:
    """One number in 0 … 783 for each of IMAGES' pixels."""
    return (rng.integers(0, 784, (32, 64, 784)),)


def places(np: Any, rng: Any) -> tuple[Any, ...]:
    """For each window of 2 × 2 of IMAGES the place of one of its pixels."""
    corners = 2 * np.arange(14)[:, None] * 28 + 2 * np.arange(14)
    return (corners + rng.choice([0, 1, 28, 29], (32, 64, 14, 14)),)


def shares(np: Any, rng: Any) -> tuple[Any, ...]:
    """A number in 0.1 … 0.9 for each of SCORES."""
    return (rng.uniform(0.1, 0.9, SCORES).astype(np.float32),)


def regions(np: Any, rng: Any) -> tuple[Any, ...]:
    """Boxes on two images of 50 × 68, and the image of each."""
    low = rng.uniform(0, 1, (256, 2)) * (40, 30)
    boxes = np.concatenate([low, low + rng.uniform(4, 28, (256, 2))], 1)
    return boxes.astype(np.float32), rng.integers(0, 2, 256)


def scored_boxes(np: Any, rng: Any) -> tuple[Any, ...]:
    """Boxes of 20 to 250 pixels, and a score for each."""
    low = rng.uniform(0, 600, (2000, 2))
    boxes = np.concatenate([low, low + rng.uniform(20, 250, (2000, 2))], 1)
    return boxes.astype(np.float32), rng.uniform(size=2000).astype(np.float32)


def in_torchvision(name: str) -> Callable[..., Any]:
    """torchvision's op on (images, boxes, the image of each), or on (boxes, scores)."""

    def call(t: Any, *inputs: Any) -> Any:
        import torchvision

        if name == "nms":
            return torchvision.ops.nms(*inputs, 0.7)
        x, boxes, index = inputs
        rois = t.cat([index[:, None].to(boxes.dtype), boxes], 1)
        return getattr(torchvision.ops, name)(x, rois, 7)

    return call


def _half_the_width() -> dict[str, Any]:
    from minitorch_cv.ops.resize.taps import taps_of

    return {"taps": (None, taps_of("linear", 28, 14, None, False, True, "float32"))}


ROWS: dict[str, Row] = {
    "elementwise": Row((IMAGES,), {}, lambda t, *xs: None),
    "getitem": Row((IMAGES,), {"key": (slice(None), slice(8, 40))}, lambda t, x: x[:, 8:40]),
    "scatter": Row(((32, 32, 28, 28),), {"key": (slice(None), slice(8, 40)), "shape": IMAGES},
                   lambda t, x: t.nn.functional.pad(x, (0, 0, 0, 0, 8, 24))),
    "setitem": Row((IMAGES, (28,)), {"key": (slice(None), 3)},
                   lambda t, x, v: x.index_put((t.arange(32)[:, None], t.tensor([3])), v)),
    "gather": Row(((32, 64, 784),), {}, lambda t, x, i: x.gather(-1, i), numbers),
    "scatter_add": Row(((32, 64, 784),), {"size": 784},
                       lambda t, x, i: t.zeros(32, 64, 784).scatter_add(-1, i, x), numbers),
    "reshape": Row((IMAGES,), {"shape": (32, -1)}, lambda t, x: x.reshape(32, -1)),
    "permute": Row((IMAGES,), {"axes": (0, 2, 3, 1)}, lambda t, x: x.permute(0, 2, 3, 1)),
    "expand": Row(((1, 64, 1, 1),), {"shape": IMAGES}, lambda t, x: x.expand(IMAGES)),
    "strided": Row(((512, 512),), {"shape": (512,), "start": (0, 0), "steps": ((1, 1),)},
                   lambda t, x: x.diagonal()),
    "concatenate": Row((IMAGES, IMAGES), {"axis": 1}, lambda t, a, b: t.cat((a, b), 1)),
    "resample": Row((IMAGES,), _half_the_width,
                    lambda t, x: t.nn.functional.interpolate(
                        x, (28, 14), mode="bilinear", antialias=True)),
    "interpolate": Row((IMAGES,), {"size": (56, 56), "mode": "bilinear"},
                       lambda t, x: t.nn.functional.interpolate(x, (56, 56), mode="bilinear")),
    "grid_sample": Row(((32, 64, 28, 28), (32, 28, 28, 2)),
                       {"mode": "bilinear", "padding_mode": "zeros", "align_corners": False},
                       lambda t, x, g: t.nn.functional.grid_sample(x, g, align_corners=False)),
    "pad": Row((IMAGES,), {"pad": (1, 1, 1, 1)}, lambda t, x: t.nn.functional.pad(x, (1, 1, 1, 1))),
    "sum": Row((IMAGES,), {"axis": (0, 2, 3)}, lambda t, x: x.sum((0, 2, 3))),
    "mean": Row((IMAGES,), {"axis": (2, 3)}, lambda t, x: x.mean((2, 3))),
    "var": Row((IMAGES,), {"axis": (0, 2, 3)}, lambda t, x: x.var((0, 2, 3))),
    "std": Row((IMAGES,), {"axis": (0, 2, 3)}, lambda t, x: x.std((0, 2, 3))),
    "prod": Row(((32, 64, 10),), {"axis": 2}, lambda t, x: x.prod(2)),
    "amax": Row((IMAGES,), {"axis": (2, 3)}, lambda t, x: x.amax((2, 3))),
    "amin": Row((IMAGES,), {"axis": (2, 3)}, lambda t, x: x.amin((2, 3))),
    "logsumexp": Row((SCORES,), {"axis": 1}, lambda t, x: x.logsumexp(1)),
    "norm": Row((SCORES,), {"axis": 1}, lambda t, x: x.norm(dim=1)),
    "cumsum": Row((SCORES,), {"axis": 1}, lambda t, x: x.cumsum(1)),
    "cumprod": Row((SCORES,), {"axis": 1}, lambda t, x: x.cumprod(1)),
    "max": Row((SCORES,), {"axis": 1}, lambda t, x: x.max(1).values),
    "min": Row((SCORES,), {"axis": 1}, lambda t, x: x.min(1).values),
    "matmul": Row(((512, 512), (512, 512)), {}, lambda t, a, b: a @ b),
    "linear": Row(((128, 400), (120, 400), (120,)), {},
                  lambda t, x, w, b: t.nn.functional.linear(x, w, b)),
    "im2col": Row(((8, 64, 28, 28),), {"kernel_size": 3, "padding": 1},
                  lambda t, x: t.nn.functional.unfold(x, 3, padding=1)),
    "col2im": Row(((8, 576, 784),), {"output_size": (28, 28), "kernel_size": 3, "padding": 1},
                  lambda t, x: t.nn.functional.fold(x, (28, 28), 3, padding=1)),
    "conv": Row(((16, 64, 28, 28), (64, 64, 3, 3), (64,)), {"padding": 1},
                lambda t, x, w, b: t.nn.functional.conv2d(x, w, b, padding=1)),
    "conv_transpose": Row(((16, 64, 14, 14), (64, 32, 4, 4), (32,)), {"stride": 2, "padding": 1},
                          lambda t, x, w, b: t.nn.functional.conv_transpose2d(x, w, b, 2, 1)),
    "max_pool": Row((IMAGES,), {"kernel_size": 2}, lambda t, x: t.nn.functional.max_pool2d(x, 2)),
    "max_unpool": Row(((32, 64, 14, 14),), {"size": (28, 28)},
                      lambda t, x, i: t.nn.functional.max_unpool2d(x, i, 2), places),
    "avg_pool": Row((IMAGES,), {"kernel_size": 2}, lambda t, x: t.nn.functional.avg_pool2d(x, 2)),
    "window_sum": Row((IMAGES,), {"spans": (TILES, TILES)},
                      lambda t, x: 4 * t.nn.functional.avg_pool2d(x, 2)),
    "window_spread": Row(((32, 64, 14, 14),), {"spans": (TILES, TILES), "size": (28, 28)},
                         lambda t, x: t.nn.functional.interpolate(x, scale_factor=2)),
    "adaptive_avg_pool": Row((IMAGES,), {"output_size": 1},
                             lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 1)),
    "adaptive_max_pool": Row((IMAGES,), {"output_size": 7},
                             lambda t, x: t.nn.functional.adaptive_max_pool2d(x, 7)),
    "roi_pool": Row(((2, 256, 50, 68),), {"output_size": 7}, in_torchvision("roi_pool"), regions),
    "roi_align": Row(((2, 256, 50, 68),), {"output_size": 7}, in_torchvision("roi_align"), regions),
    "nms": Row((), {"iou_threshold": 0.7}, in_torchvision("nms"), scored_boxes),
    "batch_norm": Row((IMAGES, (64,), (64,)), {"training": True, "eps": 1e-5},
                      lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x, m, v, w, b, True),
                      lambda np, rng: (np.zeros(64, "float32"), np.ones(64, "float32"))),
    "batch_norm_add_relu": Row(
        (IMAGES, IMAGES, (64,), (64,)), {"training": True, "eps": 1e-5},
        lambda t, x, z, w, b, m, v: t.relu(t.nn.functional.batch_norm(x, m, v, w, b, True) + z),
        lambda np, rng: (np.zeros(64, "float32"), np.ones(64, "float32"))),
    "group_norm": Row((IMAGES, (64,), (64,)), {"num_groups": 8, "eps": 1e-5},
                      lambda t, x, w, b: t.nn.functional.group_norm(x, 8, w, b)),
    "layer_norm": Row(((4096, 256), (256,), (256,)), {"normalized_shape": (256,), "eps": 1e-5},
                      lambda t, x, w, b: t.nn.functional.layer_norm(x, (256,), w, b)),
    "rms_norm": Row(((4096, 256), (256,)), {"normalized_shape": (256,), "eps": 1e-5},
                    lambda t, x, w: t.nn.functional.rms_norm(x, (256,), w, 1e-5)),
    "local_response_norm": Row((IMAGES,), {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0},
                               lambda t, x: t.nn.functional.local_response_norm(x, 5, k=2.0)),
    "dropout": Row((IMAGES,), {"p": 0.5}, lambda t, x, mask: t.nn.functional.dropout(x, 0.5),
                   lambda np, rng: (rng.uniform(size=IMAGES) < 0.5,)),
    "prelu": Row((IMAGES, (64,)), {}, lambda t, x, w: t.nn.functional.prelu(x, w)),
    "softmax": Row((SCORES,), {"axis": 1}, lambda t, x: x.softmax(1)),
    "log_softmax": Row((SCORES,), {"axis": 1}, lambda t, x: x.log_softmax(1)),
    "cross_entropy": Row((SCORES,), {},
                         lambda t, x, y, w: t.nn.functional.cross_entropy(x, y),
                         lambda np, rng: (*labels(np, rng), None)),
    "nll_loss": Row((SCORES,), {}, lambda t, x, y, w: t.nn.functional.nll_loss(x, y),
                    lambda np, rng: (*labels(np, rng), None)),
    "mse_loss": Row((SCORES, SCORES), {}, lambda t, x, y: t.nn.functional.mse_loss(x, y)),
    "l1_loss": Row((SCORES, SCORES), {}, lambda t, x, y: t.nn.functional.l1_loss(x, y)),
    "huber_loss": Row((SCORES, SCORES), {"delta": 1.0},
                      lambda t, x, y: t.nn.functional.huber_loss(x, y)),
    "smooth_l1_loss": Row((SCORES, SCORES), {"beta": 1.0},
                          lambda t, x, y: t.nn.functional.smooth_l1_loss(x, y)),
    "soft_margin_loss": Row((SCORES,), {},
                            lambda t, x, y: t.nn.functional.soft_margin_loss(x, y), shares),
    # PyTorch refuses the numbers above 1 that rows are drawn from; ours are NaN at the same price
    "binary_cross_entropy": Row(
        (SCORES,), {},
        lambda t, x, y: t.nn.functional.binary_cross_entropy(x.clamp(max=1), y), shares),
    "binary_cross_entropy_with_logits": Row(
        (SCORES, SCORES), {},
        lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, y)),
    "kl_div": Row((SCORES,), {"log_target": False},
                  lambda t, x, y: t.nn.functional.kl_div(x, y, reduction="mean"), shares),
}  # fmt: skip

# What PyTorch calls an elementwise function, where it is neither torch.<name> nor F.<name>.
_PEERS: dict[str, Callable[..., Any]] = {
    "convert": lambda t, x, dtype: x.to(t.float64),
    "where": lambda t, c, a, b: t.where(c, a, b),
    "add_relu": lambda t, a, b: t.relu(a + b),
}

_OF_TORCHVISION = ("nms", "roi_align", "roi_pool")
_NO_GRADIENT = ("floor_divide",)  # PyTorch has none for these


def elementwise_row(op: Any) -> Row:
    """The shared row for one of the elementwise functions, with the parameters of its samples."""
    import numpy as np

    sample = next(iter(op.samples(np.random.default_rng(0))))
    count = sum(array is not None and array.dtype.kind == "f" for array in sample.arrays)
    params = dict(sample.params)

    def peer(torch: Any, *tensors: Any) -> Any:
        if op.name in _PEERS:
            inputs = (tensors[-1], *tensors[:-1]) if op.name == "where" else tensors
            return _PEERS[op.name](torch, *inputs, **params)
        home = torch if hasattr(torch, op.name) else torch.nn.functional
        return getattr(home, op.name)(*tensors, **params)

    mask = (lambda np, rng: (rng.uniform(size=IMAGES) < 0.5,)) if op.name == "where" else None
    return Row((IMAGES,) * count, params, peer, mask or ROWS["elementwise"].fixed)


def rivals_of(op: Any, row: Row, torch: Any) -> list[Rival]:
    """Ours and, where PyTorch is installed, theirs, on the same numbers."""
    import numpy as np

    import minitorch_cv as mt

    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.3, 2.0, shape).astype(np.float32) for shape in row.shapes]
    fixed = row.fixed(np, rng)
    params = row.params() if callable(row.params) else row.params

    def ours() -> Any:
        inputs = [mt.tensor(array, requires_grad=True) for array in arrays]
        constants = [mt.tensor(v) if isinstance(v, np.ndarray) else v for v in fixed]
        # `where` has its condition in front, all others their constants behind
        order = (*constants, *inputs) if op.name == "where" else (*inputs, *constants)
        return lambda: mt.autograd.apply(op, *order, **params)

    def theirs() -> Any:
        needed = op.name not in _NO_GRADIENT
        inputs = [torch.tensor(array, requires_grad=needed) for array in arrays]
        constants = [torch.tensor(v) if isinstance(v, np.ndarray) else v for v in fixed]
        return lambda: row.peer(torch, *inputs, *constants)

    found = [_rival(ours(), mt)]
    return [*found, _rival(theirs(), torch)] if has_peer(op.name, torch) else found


def has_peer(name: str, torch: Any) -> bool:
    """Is there something to compare with? torchvision's ops need its compiled part."""
    if torch is None or name not in _OF_TORCHVISION:
        return torch is not None
    try:
        import torchvision

        return torchvision.extension._has_ops()
    except (ImportError, RuntimeError, AttributeError):
        return False


def _rival(call: Callable[[], Any], library: Any) -> Rival:
    def forward() -> Any:
        y = call()
        return y[0] if isinstance(y, tuple) else y

    ones = library.ones_like(forward())
    return Rival(forward, lambda y: y.backward(ones) if y.requires_grad else None)


def line_of(name: str, times: list[Times]) -> str:
    """One line of the table; milliseconds, and PyTorch's time over ours."""
    cells = [f"{name:<22}"]
    for ours, theirs in zip(times[0], times[1] if len(times) > 1 else (None, None), strict=True):
        cells.append(f"{ours * 1e3:>10.3f}")
        cells.append(f"{'':>10}{'':>7}" if theirs is None
                     else f"{theirs * 1e3:>10.3f}{theirs / max(ours, 1e-9):>7.2f}")  # fmt: skip
    return "".join(cells)


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time ops against PyTorch.")
    parser.add_argument("ops", nargs="*", help="the ops to time (default: all)")
    parser.add_argument("--quick", action="store_true", help="three rounds each, no more")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "ops.json")
    given = parser.parse_args(argv)
    limit_threads(given.threads)
    torch = import_torch(given.threads)
    from minitorch_cv.ops import catalog

    title = "forward ms     torch  ratio  backward     torch  ratio"
    sys.stdout.write(f"{'op':<22}{title}\n")
    results = {}
    for name in given.ops or catalog.op_names():
        op = catalog.op_named(name)
        row = ROWS[name] if name in ROWS else elementwise_row(op)
        times = race(rivals_of(op, row, torch), 0.0 if given.quick else 0.5)
        results[name] = {
            who: time._asdict() for who, time in zip(("ours", "torch"), times, strict=False)
        }
        sys.stdout.write(line_of(name, times) + "\n")
        sys.stdout.flush()
    about = machine(given.threads) | {"torch": getattr(torch, "__version__", None)}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"machine": about, "seconds": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
