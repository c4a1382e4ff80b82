"""The UCI digits: sizes, range, the fixed split."""

import numpy as np
import pytest

from minitorch_cv.data import DataLoader, Digits
from minitorch_cv.data.digits import held_out

datasets = pytest.importorskip("sklearn.datasets")


@pytest.fixture(scope="module")
def parts():
    return Digits(train=True), Digits(train=False)


def test_sizes_types_and_range(parts):
    for dataset, size in zip(parts, (1437, 360), strict=True):
        assert len(dataset) == size
        assert dataset.images.shape == (size, 1, 32, 32) and dataset.images.dtype == np.float32
        assert dataset.images.min() == 0 and 0.9 < dataset.images.max() <= 1
        image, label = dataset[3]
        assert image.shape == (1, 32, 32) and image.dtype == np.float32 and type(label) is int
    assert len(parts[0].classes) == 10


def test_every_class_is_held_out_in_proportion(parts):
    train, test = (np.bincount(part.targets, minlength=10) for part in parts)
    shares = (train + test) * 360 / 1797
    assert np.abs(test - shares).max() < 1 and test.sum() == 360


def test_the_two_parts_are_the_whole_once():
    whole = Digits(train=True, image_size=8), Digits(train=False, image_size=8)
    ours = np.concatenate([part.data for part in whole]).reshape(1797, 64) * 16
    theirs = datasets.load_digits().data
    np.testing.assert_array_equal(np.sort(ours, axis=0), np.sort(theirs, axis=0))
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs.astype(np.float32)))


def test_the_split_never_changes(parts):
    targets = datasets.load_digits().target
    places = np.flatnonzero(held_out(targets, 360))
    assert places[:12].tolist() == [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 55, 63]
    assert int(places.sum()) == 323230
    np.testing.assert_array_equal(parts[1].targets, targets[places])
    np.testing.assert_array_equal(Digits(train=False).data, parts[1].data)


def test_images_show_what_their_labels_say(parts):
    """A nearest-mean classifier would be at 10 % if images and labels were out of step."""
    train, test = parts
    means = np.stack([train.images[train.targets == k].mean(axis=0) for k in range(10)])
    distances = ((test.images[:, None] - means) ** 2).sum(axis=(2, 3, 4))
    assert (distances.argmin(axis=1) == test.targets).mean() > 0.85


def test_the_transform_gets_the_picture_as_it_is_stored(parts):
    shapes = []
    dataset = Digits(
        train=False, transform=lambda p: shapes.append(p.shape) or p[::-1, :, 0],
        target_transform=lambda label: label + 100,
    )  # fmt: skip
    image, label = dataset[0]
    assert shapes == [(32, 32, 1)] and label == parts[1].targets[0] + 100
    np.testing.assert_array_equal(image, parts[1].data[0][::-1])


@pytest.mark.parametrize("options", [{"transform": abs}, {"target_transform": str}])
def test_a_transform_is_called_for_each_sample_of_a_batch(options):
    dataset = Digits(train=False, **options)
    assert dataset.gather([0]) is None and Digits(train=False).gather([0]) is not None


def test_whole_batches_equal_single_samples(parts):
    images, labels = next(iter(DataLoader(parts[1], 5)))
    for place in range(5):
        image, label = parts[1][place]
        np.testing.assert_array_equal(images.numpy()[place], image)
        assert labels[place].item() == label


def test_refuses_a_size_below_one():
    with pytest.raises(ValueError, match="at least 1"):
        Digits(image_size=0)
