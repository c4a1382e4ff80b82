"""Ten crops and dense evaluation, against one crop and one place after the other."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn
from minitorch_cv.tasks.errors import TaskError
from minitorch_cv.tasks.evaluation.evaluate import answers, batches, predict_scores
from minitorch_cv.tasks.evaluation.views import dense_scores, fully_convolutional, ten_crop_scores
from minitorch_cv.tasks.preprocessing import Preprocessing

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 3, 14, 12), np.float32)
INPUT = Preprocessing((8, 8), (12, 12), "crop", (0.4, 0.5, 0.6), (0.2, 0.3, 0.4), "RGB")


class Small(nn.Module):
    """Convolutions without a border, then linear layers on windows of 2 × 2: takes 8 × 8."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 2), nn.Tanh()
        )
        self.classifier = nn.Sequential(
            nn.Linear(5 * 4, 7), nn.ReLU(), nn.Dropout(), nn.Linear(7, 6)
        )

    def forward(self, x: mt.Tensor) -> mt.Tensor:
        return self.classifier(self.features(x).flatten(1))


class Pooled(nn.Module):
    """A convolution and the mean over all places: takes any size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 6)

    def forward(self, x: mt.Tensor) -> mt.Tensor:
        return self.fc(self.conv(x).tanh().mean((2, 3)))


@pytest.fixture(autouse=True)
def _seed() -> None:
    mt.manual_seed(0)


def softmax(scores: np.ndarray) -> np.ndarray:
    power = np.exp(scores.astype(np.float64))
    return power / power.sum()


def naive_input(image: np.ndarray) -> np.ndarray:
    mean, std = np.array([INPUT.mean, INPUT.std])[:, :, None, None]
    return ((image - mean) / std).astype(np.float32)


def test_ten_crops_one_after_the_other() -> None:
    model = Small()
    got = np.exp(ten_crop_scores(model, IMAGES, INPUT))
    for image, chances in zip(IMAGES, got, strict=True):
        total = np.zeros(6)
        for view in (image, image[:, :, ::-1]):
            for top, left in ((0, 0), (0, 4), (6, 0), (6, 4), (3, 2)):
                crop = naive_input(view[:, top : top + 8, left : left + 8])
                total += softmax(answers(model, crop[None])[0])
        assert np.allclose(chances, total / 10, atol=1e-6)
    assert model.training


def test_dense_scores_are_those_of_every_window() -> None:
    """At 12 × 14 the window of 8 × 8 stands at every second pixel, as the pooling has it."""
    model = Small()
    got = np.exp(dense_scores(model, IMAGES, INPUT, [12]))
    for image, chances in zip(IMAGES, got, strict=True):
        total = np.zeros(6)
        for view in (image, image[:, :, ::-1]):
            scores = [
                answers(model.eval(), naive_input(view[:, i : i + 8, j : j + 8])[None])[0]
                for i in (0, 2, 4, 6)
                for j in (0, 2, 4)
            ]
            total += softmax(np.mean(scores, axis=0))
        assert np.allclose(chances, total / 2, atol=1e-6)


def test_dense_scores_are_averaged_over_scales_and_mirror_images() -> None:
    model = Pooled()
    got = np.exp(dense_scores(model, IMAGES, INPUT, [12, 9, 18]))
    one = [np.exp(dense_scores(model, IMAGES, INPUT, [scale])) for scale in (12, 9, 18)]
    assert np.allclose(got, np.mean(one, axis=0), atol=1e-9)
    for image, chances in zip(IMAGES, one[0], strict=True):
        both = [naive_input(image)[None], naive_input(image[:, :, ::-1])[None]]
        assert np.allclose(chances, np.mean([softmax(answers(model, x)[0]) for x in both], axis=0))


def test_images_of_several_sizes_go_one_by_one() -> None:
    model = Pooled()
    several = [IMAGES[0], IMAGES[1, :, :, :12], RNG.random((3, 20, 31), np.float32)]
    for score in (predict_scores, ten_crop_scores):
        one = np.concatenate([score(model, image[None], INPUT) for image in several])
        assert np.allclose(score(model, several, INPUT), one, atol=1e-6)
    assert [part.shape for part in batches(several, 2)][2] == (1, 3, 20, 31)


def test_only_networks_whose_linear_layers_see_windows_are_changed() -> None:
    pooled, small = Pooled(), Small()
    assert fully_convolutional(pooled) is pooled
    assert isinstance(fully_convolutional(small), models.FullyConvolutional)
    mobile = models.mobilenet_v2(width_mult=0.1, num_classes=3)
    squeeze = models.squeezenet1_1(num_classes=3)
    assert fully_convolutional(mobile) is mobile and fully_convolutional(squeeze) is squeeze


def test_vgg_on_larger_images_is_its_classifier_on_every_window() -> None:
    from minitorch_cv.models.classic.vgg import VGG, make_layers

    model = VGG(make_layers([4, "M", 4, "M", 6, "M", 6, "M", 6, "M"]), num_classes=3).eval()
    linear = [m for m in model.classifier if isinstance(m, nn.Linear)]
    assert linear[0].in_features != 6 * 49  # the real one has 512 maps
    model.classifier = nn.Sequential(nn.Linear(6 * 49, 8), nn.ReLU(), nn.Linear(8, 3))
    x = RNG.random((1, 3, 256, 288), np.float32)
    with mt.no_grad():
        maps = model.features(mt.from_numpy(x)).numpy()  # (1, 6, 8, 9)
        windows = [maps[:, :, i : i + 7, j : j + 7] for i in range(2) for j in range(3)]
        one = [model.classifier(mt.from_numpy(w.reshape(1, -1))).numpy()[0] for w in windows]
    dense = answers(fully_convolutional(model), x)
    assert dense.shape == (1, 3, 2, 3)
    assert np.allclose(dense.mean(axis=(2, 3))[0], np.mean(one, axis=0), atol=1e-5)


def test_what_cannot_be_is_one_clear_error() -> None:
    with pytest.raises(TaskError, match="shorter side is at least 8 .*got 6.*--resize"):
        ten_crop_scores(Small(), IMAGES, INPUT._replace(grid=(6, 6)))
    with pytest.raises(TaskError, match="at least one scale"):
        dense_scores(Pooled(), IMAGES, INPUT, [])
    with pytest.raises(TaskError, match="cannot take images whose shorter side is 4"):
        dense_scores(Small(), IMAGES, INPUT, [4])
    with pytest.raises(TaskError, match="cannot take images whose shorter side is 40"):
        dense_scores(models.LeNet5(in_channels=3), IMAGES, INPUT, [40])
