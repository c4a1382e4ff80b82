"""The course of a gradient check: fast probes first, then exactly where and why.

1. Is it a function of its inputs, does it leave them alone, has every gradient its input's shape?
2. Two random directions over all inputs at once, then one for each input: is any of them wrong?
3. Where a kink is in the way, at the inputs themselves, it is listed and the inputs are moved off.
4. For each wrong input: halves of it in turn lead to the first wrong element, and a scan of at most
   `cap` elements (in strides where there are more) draws the picture for the diagnosis.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..numeric import Difference, Measure, Problem
from ..search import along, first_wrong, flat_number, kinks, scan, strided, wrong_ties
from .evidence import Evidence
from .result import CannotCheckError, GradcheckResult, InputReport
from .subject_arrays import Subject
from .where import describe

CAP = 4096  # elements that the scan of one input measures at most
BUDGET = 4.0  # seconds after which the scan of one input stops
JITTER = 1e-3  # how far inputs on kinks are moved, relative to their size


class Check:
    """One gradient check on its way."""

    def __init__(
        self, subject: Subject, *, seed: int = 0, step: float | None = None, cap: int = CAP,
        budget: float = BUDGET, spot: int = 0,
    ) -> None:  # fmt: skip
        self.subject, self.step, self.cap, self.budget = subject, step, cap, budget
        self.spot = spot  # elements of each input that are measured although all is well
        # Not the stream of default_rng(seed), from which the inputs may well be drawn: a cotangent
        # that equals x would hide many a bug.
        self.rng = np.random.default_rng([0x67726164, seed])
        self.result = GradcheckResult("UNDECIDED", subject.what)
        self.misshapen: dict[int, np.ndarray] = {}
        self.tied: dict[int, list[Difference]] = {}
        self.scanned: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.spent = 0

    def run(self) -> GradcheckResult:
        """The verdict, with everything that belongs to it."""
        start = time.perf_counter()
        try:
            self._run()
        except CannotCheckError as error:
            self.result.verdict, self.result.reason = "UNDECIDED", str(error)
        self.result.seconds = time.perf_counter() - start
        self.result.evaluations = self.spent
        return self.result

    def _run(self) -> None:
        subject, result = self.subject, self.result
        if subject.coarse:
            raise CannotCheckError(subject.coarse)
        with np.errstate(all="ignore"):
            outputs = self._judged_outputs()
            self.cotangents = [np.asarray(self.rng.normal(size=y.shape)) for y in outputs]
            self._begin(list(subject.arrays))
            verdicts = self._probes()
            if set(verdicts.values()) != {"PASS"} and not self.misshapen:
                verdicts = self._second_look(verdicts)
            result.inputs = [self._report(k, verdicts[k]) for k in range(len(subject.arrays))]
        self._conclude()

    # Before anything is measured.

    def _judged_outputs(self) -> list[np.ndarray]:
        subject = self.subject
        first = subject.evaluate([np.array(x) for x in subject.arrays])
        again = subject.evaluate(subject.arrays)
        self.spent += 2
        for a, b in zip(first, again, strict=True):
            if a.shape != b.shape or not np.array_equal(a, b, equal_nan=True):
                gap = float(np.max(abs(a - b))) if a.shape == b.shape else np.inf
                raise CannotCheckError(
                    f"{subject.what}: not a function of its inputs (not deterministic): the same "
                    f"inputs gave results that differ by {gap:.3g}; draw random numbers from the "
                    "default generator, or outside"
                )
        if not all(np.isfinite(y).all() for y in first):
            raise CannotCheckError(
                f"{subject.what}: the output holds NaN or infinity, so there is no derivative; "
                "choose inputs inside the function's domain"
            )
        return first

    def _begin(self, arrays: list[np.ndarray]) -> None:
        """Everything that is measured from here on is measured at these arrays."""
        subject = self.subject
        grads = subject.claim([np.array(x) for x in arrays], self.cotangents)
        clean = []
        self.missing = set()
        for k, (g, x) in enumerate(zip(grads, arrays, strict=True)):
            if g is None:
                self.missing.add(k)
                clean.append(np.zeros(x.shape))
                continue
            g = np.asarray(g)
            if g.dtype.kind not in "fiub":
                raise CannotCheckError(
                    f"{subject.what}: the gradient of {subject.names[k]} is no array of numbers "
                    f"(got dtype {g.dtype})"
                )
            if g.shape != x.shape:
                self.misshapen[k] = np.asarray(g, np.float64)
                clean.append(np.zeros(x.shape))
            else:
                clean.append(np.asarray(g, np.float64))
        self.problem = Problem(subject.evaluate, arrays, subject.names, self.cotangents, clean)
        self.measure = Measure(self.problem, step=self.step, rng=np.random.default_rng(1))

    # Probes.

    def _probes(self) -> dict[int, str]:
        """A verdict for each input."""
        count = len(self.problem.arrays)
        kept = [k for k in range(count) if k not in self.misshapen and self.problem.arrays[k].size]
        self.differences: dict[int, list[Difference]] = {k: [] for k in range(count)}
        verdicts = {k: "FAIL" if k in self.misshapen else "PASS" for k in range(count)}
        if not kept:
            return verdicts
        together = [along(self.measure, self.rng, kept) for _ in range(2)] if len(kept) > 1 else []
        for k in kept:
            tries = 1 if together else 2
            found = [along(self.measure, self.rng, [k]) for _ in range(tries)]
            while found[-1].verdict == "UNDECIDED" and len(found) < tries + 2:
                found.append(
                    along(self.measure, self.rng, [k])
                )  # another direction crosses other kinks
            verdicts[k] = _worst_verdict(found)
            self.differences[k] = found
        wrong = any(d.verdict == "FAIL" for d in together)
        if wrong and "FAIL" not in verdicts.values():  # one direction each was not enough
            for k in kept:
                verdicts[k] = _worst_verdict(
                    [*self.differences[k], along(self.measure, self.rng, [k])]
                )
        self.spent += self.measure.evaluations
        self.measure.evaluations = 0
        return verdicts

    # Kinks.

    def _second_look(self, verdicts: dict[int, str]) -> dict[int, str]:
        """The inputs moved a little: what is wrong with a backward is wrong there too.

        Where there are no kinks, the report is about the inputs as they were given. Otherwise it is
        about the moved ones; kinks are listed, and ties are looked at by themselves.
        """
        given = (self.problem, self.measure, self.differences, self.missing)
        kinked = any(d.kink is not None for ds in self.differences.values() for d in ds)
        try:
            self._begin([self._off(x) for x in self.subject.arrays])
            moved = self._probes()
        except CannotCheckError:
            moved = dict.fromkeys(verdicts, "UNDECIDED")
        decided = "UNDECIDED" not in moved.values() or "FAIL" in moved.values()
        away = (self.problem, self.measure, self.differences, self.missing)
        self.problem, self.measure, self.differences, self.missing = given
        if not decided or ("FAIL" in moved.values() and not kinked):
            return verdicts
        if "FAIL" not in moved.values():
            self.tied = {
                k: ties
                for k, verdict in verdicts.items()
                if verdict != "PASS" and (ties := wrong_ties(self.measure, self.rng, k))
            }
            if self.tied:
                return {k: "FAIL" if k in self.tied else "PASS" for k in verdicts}
        rough = [k for k, verdict in verdicts.items() if verdict != "PASS"]
        self.result.kinks = kinks(self.measure, rough)
        self.problem, self.measure, self.differences, self.missing = away
        if "FAIL" in moved.values():
            self.result.warnings.append(
                "the inputs lie on kinks; the values are of inputs moved by a thousandth"
            )
        return moved

    def _off(self, x: np.ndarray) -> np.ndarray:
        """x, every element moved a little."""
        usual = float(np.sqrt(np.mean(x**2))) if x.size else 0.0
        size = np.maximum(abs(x), 1e-1 * usual if usual else 1.0)
        sign = self.rng.choice([-1.0, 1.0], x.shape)
        return np.asarray(x + JITTER * size * self.rng.uniform(0.3, 1.0, x.shape) * sign)

    # Elements.

    def _report(self, k: int, verdict: str) -> InputReport:
        name, x = self.problem.names[k], self.problem.arrays[k]
        if verdict == "FAIL":
            return self._failure(k)
        found = list(self.differences[k])
        spots = [self.measure.element(k, flat) for flat in strided(x.size, self.spot)]
        if any(d.verdict == "FAIL" for d in spots):
            return self._failure(k)
        error = max((self._relative(k, d) for d in [*found, *spots]), default=0.0)
        worst = max([*found, *spots], key=lambda d: self._relative(k, d), default=None)
        note = ""
        if found and _vacuous(found, self.measure):
            note = f"the output does not depend on {name}: nothing was checked there"
        return InputReport(name, x.shape, verdict, error, len(spots), 0, None, worst, "", note)

    def _relative(self, k: int, d: Difference) -> float:
        usual = max(self.measure.usual[k], 1e-3 * max(self.measure.usual, default=0.0))
        if d.where is None:
            usual *= np.sqrt(max(1, self.problem.arrays[k].size)) * 0.7
        size = max(abs(d.analytic), abs(d.numeric), usual, self.measure.size * 1e-9)
        gap = abs(d.analytic - d.numeric)
        return float(gap / size) if size and np.isfinite(gap) else (0.0 if gap == 0 else np.inf)

    def _failure(self, k: int) -> InputReport:
        """The scan of a wrong input. Where no element turns out wrong, it is UNDECIDED."""
        x, name = self.problem.arrays[k], self.problem.names[k]
        first = None
        if x.size > self.cap and k not in self.misshapen:
            first = first_wrong(self.measure, self.rng, k)
        found = scan(self.measure, k, self.cap, self.budget, first)
        bad = [d for d in found.values() if d.verdict == "FAIL"]
        numeric, error = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        wrong = np.zeros(x.shape, bool)
        for d in found.values():
            assert d.where is not None
            numeric[d.where], error[d.where] = d.numeric, d.error
            wrong[d.where] = d.verdict == "FAIL"
        if k in self.misshapen:
            return self._misshapen(k, numeric, error)
        if k in self.tied:
            return self._tied_report(k, numeric, error, found)
        first = self._confirmed(k, first, bad)
        if first is None:
            note = "differs along random directions, but in no single element"
            return InputReport(name, x.shape, "UNDECIDED", 0.0, len(found), 0, None, None, "", note)
        self.scanned[k] = (numeric, error)
        worst = max(bad or [first], key=lambda d: abs(d.analytic - d.numeric))
        known = np.isfinite(numeric)
        size = np.maximum(abs(self.problem.gradients[k]), abs(np.where(known, numeric, 0.0)))
        size = np.maximum(size, 1e-3 * max(float(np.max(size, initial=0.0)), 1e-300))
        gap = np.where(wrong, abs(self.problem.gradients[k] - numeric), 0.0)
        gap[~known] = np.nan
        return InputReport(
            name, x.shape, "FAIL", max(self._relative(k, d) for d in [*bad, first]), len(found),
            max(1, len(bad)), first, worst, describe(wrong, known),
            "backward gives None" if k in self.missing else "", gap / size,
        )  # fmt: skip

    def _misshapen(self, k: int, numeric: np.ndarray, error: np.ndarray) -> InputReport:
        self.scanned[k] = (numeric, error)
        x, name = self.problem.arrays[k], self.problem.names[k]
        note = f"it has shape {self.misshapen[k].shape}, expected {x.shape} like {name}"
        return InputReport(name, x.shape, "FAIL", np.inf, note=note)

    def _tied_report(
        self, k: int, numeric: np.ndarray, error: np.ndarray, found: dict[int, Difference]
    ) -> InputReport:
        """Of elements on a tie there is no numeric derivative; one of them is known to be wrong."""
        wrong = np.zeros(numeric.shape, bool)
        for d in found.values():
            if d.kink is not None or d.verdict != "PASS":
                numeric[d.where or ()] = np.nan
        for d in self.tied[k]:
            wrong[d.where or ()] = True
            numeric[d.where or ()], error[d.where or ()] = d.numeric, d.error
        self.scanned[k] = (numeric, error)
        first = self.tied[k][0]
        known = np.isfinite(numeric)
        gap = np.where(wrong, 1.0, np.where(known, 0.0, np.nan))
        return InputReport(
            self.problem.names[k], numeric.shape, "FAIL", self._relative(k, first), len(found),
            len(self.tied[k]), first, first, "at tied values", "", gap,
        )  # fmt: skip

    def _confirmed(
        self, k: int, first: Difference | None, bad: list[Difference]
    ) -> Difference | None:
        """The first wrong element that also fails at two steps."""
        if first is not None:
            return first
        for d in bad:
            assert d.where is not None
            sure = self.measure.element(k, flat_number(d.where, self.problem.arrays[k].shape))
            if sure.verdict == "FAIL":
                return sure
        return None

    # The end.

    def _conclude(self) -> None:
        result = self.result
        self.spent += self.measure.evaluations
        verdicts = [r.verdict for r in result.inputs]
        if "FAIL" in verdicts:
            result.verdict = "FAIL"
            wrong = [r for r in result.inputs if r.worst is not None and r.verdict == "FAIL"]
            result.worst = max(
                (r.worst for r in wrong if r.worst is not None),
                key=lambda d: abs(d.analytic - d.numeric), default=None,
            )  # fmt: skip
            result.diagnoses = self._diagnoses()
            return
        result.worst = max(
            (r for r in result.inputs if r.worst is not None),
            key=lambda r: r.max_error, default=InputReport("", (), "", 0.0),
        ).worst  # fmt: skip
        notes = [r.note for r in result.inputs if r.note and r.verdict == "PASS"]
        sized = [r for r in result.inputs if np.prod(r.shape) > 0]
        if "UNDECIDED" in verdicts:
            result.verdict, result.reason = "UNDECIDED", self._doubt()
        elif sized and len(notes) == len(sized):
            result.verdict = "UNDECIDED"
            result.reason = (
                "vacuous, for all gradients are zero: choose inputs (or a function) on which the "
                "output depends"
            )
        else:
            result.verdict = "PASS"
        result.warnings += notes

    def _doubt(self) -> str:
        names = ", ".join(r.name for r in self.result.inputs if r.verdict == "UNDECIDED")
        if self.result.kinks:
            return f"{names}: kinks too close to each other; move the inputs away from them"
        return (
            f"{names}: the function is too rough or too noisy to be differentiated numerically; "
            "compute in float64 throughout, and choose inputs where it is smooth"
        )

    def _diagnoses(self) -> list[Any]:
        try:
            from .diagnosis import diagnose
        except ImportError:
            return []
        order = [k for k, r in enumerate(self.result.inputs) if r.verdict == "FAIL"]
        found = [d for k in order for d in diagnose(self._evidence(k))]
        kinds: dict[str, Any] = {}
        for d in sorted(found, key=lambda d: -d.confidence):
            kinds.setdefault(d.kind, d)
        return list(kinds.values())

    def _evidence(self, k: int) -> Evidence:
        problem = self.problem
        grads = [self.misshapen.get(j, g) for j, g in enumerate(problem.gradients)]

        def rerun(cotangents: list[np.ndarray]) -> list[np.ndarray]:
            arrays = [np.array(x) for x in problem.arrays]
            found = self.subject.claim(arrays, cotangents)
            return [
                np.zeros(x.shape) if g is None else np.asarray(g, np.float64)
                for g, x in zip(found, arrays, strict=True)
            ]

        others = {}
        for j, name in enumerate(problem.names):
            if j != k:
                fine = self.result.inputs[j].verdict == "PASS"
                nothing = np.full(problem.arrays[j].shape, np.nan)
                numeric = grads[j] if fine else self.scanned.get(j, (nothing, nothing))[0]
                others[name] = (grads[j], numeric)
        numeric, error = self.scanned[k]
        return Evidence(
            problem.names[k], k, grads[k], numeric, error, problem, rerun,
            list(self.measure.base), self.subject.params, others,
        )  # fmt: skip


def _worst_verdict(found: Sequence[Difference]) -> str:
    verdicts = [d.verdict for d in found]
    if "FAIL" in verdicts:
        return "FAIL"
    return "PASS" if "PASS" in verdicts else "UNDECIDED"


def _vacuous(found: Sequence[Difference], measure: Measure) -> bool:
    """True where neither backward nor the differences see anything but rounding."""
    tiny = 1e-9 * max(measure.size, 1e-300)
    return all(abs(d.analytic) <= tiny and abs(d.numeric) <= max(tiny, 10 * d.error) for d in found)
