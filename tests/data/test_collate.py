"""default_collate: what becomes a Tensor, of which dtype, and what is refused."""

import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.data import DataLoader, default_collate

Pair = namedtuple("Pair", "image label")


@pytest.mark.parametrize(
    ("batch", "dtype", "values"),
    [
        ([np.float32([1, 2]), np.float32([3, 4])], "float32", [[1, 2], [3, 4]]),
        ([np.uint8(1), np.uint8(2)], "uint8", [1, 2]),
        ([1, 2], "int64", [1, 2]),
        ([0.5, 1.5], "float64", [0.5, 1.5]),
        ([True, False], "bool", [True, False]),
    ],
)
def test_stacks_and_keeps_the_dtype(batch, dtype, values):
    out = default_collate(batch)
    assert isinstance(out, mt.Tensor) and out.dtype == dtype and out.tolist() == values


def test_tensors_are_stacked_and_stay_on_the_tape():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    out = default_collate([x, x * 2])
    assert out.tolist() == [[1.0, 2.0], [2.0, 4.0]]
    out.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_structures_are_kept_field_by_field():
    samples = [(np.zeros(2), {"id": 1, "name": "a"}), (np.ones(2), {"id": 2, "name": "b"})]
    batch = default_collate(samples)
    assert isinstance(batch, list)
    assert batch[0].tolist() == [[0, 0], [1, 1]]
    assert batch[1]["id"].tolist() == [1, 2] and batch[1]["name"] == ["a", "b"]
    pair = default_collate([Pair(np.zeros(1), 3), Pair(np.ones(1), 4)])
    assert isinstance(pair, Pair) and pair.label.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("batch", "error", "words"),
    [
        ([np.zeros(2), np.zeros(3)], ValueError, r"differ in shape \(got \(2,\) and \(3,\)\)"),
        ([mt.zeros(2), mt.zeros(3)], ValueError, "differ in shape"),
        ([(1, 2), (1,)], ValueError, "number of fields"),
        ([{"a": 1}, {"b": 1}], ValueError, r"differ in their keys .*\['a'\] and \['b'\]"),
        ([None, None], TypeError, "got NoneType"),
        ([np.array(["a"]), np.array(["b"])], TypeError, "dtype <U1"),
        ([1, "a"], TypeError, "cannot"),
    ],
)
def test_refuses(batch, error, words):
    with pytest.raises(error, match=words):
        default_collate(batch)


def test_a_pillow_image_is_refused_with_the_transform_to_use():
    image = pytest.importorskip("PIL.Image").new("L", (4, 4))
    with pytest.raises(TypeError, match="ToTensor"):
        default_collate([image])


def test_without_batches_arrays_become_tensors_and_the_rest_stays():
    samples = [(np.float32([1, 2]), 3, "a"), (np.float32([4, 5]), 6, "b")]
    first = next(iter(DataLoader(samples, batch_size=None)))
    assert isinstance(first[0], mt.Tensor) and first[0].tolist() == [1, 2] and first[1:] == [3, "a"]


def test_importing_data_loads_nothing_heavy_and_the_first_batch_loads_the_tensors():
    program = """
import sys
from minitorch_cv.data import default_collate
loaded = {"minitorch_cv.autograd", "sklearn", "scipy", "PIL"} & set(sys.modules)
assert not loaded, loaded
assert default_collate([1, 2]).tolist() == [1, 2]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
