"""flat_places against NumPy's own indexing, on keys drawn at random."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.shape.places import flat_places


def draw_part(rng, size):
    """A member of a key for an axis of this size, or one that takes no axis."""
    shapes = [(3,), (2, 1), (1, 3), (2, 3), (1,), ()]
    ends = [None, *range(-size - 1, size + 2)]
    makers = [
        lambda: int(rng.integers(-size, size)),
        lambda: np.int64(rng.integers(-size, size)),
        lambda: slice(None),
        lambda: slice(ends[rng.integers(len(ends))], ends[rng.integers(len(ends))],
                      (None, 2, -1, -2)[rng.integers(4)]),
        lambda: rng.integers(-size, size, shapes[rng.integers(6)]),
        lambda: rng.integers(-size, size, shapes[rng.integers(6)]).astype(np.int8),
        lambda: None,
        lambda: rng.integers(0, 2, size).astype(bool),
        lambda: (True, False, np.array(True), np.bool_(False))[rng.integers(4)],
        lambda: [0, -1, 0],
    ]  # fmt: skip
    return makers[rng.integers(len(makers))]()


def takes_an_axis(part):
    truth = isinstance(part, (bool, np.bool_)) or getattr(part, "dtype", None) == np.bool_
    return part is not None and (not truth or np.ndim(part) > 0)


def draw_key(rng, shape):
    key, axis = [], 0
    while axis < len(shape) and rng.random() < 0.9:
        key.append(draw_part(rng, shape[axis]))
        axis += takes_an_axis(key[-1])
    if rng.random() < 0.4:
        key.insert(rng.integers(len(key) + 1), Ellipsis)
    return tuple(key)


@pytest.mark.parametrize("seed", range(8))
def test_random_keys(seed):
    rng, tried = np.random.default_rng(seed), 0
    while tried < 300:
        shape = tuple(map(int, rng.integers(2, 5, rng.integers(1, 5))))
        key = draw_key(rng, shape)
        if not any(isinstance(part, (np.ndarray, list)) for part in key):
            continue
        try:
            want = np.arange(np.prod(shape)).reshape(shape)[key]
        except IndexError:  # arrays that cannot be broadcast with each other
            continue
        tried += 1
        got = flat_places(key, shape, np)
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got, want, err_msg=f"{shape} {key}", strict=True)


def test_masks_of_several_axes():
    number = np.arange(60).reshape(3, 4, 5)
    for key in ((number[:, :, 0] % 3 == 0, slice(2)), (slice(1, None), number[0] % 3 == 0),
                (number[..., 0] % 2 == 0, np.array(4))):  # fmt: skip
        np.testing.assert_array_equal(flat_places(key, number.shape, np), number[key])


def test_numbers_out_of_range_go_round():
    assert flat_places((np.array([5, -4, 2]),), (3,), np).tolist() == [2, 2, 2]
