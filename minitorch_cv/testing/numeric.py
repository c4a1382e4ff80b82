"""Numeric derivatives: central differences with one Richardson step, on plain arrays.

    D(h) = (f(x + h d) − f(x − h d)) / 2h        f' ≈ (4 D(h/2) − D(h)) / 3, error O(h⁴)

Source: Richardson, "The approximate arithmetical solution by finite differences", Phil. Trans. R.
Soc. A 210 (1911). Rounding adds about ε |f| / h, so the step that balances both is ε^(1/5): 7e-4
in float64, where the derivative is good to about 1e-12. `tests/testing/` measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Evaluate = Callable[[Sequence[np.ndarray]], list[np.ndarray]]

EPSILON = float(np.finfo(np.float64).eps)
STEP = EPSILON**0.2
SHRINK = (1.0, 1 / 32, 1 / 1024)  # steps tried in turn: a kink within one is outside the next


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
    kink: tuple[float, float] | None  # slopes on the left and right where they differ
    ok: bool

    def __str__(self) -> str:
        if self.where is None:
            place = f"{self.name} along a random direction"
        else:
            place = self.name + (f"[{', '.join(map(str, self.where))}]" if self.where else "")
        text = f"{place}: analytic {self.analytic:.6g}, numeric {self.numeric:.6g}"
        if self.kink is not None:
            left, right = self.kink
            text += f" (a kink: slope {left:.6g} on the left, {right:.6g} on the right)"
        return text


def slope(problem: Problem, k: int, direction: np.ndarray | int, step: float) -> float:
    """The central difference of s along a direction of input k (an int: that flat element)."""
    above = _moved(problem, k, direction, step / 2)
    below = _moved(problem, k, direction, -step / 2)
    near = _dot(problem.cotangents, above, below) / step
    above = _moved(problem, k, direction, step)
    below = _moved(problem, k, direction, -step)
    far = _dot(problem.cotangents, above, below) / (2 * step)
    return (4 * near - far) / 3


def one_sided(
    problem: Problem, k: int, direction: np.ndarray | int, step: float
) -> tuple[float, float]:
    """The slopes of s on the left and on the right."""
    here = problem.evaluate(problem.arrays)
    above = _moved(problem, k, direction, step)
    below = _moved(problem, k, direction, -step)
    return (
        _dot(problem.cotangents, here, below) / step,
        _dot(problem.cotangents, above, here) / step,
    )


def _moved(problem: Problem, k: int, direction: np.ndarray | int, step: float) -> list[np.ndarray]:
    arrays = list(problem.arrays)
    x = arrays[k] = np.array(arrays[k], order="C")
    if isinstance(direction, np.ndarray):
        x += step * direction
    else:
        x.reshape(-1)[direction] += step
    return problem.evaluate(arrays)


def _dot(cotangents: list[np.ndarray], a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """Σ ⟨c, a − b⟩: the outputs are subtracted first, so that little is lost to rounding."""
    return sum(float(np.sum(c * (p - m))) for c, p, m in zip(cotangents, a, b, strict=True))


def compare(
    problem: Problem,
    k: int,
    direction: np.ndarray | int,
    *,
    step: float = STEP,
    atol: float = 1e-8,
    rtol: float = 1e-6,
) -> Difference:
    """The claimed derivative against the numeric one, with smaller steps where they disagree.

    A kink (ReLU's at 0, a tie of maxima) inside one step lies outside a smaller one. Where the
    slopes on both sides differ even at the smallest step, the input sits on a kink.
    """
    gradient = problem.gradients[k]
    if isinstance(direction, np.ndarray):
        where, analytic = None, float(np.sum(gradient * direction))
    else:
        where = tuple(int(i) for i in np.unravel_index(direction, gradient.shape))
        analytic = float(gradient[where])
    size = max((float(np.max(abs(c), initial=0)) for c in problem.cotangents), default=0.0)
    best = np.inf
    for shrink in SHRINK:
        h = step * shrink
        numeric = slope(problem, k, direction, h)
        noise = min(16 * EPSILON / h * size, 1e-6)
        allowed = atol + noise + rtol * max(abs(analytic), abs(numeric))
        if abs(analytic - numeric) <= allowed:
            return Difference(problem.names[k], where, analytic, numeric, None, True)
        if not best <= abs(analytic - numeric):
            best, kept = abs(analytic - numeric), numeric
    left, right = one_sided(problem, k, direction, step * SHRINK[-1])
    apart = abs(left - right) > 1e-2 * max(abs(left), abs(right), 1e-6)
    kink = (left, right) if apart else None
    return Difference(problem.names[k], where, analytic, kept, kink, False)


def directions(rng: np.random.Generator, shape: tuple[int, ...], count: int) -> list[np.ndarray]:
    """Random directions whose components all lie between 0.3 and 1 in size: none is overlooked."""
    return [
        np.asarray(rng.uniform(0.3, 1.0, shape) * rng.choice([-1.0, 1.0], shape))
        for _ in range(count)
    ]
