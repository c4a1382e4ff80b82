"""The rule for one op: which of its parts (docs/architecture.md, section 4) are missing?"""

from __future__ import annotations

import sys

import numpy as np

from minitorch_cv.ops.catalog import module_of
from minitorch_cv.ops.op import Op
from minitorch_cv.testing.parts import parts_of

# Parts that lie outside the op's file: every op has them; kernels and layers only where they pay.
ELSEWHERE = ("op", "function", "tests", "benchmark", "docs")


def missing_parts(op: Op) -> list[str]:
    """What an op lacks, one complaint for each part."""
    places = parts_of(op.name)
    complaints = [f"{op.name}: has no {part}" for part in ELSEWHERE if places[part] is None]
    return complaints + missing_inside(op, module_of(op.name))


def missing_inside(op: Op, module: str) -> list[str]:
    """What the op's own file lacks."""
    complaints = []
    text = sys.modules[f"minitorch_cv.ops.{module}"].__doc__ or ""
    if "=" not in text:
        complaints.append(f"{op.name}: the docstring of ops/{module} gives no equation")
    if not hasattr(op.saved, "_fields"):
        complaints.append(f"{op.name}: what it saves is no NamedTuple")
    if op.reference is None:
        complaints.append(f"{op.name}: has no reference")
    elif op.reference in (op.forward, op.backward):
        complaints.append(f"{op.name}: its reference is the op itself")
    rng = np.random.default_rng(0)
    if op.samples is None or not list(op.samples(rng)):
        complaints.append(f"{op.name}: has no samples")
    bad = [] if op.error_samples is None else list(op.error_samples(rng))
    if bad and op.check is None:
        complaints.append(f"{op.name}: has error samples, but no check")
    if op.check is not None and not bad:
        complaints.append(f"{op.name}: has a check, but no error samples")
    return complaints
