"""Networks with real weights give the answers that are known of them."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import interop, nn


class CaffeLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x), 2)
        x = nn.functional.max_pool2d(self.conv2(x), 2).flatten(1)
        return self.fc2(nn.functional.relu(self.fc1(x)))


def test_caffe_lenet_gives_the_known_logits(data_dir):
    from minitorch_cv.data import MNIST

    folder = data_dir / "lenet_caffe"
    model = CaffeLeNet()
    model.load_state_dict(interop.load_state_dict(folder / "lenet_iter_10000.caffemodel", model))
    images = np.asarray(MNIST(data_dir / "mnist", train=False).data)[:1000]
    x = mt.from_numpy(images.reshape(-1, 1, 28, 28).astype(np.float32) / 256)
    with mt.no_grad():
        logits = model(x).numpy()
    known = np.load(folder / "logits_t10k_first1000.npy")
    assert np.abs(logits - known).max() < 1e-3


SEEN = {
    "camera": {"tripod": 0.94},
    "chelsea": {"Egyptian cat": 0.60, "tiger cat": 0.20, "tabby": 0.15},
    "coffee": {"espresso": 0.72},
}


def squeezenet_input(path):
    """Short side 256, the middle 227, BGR minus the mean: (1, 3, 227, 227)."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([round(n * scale) for n in image.size], Image.Resampling.BILINEAR)
    left, top = ((n - 227) // 2 for n in image.size)
    pixels = np.asarray(image.crop((left, top, left + 227, top + 227)), np.float32)
    pixels = pixels[:, :, ::-1] - np.array([104, 117, 123], np.float32)
    return mt.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]))


def test_squeezenet_knows_the_known_pictures(data_dir):
    folder = data_dir / "squeezenet"
    model = mt.models.get_model("squeezenet1_0").eval()
    model.load_state_dict(interop.load_state_dict(folder / "squeezenet_v1.0_dc.npz", model))
    model.classifier[1].padding = (1, 1)  # as this network was trained
    classes = (folder / "imagenet_classes.txt").read_text().splitlines()
    for picture, known in SEEN.items():
        with mt.no_grad():
            scores = model(squeezenet_input(data_dir / "std_images" / f"{picture}.png"))
        chances = nn.functional.softmax(scores, 1).numpy()[0]
        first = [classes[k] for k in np.argsort(-chances)[: len(known)]]
        assert first == list(known)
        for name, chance in known.items():
            assert chances[classes.index(name)] == pytest.approx(chance, abs=0.01)


# The names of the files; the error on the first 1 000 test images.
RESNETS = {"resnet20": ("resnet20-12fca82f", 85), "resnet32": ("resnet32-d509ac18", 72)}


@pytest.mark.parametrize("name", RESNETS)
def test_cifar_resnets_err_as_is_known(name, data_dir):
    from PIL import Image

    file, errors = RESNETS[name]
    folder = data_dir / "resnet_cifar10"
    model = mt.models.get_model(name).eval()
    model.load_state_dict(interop.load_state_dict(folder / f"{file}.th", model))
    sheet = np.asarray(Image.open(data_dir / "cifar10" / "cifar10_batch_50.png"), np.float32)
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    pixels = (sheet.reshape(1000, 32, 32, 3) / 255 - mean) / std
    x = mt.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))  # (N, 3, 32, 32)
    with mt.no_grad():
        logits = np.concatenate([model(part).numpy() for part in x.split(100)])
    labels = np.load(data_dir / "cifar10" / "labels.npy")[50_000:51_000]
    assert (logits.argmax(1) != labels).sum() == errors
    known = folder / f"{file}.logits_test1000.npy"
    if known.is_file():
        assert np.abs(logits - np.load(known)).max() < 1e-3
