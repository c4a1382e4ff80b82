"""Planted bugs in plain NumPy layers: the right diagnosis comes first."""

import sys
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.testing.gradcheck.diagnosis import HYPOTHESES, diagnose
from minitorch_cv.testing.gradcheck.evidence import Evidence
from minitorch_cv.testing.gradcheck.hypotheses_tools import Case
from minitorch_cv.testing.numeric import Problem

sys.path.insert(0, str(Path(__file__).resolve().parent))

from planted import BUGS  # noqa: E402
from planted_more import MORE  # noqa: E402

BUGS.update(MORE)


def measured(evaluate, arrays, cotangent, k, h):
    """The numeric gradient of input k (one Richardson step), and roughly how good it is."""
    gradient, error = np.zeros(arrays[k].shape), np.zeros(arrays[k].shape)
    for where in np.ndindex(gradient.shape):
        moved = list(arrays)
        y = []
        for t in (h / 2, -h / 2, h, -h):
            moved[k] = arrays[k].copy()
            moved[k][where] += t
            y.append(evaluate(moved)[0])
        near, far = (y[0] - y[1]) / h, (y[2] - y[3]) / (2 * h)
        gradient[where] = np.sum(cotangent * (4 * near - far) / 3)
        error[where] = 1e-12 + 0.01 * abs(np.sum(cotangent * (near - far)))
    return gradient, error


@cache
def evidence_of(name, seed, nans=0.0):
    """What the engine would hand over; nans: the share of elements that it did not measure."""
    _, data, k, f, wrong = BUGS[name]
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(x, dtype=float) for x in data(rng)]
    evaluate = lambda xs: [np.asarray(f(*xs), dtype=float)]
    outputs = evaluate(arrays)
    cotangents = [rng.normal(size=y.shape) for y in outputs]

    def rerun(cs):
        claimed = np.asarray(wrong(cs[0], *arrays), dtype=float)
        return [claimed if j == k else np.zeros(x.shape) for j, x in enumerate(arrays)]

    names = ["xwb"[j] for j in range(len(arrays))]
    claimed = rerun(cotangents)
    problem = Problem(evaluate, arrays, names, cotangents, claimed)
    numeric, error = measured(evaluate, arrays, cotangents[0], k, 5e-4)
    numeric = np.where(rng.random(numeric.shape) < nans, np.nan, numeric)
    others = {names[j]: (claimed[j], np.full(x.shape, np.nan))
              for j, x in enumerate(arrays) if j != k}  # fmt: skip
    return Evidence(names[k], k, claimed[k], numeric, error, problem, rerun, outputs, {}, others)


def kinds_of(name):
    kinds = BUGS[name][0]
    return kinds if isinstance(kinds, tuple) else (kinds,)


@pytest.mark.parametrize("name", BUGS)
def test_the_right_diagnosis_comes_first(name):
    found = diagnose(evidence_of(name, 0))
    assert found[0].kind in kinds_of(name), found
    for diagnosis in found:
        assert 0 <= diagnosis.confidence <= 1
        assert diagnosis.message[-1] in ".?" and len(diagnosis.message) < 400


@pytest.mark.parametrize("name", BUGS)
def test_no_hypothesis_raises(name):
    evidence = evidence_of(name, 0)
    if evidence.analytic.shape == evidence.numeric.shape:
        case = Case(evidence)
        with np.errstate(all="ignore"):
            for hypothesis in HYPOTHESES:
                hypothesis(case)


def test_most_bugs_are_named_when_half_of_the_elements_are_unmeasured():
    first = Counter(diagnose(evidence_of(n, 3, nans=0.5))[0].kind in kinds_of(n) for n in BUGS)
    assert first[True] / len(BUGS) >= 0.85


def test_noise_is_not_explained_away():
    for seed in range(20):
        evidence = evidence_of("linear gx minus", seed)
        noise = np.random.default_rng(seed + 100).normal(size=evidence.numeric.shape)
        found = diagnose(evidence._replace(analytic=evidence.numeric * noise, rerun=None))
        assert found[0].kind == "unknown", found
        assert found[0].confidence < 0.5


def test_a_few_bad_numeric_values_do_not_hide_the_reason():
    for name in ("conv gw flipped", "conv gx minus", "bn4 eval", "conv gx assigned"):
        evidence = evidence_of(name, 1)
        numeric, error = evidence.numeric.copy(), evidence.error.copy()
        numeric.flat[::7] += 1.0  # as at a kink,
        error.flat[::7] = 2.0  # which the estimated error tells
        found = diagnose(evidence._replace(numeric=numeric, error=error))
        assert found[0].kind in kinds_of(name), (name, found)


def test_a_diagnosis_does_not_depend_on_the_scale():
    for name, factor in (("conv gw flipped", 1e-6), ("bn no mean", 1e6), ("linear gx minus", 1e8)):
        e = evidence_of(name, 1)
        problem = e.problem._replace(cotangents=[c * factor for c in e.problem.cotangents])
        scaled = [factor * x for x in (e.analytic, e.numeric, e.error)]
        found = diagnose(
            e._replace(analytic=scaled[0], numeric=scaled[1], error=scaled[2], problem=problem)
        )
        assert found[0].kind in kinds_of(name), (name, found)


def test_a_function_that_raises_does_not_end_the_report():
    def broken(arrays):
        raise RuntimeError("no")

    e = evidence_of("conv gx flipped", 1)
    assert diagnose(e._replace(problem=e.problem._replace(evaluate=broken)))
