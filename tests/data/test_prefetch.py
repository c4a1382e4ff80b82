"""Batches in pinned memory, and sent ahead of their use."""

from __future__ import annotations

from collections import namedtuple

import pytest

import minitorch_cv as mt
from minitorch_cv.data import DataLoader, Prefetcher, TensorDataset
from minitorch_cv.data.prefetch import map_tensors
from minitorch_cv.testing import fake_device
from minitorch_cv.testing.cuda_emulator.standin import Stream, standin_cuda

DATA = TensorDataset(mt.arange(12).reshape(6, 2).float(), mt.arange(6))


def labels(loader):
    return [y.cpu().tolist() for _, y in loader]


def test_pinning_changes_nothing_without_a_gpu():
    assert labels(DataLoader(DATA, 4, pin_memory=True)) == [[0, 1, 2, 3], [4, 5]]


def test_batches_are_pinned_where_there_is_a_gpu():
    with standin_cuda():
        for x, y in DataLoader(DATA, 4, pin_memory=True):
            assert x.is_pinned() and y.is_pinned()
        assert not any(x.is_pinned() for x, _ in DataLoader(DATA, 4))


def test_a_loader_that_pins_goes_on_where_it_stood():
    with standin_cuda():
        loader = DataLoader(DATA, 2, pin_memory=True)
        batches = iter(loader)
        next(batches)
        state = loader.state_dict()
        other = DataLoader(DATA, 2, pin_memory=True)
        other.load_state_dict(state)
        assert labels(other) == [[2, 3], [4, 5]]


def test_each_batch_is_sent_before_the_one_before_it_is_used():
    with standin_cuda():
        seen = []
        for x, y in Prefetcher(DataLoader(DATA, 2, pin_memory=True), "cuda"):
            Stream.log.append("used")
            assert str(x.device) == "cuda:0" and x[0, 0].item() == 2 * y[0].item()
            seen.append(y.cpu().tolist())
        log = " ".join(Stream.log).replace(Stream.log[1].removesuffix(" waits"), "copy")
    send, ready = "main records copy waits copy records", "main waits used"
    assert log == f"{send} {send} {ready} {send} {ready} {ready}"
    assert seen == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize("where", ["cpu", "fake"])
def test_other_devices(where):
    with fake_device():
        loader = Prefetcher(DataLoader(DATA, 4), where)
        assert len(loader) == 2 and labels(loader) == [[0, 1, 2, 3], [4, 5]]
        assert {x.device.type for x, _ in loader} == {where}


def test_an_empty_loader_and_a_device_that_is_not_there():
    with standin_cuda():
        assert list(Prefetcher([], "cuda")) == []
        assert labels(Prefetcher(list(DataLoader(DATA, 6)))) == [[0, 1, 2, 3, 4, 5]]
    with pytest.raises(ValueError, match="no such device"):
        Prefetcher([], "gpu")


def test_batches_of_any_structure():
    Pair = namedtuple("Pair", "x y")  # noqa: PYI024
    x = mt.ones(2)
    given = {"a": [x, "text", (x, 3)], "b": Pair(x, None)}
    got = map_tensors(given, lambda tensor: tensor + 1)
    assert got["a"][1:] == ["text", (got["a"][2][0], 3)] and got["a"][2][0].tolist() == [2, 2]
    assert isinstance(got["b"], Pair) and got["b"].x.tolist() == [2, 2] and got["b"].y is None
