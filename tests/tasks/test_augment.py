"""Random moves: the exact cases, and that they repeat with their generator."""

import numpy as np

from minitorch_cv.backend.random import Generator
from minitorch_cv.tasks.augment import affine, random_affine
from minitorch_cv.tasks.recipes import recipe

RNG = np.random.default_rng(0)
X = RNG.random((3, 2, 6, 6), np.float32)
IDENTITY = np.repeat(np.eye(2, dtype=np.float32)[:, :, None], 3, axis=2)


def shift(row: float, column: float) -> np.ndarray:
    return np.repeat(np.array([[row], [column]], np.float32), 3, axis=1)


def test_the_identity_changes_nothing() -> None:
    assert np.array_equal(affine(X, IDENTITY, shift(0, 0)), X)


def test_whole_shifts_move_pixels_and_repeat_the_edge() -> None:
    y = affine(X, IDENTITY, shift(1, -2))
    assert np.array_equal(y[:, :, :5, 2:], X[:, :, 1:, :4])
    assert np.array_equal(y[:, :, 5], y[:, :, 4])  # below the last row: the last row
    assert np.array_equal(y[:, :, :, 0], y[:, :, :, 2])


def test_half_shifts_average_neighbours() -> None:
    y = affine(X, IDENTITY, shift(0.5, 0))
    assert np.allclose(y[:, :, :5], (X[:, :, :5] + X[:, :, 1:]) / 2, atol=1e-6)


def test_a_quarter_turn_is_rot90() -> None:
    turn = np.repeat(np.array([[0, -1], [1, 0]], np.float32)[:, :, None], 3, axis=2)
    y = affine(X, turn, shift(0, 0))
    assert np.allclose(y, np.rot90(X, -1, axes=(2, 3)), atol=1e-5)


def test_random_moves_repeat_with_their_generator_and_stay_in_range() -> None:
    settings = recipe("lenet", "digits")
    x = RNG.random((8, 1, 32, 32), np.float32)
    one, two = (random_affine(x, settings, Generator(5)) for _ in range(2))
    assert np.array_equal(one, two)
    assert one.dtype == np.float32
    assert one.min() >= 0 and one.max() <= 1
    assert len({row.tobytes() for row in one - x}) == 8  # each image its own move
    assert not np.array_equal(one, random_affine(x, settings, Generator(6)))


def test_without_moves_nothing_is_drawn() -> None:
    settings = recipe("lenet", "digits").changed(shift=0.0, rotate=0.0, scale=0.0, shear=0.0)
    generator = Generator(5)
    before = generator.get_state()
    assert random_affine(X, settings, generator) is X
    assert generator.get_state() == before
