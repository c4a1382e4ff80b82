"""Indexing and assignment against NumPy for many keys, and the adjoint."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing import gradcheck

X = np.arange(60.0).reshape(3, 4, 5)
KEYS = {
    "integer": 1,
    "NumPy integer": np.int64(-1),
    "slices": (slice(1, None), slice(None, None, 2), slice(4, 0, -2)),
    "ellipsis in the middle": (0, Ellipsis, slice(1, 3)),
    "new axes": (None, 1, None, slice(2)),
    "empty slice": slice(2, 1),
    "array": np.array([2, 0, 2]),
    "arrays apart": (np.array([0, 2]), slice(None), np.array([1, 4])),
    "array with integer": (np.array([0, 2]), 1),
    "negative array": np.array([-1, -3]),
    "mask": X > 30,
    "mask of the first axis": np.array([True, False, True]),
    "mask then slice": (np.array([True, False, True]), slice(None), slice(2)),
    "mask that selects nothing": np.zeros((3, 4), bool),
    "empty array": np.zeros(0, np.int64),
    "all": (),
}


@pytest.mark.parametrize("name", KEYS)
def test_the_same_elements_as_numpy(name):
    key = KEYS[name]
    np.testing.assert_array_equal(op_named("getitem")(X, key=key), X[key])
    np.testing.assert_array_equal(mt.tensor(X)[key].numpy(), X[key])
    assert X[key].size == 0 or gradcheck(lambda x: x[key], mt.tensor(X[:, :, :] / 10))


@pytest.mark.parametrize("name", KEYS)
def test_assignment(name):
    key, want = KEYS[name], X.copy()
    want[key] = -1.5
    got = mt.tensor(X)
    got[key] = -1.5
    np.testing.assert_array_equal(got.numpy(), want)


@pytest.mark.parametrize("name", KEYS)
def test_scatter_is_the_adjoint(name):
    """⟨getitem(x), g⟩ = ⟨x, scatter(g)⟩."""
    key, rng = KEYS[name], np.random.default_rng(0)
    g = rng.normal(size=X[key].shape)
    back = op_named("scatter")(g, key=key, shape=X.shape)
    np.testing.assert_allclose(np.sum(X[key] * g), np.sum(X * back), atol=1e-9)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (3, "index 3 is out of range for axis 0 of size 3"),
        ((0, -5), "index -5 is out of range for axis 1 of size 4"),
        ((0, 0, 0, 0), "too many indices"),
        (np.zeros(2, bool), "boolean index has shape"),
        (1.5, "an index is an integer"),
    ],
    ids=["out of range", "negative", "too many", "mask", "float"],
)
def test_bad_keys(key, words):
    with pytest.raises(IndexError, match=words):
        mt.tensor(X)[key]


@pytest.mark.cpu("CuPy looks at no index: a number out of range goes round")
def test_an_index_array_out_of_range():
    with pytest.raises(IndexError):
        mt.tensor(X)[np.array([0, 3])]
