"""U-Net, FCN, and classifiers that slide over larger images."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn
from minitorch_cv.models.segmentation import fcn
from minitorch_cv.models.segmentation.unet import cropped

sys.path.insert(0, str(Path(__file__).resolve().parent))

from narrow import narrow  # noqa: E402


def images(*shape):
    return mt.tensor(np.random.default_rng(0).normal(size=shape).astype(np.float32))


def small(name, factor=16, **options):
    mt.manual_seed(0)
    with narrow(mt, factor):
        return models.get_model(name, **options).eval()


def test_unet_gives_the_sizes_of_the_paper():
    model = models.unet(width=2)
    with mt.no_grad():
        assert model(images(1, 1, 572, 572)).shape == (1, 2, 388, 388)


@pytest.mark.parametrize("bilinear", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_unet_of_the_same_size(bilinear, batch_norm):
    model = models.UNet(
        3, 5, width=4, depth=3, same_size=True, batch_norm=batch_norm, bilinear=bilinear
    )
    assert model(images(2, 3, 16, 24)).shape == (2, 5, 16, 24)
    assert any(isinstance(m, nn.ConvTranspose2d) for m in model.modules()) != bilinear
    assert any(isinstance(m, nn.BatchNorm2d) for m in model.modules()) == batch_norm


def test_a_pixel_of_unet_sees_no_border():
    """Valid convolutions: moving the image by 16 pixels moves the answer by 16."""
    model = models.UNet(1, 2, width=2, depth=2).double().eval()
    x = np.random.default_rng(0).normal(size=(1, 1, 60, 60))
    with mt.no_grad():
        left, right = (model(mt.tensor(x[..., k : k + 44, k : k + 44])).numpy() for k in (0, 16))
        whole = model(mt.tensor(x)).numpy()
    assert left.shape[-1] == 4 and whole.shape[-1] == 20
    np.testing.assert_allclose(whole[..., :4, :4], left, atol=1e-12)
    np.testing.assert_allclose(whole[..., 16:, 16:], right, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "size"),
    [("vgg11", 224), ("alexnet", 224), ("alexnet_2012", 227), ("overfeat_fast", 231)],
)
def test_a_classifier_slides(name, size):
    model = small(name, 16, num_classes=48)
    converted = models.convert_to_fully_convolutional(model)
    x = images(1, 3, size + 32, size)
    with mt.no_grad():
        top, bottom = (model(x[:, :, k : k + size]).numpy() for k in (0, 32))
        maps = converted(x).numpy()
        exact = converted(x[:, :, :size]).numpy()
    scale = np.abs(top).max()
    np.testing.assert_allclose(exact[:, :, 0, 0], top, atol=1e-5 * scale)
    assert maps.shape[:2] == (1, 3) and maps.shape[3] == 1
    if name == "overfeat_fast":  # no borders before the last window: crops are what it sees
        assert maps.shape[2] == 2 and bottom.shape == (1, 3)
    assert sum(p.numel() for p in converted.parameters()) == sum(
        p.numel() for p in model.parameters()
    )


def test_conversion_copies_the_classifier_and_shares_the_features():
    model = small("vgg11", 32)
    converted = models.convert_to_fully_convolutional(model.train())
    assert converted.features is model.features and converted.training
    first = model.classifier[0].weight
    np.testing.assert_array_equal(
        converted.classifier[0].weight.detach().numpy(),
        first.detach().numpy().reshape(first.shape[0], -1, 7, 7),
    )
    converted.classifier[0].weight.detach().zero_()
    assert first.detach().numpy().any()


@pytest.mark.parametrize(
    ("model", "window", "error", "words"),
    [
        (nn.Linear(3, 2), None, TypeError, "expects a model with features"),
        ("squeezenet1_1", None, TypeError, "no linear layer"),
        ("vgg11", (5, 5), ValueError, "give the window"),
    ],
)
def test_conversion_refuses(model, window, error, words):
    built = small(model, 32) if isinstance(model, str) else model
    with pytest.raises(error, match=words):
        models.convert_to_fully_convolutional(built, window)


@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("size", [(32, 32), (33, 50)])
def test_fcn_scores_every_pixel(stride, size):
    model = small(f"fcn{stride}s_vgg16", 32, num_classes=4)
    with mt.no_grad():
        scores = model(images(1, 3, *size))
    assert scores.shape == (1, 4, *size)
    assert not scores.numpy().any()  # the last layers start at zero, as in the paper


def test_enlarging_starts_as_interpolation():
    kernel = fcn.bilinear_kernel(2, 4)
    np.testing.assert_allclose(kernel[0, 0, 0], [0.0625, 0.1875, 0.1875, 0.0625])
    assert not kernel[0, 1].any()
    layer = models.FCN(16, num_classes=4, width=8).upscore2
    ramp = mt.tensor(np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6) * np.ones((1, 4, 6, 1)))
    y = layer(ramp.float()).detach().numpy()[0, 0, 7]
    np.testing.assert_allclose(np.diff(y[2:-2]), 0.5, atol=1e-6)


def test_fcn_starts_from_a_classifier():
    classifier = small("vgg16", 32)
    with narrow(mt, 32):
        model = models.FCN(32, 3)
    model.start_from(classifier)
    x = images(1, 3, 224, 224)
    with mt.no_grad():
        hidden = classifier.classifier[:2](classifier.features(x).flatten(1)).numpy()
        ours = model.eval().classifier[:2](classifier.features(x)).numpy()[:, :, 0, 0]
    np.testing.assert_allclose(ours, hidden, atol=1e-5 * np.abs(hidden).max())


def test_the_middle_is_cropped():
    x = mt.tensor(np.arange(7 * 8).reshape(1, 1, 7, 8))
    assert cropped(x, 3, 4).tolist() == [[[[18, 19, 20, 21], [26, 27, 28, 29], [34, 35, 36, 37]]]]


def test_fcn_crops_so_that_centres_lie_over_one_another():
    """Where in the image the centre of score k lies, worked out layer by layer."""
    border = -100 + 1  # of the first window's centre; the other 3 × 3 windows keep it
    coarse = border + 15.5 + 32 * 3  # five pools, and the middle of 7 × 7: 32 k + coarse
    finer = coarse - 16 * 1.5  # twice the size: score k of the coarse lies at 2 k + 1.5
    finest = finer - 8 * 1.5
    assert {32: 31.5 - coarse, 16: 15.5 - finer, 8: 7.5 - finest} == fcn._OFFSETS
    assert (finer - (border + 7.5)) / 16 == fcn._INTO_POOL4
    assert (finest - (border + 3.5)) / 8 == fcn._INTO_POOL3
