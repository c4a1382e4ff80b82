"""Pictures in folders, noise, streams, several datasets in one, and the samplers that choose."""

import numpy as np
import pytest

from minitorch_cv.backend.random import Generator, manual_seed
from minitorch_cv.data import (
    ConcatDataset,
    DataLoader,
    DatasetFolder,
    FakeData,
    FashionMNIST,
    ImageFolder,
    IterableDataset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    transforms,
)

Image = pytest.importorskip("PIL.Image")


def paint(root, *paths):
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), number).save(root / path)
    return root


def test_image_folder_sorts_classes_and_paths(tmp_path):
    paint(tmp_path, "dog/b.png", "dog/a.png", "cat/deep/z.PNG", "cat/a.jpg")
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    dataset = ImageFolder(tmp_path, transform=transforms.ToTensor())
    assert dataset.classes == ["cat", "dog"] and dataset.class_to_idx == {"cat": 0, "dog": 1}
    assert [p[len(str(tmp_path)) + 1 :] for p, _ in dataset.samples] == [
        "cat/a.jpg", "cat/deep/z.PNG", "dog/a.png", "dog/b.png",
    ]  # fmt: skip
    image, target = dataset[2]
    assert image.shape == (3, 3, 4) and target == 1 and dataset.targets == [0, 0, 1, 1]
    np.testing.assert_allclose(image, 1 / 255, rtol=1e-6)
    assert ImageFolder(tmp_path)[0][0].mode == "RGB"


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no folders"):
        ImageFolder(tmp_path)
    paint(tmp_path, "cat/a.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="for empty"):
        ImageFolder(tmp_path)
    assert len(ImageFolder(tmp_path, allow_empty=True).classes) == 2
    with pytest.raises(ValueError, match="either extensions or is_valid_file"):
        DatasetFolder(tmp_path, str)


def test_fake_data_is_the_same_each_time():
    data = FakeData(5, (3, 8, 9), 4)
    image, target = data[3]
    assert image.size == (9, 8) and 0 <= target < 4 and len(data) == 5
    np.testing.assert_array_equal(image, FakeData(5, (3, 8, 9), 4)[3][0])
    assert (np.asarray(image) != np.asarray(data[2][0])).any()
    with pytest.raises(IndexError, match="5 samples"):
        data[5]


def test_fashion_is_not_mistaken_for_digits(tmp_path):
    with pytest.raises(FileNotFoundError, match="FashionMNIST"):
        FashionMNIST(tmp_path)


def test_datasets_one_after_the_other():
    first, second = TensorDataset(np.arange(3)), TensorDataset(np.arange(10, 12))
    both = first + second
    assert [int(both[k][0]) for k in range(5)] == [0, 1, 2, 10, 11] and int(both[-1][0]) == 11
    assert len(ConcatDataset([both, first])) == 8
    with pytest.raises(IndexError):
        both[5]


class Count(IterableDataset):
    def __iter__(self):
        return iter(np.arange(7))

    def __len__(self):
        return 7


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [3, 3, 1]), (True, [3, 3])])
def test_a_stream_is_cut_into_batches(drop_last, sizes):
    loader = DataLoader(Count(), 3, drop_last=drop_last)
    assert [len(batch) for batch in loader] == sizes and len(loader) == len(sizes)
    assert [int(x) for x in DataLoader(Count(), None)] == list(range(7))
    with pytest.raises(ValueError, match="in its own order"):
        DataLoader(Count(), 3, shuffle=True)


def test_a_random_subset_comes_whole_and_in_another_order():
    sampler = SubsetRandomSampler([5, 8, 2, 9], Generator(0))
    orders = [list(sampler) for _ in range(20)]
    assert all(sorted(order) == [2, 5, 8, 9] for order in orders) and len(sampler) == 4
    assert len({tuple(order) for order in orders}) > 5


def test_weights_are_chances():
    manual_seed(0)
    counts = np.bincount(list(WeightedRandomSampler([0, 1, 3], 8000)), minlength=3)
    assert counts[0] == 0 and abs(counts[2] / 8000 - 0.75) < 0.03
    once = [list(WeightedRandomSampler([1, 1, 8], 3, replacement=False)) for _ in range(400)]
    assert all(sorted(order) == [0, 1, 2] for order in once)
    assert abs(np.mean([order[0] == 2 for order in once]) - 0.8) < 0.08
    with pytest.raises(ValueError, match="without replacement"):
        WeightedRandomSampler([0, 1], 2, replacement=False)
    with pytest.raises(ValueError, match="not negative"):
        WeightedRandomSampler([-1, 1], 2)
