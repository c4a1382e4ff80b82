"""DataLoader: batches, orders, taking up an epoch in the middle, errors."""

import json

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.data import BatchSampler, DataLoader, Dataset, SequentialSampler, TensorDataset


class Counting(Dataset):
    """Remembers which samples were read."""

    def __init__(self, size=10):
        self.size = size
        self.read = []

    def __getitem__(self, index):
        self.read.append(index)
        return np.float32([index]), index

    def __len__(self):
        return self.size


def arrays(size=10):
    return TensorDataset(np.arange(2 * size, dtype=np.float32).reshape(size, 2), np.arange(size))


def labels(loader):
    return [batch[1].tolist() for batch in loader]


@pytest.mark.parametrize("make", [arrays, Counting])
def test_batches_in_order_the_last_one_smaller(make):
    loader = DataLoader(make(), batch_size=4)
    assert labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] and len(loader) == 3
    x, y = next(iter(loader))
    assert isinstance(x, mt.Tensor) and x.dtype == mt.float32 and y.dtype == mt.int64
    dropped = DataLoader(make(), batch_size=4, drop_last=True)
    assert labels(dropped) == [[0, 1, 2, 3], [4, 5, 6, 7]] and len(dropped) == 2


def test_reading_whole_arrays_equals_reading_sample_by_sample():
    class OneByOne(TensorDataset):
        def gather(self, indices):
            return None

    fast, slow = arrays(23), OneByOne(*arrays(23).tensors)
    pairs = zip(
        DataLoader(fast, 5, shuffle=True, generator=mt.Generator(2)),
        DataLoader(slow, 5, shuffle=True, generator=mt.Generator(2)),
        strict=True,
    )
    for quick, plain in pairs:
        assert type(quick) is type(plain) is list
        for a, b in zip(quick, plain, strict=True):
            assert a.dtype == b.dtype and a.tolist() == b.tolist()


def test_a_batch_does_not_share_memory_with_the_dataset():
    dataset = arrays()
    x, _ = next(iter(DataLoader(dataset, 4)))
    x.array[...] = -1
    assert dataset.tensors[0].min() == 0


def test_shuffle_visits_all_differs_by_epoch_and_repeats_with_the_seed():
    def epochs(seed):
        loader = DataLoader(arrays(40), 8, shuffle=True, generator=mt.Generator(seed))
        return [sum(labels(loader), []) for _ in range(2)]

    first, second = epochs(3)
    assert sorted(first) == sorted(second) == list(range(40)) and first != second
    assert epochs(3) == [first, second] and epochs(4) != [first, second]


def test_shuffle_draws_from_the_default_generator_without_another():
    loader = DataLoader(arrays(40), 8, shuffle=True)
    mt.manual_seed(11)
    first = labels(loader)
    mt.manual_seed(11)
    assert labels(loader) == first


@pytest.mark.parametrize("explicit", [True, False])
def test_an_epoch_is_taken_up_in_the_middle_without_reading_what_is_over(explicit):
    def loader(dataset, seed):
        return DataLoader(
            dataset, 3, shuffle=True, generator=mt.Generator(seed) if explicit else None
        )

    mt.manual_seed(8)
    whole = loader(Counting(), 5)
    labels(whole)  # an epoch that is over
    iterator = iter(whole)
    next(iterator), next(iterator)
    mt.rand(7)  # training draws from the default generator, too
    state = json.loads(json.dumps(whole.state_dict()))
    random_state = mt.get_rng_state()
    rest, following = [y.tolist() for _, y in iterator], labels(whole)

    dataset = Counting()
    again = loader(dataset, 77)
    mt.set_rng_state(random_state)
    again.load_state_dict(state)
    assert again.state_dict()["batch"] == 2
    assert labels(again) == rest and len(rest) == 2
    assert dataset.read == sum(rest, [])
    assert labels(again) == following


def test_state_between_epochs_starts_a_new_one():
    loader = DataLoader(Counting(), 3, shuffle=True, generator=mt.Generator(1))
    labels(loader)
    state = loader.state_dict()
    assert state["batch"] == 0
    following = labels(loader)
    other = DataLoader(Counting(), 3, shuffle=True, generator=mt.Generator(2))
    other.load_state_dict(state)
    assert labels(other) == following and len(following) == 4


def test_an_epoch_that_was_left_is_not_taken_up_by_itself():
    loader = DataLoader(Counting(), 3)
    next(iter(loader))
    assert len(labels(loader)) == 4


def test_state_without_shuffle():
    loader = DataLoader(arrays(), 4)
    next(iter(loader))
    other = DataLoader(arrays(), 4)
    other.load_state_dict(loader.state_dict())
    assert labels(other) == [[4, 5, 6, 7], [8, 9]] and len(labels(other)) == 3


@pytest.mark.parametrize(
    "state",
    [{}, {"batch": 1}, {"batch": -1, "sampler": None}, {"batch": 0, "sampler": {"seed": 1}}],
)
def test_a_wrong_state_is_refused(state):
    with pytest.raises(ValueError, match="not a state of this loader"):
        DataLoader(arrays(), 4).load_state_dict(state)


def test_own_collate_sampler_and_batch_sampler():
    collated = DataLoader(Counting(), 4, collate_fn=lambda samples: [label for _, label in samples])
    assert list(collated)[2] == [8, 9]
    assert labels(DataLoader(arrays(), 2, sampler=[5, 3, 1])) == [[5, 3], [1]]
    groups = BatchSampler(SequentialSampler(range(10)), 4, True)
    assert labels(DataLoader(arrays(), batch_sampler=groups)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert labels(DataLoader(arrays(), batch_sampler=[[1, 2], [9]])) == [[1, 2], [9]]


def test_workers_are_accepted_with_a_warning():
    DataLoader(arrays(), num_workers=0)
    with pytest.warns(UserWarning, match="read in this process"):
        assert len(labels(DataLoader(arrays(), 4, num_workers=2))) == 3


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"batch_size": -3}, ValueError, "batch_size must be at least 1"),
        ({"batch_size": 2.5}, TypeError, "batch_size is an int"),
        ({"batch_size": True}, TypeError, "batch_size is an int"),
        ({"num_workers": -1}, ValueError, "num_workers"),
        ({"num_workers": "2"}, TypeError, "num_workers"),
        ({"drop_last": 1}, TypeError, "drop_last"),
        ({"shuffle": True, "sampler": [1]}, ValueError, "sampler and shuffle"),
        ({"batch_sampler": [[1]], "shuffle": True}, ValueError, "batch_sampler excludes"),
        ({"batch_sampler": [[1]], "batch_size": 2}, ValueError, "batch_sampler excludes"),
        ({"batch_sampler": [[1]], "drop_last": True}, ValueError, "batch_sampler excludes"),
        ({"batch_sampler": [[1]], "sampler": [1]}, ValueError, "batch_sampler excludes"),
        ({"batch_size": None, "drop_last": True}, ValueError, "drop_last needs batches"),
    ],
)
def test_refuses(options, error, words):
    with pytest.raises(error, match=words):
        DataLoader(arrays(), **options)


@pytest.mark.parametrize("empty", [[], TensorDataset(np.zeros((0, 2))), Counting(0)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_empty_dataset_is_refused(empty, shuffle):
    with pytest.raises(ValueError, match="dataset is empty"):
        DataLoader(empty, shuffle=shuffle)


def test_what_is_no_dataset_is_refused():
    with pytest.raises(TypeError, match="has no __getitem__"):
        DataLoader(3)
