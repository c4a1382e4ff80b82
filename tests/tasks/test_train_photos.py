"""Training on colour photos: files in CIFAR-10's form, the usual augmentation, any classifier."""

import pickle
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.nn import functional as F
from minitorch_cv.tasks import checkpoint as files
from minitorch_cv.tasks import train as training
from minitorch_cv.tasks.errors import Interrupted, TaskError
from minitorch_cv.tasks.networks import arguments_for, described
from minitorch_cv.tasks.recipes import Settings, recipe
from minitorch_cv.tasks.splits import Batches, load_split, load_splits


@pytest.fixture()
def photos(tmp_path: Path) -> str:
    """A folder with 50 random training photos and 20 test photos."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, count in (("data_batch_1", 50), ("test_batch", 20)):
        data = rng.integers(0, 256, (count, 3072), np.uint8)
        content = {b"data": data, b"labels": [int(k) for k in rng.integers(0, 10, count)]}
        (folder / name).write_bytes(pickle.dumps(content, 2))
    return str(folder.parent)


@pytest.fixture()
def settings(photos: str) -> Settings:
    return recipe("resnet20", "cifar10").changed(root=photos, epochs=2, batch_size=16)


def test_the_usual_recipe_is_that_of_the_paper() -> None:
    usual = recipe("resnet56", "cifar10")
    assert (usual.batch_size, usual.lr, usual.momentum, usual.weight_decay) == (128, 0.1, 0.9, 1e-4)
    assert (usual.crop_padding, usual.flip) == (4, 0.5)
    assert recipe("vgg16", "cifar10").lr == 0.01 and recipe("vgg16_bn", "cifar10").lr == 0.1


@pytest.mark.parametrize("after", [2, 5])
def test_a_stopped_run_goes_on_bit_for_bit(
    tmp_path: Path, settings: Settings, new_trainer, after: int
) -> None:
    whole = new_trainer(settings, tmp_path / "whole")
    whole.run()
    asked = iter(range(1, 100))
    first = new_trainer(settings, tmp_path / "parts")
    with pytest.raises(Interrupted):
        first.run(stopped=lambda: signal.SIGINT if next(asked) == after else 0)
    second = new_trainer(settings, tmp_path / "parts")
    second.restore(files.load(second.folder.checkpoint))
    second.run()
    a, b = files.load(whole.folder.checkpoint), files.load(second.folder.checkpoint)
    assert a.tensors.keys() == b.tensors.keys()
    for name in a.tensors:
        assert a.tensors[name].tobytes() == b.tensors[name].tobytes(), name
    assert a.training["random"] == b.training["random"]


def test_a_checkpoint_says_how_photos_become_input(
    tmp_path: Path, settings: Settings, new_trainer
) -> None:
    trainer = new_trainer(settings.changed(limit=20, image_size=40), tmp_path / "run")
    trainer.save()
    model, preprocessing, classes = described(files.load(trainer.folder.checkpoint))
    assert preprocessing == trainer.preprocessing and preprocessing.shape == (3, 40, 40)
    assert preprocessing.channels == "RGB" and len(preprocessing.mean) == 3
    assert len(classes) == 10 and not model.training
    x, _ = next(trainer.batches.epoch())
    assert x.shape == (16, 3, 40, 40) and abs(float(x.mean())) < 0.5


def test_photos_stay_bytes_until_they_are_used(settings: Settings) -> None:
    train, test, preprocessing = load_splits(settings)
    assert train.images.dtype == np.uint8 and train.images.shape == (50, 3, 32, 32)
    assert test.images.shape == (20, 3, 32, 32)
    x = preprocessing.to_input(train.images)
    assert np.allclose(x.mean(axis=(0, 2, 3)), 0, atol=1e-4)
    assert np.allclose(x.std(axis=(0, 2, 3)), 1, atol=1e-4)


def test_a_last_batch_of_one_image_is_joined_to_the_one_before(settings: Settings) -> None:
    train, _, preprocessing = load_splits(settings)
    for count, sizes in ((49, [16, 16, 17]), (50, [16, 16, 16, 2]), (16, [16]), (17, [17]),
                         (1, [1])):  # fmt: skip
        batches = Batches(train.first(count), preprocessing, settings)
        got = [len(y) for _, y in batches.epoch()]
        assert got == sizes and len(batches) == len(sizes)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("resnet20", {"num_classes": 7}),
        ("lenet", {"num_classes": 7, "in_channels": 3, "image_size": 28}),
        ("two_layer_perceptron", {"num_classes": 7, "in_features": 3 * 28 * 28}),
        ("lenet_1998", {}),
    ],
)
def test_networks_are_told_what_they_look_at(name: str, arguments: dict) -> None:
    assert arguments_for(name, 7, (3, 28, 28)) == arguments


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "unet_same"}, "unet_same: it gives .10, 32, 32. numbers"),
        ({"model": "fcn32s_vgg16"}, "not one score for each class"),
        ({"model": "alexnet"}, "alexnet: it cannot take images of 3 × 32 × 32.*--image-size"),
        ({"model": "lenet_1998"}, "cannot take images"),
        ({"model": "resnet21"}, "did you mean resnet32, resnet20"),
        ({"root": None}, "--root is missing"),
        ({"root": "/nowhere"}, "data_batch_1 is missing"),
        ({"flip": 1.5}, "flip is a chance"),
        ({"crop_padding": -1}, "crop_padding is at least 0"),
    ],
)
def test_what_cannot_be_trained_is_one_clear_error(
    tmp_path: Path, settings: Settings, new_trainer, changes: dict, words: str
) -> None:
    with pytest.raises(TaskError, match=words):
        new_trainer(replace(settings, **changes), tmp_path / "run")


def test_auxiliary_heads_count_three_tenths(
    tmp_path: Path, settings: Settings, new_trainer
) -> None:
    trainer = new_trainer(settings, tmp_path / "run")
    weights = [mt.tensor(np.full((3072, 10), k, np.float32)).requires_grad_() for k in (1, 2, 4)]

    class Model:
        def __call__(self, x: mt.Tensor) -> tuple:
            flat = x.flatten(1) / 3072
            return tuple(flat @ w * mt.arange(10) for w in weights)

    x, y = next(trainer.batches.epoch())
    trainer.model = Model()
    trainer._step(x, y)
    losses = [F.cross_entropy(s, mt.from_numpy(y)).item() for s in Model()(mt.from_numpy(x))]
    assert trainer.loss == pytest.approx(losses[0] + 0.3 * (losses[1] + losses[2]), rel=1e-5)
    assert training.AUXILIARY == 0.3


def test_the_drops_of_the_paper(settings: Settings, tmp_path: Path, new_trainer) -> None:
    trainer = new_trainer(settings.changed(schedule="drops", epochs=8), tmp_path / "run")
    rates = []
    trainer.optimizer.has_stepped = True
    for _ in range(8):
        rates.append(round(float(trainer.optimizer.param_groups[0]["lr"]), 6))
        trainer.schedule.step()
    assert rates == [0.1] * 4 + [0.01] * 2 + [0.001] * 2


def test_a_missing_batch_is_no_warning(settings: Settings, recwarn) -> None:
    load_split(settings, train=True)
    assert not recwarn.list
