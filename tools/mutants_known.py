"""Mutants that survive, with the reason: most of them change nothing that can be seen.

Each was judged by hand. A reason holds for the changes below it, given by file below ops/ and as
tools/mutants.py prints them. The tests report an entry that fits no mutant any more.

    python tools/mutants_known.py       writes docs/mutants.md anew
"""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "mutants.md"

HEAD = """# Mutants that survive

`make mutants` plants bugs in every op and demands that the op checks go red: bugs that a teacher
knows from homework (a zeroed gradient, a flipped kernel, a forgotten sum over the batch), and every
small change of the source (`+` for `-`, a call left out, an axis off by one). At least 95 % must be
caught. Those below are not, for the reason above each list; `tools/mutants_known.py` holds the
list, and this page is written from it.
"""

# reason → file → the changes that survive for it
REASONS: dict[str, dict[str, tuple[str, ...]]] = {
    "any number below 0 says that there is none, and any axis below 0 takes all": {
        "roi/roi_pool.py": ("-1  →  -2",),
    },
    "float32 only, whose overlaps round otherwise than the reference's; tests/ops has a case": {
        "roi/nms.py": (
            "xp.asarray(overlap / (area[r] + area[rest] - overlap), dtype='float64')  →  overlap "
            "/ (area[r] + area[rest] - overlap)",
            "xp.asarray(overlap / (area[r] + area[rest] - overlap), dtype='float64')  →  "
            "xp.asarray(overlap / (area[r] + area[rest] - overlap))",
        ),
    },
    "NumPy 1 only: there a 0-d float32 times a number is a float64; NumPy 2 keeps float32": {
        "reduce/norm.py": (
            "like(g * x / xp.where(xp.equal(y, 0), 1, y), gy)  →  g * x / "
            "xp.where(xp.equal(y, 0), 1, y)",
            "like(xp.where(flat, 0, g * SIGN(x) * ratio), gy)  →  xp.where(flat, 0, g * "
            "SIGN(x) * ratio)",
        ),
        "reduce/logsumexp.py": (
            "like(y, x)  →  y",
            "like(xp.reshape(y, tuple(kept)), x)  →  xp.reshape(y, tuple(kept))",
            "like(spread(gy, x.shape, axes) * share, gy)  →  spread(gy, x.shape, axes) * share",
        ),
        "elementwise/table.py": (
            "like(derivative_a(xp, gy, **kept), gy)  →  derivative_a(xp, gy, **kept)",
            "like(derivative_b(xp, gy, **kept), gy)  →  derivative_b(xp, gy, **kept)",
        ),
        "random/dropout.py": (
            "like(xp.asarray(mask, dtype=model.dtype) * (1 / (1 - p) if p < 1 else 0.0), "
            "model)  →  xp.asarray(mask, dtype=model.dtype) * (1 / (1 - p) if p < 1 else 0.0)",
        ),
        "reduce/mean.py": (
            "like(y, x)  →  y",
            "like(gy / max(saved.n, 1), gy)  →  gy / max(saved.n, 1)",
        ),
        "reduce/var.py": (
            "like(y, x)  →  y",
            "like((x - mean) * scale, gy)  →  (x - mean) * scale",
        ),
    },
    "means the same": {
        "shape/getitem.py": (
            "xp.broadcast_to(x, places.shape)  →  x",
            "-1  →  -2",
        ),
        "shape/places.py": (
            "xp.arange(*part.indices(shape[axis]), dtype='int64')  →  "
            "xp.arange(*part.indices(shape[axis]))",
            "met + xp.zeros(int(part), dtype='int64')  →  met - xp.zeros(int(part), dtype='int64')",
            "max(shape[axis], 1)  →  shape[axis]",
            "max(shape[axis], 1)  →  max(shape[axis], 2)",
            "-1  →  -2",
        ),
        "elementwise/binary.py": (
            "xp.where(xp.equal(x, 0), 1, x)  →  xp.where(xp.equal(x, 0), 2, x)",
            "gy * (y / a)  →  gy / (y / a)",
        ),
        "reduce/norm.py": (
            "xp.where(xp.equal(y, 0), 1, y)  →  xp.where(xp.equal(y, 0), 2, y)",
            "xp.where(flat, 1, xp.abs(x))  →  xp.where(flat, 2, xp.abs(x))",
            "xp.where(flat, 1, y)  →  xp.where(flat, 2, y)",
            "g * SIGN(x)  →  g / SIGN(x)",
        ),
        "reduce/logsumexp.py": (
            "xp.where(xp.abs(top) == np.inf, 0, top)  →  xp.where(xp.abs(top) == np.inf, 1, top)",
        ),
        "reduce/var.py": (
            "divisor > 0  →  divisor >= 0",
            "xp.where(xp.equal(y, 0), 1, 2 * y)  →  xp.where(xp.equal(y, 0), 2, 2 * y)",
        ),
        "resize/grid_sample.py": (
            "(0, False)  →  (False, 0)",
            "max(period, 1)  →  max(period, 2)",
            "S - 1  →  S - 2",
            "(N, C, 1)  →  (N, C, 2)",
            "-_FAR  →  _FAR",
            "u < low  →  u <= low",
            "max(period, 1)  →  period",
            "xp.zeros_like(u)  →  xp.ones_like(u)",
            "saved.first[0]  →  saved.first[1]",
            "i > S - 1  →  i >= S - 1",
        ),
        "pool/view.py": (
            "total * divisors  →  total / divisors",
            "xp.asarray(along, dtype=dtype)  →  along",
            "xp.asarray(along, dtype=dtype)  →  xp.asarray(along)",
            "np.float32 if x.dtype.kind == 'f' else x.dtype  →  x.dtype if x.dtype.kind == 'f' "
            "else np.float32",
            "x.dtype.kind == 'f'  →  x.dtype.kind != 'f'",
        ),
        "pool/adaptive_max_pool.py": (
            "xp.asarray(lowest(x), dtype=x.dtype)  →  lowest(x)",
            "xp.asarray(lowest(x), dtype=x.dtype)  →  xp.asarray(lowest(x))",
        ),
        "reduce/axes.py": ("sorted(axes)  →  axes",),
        "norm/batch_norm.py": ("(0, *range(2, ndim))  →  (*range(2, ndim), 0)",),
        "norm/group_norm.py": ("(2, 3)  →  (3, 2)",),
        "conv/columns.py": ("xp.concatenate(found, axis=0)  →  xp.concatenate(found)",),
        "conv/conv.py": ("(0, *range(2, gy.ndim))  →  (*range(2, gy.ndim), 0)",),
        "conv/conv_transpose.py": ("(0, *range(2, gy.ndim))  →  (*range(2, gy.ndim), 0)",),
        "linalg/linear.py": ("x.ndim > 1  →  x.ndim > 2",),
        "loss/targets.py": ("ndim > 1  →  ndim > 2",),
        "elementwise/activations.py": (
            "gy / xp.square(1 + xp.abs(x)) + 0 * y  →  gy / xp.square(1 + xp.abs(x)) - 0 * y",
            "bend == 1  →  bend == 2",
            "right == 1  →  right == 2",
            "xp.minimum(x, 40)  →  xp.minimum(x, 41)",
            "x > 0  →  x >= 0",
            "xp.minimum(x, 0)  →  x",
            "xp.minimum(x, 0)  →  xp.minimum(x, 1)",
            "x >= 0  →  x > 0",
        ),
        "reduce/max.py": ("max(x.ndim, 1)  →  max(x.ndim, 2)",),
        "reduce/mean.py": ("total + math.nan  →  total - math.nan",),
        "shape/pad.py": (
            "slice(0, 0)  →  slice(1, 0)",
            "low < high  →  low <= high",
            "high + left  →  high - left",
            "max(-after, 0)  →  -after",
            "max(after, 0)  →  after",
            "start < left  →  start <= left",
            "right < stop  →  right <= stop",
        ),
        "activation/prelu.py": ("x > 0  →  x >= 0",),
        "reduce/prod.py": ("xp.reshape(gy, ())  →  gy",),
        "shape/gather.py": ("-1  →  -2",),
    },
    "float16 only: summed without float32 the result moves by a rounding or two, which "
    "the checks' tolerance for halves has to allow; tests/parity compares halves with "
    "PyTorch": {
        "elementwise/table.py": (
            "widen(saved.x)  →  saved.x",
            "widen(saved.y)  →  saved.y",
            "widen(gy)  →  gy",
        ),
        "scan/cumsum.py": ("widen(x)  →  x",),
        "scan/cumprod.py": ("widen(x)  →  x",),
        "resize/resample.py": ("widen(x)  →  x",),
        "resize/grid_sample.py": (
            "widen(gy)  →  gy",
            "widen(_flat(x))  →  _flat(x)",
            "widen(_flat(saved.x))  →  _flat(saved.x)",
        ),
        "pool/view.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
        ),
        "norm/batch_norm.py": (
            "widen(weight)  →  weight",
            "widen(bias)  →  bias",
            "widen(gy)  →  gy",
            "widen(x)  →  x",
            "like(xp.reshape(s, shape), wide)  →  xp.reshape(s, shape)",
        ),
        "norm/group_norm.py": (
            "widen(x)  →  x",
            "widen(p)  →  p",
        ),
        "norm/local_response_norm.py": (
            "widen(x)  →  x",
            "widen(saved.x)  →  saved.x",
            "widen(gy)  →  gy",
        ),
        "conv/conv.py": (
            "widen(x)  →  x",
            "widen(w)  →  w",
            "widen(gy)  →  gy",
        ),
        "conv/conv_transpose.py": (
            "widen(x)  →  x",
            "widen(w)  →  w",
            "widen(b)  →  b",
            "widen(gy)  →  gy",
        ),
        "loss/cross_entropy.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
        ),
        "loss/pairs.py": (
            "widen(target)  →  target",
            "widen(saved.x)  →  saved.x",
            "widen(saved.target)  →  saved.target",
            "widen(gy)  →  gy",
        ),
        "linalg/linear.py": (
            "factor(x)  →  x",
            "factor(w)  →  w",
            "factor(gy)  →  gy",
            "widen(gy if x.ndim > 1 else xp.reshape(gy, (rows, OUT)))  →  "
            "gy if x.ndim > 1 else xp.reshape(gy, (rows, OUT))",
        ),
        "precision.py": (
            "widen(x)  →  x",
            "x if library is not None and library.half_products else widen(x)  →  "
            "widen(x) if library is not None and library.half_products else x",
        ),
        "activation/log_softmax.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
            "widen(saved.y)  →  saved.y",
        ),
        "loss/nll_loss.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
        ),
        "activation/prelu.py": ("widen(each)  →  each",),
        "activation/softmax.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
            "widen(saved.y)  →  saved.y",
        ),
    },
    "only windows that hold nothing but −inf or no pixel, and NaN: which index they name, and that "
    "no gradient comes from a window without a pixel, is asserted in tests/ops/pool": {
        "pool/adaptive_max_pool.py": ("kept & inside  →  kept | inside",),
        "pool/max_pool.py": (
            "start >= 0  →  start > 0",
            "start >= 0  →  start >= 1",
            "_start(n, s, p, d)  →  n",
        ),
        "pool/winner.py": (
            "xp.zeros_like(gy)  →  gy",
            "xp.zeros_like(gy)  →  xp.ones_like(gy)",
            "xp.zeros_like(indices)  →  xp.ones_like(indices)",
        ),
    },
    "the same result on a slower way, or work that nobody asked for": {
        "reduce/norm.py": ("p == 1  →  p == 2",),
        "resize/resample.py": (
            "sorted(axes, key=lambda axis: axes[axis].index.shape[1] / axes[axis].size)  →  axes",
            "sorted(axes, key=lambda axis: axes[axis].index.shape[1] / axes[axis].size)  →  "
            "sorted(axes)",
            "axes[axis].index.shape[1] / axes[axis].size  →  axes[axis].index.shape[1] * "
            "axes[axis].size",
            "xp.asarray(table.weights, dtype=x.dtype)  →  xp.asarray(table.weights)",
        ),
        "pool/adaptive_max_pool.py": ("stop - start  →  stop + start",),
        "norm/batch_norm.py": ("needs[0] and saved.training  →  needs[0] or saved.training",),
        "conv/columns.py": (
            "max(1, _CHUNK // elements)  →  1",
            "max(1, _CHUNK // elements)  →  max(2, _CHUNK // elements)",
            "_CHUNK // elements  →  _CHUNK * elements",
            "min(start + step, N)  →  start + step",
            "any(pad)  →  pad",
            "any(plan.extra)  →  plan.extra",
            "1:  →  2:",
            "2:  →  3:",
        ),
        "conv/conv_transpose.py": ("any(plan.extra)  →  plan.extra",),
        "conv/im2col.py": ("any(view.padding)  →  view.padding",),
        "geometry.py": (
            "value >= least  →  value > least",
            "number < least  →  number <= least",
        ),
        "reduce/prod.py": ("D - 1  →  D + 1",),
        "elementwise/activations.py": (
            "x.dtype.itemsize > 4  →  x.dtype.itemsize >= 4",
            "x.dtype.itemsize > 4  →  x.dtype.itemsize > 5",
        ),
    },
    "only where there is nothing to divide: an axis, a batch or a window of size 0, whose "
    "gradient has no elements": {
        "norm/batch_norm.py": (
            "max(values_per_channel(x.shape), 1)  →  values_per_channel(x.shape)",
        ),
        "conv/columns.py": ("max(N, 1)  →  max(N, 2)",),
        "loss/pairs.py": (
            "np.float64(math.prod(errors.shape))  →  math.prod(errors.shape)",
            "max(math.prod(shape), 1)  →  math.prod(shape)",
        ),
        "reduce/mean.py": ("max(saved.n, 1)  →  saved.n",),
        "reduce/var.py": (
            "xp.sum(x, axis=axes, keepdims=True) / n if n else 0.0  →  xp.sum(x, axis=axes, "
            "keepdims=True) / n if n else 1.0",
            "max(n, 1)  →  n",
            "max(n, 1)  →  max(n, 2)",
        ),
    },
    "places that do not fit in an int64: asserted in tests/ops/resize/test_grid_sample.py": {
        "resize/grid_sample.py": (
            "xp.clip(xp.where(u == u, u, -_FAR), -_FAR, _FAR)  →  xp.where(u == u, u, -_FAR)",
        ),
    },
    "a number that is never read, or a case that check refuses": {
        "resize/grid_sample.py": ("(xp.zeros_like(u), u < low)  →  (u < low, xp.zeros_like(u))",),
        "reduce/axes.py": ("max(ndim, 1)  →  max(ndim, 2)",),
        "norm/batch_norm.py": (
            "max(values_per_channel(x.shape), 1)  →  max(values_per_channel(x.shape), 2)",
        ),
        "loss/targets.py": ("xp.where(kept, target, 0)  →  xp.where(kept, target, 1)",),
        "random/dropout.py": ("1 / (1 - p) if p < 1 else 0.0  →  1 / (1 - p) if p < 1 else 1.0",),
        "reduce/max.py": ("Saved(index, (), 0)  →  Saved(index, (), 1)",),
        "shape/permute.py": ("[0]  →  [1]",),
    },
    "the eps that None stands for, too small for the checks: asserted in tests/ops/norm": {
        "norm/rms_norm.py": (
            "2.0 ** (-52)  →  4.0 ** (-52)",
            "-52  →  -53",
            "2.0 ** (-23)  →  4.0 ** (-23)",
            "-23  →  -24",
        ),
    },
    "outputs beside y (statistics, indices) have no reference; they are asserted in "
    "tests/ops/norm and tests/ops/reduce, and compared with PyTorch": {
        "norm/batch_norm.py": (
            "like(xp.reshape(s, (x.shape[1],)), model)  →  xp.reshape(s, (x.shape[1],))",
            "xp.reshape(s, (x.shape[1],))  →  s",
            "(mean, var)  →  (var, mean)",
        ),
        "norm/group_norm.py": (
            "xp.reshape(s, (N, G))  →  s",
            "(N, G)  →  (G, N)",
            "(mean, var)  →  (var, mean)",
        ),
        "norm/layer_norm.py": (
            "max(math.prod((x.shape[axis] for axis in axes)), 1)  →  "
            "math.prod((x.shape[axis] for axis in axes))",
        ),
        "reduce/max.py": ("xp.squeeze(index, axis)  →  index",),
    },
    "the same values in a buffer that is larger or of another dtype than needed": {
        "loss/cross_entropy.py": (
            "xp.asarray(labels.kept, dtype=dtype)  →  labels.kept",
            "xp.asarray(labels.kept, dtype=dtype)  →  xp.asarray(labels.kept)",
        ),
        "resize/grid_sample.py": (
            "P + 1  →  P + 2",
            "xp.full(u.shape, (S - 1) / 2 if align else S / 2, dtype=u.dtype)  →  "
            "xp.full(u.shape, (S - 1) / 2 if align else S / 2)",
        ),
        "conv/im2col.py": (
            "2 * p  →  3 * p",
            "xp.ascontiguousarray(padded[view.inside(sizes)])  →  padded[view.inside(sizes)]",
            "xp.zeros((N, C, *view.padded(sizes)), dtype=x.dtype)  →  xp.zeros((N, C, "
            "*view.padded(sizes)))",
        ),
        "conv/conv.py": (
            "xp.empty((N, OC, *counts), dtype=x.dtype)  →  xp.empty((N, OC, *counts))",
        ),
        "pool/max_pool.py": (
            "count - 1  →  count + 1",
            "k - 1  →  k + 1",
            "(count - 1) * s + d * (k - 1) + 1  →  (count - 1) * s + d * (k - 1) + 2",
            "xp.full((*x.shape[:2], *ends), lowest(x), dtype=x.dtype)  →  "
            "xp.full((*x.shape[:2], *ends), lowest(x))",
        ),
        "shape/setitem.py": ("xp.zeros(x.shape, dtype=np.int64)  →  xp.zeros(x.shape)",),
    },
    "at NaN, where the slope is asserted in tests/ops/loss": {
        "loss/elementwise.py": (
            "xp.where(xp.equal(sign, sign), sign * g, 0)  →  xp.where(xp.equal(sign, sign), "
            "sign * g, 1)",
        ),
    },
    "at a = b = 0, which is asserted in tests/ops/elementwise/test_kinks.py": {
        "elementwise/binary.py": ("b <= 0  →  b < 0",),
    },
    "only where numbers overflow, which is asserted in tests/ops/reduce/test_logsumexp.py": {
        "reduce/logsumexp.py": (
            "xp.where(xp.abs(top) == np.inf, 0, top)  →  xp.abs(top) == np.inf",
        ),
    },
    "only arrays of more than 16384 elements, or the same result without blocks: asserted in "
    "tests/ops/elementwise/test_blocks.py": {
        "elementwise/blocks.py": (
            "math.prod(first.shape) <= BLOCK  →  math.prod(first.shape) < BLOCK",
            "not all((_plain(array, first.shape) for array in arrays))  →  all((_plain(array,"
            " first.shape) for array in arrays))",
            "all((_plain(array, first.shape) for array in arrays))  →  (_plain(array, "
            "first.shape) for array in arrays)",
            "all((_plain(array, first.shape) for array in arrays))  →  any((_plain(array, "
            "first.shape) for array in arrays))",
            "_plain(array, first.shape)  →  array",
            "xp.reshape(array, -1)  →  array",
            "xp.reshape(array, -1)  →  xp.reshape(array, 1)",
            "-1  →  -2",
            "flat[0]  →  flat[1]",
            "flat[0].shape[0]  →  flat[0].shape[1]",
            "range(0, size, BLOCK)  →  range(1, size, BLOCK)",
            "start + BLOCK  →  start - BLOCK",
            "y is None  →  y is not None",
            "xp.empty(size, part.dtype)  →  size",
            "xp.reshape(y, first.shape)  →  y",
            "array.__class__ is np.ndarray and array.shape == shape and "
            "bool(array.flags.c_contiguous)  →  array.__class__ is np.ndarray or array.shape "
            "== shape or bool(array.flags.c_contiguous)",
            "array.__class__ is np.ndarray  →  array.__class__ is not np.ndarray",
            "array.shape == shape  →  array.shape != shape",
        ),
    },
    "on a device alone: asserted in tests/ops/shape and tests/kernels/cuda/shape": {
        "shape/gather.py": (
            "device_of(x).type != 'cpu'  →  device_of(x).type == 'cpu'",
            "SCATTER_ADD(widen(x), index, size=size)  →  widen(x)",
            "SCATTER_ADD(widen(x), index, size=size)  →  SCATTER_ADD(widen(x), index)",
            "widen(x)  →  x",
            "wide.astype(x.dtype)  →  x.dtype",
            "ScatterSaved(index)  →  index",
            "if on_device  →  if not on_device",
            "values.astype('uint64')  →  'uint64'",
            "xp.zeros(size, dtype=values.dtype)  →  xp.zeros(size)",
        ),
        "shape/getitem.py": ("device_of(x).type != 'cpu'  →  device_of(x).type == 'cpu'",),
        "shape/places.py": (
            "lines.append(None)  →  None",
            "first if spots else len(lines)  →  len(lines) if spots else first",
            "xp.zeros(int(part), dtype='int64')  →  int(part)",
            "xp.zeros(int(part), dtype='int64')  →  xp.zeros(int(part))",
            "first if spots[-1] - spots[0] < len(spots) else 0  →  0 if spots[-1] - spots[0] < "
            "len(spots) else first",
            "spots[-1] - spots[0] < len(spots)  →  spots[-1] - spots[0] <= len(spots)",
            "spots[-1] - spots[0]  →  spots[-1] + spots[0]",
            "at + 1  →  at + 2",
            "part is None or part is Ellipsis or _is_truth(part)  →  part is None and part is "
            "Ellipsis and _is_truth(part)",
            "0  →  1",
            "isinstance(part, bool) or (getattr(part, 'dtype', None) == np.bool_ and part.ndim "
            "== 0)  →  isinstance(part, bool) and (getattr(part, 'dtype', None) == np.bool_ and"
            " part.ndim == 0)",
            "part.ndim == 0  →  part.ndim != 0",
            "part.ndim == 0  →  part.ndim == 1",
            "xp.nonzero(part)  →  part",
            "xp.asarray(part, dtype='int64')  →  part",
            "xp.asarray(part, dtype='int64')  →  xp.asarray(part)",
            "len(lines) - first  →  len(lines) + first",
            "(1,)  →  (2,)",
        ),
    },
    "only where a kernel handed over a plain tuple, or keys lie on another device than x": {
        "conv/conv.py": ("Plan.of(saved.plan)  →  saved.plan",),
        "conv/conv_transpose.py": ("Plan.of(saved.plan)  →  saved.plan",),
        "shape/getitem.py": ("xp.asarray(k)  →  k",),
    },
}

KNOWN = {
    (file, change): reason
    for reason, files in REASONS.items()
    for file, changes in files.items()
    for change in changes
}


def reason(file: str, text: str) -> str | None:
    """Why a mutant is known to survive; None for one that nobody has excused."""
    return KNOWN.get((file, text))


def page() -> str:
    """docs/mutants.md."""
    lines = [HEAD]
    for reason, files in REASONS.items():
        lines.append(f"## {reason[0].upper()}{reason[1:]}\n")
        for file, changes in files.items():
            lines += [f"- `{file}`: `{change}`" for change in changes]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(PAGE.write_text(page(), encoding="utf-8") < 0)
