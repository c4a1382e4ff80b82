"""The pytest plug-in: `assert_gradcheck`, a gradient check as a test.

    def test_my_conv(assert_gradcheck):
        assert_gradcheck((conv_forward, conv_backward), [x, w, b], params={"stride": 2, "pad": 1})

pytest finds it by itself where minitorch_cv is installed. Nothing is imported and nothing printed
before a test asks for the fixture.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def assert_gradcheck() -> Callable[..., Any]:
    """A function that fails the test, with the report, unless `testing.gradcheck` says PASS.

    It takes what `minitorch_cv.testing.gradcheck` takes and answers its result. A check that could
    not decide (float32, a kink everywhere) fails too; what the check did not see is a warning.
    """
    from minitorch_cv.testing import gradcheck

    def check(fn: Any, inputs: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        result = gradcheck(fn, inputs, **options)
        if result.verdict != "PASS":
            pytest.fail(str(result), pytrace=False)
        for text in result.warnings:
            warnings.warn(text, stacklevel=2)
        return result

    return check
