"""Datasets: lengths, items, subsets, random splits."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.data import Dataset, Subset, TensorDataset, random_split


class Squares(Dataset):
    def __getitem__(self, index):
        return index * index

    def __len__(self):
        return 10


def test_tensor_dataset_gives_tuples_of_entries_and_keeps_arrays_arrays():
    x, y = np.arange(6.0).reshape(3, 2), np.array([4, 5, 6])
    dataset = TensorDataset(x, y)
    image, label = dataset[1]
    assert len(dataset) == 3 and isinstance(image, np.ndarray)
    np.testing.assert_array_equal(image, [2.0, 3.0])
    assert label == 5


def test_tensor_dataset_keeps_tensors_tensors():
    dataset = TensorDataset(mt.tensor([[1.0], [2.0]]), mt.tensor([0, 1]))
    image, label = dataset[1]
    assert isinstance(image, mt.Tensor) and image.tolist() == [2.0] and label.item() == 1


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ((), ValueError, "no arrays given"),
        ((np.zeros(3), np.zeros(4)), ValueError, "differ in their first size"),
        ((np.zeros(()),), ValueError, "differ in their first size"),
        (([1, 2],), TypeError, "argument 0 is no array"),
    ],
)
def test_tensor_dataset_refuses(arrays, error, words):
    with pytest.raises(error, match=words):
        TensorDataset(*arrays)


def test_gather_equals_the_items_one_by_one_also_through_subsets():
    dataset = TensorDataset(np.arange(20.0).reshape(10, 2), np.arange(10))
    subset = Subset(Subset(dataset, [9, 7, 5, 3]), [2, 0])
    images, labels = subset.gather([1, 0, 1])
    np.testing.assert_array_equal(labels, [subset[i][1] for i in (1, 0, 1)])
    np.testing.assert_array_equal(images, [subset[i][0] for i in (1, 0, 1)])
    assert labels.tolist() == [9, 5, 9]


def test_gather_gives_way_to_a_subclass_that_changes_the_samples():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] * 2

    class Shifted(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] + 1

    assert Doubled(np.ones((3, 2))).gather([0]) is None
    assert Subset(Doubled(np.ones((3, 2))), [0]).gather([0]) is None
    assert Shifted(TensorDataset(np.ones(3)), [0, 1]).gather([0]) is None
    assert Subset(Squares(), [3]).gather([0]) is None


def test_subset_has_the_chosen_items_and_ends():
    subset = Subset(Squares(), [2, 4])
    assert len(subset) == 2 and list(subset) == [4, 16]


def test_a_dataset_without_getitem_says_what_to_write():
    with pytest.raises(NotImplementedError, match="write __getitem__"):
        Dataset()[0]


@pytest.mark.parametrize(
    ("lengths", "counts"),
    [([7, 3], [7, 3]), ([0.5, 0.5], [5, 5]), ([0.34, 0.33, 0.33], [4, 3, 3]), ([10], [10]),
     ([1.0], [10]), ([0.0, 1.0], [0, 10])],
)  # fmt: skip
def test_random_split_covers_the_dataset_once(lengths, counts):
    parts = random_split(Squares(), lengths, mt.Generator(3))
    assert [len(part) for part in parts] == counts
    assert sorted(value for part in parts for value in part) == [i * i for i in range(10)]


def test_random_split_is_random_and_repeats_with_its_generator():
    def first(seed):
        return list(random_split(Squares(), [6, 4], mt.Generator(seed))[0].indices)

    assert first(1) == first(1)
    assert first(1) != first(2) and first(1) != sorted(first(1))
    mt.manual_seed(5)
    again = random_split(Squares(), [6, 4])[0].indices
    mt.manual_seed(5)
    assert random_split(Squares(), [6, 4])[0].indices == again


@pytest.mark.parametrize("lengths", [[7, 4], [11, -1], [0.5, 0.6], [-0.5, 1.5], []])
def test_random_split_refuses(lengths):
    with pytest.raises(ValueError, match="random_split: .*add up"):
        random_split(Squares(), lengths)
