"""Our dtype promotion against PyTorch's, for all pairs, with and without axes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.dtypes import promote_dtypes, scalar_dtype

torch = pytest.importorskip("torch")
NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def theirs(name, axes):
    return torch.ones([2] * axes, dtype=getattr(torch, name))


@pytest.mark.parametrize(("a", "b"), list(itertools.product(NAMES, NAMES)))
def test_two_tensors(a, b):
    for axes_a, axes_b in ((1, 1), (0, 1), (1, 0), (0, 0)):
        want = str(torch.result_type(theirs(a, axes_a), theirs(b, axes_b)))
        got = promote_dtypes(np.dtype(a), np.dtype(b), axes_a == 0, axes_b == 0)
        assert f"torch.{got}" == want, (axes_a, axes_b)


@pytest.mark.parametrize(("a", "number"), list(itertools.product(NAMES, (True, 2, 2.5))))
def test_a_tensor_and_a_number(a, number):
    want = str(torch.result_type(theirs(a, 1), number))
    assert f"torch.{scalar_dtype(np.dtype(a), number)}" == want
