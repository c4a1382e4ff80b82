"""Tensors are printed character by character as PyTorch prints them."""

import numpy as np
import pytest

from minitorch_cv.as_torch.costume.show import tensor_text
from minitorch_cv.autograd import tensor

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(1)
VALUES = {
    "0-d": np.float32(3.25), "whole": np.float32([1, 2, 300]), "huge": np.float32([1e9, 1]),
    "tiny": np.float32([1e-5, 1]), "wide": np.float32([1, 1500.5]),
    "nan": np.float32([np.nan, 1.5]),
    "inf": np.float32([[np.inf, -np.inf], [1, 2]]), "nan alone": np.float32([np.nan, np.inf]),
    "zeros": np.zeros((2, 3), np.float32), "negative": -RNG.random((3, 4)).astype(np.float32),
    "double": RNG.random((2, 2)), "half": RNG.random(3).astype(np.float16),
    "bool": np.array([True]),
    "int64": np.array([[1, -20], [300, 4]]), "int32": np.int32([1, 2]), "uint8": np.uint8([0, 255]),
    "empty": np.zeros((0,), np.float32), "empty rows": np.zeros((2, 0), np.float32),
    "empty int": np.zeros((0,), np.int64), "long row": RNG.random(60).astype(np.float32),
    "cut": np.arange(5000.0, dtype=np.float32), "cut in two": RNG.random((40, 50)),
    "cut in four": RNG.integers(0, 9, (2, 9, 8, 9)), "three axes": RNG.random((2, 2, 3)),
    "mixed": np.float32([0, 1e-3, 50.123]), "thousand": np.float32([0.1, 101.0]),
}  # fmt: skip


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_printed_alike(name, grad):
    value = np.asarray(VALUES[name])
    if grad and value.dtype.kind != "f":
        pytest.skip("integers have no gradient")
    mine = tensor(value).requires_grad_(grad)
    assert tensor_text(mine) == repr(torch.tensor(value).requires_grad_(grad))
