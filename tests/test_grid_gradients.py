"""Every row of the grid: first and second derivatives against difference quotients."""

import itertools
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt

sys.path.insert(0, str(Path(__file__).resolve().parent))

from grid import all_rows  # noqa: E402
from grid.compare import describe  # noqa: E402
from grid.quotients import wrong_derivatives  # noqa: E402

MOST = 12  # cases of a row, spread evenly over its grid


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
def test_row(row):
    seed = zlib.crc32(row.name.encode())
    cases = [case for case in row.cases(np.random.default_rng(seed)) if case.smooth]
    problems = []
    for case in itertools.islice(cases, 0, None, max(1, len(cases) // MOST)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = wrong_derivatives(row, case, mt, seed)
            except (ValueError, TypeError, IndexError, RuntimeError, ZeroDivisionError):
                if _raises(row, case):  # a bad call: its error is compared with PyTorch's
                    continue
                raise
        problems += [f"{describe(case)}: {text}" for text in found]
    assert not problems, "\n".join(problems)


def _raises(row, case):
    """True where the call itself raises, without any derivative."""
    from grid.build import Built

    built = Built(mt, row.name, case, "float64")
    try:
        built.prepare()
        built.call()
    except (ValueError, TypeError, IndexError, RuntimeError, ZeroDivisionError):
        return True
    return False
