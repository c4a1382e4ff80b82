"""The trained CIFAR ResNets that others published: the answers they are known to give."""

import numpy as np
import pytest

import minitorch_cv as mt

torch = pytest.importorskip("torch")
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FILES = {"resnet20": "resnet20-12fca82f", "resnet32": "resnet32-d509ac18"}


@pytest.fixture(scope="module")
def pictures(data_dir):
    """The first 1000 test images (1000, 3, 32, 32) and their labels."""
    from PIL import Image

    sheet = np.asarray(Image.open(data_dir / "cifar10" / "cifar10_batch_50.png").convert("RGB"))
    images = sheet.reshape(1000, 32, 32, 3).transpose(0, 3, 1, 2) / np.float32(255)
    shape = (1, 3, 1, 1)
    images = (images - np.reshape(MEAN, shape)) / np.reshape(DEVIATION, shape)
    labels = np.load(data_dir / "cifar10" / "labels.npy")[50_000:51_000]
    return images.astype(np.float32), labels


def trained(data_dir, name):
    path = data_dir / "resnet_cifar10" / f"{FILES[name]}.th"
    stored = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    state = {key.removeprefix("module."): value.numpy() for key, value in stored.items()}
    model = mt.models.get_model(name)
    model.load_state_dict(state)
    return model.eval()


def test_the_logits_of_resnet20(data_dir, pictures):
    images, _ = pictures
    expected = np.load(data_dir / "resnet_cifar10" / f"{FILES['resnet20']}.logits_test1000.npy")
    with mt.no_grad():
        logits = trained(data_dir, "resnet20")(mt.tensor(images[:100])).numpy()
    np.testing.assert_allclose(logits, expected[:100], atol=1e-3)


@pytest.mark.parametrize(("name", "wrong"), [("resnet20", 85), ("resnet32", 72)])
def test_the_error_on_1000_test_images(data_dir, pictures, name, wrong):
    images, labels = pictures
    model = trained(data_dir, name)
    found = []
    with mt.no_grad():
        for start in range(0, 1000, 250):
            scores = model(mt.tensor(images[start : start + 250])).numpy()
            found.append(scores.argmax(1))
    assert (np.concatenate(found) != labels).sum() == wrong
