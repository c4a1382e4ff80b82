"""Samplers: orders, groups, and orders that come back."""

import json

import pytest

import minitorch_cv as mt
from minitorch_cv.data import BatchSampler, RandomSampler, SequentialSampler


def test_random_sampler_visits_each_once_and_anew_each_epoch():
    sampler = RandomSampler(range(50), generator=mt.Generator(0))
    first, second = list(sampler), list(sampler)
    assert sorted(first) == list(range(50)) == sorted(second)
    assert first != second and first != list(range(50))


def test_random_sampler_repeats_with_its_generator():
    orders = [list(RandomSampler(range(30), generator=mt.Generator(7))) for _ in range(2)]
    assert orders[0] == orders[1]


def test_what_else_draws_from_the_generator_does_not_change_a_running_epoch():
    generator = mt.Generator(1)
    plain = list(RandomSampler(range(20), generator=generator))
    generator.manual_seed(1)
    disturbed = []
    for number in RandomSampler(range(20), generator=generator):
        generator.rand((3,))
        disturbed.append(number)
    assert disturbed == plain


def test_replacement_and_number_of_samples():
    drawn = list(RandomSampler(range(5), replacement=True, num_samples=40))
    assert len(drawn) == 40 and set(drawn) <= set(range(5)) and len(set(drawn)) > 1
    rounds = list(RandomSampler(range(5), num_samples=12))
    assert sorted(rounds[:5]) == sorted(rounds[5:10]) == list(range(5)) and len(rounds) == 12


def test_state_brings_back_the_order_and_the_generator():
    sampler = RandomSampler(range(20), generator=mt.Generator(4))
    running = list(sampler)
    state = json.loads(json.dumps(sampler.state_dict()))
    following = list(sampler)

    other = RandomSampler(range(20), generator=mt.Generator(99))
    other.load_state_dict(state)
    assert list(other) == running
    assert list(other) == following


@pytest.mark.parametrize("number", [0, -1])
def test_random_sampler_refuses_numbers_below_one(number):
    with pytest.raises(ValueError, match="num_samples must be positive"):
        RandomSampler(range(4), num_samples=number)
    with pytest.raises(TypeError, match="num_samples is an int"):
        RandomSampler(range(4), num_samples=2.5)


@pytest.mark.parametrize(
    ("drop_last", "groups"),
    [(False, [[0, 1, 2], [3, 4, 5], [6]]), (True, [[0, 1, 2], [3, 4, 5]])],
)
def test_batch_sampler_groups(drop_last, groups):
    sampler = BatchSampler(SequentialSampler(range(7)), 3, drop_last)
    assert list(sampler) == groups and len(sampler) == len(groups)


def test_the_order_is_drawn_when_the_iteration_begins():
    def order(disturb):
        generator = mt.Generator(6)
        batches = iter(BatchSampler(RandomSampler(range(9), generator=generator), 3, False))
        if disturb:
            generator.rand((5,))
        return list(batches)

    assert order(disturb=True) == order(disturb=False)
