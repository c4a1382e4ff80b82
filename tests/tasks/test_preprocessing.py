"""From stored images to a network's input."""

import numpy as np
import pytest

from minitorch_cv.tasks.preprocessing import Preprocessing, measured

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (4, 3, 8, 6), np.uint8)


def test_colours_have_their_own_mean_and_deviation() -> None:
    mean, std = measured(BYTES)
    pixels = BYTES.astype(np.float64) / 255
    assert np.allclose(mean, pixels.mean(axis=(0, 2, 3)))
    assert np.allclose(std, pixels.std(axis=(0, 2, 3)))
    both = measured(BYTES.astype(np.float32) / np.float32(255))
    assert np.allclose(both, (mean, std), atol=1e-6)


def test_grey_has_one_mean_and_deviation() -> None:
    grey = BYTES[:, :1]
    mean, std = measured(grey)
    assert np.allclose((mean, std), ((grey / 255).mean(), (grey / 255).std()), atol=1e-6)
    assert measured(np.zeros((2, 1, 3, 3), np.uint8)) == (0.0, 1.0)


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_input_by_hand(channels: str) -> None:
    mean, std = (0.1, 0.2, 0.3), (0.5, 1.0, 2.0)
    preprocessing = Preprocessing((4, 4), (6, 6), "crop", mean, std, channels)
    x = preprocessing.to_input(BYTES)
    assert x.shape == (4, 3, 4, 4) and x.dtype == np.float32
    order = (0, 1, 2) if channels == "RGB" else (2, 1, 0)
    for k, source in enumerate(order):
        middle = BYTES[:, source, 2:6, 1:5] / 255  # the shorter side is 6 already
        assert np.allclose(x[:, k], (middle - mean[k]) / std[k], atol=1e-6)


def test_images_of_another_size_are_resized() -> None:
    preprocessing = Preprocessing((12, 12), (8, 8), "bilinear", 0.0, 1.0, "RGB")
    assert preprocessing.to_input(BYTES).shape == (4, 3, 12, 12)
    assert preprocessing.resized(np.zeros((1, 3, 8, 6), np.float32), 3).shape == (1, 3, 4, 3)


@pytest.mark.parametrize(
    "preprocessing",
    [
        Preprocessing((4, 4), (6, 6), "crop", (0.1, 0.2, 0.3), (0.5, 1.0, 2.0), "BGR"),
        Preprocessing((32, 32), (8, 8), "bilinear", 0.25, 0.5),
    ],
)
def test_a_checkpoint_keeps_it(preprocessing: Preprocessing) -> None:
    import json

    again = json.loads(json.dumps(preprocessing.as_json()))
    assert Preprocessing.from_json(again) == preprocessing
    del again["channels"]  # as older checkpoints have it
    assert Preprocessing.from_json(again).channels == "grey"
