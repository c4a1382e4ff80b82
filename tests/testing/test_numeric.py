"""Numeric derivatives are as good as they say, and their estimated errors are honest."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.testing.numeric import Measure, Problem, compare, directions


def problem(f, exact, x, seed=1):
    c = np.random.default_rng(seed).normal(size=f(x).shape)
    return Problem(lambda xs: [f(xs[0])], [x], ["x"], [c], [c * exact])


@pytest.mark.parametrize("f", [np.exp, np.sin, lambda x: x**5, lambda x: 1 / (3 + x)])
def test_good_to_1e_9_and_the_error_covers_it(f):
    x = np.random.default_rng(0).normal(size=20)
    p = problem(f, f(x + 1e-30j).imag / 1e-30, x)
    for k in range(20):
        found = compare(p, 0, k)
        assert found.verdict == "PASS"
        gap = abs(found.numeric - found.analytic)
        assert gap < 1e-9 * max(1, abs(found.analytic))
        assert gap <= 10 * found.error


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 1e4, 1e8])
def test_large_and_small_inputs(scale):
    x = scale * np.random.default_rng(0).normal(size=10)
    found = compare(
        problem(np.square, 2 * x, x), 0, directions(np.random.default_rng(0), (10,), 1)[0]
    )
    assert found.verdict == "PASS"


@pytest.mark.parametrize("wrong", [1e-5, 1e-3, 0.5])
def test_a_small_factor_is_seen(wrong):
    x = np.random.default_rng(0).normal(size=10)
    found = compare(problem(np.sin, np.cos(x) * (1 + wrong), x), 0, 3)
    assert found.verdict == "FAIL"
    assert found.numeric == pytest.approx(found.analytic / (1 + wrong))


def test_a_corner_is_undecided_with_both_slopes():
    x = np.array([0.0, 1.0])
    found = compare(problem(np.abs, np.sign(x), x), 0, 0)
    assert found.verdict == "UNDECIDED"
    left, right = found.kink
    assert left == pytest.approx(-right)
    assert "a kink: slope" in str(found)


def test_kinks_that_cancel_in_the_sum_are_still_seen():
    """Two corners at once, up and down: their sum is straight, the claims are one-sided."""
    x = np.zeros(1)
    both = Problem(
        lambda xs: [np.array([max(xs[0][0], 0), max(xs[0][0], 0)])], [x], ["x"],
        [np.array([1.0, -1.0])], [np.array([1.0])],
    )  # fmt: skip
    assert compare(both, 0, 0).verdict == "UNDECIDED"


@pytest.mark.parametrize("noise", [1e-12, 1e-9])
def test_a_noisy_function_is_never_failed(noise):
    """Rounding inside the function, far above that of its result."""

    def f(x):
        return np.sin(x) + noise * np.sin(1e14 * x)

    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=5)
        p = problem(f, np.cos(x), x, seed)
        assert all(compare(p, 0, k).verdict != "FAIL" for k in range(5))


def test_evaluations_are_counted():
    x = np.ones(3)
    measure = Measure(problem(np.sin, np.cos(x), x))
    before = measure.evaluations
    measure.element(0, 1)
    assert measure.evaluations == before + 6


def test_directions_overlook_nothing():
    for v in directions(np.random.default_rng(0), (50, 20), 3):
        assert (abs(v) >= 0.3).all() and (abs(v) <= 1).all()
