"""Networks with published weights give the published answers."""

import numpy as np
import pytest

from minitorch_cv.data.images import planes
from minitorch_cv.tasks.errors import TaskError
from minitorch_cv.tasks.evaluation.evaluate import evaluate, predict_scores
from minitorch_cv.tasks.evaluation.metrics import softmax, top_k
from minitorch_cv.tasks.evaluation.views import dense_scores, ten_crop_scores
from minitorch_cv.tasks.pictures import read_picture
from minitorch_cv.tasks.published import CIFAR10, class_names, input_of, published_network
from minitorch_cv.tasks.splits import Split

ERRORS = {"resnet20": ("resnet20-12fca82f.th", 85), "resnet32": ("resnet32-d509ac18.th", 72)}
SEEN = {
    "camera": {"tripod": 0.94},
    "chelsea": {"Egyptian cat": 0.60, "tiger cat": 0.20, "tabby": 0.15},
    "coffee": {"espresso": 0.72},
}


@pytest.fixture(scope="module")
def cifar(data_dir) -> Split:
    """The first 1 000 test images, as bytes."""
    from PIL import Image

    sheet = np.asarray(Image.open(data_dir / "cifar10" / "cifar10_batch_50.png"))
    labels = np.load(data_dir / "cifar10" / "labels.npy")[50_000:51_000].astype(np.int64)
    return Split(planes(sheet.reshape(1000, 32, 32, 3)), labels, CIFAR10)


@pytest.mark.parametrize("name", ERRORS)
def test_cifar_resnets_err_as_is_known(name: str, data_dir, cifar: Split) -> None:
    file, errors = ERRORS[name]
    model = published_network(name, data_dir / "resnet_cifar10" / file)
    result = evaluate(model, cifar, input_of(name))
    assert len(cifar.labels) - result.correct == errors
    known = data_dir / "resnet_cifar10" / f"{file.removesuffix('.th')}.logits_test1000.npy"
    if known.is_file():
        assert np.abs(result.scores - np.load(known)).max() < 1e-3


def test_more_views_of_an_image_do_not_harm(data_dir, cifar: Split) -> None:
    """ResNet-20 on 300 images: dense at its own size is the image and its mirror image."""
    model = published_network("resnet20", data_dir / "resnet_cifar10" / ERRORS["resnet20"][0])
    few = cifar.first(300)
    once = evaluate(model, few, input_of("resnet20"))

    def dense(*given):
        return dense_scores(*given, scales=[32])

    both = evaluate(model, few, input_of("resnet20"), dense)
    assert both.accuracy >= once.accuracy - 0.01 and both.loss < once.loss
    mirrored = predict_scores(model, few.images[:, :, :, ::-1], input_of("resnet20"))
    mean = (softmax(once.scores) + softmax(mirrored)) / 2
    assert np.allclose(softmax(both.scores), mean, atol=1e-5)
    assert np.allclose(softmax(ten_crop_scores(model, few.images[:20], input_of("resnet20"))),
                       mean[:20], atol=1e-5)  # fmt: skip


def test_squeezenet_knows_the_known_pictures(data_dir) -> None:
    folder = data_dir / "squeezenet"
    weights = folder / "squeezenet_v1.0_dc.npz"
    model = published_network("squeezenet1_0", weights, {"final_padding": 1})
    names = class_names("squeezenet1_0", 1000, folder / "imagenet_classes.txt")
    preprocessing = input_of("squeezenet1_0", "caffe", size=227, resize=256)
    for picture, known in SEEN.items():
        image = read_picture(data_dir / "std_images" / f"{picture}.png", preprocessing)
        scores = predict_scores(model, image.pixels[None], preprocessing)
        chances = softmax(scores)[0]
        first = [names[k] for k in top_k(scores, len(known))[0]]
        assert first == list(known)
        for name, chance in known.items():
            assert chances[names.index(name)] == pytest.approx(chance, abs=0.015)


def test_inputs_of_the_papers() -> None:
    assert input_of("resnet50")[:3] == ((224, 224), (256, 256), "crop")
    assert input_of("inception_v3").size == (299, 299)
    assert input_of("inception_v3").grid == (342, 342)
    assert input_of("resnet20")[:2] == ((32, 32), (32, 32))
    assert input_of("lenet").channels == "grey" and input_of("vgg16", "caffe").channels == "BGR"


def test_class_names(tmp_path) -> None:
    assert class_names("resnet20", 10, None) == CIFAR10
    assert class_names("resnet50", 3, None) == ("0", "1", "2")
    file = tmp_path / "names.txt"
    file.write_text("a\nb\n")
    assert class_names("resnet50", 2, file) == ("a", "b")
    with pytest.raises(TaskError, match="has 2 lines, the network 3 classes"):
        class_names("resnet50", 3, file)
    with pytest.raises(TaskError, match="cannot read"):
        class_names("resnet50", 3, tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: input_of("resnet20", "imagnet"), "there are: imagenet"),
        (lambda: input_of("resnet200"), "no model is called"),
        (lambda: input_of("resnet50", resize=200), "a crop of 224 does not fit"),
        (lambda: published_network("resnet20", "none.th"), "there is no file"),
        (lambda: published_network("resnet20", "x", {"depth": 3}), "no option depth"),
    ],
)
def test_what_cannot_be_is_one_clear_error(call, words: str) -> None:
    with pytest.raises(TaskError, match=words):
        call()
