"""Numeric derivatives with an error estimate: central differences, Richardson, on plain arrays.

    φ(t) = Σ ⟨c, f(x + t d) − f(x)⟩        D(h) = (φ(h) − φ(−h)) / 2h
    φ'(0) ≈ R(h) = (4 D(h/2) − D(h)) / 3, error O(h⁴)

Source: Richardson, "The approximate arithmetical solution by finite differences", Phil. Trans. R.
Soc. A 210 (1911). No tolerance is set by hand: the error of R(h/2) is estimated from three things,

    |R(h/2) − R(h)|              what one halving of the step still changes (truncation)
    Σ |2 B_i(h/2) − B_i(h)| / 2  with B(h) = (φ(h) + φ(−h)) / h, the right slope less the left one:
                                 it halves with h where φ is smooth, and stays where φ has a kink;
                                 taken for each output by itself, for kinks may cancel in a sum
    8 σ / h                      rounding, with σ the noise of φ itself, measured as in Moré & Wild,
                                 "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011)

and where the estimate is too large (a kink within the step) the step becomes 8 times smaller.
A derivative is wrong where it is 10 estimated errors away, at two steps that agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Evaluate = Callable[[Sequence[np.ndarray]], list[np.ndarray]]
Line = Callable[[float], np.ndarray]  # t → the terms of φ(t)
Direction = Sequence["np.ndarray | None"]  # one for each array; None: it does not move

EPSILON = float(np.finfo(np.float64).eps)
STEP = EPSILON**0.2  # 7e-4: truncation h⁴ and rounding ε / h are of one size
LEVELS = 9  # steps tried in turn, each 8 times smaller
FAR = 10.0  # so many estimated errors away is wrong
RELATIVE = 1e-8  # of the gradient's size: rounding of the claimed gradient itself
NOTHING = 1e-5  # of the size of the outputs: a smaller derivative need not be known better
FINE = 1e-4  # a derivative known to this part of its size is known well enough


class Problem(NamedTuple):
    """What is to be checked: s = Σ_k ⟨c_k, f_k(x_1, x_2, …)⟩ and its gradients as claimed."""

    evaluate: Evaluate
    arrays: list[np.ndarray]  # float64
    names: list[str]
    cotangents: list[np.ndarray]  # one for each output
    gradients: list[np.ndarray]  # claimed, one for each array


class Difference(NamedTuple):
    """One derivative that was compared."""

    name: str  # of the input
    where: tuple[int, ...] | None  # the element; None for a random direction
    analytic: float
    numeric: float
    error: float  # how far `numeric` may be off
    kink: tuple[float, float] | None  # slopes on the left and right where they differ
    verdict: str  # "PASS", "FAIL" or "UNDECIDED"

    @property
    def ok(self) -> bool:
        """True where the claimed derivative is right."""
        return self.verdict == "PASS"

    @property
    def place(self) -> str:
        """The element, as one writes it: `gw[2, 0]`, `layer.weight[2, 0]`."""
        if self.where is None:
            return f"{self.name} along a random direction"
        name = f"g{self.name}" if self.name.isidentifier() else self.name
        return name + (f"[{', '.join(map(str, self.where))}]" if self.where else "")

    def __str__(self) -> str:
        text = f"{self.place}: analytic {self.analytic:.6g}, numeric {self.numeric:.6g}"
        if self.kink is not None:
            left, right = self.kink
            text += f" (a kink: slope {left:.6g} on the left, {right:.6g} on the right)"
        return text


class Slope(NamedTuple):
    """φ'(0) as measured with one step."""

    value: float
    error: float
    left: float
    right: float
    bend: float  # how much of right − left does not vanish with the step

    @property
    def kinked(self) -> bool:
        """True where the function bends within the step."""
        return bool(self.bend > 1e-3 * max(abs(self.left), abs(self.right), 1e-300))


