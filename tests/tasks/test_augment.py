"""Random moves: the exact cases, and that they repeat with their generator."""

import numpy as np

import minitorch_cv as mt
from minitorch_cv.backend.random import Generator
from minitorch_cv.tasks.augment import affine, crop_and_flip, random_affine
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


def test_crops_are_cut_out_of_a_border_of_zeros_and_some_are_mirrored() -> None:
    settings = recipe("resnet20", "cifar10").changed(crop_padding=2, flip=0.5)
    mt.manual_seed(0)
    images = RNG.random((60, 3, 5, 5), np.float32) + 1
    moved = crop_and_flip(images, settings)
    assert moved.shape == images.shape and moved.dtype == np.float32
    places, mirrored = set(), 0
    for image, got in zip(images, moved, strict=True):
        padded = np.pad(image, ((0, 0), (2, 2), (2, 2)))
        found = [
            (i, j, flip)
            for i in range(5)
            for j in range(5)
            for flip in (1, -1)
            if np.array_equal(padded[:, i : i + 5, j : j + 5][:, :, ::flip], got)
        ]
        assert len(found) == 1
        places.add(found[0][:2])
        mirrored += found[0][2] == -1
    assert len(places) > 15 and 18 <= mirrored <= 42
    mt.manual_seed(0)
    assert np.array_equal(crop_and_flip(images, settings), moved)


def test_without_border_and_chance_nothing_is_cut() -> None:
    assert crop_and_flip(X, recipe("lenet", "digits")) is X
