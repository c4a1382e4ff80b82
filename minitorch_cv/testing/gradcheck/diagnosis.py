"""Which mistake is it? Every hypothesis is tested on the numbers; the best explanations come first.

A hypothesis is a small function `(case) -> Diagnosis | None` with its formula in its docstring
(`hypotheses_*.py`, one file per family). Confidence is how much of the discrepancy
analytic − numeric it explains times how plausible it is; a simple and specific explanation is more
plausible than a loose one. One that raises is left out: a diagnosis must not end the report.
When no formula fits, where the errors are is the best hint there is: those hypotheses are here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import (
    hypotheses_layers,
    hypotheses_layout,
    hypotheses_scale,
    hypotheses_terms,
    hypotheses_upstream,
    hypotheses_windows,
)
from .evidence import Diagnosis, Evidence
from .hypotheses_layout import wrong_shape
from .hypotheses_tools import Case, rms, verdict

Hypothesis = Callable[[Case], Diagnosis | None]


def only_border(case: Case) -> Diagnosis | None:
    """Wrong elements lie within a few rows or columns of the edge, right ones inside."""
    if case.x.ndim < 3 or case.wrong.sum() < 2:
        return None
    axes = [q for q in range(2, case.x.ndim) if case.x.shape[q] > 2]
    grid = np.indices(case.x.shape)
    depth = [np.minimum(grid[q], case.x.shape[q] - 1 - grid[q]) for q in axes]
    if not depth:
        return None
    border = np.min(depth, axis=0)
    for width in range(1, 4):
        inside = case.known & (border >= width)
        edge = case.known & (border < width)
        if inside.sum() < max(2, 0.1 * case.known.sum()) or case.wrong[inside].any():
            continue
        if np.mean(case.wrong[edge]) < 0.25:
            return None
        text = f"g{case.name} is wrong within {width} of the border only and right inside: look at "
        return verdict(case, "only the border", 1.0, 0.6, text + "the padding and its cutting off.")
    return None


def only_one_index(case: Case) -> Diagnosis | None:
    """All wrong elements share one index along some axes; everything else is right."""
    if not case.wrong.any() or case.known.sum() < 4 or case.wrong.sum() == case.known.sum():
        return None
    words = []
    ends = set()
    for axis, n in enumerate(case.x.shape):
        rest = tuple(q for q in range(case.x.ndim) if q != axis)
        hit = np.flatnonzero(case.wrong.any(axis=rest))
        if n < 2 or len(hit) != 1:
            continue
        end = "last" if hit[0] == n - 1 else "first" if hit[0] == 0 else ""
        ends.add(end)
        words.append(f"index {hit[0]} of axis {axis}" + (f" (the {end})" if end else ""))
    if not words:
        return None
    end = ends.pop() if len(ends) == 1 else ""
    kind = f"only the {end}" if end else "only one index"
    text = f"g{case.name} is wrong only at " + " and ".join(words) + ", right elsewhere: look at "
    return verdict(case, kind, 1.0, 0.62, text + "the bounds of the loop or slice over it.")


def partly_zero(case: Case) -> Diagnosis | None:
    """Every wrong element is zero: these are never written."""
    if case.wrong.sum() < 2 or case.wrong.sum() == case.known.sum():
        return None
    if np.max(abs(case.a[case.wrong])) > 1e-12 * case.size:
        return None
    text = f"g{case.name} is zero in {int(case.wrong.sum())} elements that must not be, right "
    text += "elsewhere: part of it is never written."
    return verdict(case, "partly zero", 1.0, 0.58, text)


def unknown(case: Case) -> Diagnosis:
    """Nothing fits: how many elements are wrong, how large the error is, and where the worst is."""
    wrong, count = int(case.wrong.sum()), int(case.known.sum())
    d = np.where(case.wrong, abs(case.a - case.n), 0.0)
    place = ", ".join(str(int(i)) for i in np.unravel_index(int(np.argmax(d)), d.shape))
    size = rms(d[case.wrong]) / case.size if wrong and case.size else 0.0
    at = f"{case.name}[{place}]" if place else case.name
    return Diagnosis(
        "unknown", 0.1, f"No known mistake explains g{case.name}: {wrong} of {count} measured "
        f"elements are wrong, by {size:.2g} of the gradient's size, most at {at}. Start there, "
        "with the smallest input that still fails.",
    )  # fmt: skip


HYPOTHESES: tuple[Hypothesis, ...] = (
    *hypotheses_scale.HYPOTHESES,
    *hypotheses_upstream.HYPOTHESES,
    *hypotheses_layout.HYPOTHESES,
    *hypotheses_terms.HYPOTHESES,
    *hypotheses_windows.HYPOTHESES,
    *hypotheses_layers.HYPOTHESES,
    only_border,
    only_one_index,
    partly_zero,
)


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """The explanations of one wrong gradient, best first; "unknown" last when nothing explains it.

    evidence: what the engine measured. One diagnosis per kind, the most confident.
    """
    shape = np.shape(evidence.problem.arrays[evidence.k])
    if np.shape(evidence.analytic) != shape:
        return [wrong_shape(evidence)]
    case = Case(evidence)
    if not case.wrong.any():
        return [unknown(case)]
    best: dict[str, Diagnosis] = {}
    for hypothesis in HYPOTHESES:
        found = _tested(hypothesis, case)
        if found is not None and found.confidence > _confidence(best, found.kind):
            best[found.kind] = found
    ranked = sorted(best.values(), key=lambda d: -d.confidence)
    if not ranked or ranked[0].confidence < 0.7:
        ranked.append(unknown(case))
    return ranked


def _confidence(best: dict[str, Diagnosis], kind: str) -> float:
    return best[kind].confidence if kind in best else 0.0


def _tested(hypothesis: Hypothesis, case: Case) -> Diagnosis | None:
    try:
        with np.errstate(all="ignore"):
            return hypothesis(case)
    except Exception:  # of the function under test, or numbers that no hypothesis foresaw
        return None
