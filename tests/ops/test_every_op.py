"""Every op passes every check, on the samples that its own file gives."""

from __future__ import annotations

import pytest

from minitorch_cv.ops.catalog import op_named, op_names
from minitorch_cv.testing import CHECKS, run_check

NOTHING_TO_DO = ("no kernel", "no input is refused", "has no second derivative, and says so")


@pytest.mark.filterwarnings("ignore:.*target size")  # of the losses, on purpose
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "-"))
@pytest.mark.parametrize("name", op_names())
def test_check(name, check):
    result = run_check(check, op_named(name))
    if result.skipped and result.message not in NOTHING_TO_DO:
        pytest.skip(result.message)
    assert result.ok, result.message
