"""A kernel's head is read right, and a launch that does not keep to it is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.launch import HERE, Source
from minitorch_cv.kernels.cuda.signature import signatures

from minitorch_cv.testing.cuda_emulator.emulator import NumpyDevice

HEAD = """
extern "C" __global__ void __launch_bounds__(128)
scale(const float* __restrict__ x,  // (N, C)
      const float* __restrict__ w,  // (C) or null
      float* __restrict__ y,        // (N, C): what comes out
      Long N, int C, float factor, bool twice)
{
"""
SCALE = signatures(HEAD)["scale"]
FILES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


def arguments(**changed):
    x, w, y = (np.zeros(shape, np.float32) for shape in ((2, 3), (3,), (2, 3)))
    given = {"x": x, "w": w, "y": y, "N": 2, "C": 3, "factor": 0.5, "twice": True, **changed}
    return tuple(given.values())


def check(args, grid=(1, 1, 1), block=(128, 1, 1)):
    SCALE.check(NumpyDevice(), grid, block, args)


def test_a_head_is_read():
    assert SCALE.threads == 128
    assert [p.name for p in SCALE.parameters] == ["x", "w", "y", "N", "C", "factor", "twice"]
    x, w, y, N = SCALE.parameters[:4]
    assert x.is_array and x.is_read_only and x.shape == ("N", "C") and not x.may_be_null
    assert w.may_be_null and w.shape == ("C",)
    assert not y.is_read_only and y.shape == ("N", "C")
    assert N.dtype == np.int64 and not N.is_array


def test_numbers_get_their_exact_types():
    cast = SCALE.cast(arguments())
    assert [type(v) for v in cast[3:]] == [np.int64, np.int32, np.float32, np.bool_]


def test_what_fits_is_accepted():
    check(arguments())
    check(arguments(w=None))
    check(arguments(N=np.int64(2), factor=np.float32(1)))


x = np.zeros((2, 3), np.float32)
BAD = {
    "too few": (lambda: arguments()[:-1], TypeError, "scale: takes 7 arguments (got 6): x, w, y"),
    "a list": (lambda: arguments(x=[1.0]), TypeError, "x is an array on the emulator (got list)"),
    "None": (lambda: arguments(x=None), TypeError, "x is an array"),
    "float64": (lambda: arguments(x=x.astype(np.float64)), TypeError, "holds float32 (got float64"),
    "transposed": (lambda: arguments(x=np.zeros((3, 2), "f").T), ValueError, "x is contiguous"),
    "too small": (lambda: arguments(y=x[:1]), ValueError, "y is (N, C), 6 elements (got (1, 3)"),
    "another N": (lambda: arguments(N=3), ValueError, "x is (N, C), 9 elements"),
    "in place": (lambda: (z := x.copy()) is not None and arguments(x=z, y=z), ValueError,
                 "y and x share memory"),
    "a wide int": (lambda: arguments(C=2**31), ValueError, "C does not fit into int32"),
    "a float for an int": (lambda: arguments(C=3.0), TypeError, "C is an integer (got 3.0)"),
    "a bool for an int": (lambda: arguments(N=True), TypeError, "N is an integer"),
    "text for a float": (lambda: arguments(factor="1"), TypeError, "factor is a number (got str)"),
    "an int for a bool": (lambda: arguments(twice=1), TypeError, "twice is True or False"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused(name):
    make, error, words = BAD[name]
    with pytest.raises(error) as caught:
        check(make())
    assert words in str(caught.value)


def test_a_launch_keeps_to_the_bounds():
    with pytest.raises(ValueError, match="a block has 1 … 128 threads"):
        check(arguments(), block=(16, 16, 1))
    with pytest.raises(ValueError, match="a block has"):
        check(arguments(), block=(0, 1, 1))
    with pytest.raises(ValueError, match="a grid has"):
        check(arguments(), grid=(1, 65536, 1))
    with pytest.raises(ValueError, match="a grid has"):
        check(arguments(), grid=(0, 1, 1))


def test_what_cannot_be_read_is_an_error():
    with pytest.raises(ValueError, match="cannot read the argument 'half"):
        signatures('extern "C" __global__ void f(half* x) {')
    head = signatures('extern "C" __global__ void f(float* x,  // (N / 2)\nint N) {')["f"]
    with pytest.raises(ValueError, match="f: cannot read the shape"):
        head.check(NumpyDevice(), (1, 1, 1), (1, 1, 1), (np.zeros(2, "f"), 4))


@pytest.mark.parametrize("file", FILES)
def test_every_kernel_states_its_bounds_and_its_shapes(file):
    source = Source(file)
    assert source.text.count("__global__ void") == len(source.kernels) > 0
    for kernel in source.kernels.values():
        assert kernel.threads < 1024, f"{kernel.name} has no __launch_bounds__"
        for p in kernel.parameters:
            assert not p.is_array or p.shape, f"{kernel.name}: {p.name} has no shape"
        assert kernel.sizes is not None  # every shape can be computed


@pytest.mark.parametrize("file", FILES)
def test_every_file_begins_with_what_it_is_and_costs(file):
    text = (HERE / file).read_text(encoding="utf-8")
    assert text.startswith("// ") and "Shapes: " in text and "Bytes" in text and "FLOPs" in text
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100, [line for line in lines if len(line) > 100]


@pytest.mark.parametrize("file", FILES)
def test_atomics_work_on_integers_alone(file):
    """Whoever comes first, sums of integers are the same; sums of floats are not."""
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    text = "".join(line.partition("//")[0] for line in lines)
    arrays = (p for kernel in Source(file).kernels.values() for p in kernel.parameters)
    whole = {p.name for p in arrays if p.dtype.kind in "iu"}
    assert set(re.findall(r"atomic\w+\(&?(\w*)", text)) <= whole
