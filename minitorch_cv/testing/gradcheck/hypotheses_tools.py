"""What the hypotheses share: one wrong gradient with the facts that several of them ask for.

A hypothesis predicts the numbers a certain mistake would give and compares them with the claimed
gradient. Two tools do most of the work:

    explained     how much of the discrepancy  analytic = predicted  explains, 0 to 1
    is_gradient   is the analytic gradient the true one of *another* problem (another cotangent,
                  another value of an input)?  ⟨analytic, v⟩ = ⟨c', J' v⟩ for random directions v.
                  J v does not depend on the cotangent, so that many cotangents cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from .evidence import Diagnosis, Evidence

STEP = 1e-5  # plain central differences: good to 1e-9, and seldom across a kink
FINE = 1e-8  # relative; on top of the numeric error: a larger difference is wrong
CLOSE = 2e-6  # relative; a prediction that is as near explains an element
LIKELY = 0.8  # explained less than this, a hypothesis is dropped
DIRECTIONS = 3


class Case:
    """One wrong gradient: the evidence, which elements count, and facts measured on demand."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.problem = evidence.problem
        self.x = np.asarray(evidence.problem.arrays[evidence.k], dtype=np.float64)
        self.a = np.asarray(evidence.analytic, dtype=np.float64)
        self.n = np.asarray(evidence.numeric, dtype=np.float64)
        self.y = [np.asarray(y, dtype=np.float64) for y in evidence.outputs]
        self.c = [np.asarray(c, dtype=np.float64) for c in evidence.problem.cotangents]
        self.name = evidence.name
        finite = np.isfinite(self.n) & np.isfinite(self.a)
        size = rms(self.n[finite])
        self.size = size if size > 0 else rms(self.a[finite])  # scale of this gradient
        error = np.where(np.isfinite(evidence.error), evidence.error, np.inf)
        self.known = finite & (error <= 1e-3 * self.size)
        if not self.known.any():
            self.known = finite
        self.allowed = 10 * np.where(self.known, error, 0.0) + FINE * self.size
        self.wrong = self.known & ~self.near(self.a, self.n)
        self.allowed = self.allowed + min(
            CLOSE * self.size, 1e-3 * rms((self.a - self.n)[self.wrong])
        )
        self._columns: dict[int, list[np.ndarray]] = {}

    def near(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Which elements are equal, within what the numeric gradient is good for."""
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(abs(p - q) <= self.allowed)

    @property
    def same_shape(self) -> bool:
        """One output, of the shape of this input."""
        return len(self.y) == 1 and self.y[0].shape == self.x.shape

    @cached_property
    def rivals(self) -> list[tuple[str, int, np.ndarray]]:
        """The other inputs: (name, number, array)."""
        arrays, names = self.problem.arrays, self.problem.names
        return [(names[j], j, x) for j, x in enumerate(arrays) if j != self.evidence.k]

    @cached_property
    def rng(self) -> np.random.Generator:
        return np.random.default_rng(0)

    @cached_property
    def step(self) -> float:
        return STEP * max(rms(self.x), 1e-3)

    def push(
        self, v: np.ndarray, arrays: Sequence[np.ndarray] | None = None, k: int | None = None
    ) -> list[np.ndarray]:
        """J v: how all outputs move when input k moves along v (with other values of `arrays`)."""
        arrays, k = list(arrays or self.problem.arrays), self.evidence.k if k is None else k
        x, h = arrays[k], self.step
        arrays[k] = x + h * v
        above = self.problem.evaluate(arrays)
        arrays[k] = x - h * v
        below = self.problem.evaluate(arrays)
        return [(np.asarray(p) - m) / (2 * h) for p, m in zip(above, below, strict=True)]

    @cached_property
    def probes(self) -> list[tuple[np.ndarray, list[np.ndarray]]]:
        """Random directions v over the known elements, with J v."""
        vs = [self.rng.normal(size=self.x.shape) * self.known for _ in range(DIRECTIONS)]
        return [(v, self.push(v)) for v in vs]

    def column(self, flat: int) -> list[np.ndarray]:
        """One column of the Jacobian: how the outputs move with one element of the input."""
        if flat not in self._columns:
            v = np.zeros(self.x.size)
            v[flat] = 1.0
            self._columns[flat] = self.push(v.reshape(self.x.shape))
        return self._columns[flat]

    @cached_property
    def elementwise(self) -> bool:
        """Does each output element depend on its own input element only?"""
        if not self.same_shape or self.x.size < 2:
            return False
        for _ in range(2):
            moved = self.rng.random(self.x.shape) < 0.5
            arrays = list(self.problem.arrays)
            arrays[self.evidence.k] = self.x + moved * 0.1 * rms(self.x)
            y = np.asarray(self.problem.evaluate(arrays)[0])
            if not np.array_equal(y[~moved], self.y[0][~moved]):
                return False
        return True

    @cached_property
    def scaled(self) -> bool:
        """Is the numeric gradient gy times another input (broadcast)?"""
        if not self.same_shape:
            return False
        vs = (aligned(np.asarray(x), self.x.shape) for _, _, x in self.rivals)
        return any(
            v is not None and bool(self.near(self.n, self.c[0] * v)[self.known].all()) for v in vs
        )

    @cached_property
    def samples(self) -> list[int]:
        """Up to 16 wrong elements, flat, spread over the array."""
        wrong = np.flatnonzero(self.wrong)
        return [int(i) for i in wrong[np.linspace(0, len(wrong) - 1, 16).astype(int)]][:16]


def rms(x: np.ndarray) -> float:
    """√ mean x², 0 for no elements."""
    return float(np.sqrt(np.mean(np.square(x)))) if np.size(x) else 0.0


def aligned(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """An array broadcast to a shape, from the right or (one value per channel) along axis 1."""
    if array.ndim == 1 and len(shape) > 2 and shape[1] == array.shape[0]:
        array = array.reshape((-1,) + (1,) * (len(shape) - 2))
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        return None


def explained(case: Case, predicted: np.ndarray, where: np.ndarray | None = None) -> float:
    """The share of the discrepancy that `analytic = predicted` explains, where both are known.

    1 when every element agrees; otherwise the share of elements that agree times the share of
    the variance of (analytic − numeric) that is gone. 0 when no wrong element is covered.
    """
    if np.shape(predicted) != case.a.shape:
        return 0.0
    covered = case.known & np.isfinite(predicted)
    covered = covered if where is None else covered & where
    wrong = covered & case.wrong
    if not wrong.any():
        return 0.0
    hits = case.near(case.a, predicted)
    if hits[covered].all():
        return 1.0
    before = float(np.sum(np.square((case.a - case.n)[covered])))
    after = float(np.sum(np.square((case.a - predicted)[covered & ~hits])))
    share = min(float(np.mean(hits[covered])), float(np.mean(hits[wrong])))
    return share * max(0.0, 1 - after / before)


def is_gradient(
    case: Case,
    cotangents: Sequence[np.ndarray] | None = None,
    arrays: Sequence[np.ndarray] | None = None,
    k: int | None = None,
) -> bool:
    """Is the analytic gradient the true one for these cotangents, arrays, or input k?"""
    cotangents = case.c if cotangents is None else cotangents
    for v, tangents in case.probes:
        if arrays is not None or k is not None:
            tangents = case.push(v, arrays, k)
        claimed = case.a * v
        got = sum(float(np.sum(c * t)) for c, t in zip(cotangents, tangents, strict=True))
        unit = max(float(np.linalg.norm(claimed)), case.size * float(np.linalg.norm(v)))
        if not abs(float(np.sum(np.where(case.known, claimed, 0.0))) - got) <= 1e-5 * unit:
            return False
    return True


def certainty(case: Case, fit: float, prior: float, free: int = 0) -> float:
    """Confidence: how well it fits × how plausible it is, less when few numbers support it."""
    support = int(case.wrong.sum()) - free
    return round(fit * prior * (support / (support + 0.15) if support > 0 else 0.4), 3)


def verdict(
    case: Case, kind: str, fit: float, prior: float, message: str, free: int = 0
) -> Diagnosis | None:
    """The diagnosis, or None when too little is explained."""
    if fit < LIKELY:
        return None
    return Diagnosis(kind, certainty(case, fit, prior, free), message)
