"""Views of storages: the same numbers as index arithmetic, and nothing outside the storage."""

import itertools

import numpy as np
import pytest

from minitorch_cv.interop import WeightsError
from minitorch_cv.interop.pytorch.storages import KINDS, Storage, strided, widen_bfloat16


@pytest.mark.parametrize(("offset", "size", "stride"), [
    (0, (4, 6), (6, 1)), (0, (6, 4), (1, 6)), (3, (2, 2), (7, 3)), (5, (), ()), (23, (1,), (99,)),
    (2, (3, 4), (0, 1)), (0, (2, 3, 2), (12, 2, 1)), (24, (0, 3), (3, 1)), (1, (3, 3), (1, 1)),
])  # fmt: skip
def test_elements_are_where_the_strides_say(offset, size, stride):
    array = np.arange(24.0)
    view = strided(array, offset, size, stride)
    assert view.shape == size
    for index in itertools.product(*map(range, size)):
        assert view[index] == array[offset + sum(i * s for i, s in zip(index, stride, strict=True))]


def test_a_view_shares_memory_and_a_repeating_one_is_read_only():
    array = np.zeros(6, np.float32)
    strided(array, 0, (2, 3), (3, 1))[1, 2] = 5
    assert array[5] == 5
    assert not strided(array, 0, (4, 6), (0, 1)).flags.writeable


@pytest.mark.parametrize(("offset", "size", "stride"), [
    (0, (25,), (1,)), (1, (24,), (1,)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (-2,), (1,)),
    (0, (3, 3), (12, 1)), (25, (0,), (1,)), (0, (2,), (2**61,)), (2**61, (1,), (1,)),
    (0, (2**70,), (1,)), (0, (2,), (1, 1)), (0, [2], [1]), (0, (2.0,), (1,)), (True, (2,), (1,)),
    (0, (2**40,), (0,)), (0, (2**31, 2**31, 2**31), (0, 0, 0)), (0, (1,) * 40, (1,) * 40),
])  # fmt: skip
def test_a_view_that_reaches_outside_or_repeats_without_end_is_refused(offset, size, stride):
    with pytest.raises(WeightsError):
        strided(np.arange(24.0), offset, size, stride)


@pytest.mark.parametrize("count", [-1, 26, 2**62, True, 1.0, None])
def test_a_storage_larger_than_the_file_is_refused(count):
    with pytest.raises(WeightsError, match="damaged or truncated"):
        Storage(KINDS["FloatStorage"], count, 100)


def test_bfloat16_is_the_upper_half_of_a_float32():
    exact = np.array([0.0, -0.0, 1.0, -2.5, 3.0e38, 1e-40, np.inf, -np.inf, 0.15625], np.float32)
    raw = (exact.view(np.uint32) >> 16).astype(np.uint16)
    wide = np.empty(len(raw), np.float32)
    widen_bfloat16(raw, wide)
    assert (wide.view(np.uint32) == exact.view(np.uint32) >> 16 << 16).all()
