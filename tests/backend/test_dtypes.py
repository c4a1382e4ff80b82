"""Which dtype comes out when two meet: a table of PyTorch 2.13's answers.

`tests/parity/backend/test_dtypes.py` compares the table with PyTorch itself.
"""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend.dtypes import as_dtype, promote_dtypes, scalar_dtype

# Rows and columns in this order; both operands with at least one axis.
ORDER = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
TABLE = """
bool    uint8   int8    int16   int32   int64   float16 float32 float64
uint8   uint8   int16   int16   int32   int64   float16 float32 float64
int8    int16   int8    int16   int32   int64   float16 float32 float64
int16   int16   int16   int16   int32   int64   float16 float32 float64
int32   int32   int32   int32   int32   int64   float16 float32 float64
int64   int64   int64   int64   int64   int64   float16 float32 float64
float16 float16 float16 float16 float16 float16 float16 float32 float64
float32 float32 float32 float32 float32 float32 float32 float32 float64
float64 float64 float64 float64 float64 float64 float64 float64 float64
"""
ROWS = [line.split() for line in TABLE.split("\n") if line]
PAIRS = [(a, b, ROWS[i][j]) for i, a in enumerate(ORDER) for j, b in enumerate(ORDER)]


@pytest.mark.parametrize(("a", "b", "want"), PAIRS)
def test_two_tensors(a, b, want):
    assert promote_dtypes(np.dtype(a), np.dtype(b)) == np.dtype(want)
    assert (mt.ones(2, dtype=a) * mt.ones(2, dtype=b)).dtype == np.dtype(want)


@pytest.mark.parametrize(
    ("a", "zero_dim", "want"),
    [
        ("float32", "float64", "float32"),
        ("float16", "float64", "float16"),
        ("int8", "int64", "int8"),
        ("int64", "float32", "float32"),
        ("int64", "float64", "float64"),
        ("bool", "int8", "int8"),
        ("float32", "int64", "float32"),
    ],
)
def test_a_0d_tensor_counts_only_by_its_category(a, zero_dim, want):
    assert (mt.ones(2, dtype=a) * mt.ones((), dtype=zero_dim)).dtype == np.dtype(want)
    assert (mt.ones((), dtype=zero_dim) * mt.ones(2, dtype=a)).dtype == np.dtype(want)


@pytest.mark.parametrize(
    ("dtype", "number", "want"),
    [
        ("float16", 2.5, "float16"),
        ("float32", 2, "float32"),
        ("float32", np.float64(2), "float32"),
        ("int64", 2.5, "float32"),
        ("int8", 2, "int8"),
        ("bool", 2, "int64"),
        ("bool", True, "bool"),
        ("bool", 0.5, "float32"),
    ],
)
def test_a_tensor_and_a_number(dtype, number, want):
    assert scalar_dtype(np.dtype(dtype), number) == np.dtype(want)
    assert (mt.ones(2, dtype=dtype) * number).dtype == np.dtype(want)


def test_integers_divide_to_the_default_float():
    assert (mt.tensor([1, 2]) / mt.tensor([2, 2])).dtype == np.float32
    assert (mt.tensor([1, 2]) / 2).tolist() == [0.5, 1.0]


def test_names_of_types():
    assert (as_dtype(float), as_dtype(int), as_dtype(bool)) == (np.float32, np.int64, np.bool_)
    assert as_dtype("float64") == mt.float64 == as_dtype(np.float64)
    with pytest.raises(TypeError, match="dtype: no such type .got 'float8'.; use mt.float32"):
        as_dtype("float8")


def test_the_default_dtype():
    assert mt.get_default_dtype() == np.float32
    mt.set_default_dtype(mt.float64)
    try:
        assert mt.tensor([1.0]).dtype == np.float64 == mt.ones(2).dtype
    finally:
        mt.set_default_dtype(mt.float32)
    with pytest.raises(TypeError, match="expects a float dtype"):
        mt.set_default_dtype(mt.int64)
