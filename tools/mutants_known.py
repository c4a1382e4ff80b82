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
    "NumPy 1 only: there a 0-d float32 times a number is a float64; NumPy 2 keeps float32": {
        "elementwise/table.py": (
            "like(forward(array_module(x), x, **params), x)  →  forward(array_module(x), x, "
            "**params)",
            "like(derivative(array_module(gy), gy, **kept, **saved.params), gy)  →  "
            "derivative(array_module(gy), gy, **kept, **saved.params)",
            "like(derivative_a(xp, gy, **kept), gy)  →  derivative_a(xp, gy, **kept)",
            "like(derivative_b(xp, gy, **kept), gy)  →  derivative_b(xp, gy, **kept)",
        ),
        "norm/batch_norm.py": (
            "like(xp.reshape(s * 1, shape), wide)  →  xp.reshape(s * 1, shape)",
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
        "pool/adaptive_avg_pool2d.py": ("xp.reshape(divisors, (OH, OW))  →  divisors",),
        "pool/adaptive_max_pool2d.py": (
            "xp.asarray(lowest(x), dtype=x.dtype)  →  lowest(x)",
            "xp.asarray(lowest(x), dtype=x.dtype)  →  xp.asarray(lowest(x))",
        ),
        "reduce/axes.py": ("sorted(axes)  →  axes",),
        "norm/batch_norm.py": (
            "(0, *range(2, ndim))  →  (*range(2, ndim), 0)",
            "s * 1  →  s / 1",
        ),
        "conv/conv2d.py": (
            "xp.concatenate(gxs, axis=0)  →  xp.concatenate(gxs)",
            "(0, 2, 3)  →  (2, 0, 3)",
        ),
        "loss/targets.py": ("ndim > 1  →  ndim > 2",),
        "elementwise/activations.py": (
            "x > 0  →  x >= 0",
            "xp.minimum(x, 0)  →  x",
            "xp.minimum(x, 0)  →  xp.minimum(x, 1)",
            "x >= 0  →  x > 0",
        ),
        "loss/l1_loss.py": (
            "xp.broadcast_to(share(widen(gy), d.shape, saved.reduction), d.shape)  →  "
            "share(widen(gy), d.shape, saved.reduction)",
        ),
        "reduce/max.py": ("max(x.ndim, 1)  →  max(x.ndim, 2)",),
        "reduce/mean.py": ("total + math.nan  →  total - math.nan",),
        "shape/pad.py": (
            "max(-after, 0)  →  -after",
            "max(after, 0)  →  after",
            "before > 0  →  before >= 0",
            "after > 0  →  after >= 0",
        ),
        "activation/prelu.py": ("x > 0  →  x >= 0",),
        "reduce/prod.py": ("xp.reshape(gy, ())  →  gy",),
        "shape/gather.py": ("-1  →  -2",),
    },
    "float16 only: summed without float32 the result moves by a rounding or two, which "
    "the checks' tolerance for halves has to allow; tests/parity compares halves with "
    "PyTorch": {
        "pool/view.py": ("widen(x)  →  x",),
        "norm/batch_norm.py": (
            "widen(weight)  →  weight",
            "widen(bias)  →  bias",
            "widen(gy)  →  gy",
            "widen(x)  →  x",
        ),
        "conv/conv2d.py": (
            "widen(x)  →  x",
            "widen(w)  →  w",
            "widen(saved.x)  →  saved.x",
            "widen(saved.w)  →  saved.w",
            "widen(gy)  →  gy",
        ),
        "loss/cross_entropy.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
        ),
        "loss/l1_loss.py": (
            "widen(x)  →  x",
            "widen(target)  →  target",
            "widen(gy)  →  gy",
        ),
        "linalg/linear.py": (
            "widen(x)  →  x",
            "widen(w)  →  w",
            "widen(gy)  →  gy",
        ),
        "activation/log_softmax.py": (
            "widen(x)  →  x",
            "widen(gy)  →  gy",
            "widen(saved.y)  →  saved.y",
        ),
        "loss/mse_loss.py": (
            "widen(x)  →  x",
            "widen(target)  →  target",
            "widen(gy)  →  gy",
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
    "only windows that hold nothing but −inf: which index they name is asserted in "
    "tests/ops/pool": {
        "pool/adaptive_max_pool2d.py": ("tops[:, None] * W + lefts  →  tops[:, None] * W - lefts",),
        "pool/max_pool2d.py": (
            "start >= 0  →  start > 0",
            "start >= 0  →  start >= 1",
            "start // dilation  →  start * dilation",
            "_start(p, SH, PH, DH)  →  p",
            "_start(q, SW, PW, DW)  →  q",
            "rows[:, None] * W + columns  →  rows[:, None] * W - columns",
        ),
    },
    "the same result on a slower way, or work that nobody asked for": {
        "pool/adaptive_max_pool2d.py": (
            "span[1] - span[0]  →  span[1] + span[0]",
            "0  →  1",
        ),
        "norm/batch_norm.py": ("needs[0] and saved.training  →  needs[0] or saved.training",),
        "conv/conv2d.py": (
            "max(1, _CHUNK // (G * CG * KH * KW * L))  →  1",
            "max(1, _CHUNK // (G * CG * KH * KW * L))  →  max(2, _CHUNK // (G * CG * KH * KW * L))",
            "_CHUNK // (G * CG * KH * KW * L)  →  _CHUNK * (G * CG * KH * KW * L)",
            "min(start + step, N)  →  start + step",
            "Window((1, 1), (1, 1), (0, 0), view.dilation)  →  (1, 1)",
            "(1, 1)  →  (2, 1)",
            "(1, 1)  →  (1, 2)",
            "(0, 0)  →  (1, 0)",
            "(0, 0)  →  (0, 1)",
        ),
        "reduce/prod.py": ("D - 1  →  D + 1",),
        "shape/getitem.py": (
            "part is None or part is Ellipsis or isinstance(part, (slice, np.integer)) or "
            "(isinstance(part, int) and (not isinstance(part, bool)))  →  part is None and "
            "part is Ellipsis and isinstance(part, (slice, np.integer)) and "
            "(isinstance(part, int) and (not isinstance(part, bool)))",
            "not isinstance(part, bool)  →  isinstance(part, bool)",
        ),
    },
    "only where there is nothing to divide: an axis, a batch or a window of size 0, whose "
    "gradient has no elements": {
        "pool/adaptive_max_pool2d.py": (
            "max([span[1] - span[0] for span in columns], default=0)  →  "
            "max([span[1] - span[0] for span in columns])",
        ),
        "norm/batch_norm.py": (
            "max(values_per_channel(x.shape), 1)  →  values_per_channel(x.shape)",
        ),
        "conv/conv2d.py": ("max(N, 1)  →  max(N, 2)",),
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
    "integer images only, which are pooled in tests/ops/pool and tests/parity": {
        "pool/winner.py": ("array_module(x).iinfo(x.dtype)  →  x.dtype",),
    },
    "a number that is never read, or a case that check refuses": {
        "reduce/axes.py": ("max(ndim, 1)  →  max(ndim, 2)",),
        "pool/avg_pool2d.py": (
            "max(h * w, 1)  →  h * w",
            "max(high - low, 0)  →  high - low",
            "max(high - low, 0)  →  max(high - low, 1)",
        ),
        "norm/batch_norm.py": (
            "max(values_per_channel(x.shape), 1)  →  max(values_per_channel(x.shape), 2)",
        ),
        "loss/targets.py": ("xp.where(kept, target, 0)  →  xp.where(kept, target, 1)",),
        "random/dropout.py": ("1 / (1 - p) if p < 1 else 0.0  →  1 / (1 - p) if p < 1 else 1.0",),
        "reduce/max.py": ("Saved(index, (), 0)  →  Saved(index, (), 1)",),
        "shape/permute.py": ("[0]  →  [1]",),
    },
    "outputs beside y (statistics, indices) have no reference; they are asserted in "
    "tests/ops/norm and tests/ops/reduce, and compared with PyTorch": {
        "norm/batch_norm.py": (
            "like(xp.reshape(s, (x.shape[1],)), model)  →  xp.reshape(s, (x.shape[1],))",
            "xp.reshape(s, (x.shape[1],))  →  s",
            "(mean, var)  →  (var, mean)",
        ),
        "reduce/max.py": ("xp.squeeze(index, axis)  →  index",),
    },
    "the same values in a buffer that is larger or of another dtype than needed": {
        "conv/im2col.py": (
            "2 * PH  →  3 * PH",
            "2 * PW  →  3 * PW",
            "xp.ascontiguousarray(padded[:, :, PH:PH + H, PW:PW + W])  →  padded[:, :, PH:PH "
            "+ H, PW:PW + W]",
            "xp.zeros((N, C, H + 2 * PH, W + 2 * PW), dtype=x.dtype)  →  xp.zeros((N, C, H + "
            "2 * PH, W + 2 * PW))",
        ),
        "conv/conv2d.py": (
            "xp.empty((x.shape[0], OC, OH, OW), dtype=x.dtype)  →  xp.empty((x.shape[0], OC, "
            "OH, OW))",
        ),
        "pool/max_pool2d.py": (
            "OH - 1  →  OH + 1",
            "KH - 1  →  KH + 1",
            "(OH - 1) * SH + DH * (KH - 1) + 1  →  (OH - 1) * SH + DH * (KH - 1) + 2",
            "OW - 1  →  OW + 1",
            "KW - 1  →  KW + 1",
            "(OW - 1) * SW + DW * (KW - 1) + 1  →  (OW - 1) * SW + DW * (KW - 1) + 2",
            "TH > H  →  TH >= H",
            "TW > W  →  TW >= W",
            "xp.full((N, C, max(TH, PH + H), max(TW, PW + W)), lowest(x), dtype=x.dtype)  →  "
            "xp.full((N, C, max(TH, PH + H), max(TW, PW + W)), lowest(x))",
        ),
        "shape/setitem.py": ("xp.zeros(x.shape, dtype=np.int64)  →  xp.zeros(x.shape)",),
        "pool/window_sum.py": (
            "xp.zeros((*lead, OH, size[1]), dtype=x.dtype)  →  xp.zeros((*lead, OH, size[1]))",
            "xp.empty((*lead, len(rows), W), dtype=x.dtype)  →  xp.empty((*lead, len(rows), W))",
        ),
    },
    "x and target of different dtypes: asserted in tests/ops/loss": {
        "loss/pairs.py": (
            "array_module(x).result_type(x, target) if target.dtype.kind == 'f' else x.dtype "
            " →  x.dtype if target.dtype.kind == 'f' else array_module(x).result_type(x, "
            "target)",
            "target.dtype.kind == 'f'  →  target.dtype.kind != 'f'",
        ),
    },
    "at a = 0 or b = 0, which is asserted in tests/ops/elementwise/test_kinks.py": {
        "elementwise/binary.py": (
            "xp.equal(b, 0)  →  xp.equal(b, 1)",
            "xp.where(xp.equal(b, 0), 0, gy * b * a ** (b - 1))  →  xp.where(xp.equal(b, 0), "
            "1, gy * b * a ** (b - 1))",
            "xp.equal(a, 0)  →  xp.equal(a, 1)",
            "b >= 0  →  b > 0",
            "b >= 0  →  b >= 1",
            "xp.where(xp.equal(a, 0) & (b >= 0), 0, y * xp.log(a))  →  xp.where(xp.equal(a, "
            "0) & (b >= 0), 1, y * xp.log(a))",
        ),
    },
    "fewer values than the correction takes off: the result is inf or NaN instead of a "
    "negative number, as in PyTorch; tests/ops/reduce/test_var.py asserts it": {
        "reduce/var.py": ("max(n - correction, 0)  →  n - correction",),
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
