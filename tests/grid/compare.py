"""Runs a case with PyTorch and with us and says in which way the two differ."""

from __future__ import annotations

import warnings
import zlib
from typing import Any, NamedTuple

import numpy as np

from .build import Built, drawn_state, tensors_in
from .row import Case, Row

SINGLE = 2e-5  # float32 holds 7 digits, and sums in another order lose two of them
HALF = 2e-3  # float16 holds 3 digits
OUR_ERRORS = (ValueError, TypeError, IndexError, RuntimeError, ZeroDivisionError)


class Outcome(NamedTuple):
    """Of one row: how many cases agree in values and gradients, and how many raise in both."""

    compared: int
    raised: int
    left_out: dict[str, int]  # reason → cases
    failures: list[str]


class Answer(NamedTuple):
    """What one library made of a case; `error` alone where it raised."""

    outputs: list[Any]
    plain: Any  # the answer where it holds no tensor
    gradients: list[Any]
    state: dict[str, np.ndarray]
    error: Exception | None = None


def run_row(row: Row, torch: Any, ours: Any) -> Outcome:
    """All cases of a row."""
    compared, raised, left_out, failures = 0, 0, {}, []
    for number, case in enumerate(row.cases(np.random.default_rng(zlib.crc32(row.name.encode())))):
        if case.differs:
            left_out[case.differs] = left_out.get(case.differs, 0) + 1
            continue
        found, both_raise = run_case(row, case, torch, ours)
        failures += [f"{row.name} case {number} ({describe(case)}): {text}" for text in found]
        raised += both_raise
        compared += not both_raise
    return Outcome(compared, raised, left_out, failures)


def describe(case: Case) -> str:
    """A case in one line."""
    shapes = [_shape(value) for value in case.inputs]
    return f"{case.label} inputs={shapes} args={case.args} kwargs={case.kwargs}"[:300]


def _shape(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, (list, tuple)):
        return [_shape(v) for v in value]
    return value


def run_case(row: Row, case: Case, torch: Any, ours: Any) -> tuple[list[str], bool]:
    """(what differs, do both raise?), in float64 and in float32."""
    problems = []
    for dtype in ("float64", "float32") if case.single else ("float64",):
        seed = zlib.crc32(f"{row.name}{case.label}".encode())
        theirs, mine, state = Built(torch, row.name, case, dtype), None, None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, state = answer_of(theirs, seed, None, row.calls)
            mine = Built(ours, row.name, case, dtype)
            got, _ = answer_of(mine, seed, state, row.calls)
        if expected.error is not None or got.error is not None:
            problem = _errors(expected.error, got.error)
            if problem:
                return [f"{dtype}: {problem}"], False
            return problems, True
        dtypes = {str(t.dtype)[-7:] for t in (*theirs.leaves, *expected.outputs)}
        tolerance = SINGLE if "float32" in dtypes else row.tolerance
        tolerance = HALF if "float16" in dtypes else tolerance
        problems += [f"{dtype}: {text}" for text in _differences(expected, got, tolerance)]
    return problems, False


def _errors(theirs: Exception | None, ours: Exception | None) -> str:
    if theirs is None:
        return f"PyTorch answers, ours raises {ours!r}"
    if ours is None:
        return f"PyTorch raises {theirs!r}, ours answers"
    if not isinstance(ours, OUR_ERRORS) or not str(ours):
        return f"ours raises {ours!r}, which is no error of a user"
    return ""


def answer_of(
    built: Built, seed: int, state: dict[str, np.ndarray] | None, calls: int
) -> tuple[Answer, dict[str, np.ndarray] | None]:
    """The answer, and the state that the layer was given (drawn where there is none yet)."""
    rng = np.random.default_rng(seed)
    try:
        built.prepare()
        if built.layer is not None:
            state = drawn_state(built.state(), rng) if state is None else state
            built.load(state)
        for _ in range(calls if built.layer is not None else 1):
            answer = built.call()
        outputs = tensors_in(answer, built.library)
        gradients = _gradients(built, outputs, np.random.default_rng(seed + 1))
    except Exception as error:  # what a library raises is what is compared
        return Answer([], None, [], {}, error), state
    plain = None if outputs else answer
    return Answer(outputs, plain, gradients, built.state()), state


