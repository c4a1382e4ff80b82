"""The checks that every op passes: a list of small named checks, run on the op's own samples.

    results = check_op("conv2d")          # or an Op
    print(report(results))

Each check is a function `check(op, rng)` that returns when all is well, raises `CheckError` with
the place that is wrong, or `SkippedError` with the reason why there was nothing to look at. A
student's own op, given as an `Op` with samples and a reference, goes through the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ..ops.catalog import op_named
from ..ops.op import Op
from . import checks_devices, checks_gradients, checks_values
from .probes import CheckError, SkippedError


class Check(NamedTuple):
    """One check: its name in words, and the function that does it."""

    name: str
    run: Callable[[Op, np.random.Generator], None]

    @property
    def meaning(self) -> str:
        """What is checked, in a sentence."""
        return " ".join((self.run.__doc__ or "").split())


class CheckResult(NamedTuple):
    """How a check went. message: what is wrong, or why it was skipped."""

    name: str
    ok: bool
    message: str
    skipped: bool = False


CHECKS: tuple[Check, ...] = (
    Check("matches reference", checks_values.matches_reference),
    Check("gradient matches reference", checks_gradients.gradient_matches_reference),
    Check("gradcheck", checks_gradients.gradcheck),
    Check("linear in gy", checks_gradients.linear_in_gy),
    Check("second derivative", checks_gradients.second_derivative),
    Check("fast kernel equals reference", checks_values.fast_kernel_equals_reference),
    Check("inputs not mutated", checks_values.inputs_not_mutated),
    Check("non-contiguous input", checks_values.non_contiguous_input),
    Check("dtype kept", checks_values.dtype_kept),
    Check("needs respected", checks_gradients.needs_respected),
    Check("empty batch", checks_values.empty_batch),
    Check("error text", checks_devices.error_text),
    Check("fake device equals CPU", checks_devices.fake_device_equals_cpu),
    Check("CUDA equals CPU", checks_devices.cuda_equals_cpu),
    Check("same NaN and inf", checks_values.same_nan_and_inf),
    Check("deterministic", checks_values.deterministic),
    Check("saved links honest", checks_gradients.saved_links_honest),
    Check("batch of seeds", checks_values.batch_of_seeds),
)


def run_check(check: Check, op: Op, rng: np.random.Generator | None = None) -> CheckResult:
    """One check of one op. Any exception counts as a failure, and is named in the message."""
    try:
        check.run(op, np.random.default_rng(0) if rng is None else rng)
    except SkippedError as reason:
        return CheckResult(check.name, True, str(reason), skipped=True)
    except CheckError as error:
        return CheckResult(check.name, False, str(error))
    except Exception as error:
        return CheckResult(check.name, False, f"{op.name}: {type(error).__name__}: {error}")
    return CheckResult(check.name, True, "")


def check_op(
    op: Op | str, rng: np.random.Generator | None = None, only: Iterable[str] | None = None
) -> list[CheckResult]:
    """All checks of an op (or those named in `only`), in order.

    op: an `Op`, or the name of one of the engine's. rng: what samples are drawn from; every check
    starts from seed 0 without it. Raises ValueError for a name that is no op or no check.
    """
    if isinstance(op, str):
        op = op_named(op)
    wanted = None if only is None else set(only)
    unknown = (wanted or set()) - {check.name for check in CHECKS}
    if unknown:
        names = ", ".join(check.name for check in CHECKS)
        raise ValueError(f"check_op: no such check (got {sorted(unknown)}); there are: {names}")
    return [run_check(c, op, rng) for c in CHECKS if wanted is None or c.name in wanted]


def report(results: Iterable[CheckResult]) -> str:
    """The results as lines of text: ok, skipped (with the reason) or FAILED (with the place)."""
    lines = []
    for name, ok, message, skipped in results:
        verdict = "skipped" if skipped else "ok" if ok else "FAILED"
        lines.append(f"{verdict:8}{name}" + (f": {message}" if message else ""))
    return "\n".join(lines)
