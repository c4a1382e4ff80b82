"""Schedules against their closed forms; states; the warning for the wrong order."""

import json
import math
import warnings

import pytest

import minitorch_cv as mt
from minitorch_cv.optim import SGD, Optimizer
from minitorch_cv.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR


def optimizer(*lrs):
    groups = [{"params": [mt.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs or (0.5,)]
    made = SGD(groups, lr=1.0)
    made.step()  # so that no scheduler warns
    return made


def rates(scheduler, epochs):
    """Of epoch 0 and of the epochs after it."""
    seen = [list(scheduler.get_last_lr())]
    for _ in range(epochs):
        scheduler.step()
        seen.append(list(scheduler.get_last_lr()))
    return seen


def test_step_lr():
    seen = rates(StepLR(optimizer(0.5, 2.0), step_size=3, gamma=0.1), 8)
    for epoch, pair in enumerate(seen):
        factor = 0.1 ** (epoch // 3)
        assert pair == pytest.approx([0.5 * factor, 2.0 * factor], rel=1e-12)


@pytest.mark.parametrize("T", [1, 4, 7])
def test_cosine_follows_the_closed_form_down_and_up_again(T):
    seen = rates(CosineAnnealingLR(optimizer(0.5, 2.0), T_max=T, eta_min=0.1), 3 * T)
    for epoch, pair in enumerate(seen):
        wave = (1 + math.cos(math.pi * epoch / T)) / 2
        expected = [0.1 + 0.4 * wave, 0.1 + 1.9 * wave]
        assert pair == pytest.approx(expected, abs=1e-9)


def test_a_schedule_sets_the_rates_of_the_optimizer_and_remembers_the_first():
    opt = optimizer(0.5)
    scheduler = StepLR(opt, 1)
    assert opt.param_groups[0]["lr"] == 0.5 and opt.param_groups[0]["initial_lr"] == 0.5
    scheduler.step()
    assert opt.param_groups[0]["lr"] == pytest.approx(0.05) and scheduler.base_lrs == [0.5]
    assert scheduler.last_epoch == 1


@pytest.mark.parametrize(
    "make", [lambda o: StepLR(o, 2, 0.5), lambda o: CosineAnnealingLR(o, 5, 0.01)]
)
def test_a_state_goes_on_exactly(make):
    whole = rates(make(optimizer(0.5)), 9)
    first = optimizer(0.5)
    scheduler = make(first)
    rates(scheduler, 4)
    state = json.loads(json.dumps(scheduler.state_dict()))
    groups = first.state_dict()

    second = optimizer(3.0)
    again = make(second)
    second.load_state_dict(groups)
    again.load_state_dict(state)
    assert again.get_last_lr() == whole[4] and again.last_epoch == 4
    assert rates(again, 5)[1:] == whole[5:]


def test_taking_up_with_last_epoch_needs_the_initial_rates():
    with pytest.raises(ValueError, match="group 0 has no 'initial_lr'"):
        StepLR(optimizer(0.5), 2, last_epoch=3)
    opt = optimizer(0.25)
    opt.param_groups[0]["initial_lr"] = 0.5
    scheduler = StepLR(opt, 2, gamma=0.5, last_epoch=2)
    assert scheduler.last_epoch == 3 and scheduler.base_lrs == [0.5]
    assert rates(scheduler, 1) == [[0.25], [0.125]]


def test_warns_where_the_optimizer_made_no_step():
    fresh = SGD([mt.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = StepLR(fresh, 1)
    with pytest.warns(UserWarning, match="call optimizer.step.. first"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        StepLR(optimizer(0.5), 1).step()


def test_an_optimizer_with_its_own_step_is_not_warned_about():
    class Own(Optimizer):
        def step(self):
            pass

    scheduler = StepLR(Own([mt.zeros(1, requires_grad=True)], {"lr": 0.1}), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda o: StepLR("sgd", 1), TypeError, "expects an optimizer"),
        (lambda o: StepLR(o, 0), ValueError, "step_size must be at least 1"),
        (lambda o: StepLR(o, 1.5), TypeError, "step_size is an int"),
        (lambda o: StepLR(o, 1, float("nan")), ValueError, "gamma"),
        (lambda o: CosineAnnealingLR(o, 0), ValueError, "T_max must be positive"),
        (lambda o: CosineAnnealingLR(o, -3), ValueError, "T_max"),
        (lambda o: CosineAnnealingLR(o, 3, float("nan")), ValueError, "eta_min"),
        (lambda o: LRScheduler(o), NotImplementedError, "write get_lr"),
        (lambda o: StepLR(o, 1).load_state_dict({}), ValueError, "missing: .*gamma"),
    ],
)
def test_refuses(make, error, words):
    with pytest.raises(error, match=words):
        make(optimizer())
