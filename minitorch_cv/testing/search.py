"""Looking for the places that matter: wrong elements, kinks and ties, with a `Measure`."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from .numeric import Difference, Measure, scaled_direction

KINK_LEVELS = 5  # down to a step of 2e-7


def along(
    measure: Measure, rng: np.random.Generator, places: Sequence[int],
    region: np.ndarray | None = None,
) -> Difference:  # fmt: skip
    """One derivative along a fresh random direction of some inputs; `region` masks the (one)."""
    problem = measure.problem
    direction: list[np.ndarray | None] = [None] * len(problem.arrays)
    for k in places:
        d = scaled_direction(rng, problem.arrays[k])
        direction[k] = d if region is None else d * region
    name = problem.names[places[0]] if len(places) == 1 else "all inputs"
    return measure.along(direction, name)


def first_wrong(measure: Measure, rng: np.random.Generator, k: int) -> Difference | None:
    """The first wrong element of a large input: halves of it in turn are probed."""
    x = measure.problem.arrays[k]
    low, high = 0, x.size
    while high - low > 1:
        middle = (low + high) // 2
        region = np.zeros(x.size)
        region[low:middle] = 1.0
        if along(measure, rng, [k], region.reshape(x.shape)).verdict == "FAIL":
            high = middle
        else:
            low = middle
    found = measure.element(k, low)
    return found if found.verdict == "FAIL" else None


def scan(
    measure: Measure, k: int, cap: int, budget: float, first: Difference | None
) -> dict[int, Difference]:
    """Element by element: those on the lines through `first`, then at most `cap` from all over.

    budget: seconds after which it stops.
    """
    x = measure.problem.arrays[k]
    stop = time.perf_counter() + budget
    found: dict[int, Difference] = {}
    near = [] if first is None or first.where is None else _lines(first.where, x.shape)
    for flat in dict.fromkeys([*near, *_shuffled(x.size, cap)]):
        found[flat] = measure.element(k, flat, quick=True)
        if time.perf_counter() > stop:
            break
    if first is not None and first.where is not None:
        found[flat_number(first.where, x.shape)] = first
    return dict(sorted(found.items()))


def kinks(
    measure: Measure, places: Sequence[int], most: int = 64, scanned: int = 512, budget: float = 1.0
) -> list[Difference]:
    """The elements on which the slopes of both sides differ, found element by element.

    budget: seconds after which it stops.
    """
    found: list[Difference] = []
    stop = time.perf_counter() + budget
    for k in places:
        for flat in strided(measure.problem.arrays[k].size, scanned):
            d = measure.element(k, flat, levels=KINK_LEVELS)
            if d.verdict != "PASS" and d.kink is not None:
                found.append(d._replace(verdict="UNDECIDED"))
            if len(found) >= most or time.perf_counter() > stop:
                return found
    return found


# Ties: equal elements that are moved together stay tied, and a maximum of them is smooth.


def wrong_ties(measure: Measure, rng: np.random.Generator, k: int) -> list[Difference]:
    """Wrong elements among tied ones, the surest first; none where ties are as they should be.

    What sends a gradient to all of several tied maxima is wrong there and nowhere else.
    """
    x = measure.problem.arrays[k]
    values = np.unique(x)
    if values.size == x.size:
        return []
    groups = np.searchsorted(values, x)
    if not all(_wrong_together(measure, rng, k, values, groups) for _ in range(2)):
        return []
    low, high = 0, values.size
    while high - low > 1:
        middle = (low + high) // 2
        kept = np.zeros(values.size)
        kept[low:middle] = 1.0
        if _wrong_together(measure, rng, k, values * kept, groups):
            high = middle
        else:
            low = middle
    return _tied_elements(measure, k, np.flatnonzero(groups.reshape(-1) == low))


def _wrong_together(
    measure: Measure, rng: np.random.Generator, k: int, values: np.ndarray, groups: np.ndarray
) -> bool:
    """Is the gradient wrong along a direction that depends on the value alone? (0 stays 0.)"""
    moves = scaled_direction(rng, values) * (values != 0)
    direction: list[np.ndarray | None] = [None] * len(measure.problem.arrays)
    direction[k] = moves[groups].reshape(measure.problem.arrays[k].shape)
    return measure.along(direction, measure.problem.names[k]).verdict == "FAIL"


def _tied_elements(measure: Measure, k: int, places: np.ndarray) -> list[Difference]:
    """Those of some equal elements whose claim is not their slope to the left, the last first.

    The last of several tied maxima gets nothing from the tie where the first gets all, and the
    slope to its left is what it gets from elsewhere.
    """
    wrong = []
    for flat in places[::-1]:
        d = measure.element(k, int(flat), levels=KINK_LEVELS)
        if d.kink is None:
            continue
        numeric, error = d.kink[0], 1e-6 * max(abs(d.kink[0]), abs(d.kink[1]))
        if abs(d.analytic - numeric) > 10 * error:
            wrong.append(d._replace(numeric=numeric, error=error, verdict="FAIL"))
    return wrong


# Flat numbers of elements.


def flat_number(where: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The place of an element in memory order."""
    return int(np.ravel_multi_index(where, shape)) if where else 0


def strided(size: int, most: int) -> list[int]:
    """At most so many of the flat elements, from all over, in order."""
    if size <= most:
        return list(range(size))
    return sorted({int(v) for v in np.linspace(0, size - 1, most)}) if most else []


def _shuffled(size: int, most: int) -> list[int]:
    """All elements in order where there are few; else so many, in an order that leaves no gaps."""
    if size <= most:
        return list(range(size))
    stride = int(size * 0.6180339887) | 1
    while np.gcd(stride, size) != 1:
        stride += 2
    return [(i * stride) % size for i in range(most)]


def _lines(where: tuple[int, ...], shape: tuple[int, ...], most: int = 24) -> list[int]:
    """The elements on the lines through one element: is its whole row wrong?"""
    return [
        flat_number((*where[:axis], i, *where[axis + 1 :]), shape)
        for axis, size in enumerate(shape)
        for i in strided(size, most)
    ]