def _gradients(built: Built, outputs: list[Any], rng: np.random.Generator) -> list[Any]:
    """The gradients of all leaves, of Σ ⟨output, random cotangent⟩."""
    total = None
    for y in outputs:
        if not y.requires_grad:
            continue
        cotangent = built.library.tensor(rng.normal(size=tuple(y.shape)), dtype=y.dtype)
        part = (y * cotangent).sum()
        total = part if total is None else total + part
    if total is not None:
        total.backward()
    return [leaf.grad for leaf in built.leaves]


def _differences(theirs: Answer, ours: Answer, tolerance: float) -> list[str]:
    problems = []
    if len(theirs.outputs) != len(ours.outputs):
        return [f"PyTorch answers {len(theirs.outputs)} tensors, ours {len(ours.outputs)}"]
    if not theirs.outputs and not _same(theirs.plain, ours.plain):
        problems.append(f"PyTorch answers {theirs.plain!r}, ours {ours.plain!r}")
    for k, (t, m) in enumerate(zip(theirs.outputs, ours.outputs, strict=True)):
        if t.requires_grad != m.requires_grad:
            problems.append(f"output {k}: requires_grad {t.requires_grad}, ours {m.requires_grad}")
        problems += _tensors(f"output {k}", t, m, tolerance)
    for k, (t, m) in enumerate(zip(theirs.gradients, ours.gradients, strict=True)):
        if (t is None) != (m is None):
            # No gradient and a gradient of zeros are told apart by nobody who adds them up.
            only = t if m is None else m
            if np.abs(only.detach().numpy()).max(initial=0) == 0:
                continue
            missing = "ours" if m is None else "PyTorch"
            problems.append(f"gradient {k}: {missing} has none")
        elif t is not None:
            problems += _tensors(f"gradient {k}", t, m, tolerance)
    if theirs.state.keys() != ours.state.keys():
        problems.append(f"state: PyTorch has {list(theirs.state)}, ours {list(ours.state)}")
    else:
        for key, value in theirs.state.items():
            problems += _arrays(key, value, ours.state[key], tolerance)
    return problems


def _same(theirs: Any, ours: Any) -> bool:
    if isinstance(theirs, float) and theirs != theirs:
        return ours != ours
    return theirs == ours or str(theirs) == str(ours)


def _tensors(what: str, theirs: Any, ours: Any, tolerance: float) -> list[str]:
    expected = str(theirs.dtype).removeprefix("torch.")
    if expected != str(ours.dtype):
        return [f"{what}: dtype {expected}, ours {ours.dtype}"]
    return _arrays(what, theirs.detach().numpy(), ours.detach().numpy(), tolerance)


def _arrays(what: str, theirs: np.ndarray, ours: np.ndarray, tolerance: float) -> list[str]:
    if theirs.shape != ours.shape:
        return [f"{what}: shape {theirs.shape}, ours {ours.shape}"]
    if theirs.dtype.kind != "f":
        wrong = np.argwhere(theirs != ours)
        return [f"{what}: {len(wrong)} differ, first at {wrong[0]}"] if len(wrong) else []
    if theirs.dtype == np.float16:
        tolerance = HALF
    elif theirs.dtype == np.float32:  # also where a float64 case is given float32 tensors
        tolerance = max(tolerance, SINGLE)
    finite = np.abs(theirs[np.isfinite(theirs)])
    scale = max(1.0, finite.max(initial=0))
    same = np.isclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    if same.all():
        return []
    where = tuple(np.argwhere(~same)[0]) if theirs.ndim else ()
    return [f"{what}{list(map(int, where))}: PyTorch {theirs[where]!r}, ours {ours[where]!r}"]