class Measure:
    """Measures derivatives of one problem. Counts its evaluations."""

    def __init__(
        self, problem: Problem, *, step: float | None = None, rng: np.random.Generator | None = None
    ) -> None:
        self.problem = problem
        self.step = STEP if step is None else step
        self.base = problem.evaluate(problem.arrays)
        self.evaluations = 1
        pairs = list(zip(problem.cotangents, self.base, strict=True))
        self.size = float(np.sqrt(sum(float(np.sum(np.square(c * y))) for c, y in pairs)))
        self.usual = [_rms(g) for g in problem.gradients]
        self.noise = EPSILON * self.size
        self.noise = max(self.noise, self._noise(np.random.default_rng(0) if rng is None else rng))
        parts = [abs(c * y).reshape(-1) for c, y in pairs]
        self.floor = np.concatenate(parts) * (self.noise / self.size) if self.size else np.zeros(1)

    def phi(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """c · (f(arrays) − f(x)) of every output; their sum is φ. Little is lost to rounding."""
        self.evaluations += 1
        outputs = self.problem.evaluate(arrays)
        pairs = zip(self.problem.cotangents, outputs, self.base, strict=True)
        with np.errstate(all="ignore"):
            parts = [(c * (y - y0)).reshape(-1) for c, y, y0 in pairs]
            return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _noise(self, rng: np.random.Generator) -> float:
        """σ of φ's rounding: fourth differences of 7 values so close that φ itself is a line."""
        direction = [scaled_direction(rng, x) for x in self.problem.arrays]
        values = np.array(
            [0.0] + [float(self.phi(self._moved(direction, k * 1e-9)).sum()) for k in range(1, 7)]
        )
        found = 0.0
        for order, weight in ((3, 20.0), (4, 70.0)):  # (2k)! / (k!)²
            table = np.diff(values, order)
            found = max(found, float(np.sqrt(np.mean(table**2) / weight)))
        return found if np.isfinite(found) else 0.0

    def _moved(self, direction: Direction, t: float) -> list[np.ndarray]:
        return [
            x if d is None else x + t * d
            for x, d in zip(self.problem.arrays, direction, strict=True)
        ]

    def along(self, direction: Direction, name: str) -> Difference:
        """The claimed derivative along a direction against the numeric one."""
        products = [
            g * d for g, d in zip(self.problem.gradients, direction, strict=True) if d is not None
        ]
        analytic = sum(float(np.sum(p)) for p in products)
        size = float(np.sqrt(sum(float(np.sum(p * p)) for p in products)))
        rounding = sum(float(np.sum(abs(p))) for p in products)
        weight = float(np.sqrt(sum(float(np.sum(d * d)) for d in direction if d is not None)))
        size = max(size, 1e-3 * max(self.usual, default=0.0) * weight, NOTHING * self.size)
        return self._judged(
            lambda t: self.phi(self._moved(direction, t)), name, None, analytic, size, rounding
        )

    def element(
        self, k: int, flat: int, *, quick: bool = False, levels: int = LEVELS
    ) -> Difference:
        """The claimed derivative in one element of input k.

        quick: one step alone where it is good enough, without a second look at a difference.
        levels: so many steps are tried; few are enough to see that an element is on a kink.
        """
        x, gradient = self.problem.arrays[k], self.problem.gradients[k]
        where = tuple(int(i) for i in np.unravel_index(flat, x.shape))
        unit = max(1.0, abs(float(x[where])))
        analytic = float(gradient[where])
        arrays = list(self.problem.arrays)
        moving = arrays[k] = np.array(x, order="C")
        here = float(x[where])

        def line(t: float) -> np.ndarray:
            moving[where] = here + t * unit
            return self.phi(arrays)

        size = max(abs(analytic) * unit, 1e-3 * self.usual[k] * unit, NOTHING * self.size)
        found = self._judged(
            line, self.problem.names[k], where, analytic * unit, size, abs(analytic) * unit, quick,
            levels,
        )  # fmt: skip
        kink = None if found.kink is None else (found.kink[0] / unit, found.kink[1] / unit)
        return found._replace(
            analytic=analytic, numeric=found.numeric / unit, error=found.error / unit, kink=kink
        )

    def _judged(
        self, line: Line, name: str, where: tuple[int, ...] | None,
        analytic: float, size: float, rounding: float, quick: bool = False, levels: int = LEVELS,
    ) -> Difference:  # fmt: skip
        """Smaller and smaller steps until the verdict is clear."""
        best: Slope | None = None
        suspect: Slope | None = None
        verdict = "UNDECIDED"
        for level in range(levels):
            h = self.step / 8**level
            slope = measure_slope(line, h, self.noise, self.floor)
            if best is None or slope.error <= best.error:
                best = slope
            found = _opinion(analytic, slope, max(size, abs(slope.value)), rounding)
            if found == "PASS":
                best, verdict = slope, found
                break
            if found == "FAIL":
                if quick or (suspect is not None and _agree(suspect, slope)):
                    best = slope if suspect is None or slope.error < suspect.error else suspect
                    verdict = found
                    break
                suspect = slope
            elif suspect is not None and not _agree(suspect, slope):
                suspect = None
            if 8 * self.noise / h > max(size, abs(best.value)):
                break  # below the rounding: nothing more to learn
        assert best is not None
        kink = (best.left, best.right) if verdict != "PASS" and best.kinked else None
        return Difference(name, where, analytic, best.value, best.error, kink, verdict)


def measure_slope(line: Line, h: float, noise: float, floor: np.ndarray) -> Slope:
    """φ'(0) from six values, with its estimated error (see the top of the file).

    noise, floor: the rounding noise of φ and of each of its terms.
    """
    steps = (h, h / 2, h / 4)
    with np.errstate(all="ignore"):
        above, below = [line(s) for s in steps], [line(-s) for s in steps]
        right = [float(v.sum()) for v in above]
        left = [float(v.sum()) for v in below]
        d = [(p - m) / (2 * s) for p, m, s in zip(right, left, steps, strict=True)]
        coarse, fine = (4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3
        b = [(p + m) / s for p, m, s in zip(above, below, steps, strict=True)]
        bends = np.maximum(abs(2 * b[1] - b[0]), abs(2 * b[2] - b[1])) / 2
        bend = float(np.sum(bends, where=bends > floor * (16 / h)))
        error = max(abs(fine - coarse), bend) + 8 * noise / h
    if not np.isfinite(error) or not np.isfinite(bends).all():
        return Slope(np.nan, np.inf, np.nan, np.nan, 0.0)
    return Slope(fine, error, -left[2] / steps[2], right[2] / steps[2], bend)


def _opinion(analytic: float, slope: Slope, size: float, rounding: float) -> str:
    if not np.isfinite(slope.error):
        return "UNDECIDED"
    if not np.isfinite(analytic):
        return "FAIL"
    if abs(analytic - slope.value) > FAR * slope.error + RELATIVE * rounding:
        return "FAIL"
    return "PASS" if FAR * slope.error <= FINE * size else "UNDECIDED"


def _agree(a: Slope, b: Slope) -> bool:
    return abs(a.value - b.value) <= FAR * (a.error + b.error)


def _rms(x: np.ndarray) -> float:
    finite = x[np.isfinite(x)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0


def compare(
    problem: Problem, k: int, direction: np.ndarray | int, *, step: float | None = None
) -> Difference:
    """One claimed derivative of input k against the numeric one.

    direction: an array of the input's shape, or the flat number of an element.
    """
    measure = Measure(problem, step=step)
    if not isinstance(direction, np.ndarray):
        return measure.element(k, direction)
    moved: list[np.ndarray | None] = [None] * len(problem.arrays)
    moved[k] = direction
    return measure.along(moved, problem.names[k])


def directions(rng: np.random.Generator, shape: tuple[int, ...], count: int) -> list[np.ndarray]:
    """Random directions whose components all lie between 0.3 and 1 in size: none is overlooked."""
    return [
        np.asarray(rng.uniform(0.3, 1.0, shape) * rng.choice([-1.0, 1.0], shape))
        for _ in range(count)
    ]


def scaled_direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """A random direction that moves large elements further, so that rounding of x is no issue."""
    return directions(rng, x.shape, 1)[0] * np.maximum(1.0, abs(x))
