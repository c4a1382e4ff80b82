"""Schedules against their closed forms; states; the warning for the wrong order."""

import json
import math
import warnings

import pytest

import minitorch_cv as mt
from minitorch_cv.optim import SGD, Adam, Optimizer
from minitorch_cv.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from minitorch_cv.optim.swa_utils import SWALR


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


def cosine(done):
    return (1 + math.cos(math.pi * done)) / 2


CLOSED_FORMS = {
    "lambda": (lambda o: LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 1 / (1 + t)),
    "multiplicative": (lambda o: MultiplicativeLR(o, lambda t: 0.9), lambda t: 0.9**t),
    "milestones": (
        lambda o: MultiStepLR(o, [2, 5, 5], 0.5), lambda t: 0.5 ** ((t >= 2) + 2 * (t >= 5))
    ),
    "constant": (lambda o: ConstantLR(o, 0.25, 3), lambda t: 0.25 if t < 3 else 1.0),
    "linear": (lambda o: LinearLR(o, 0.2, 0.8, 4), lambda t: 0.2 + 0.6 * min(t, 4) / 4),
    "exponential": (lambda o: ExponentialLR(o, 0.9), lambda t: 0.9**t),
    "polynomial": (lambda o: PolynomialLR(o, 6, 2.0), lambda t: (1 - min(t, 6) / 6) ** 2),
    "restarts": (
        lambda o: CosineAnnealingWarmRestarts(o, 3, 2),
        lambda t: cosine(t / 3 if t < 3 else (t - 3) / 6 if t < 9 else (t - 9) / 12),
    ),
    "one after another": (
        lambda o: SequentialLR(o, [ConstantLR(o, 0.5, 9), ExponentialLR(o, 0.9)], [4]),
        lambda t: 0.5 if t < 4 else 0.9 ** (t - 4),
    ),
    "chained": (
        lambda o: ChainedScheduler([ConstantLR(o, 0.5, 4), ExponentialLR(o, 0.9)]),
        lambda t: (0.5 if t < 4 else 1.0) * 0.9**t,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_forms(name):
    make, factor = CLOSED_FORMS[name]
    for epoch, pair in enumerate(rates(make(optimizer(0.5, 2.0)), 14)):
        expected = [0.5 * factor(epoch), 2.0 * factor(epoch)]
        assert pair == pytest.approx(expected, rel=1e-9, abs=1e-12), epoch


@pytest.mark.parametrize("name", sorted(CLOSED_FORMS.keys() - {"one after another", "chained"}))
def test_a_jump_to_an_epoch(name):
    make, factor = CLOSED_FORMS[name]
    if name in ("multiplicative",):
        return  # has no closed form
    scheduler = make(optimizer(0.5, 2.0))
    for epoch in (7, 3, 0, 11):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step(epoch)
        assert scheduler.get_last_lr() == pytest.approx([0.5 * factor(epoch), 2 * factor(epoch)])
        assert scheduler.last_epoch == epoch


def test_step_with_an_epoch_warns():
    with pytest.warns(UserWarning, match="step.epoch. is deprecated"):
        StepLR(optimizer(), 2).step(4)
    with pytest.warns(UserWarning, match="step.epoch. is deprecated"):
        ReduceLROnPlateau(optimizer()).step(1.0, 4)


def test_swa_goes_to_its_rate_and_stays():
    seen = rates(SWALR(optimizer(0.5, 2.0), 0.1, 5, "linear"), 8)
    for epoch, pair in enumerate(seen):
        share = min(epoch / 5, 1.0)
        expected = [0.1 * share + 0.5 * (1 - share), 0.1 * share + 2 * (1 - share)]
        assert pair == pytest.approx(expected, rel=1e-9)
    seen = rates(SWALR(optimizer(0.5), [0.1], 4), 4)
    assert [pair[0] for pair in seen] == pytest.approx(
        [0.1 + 0.4 * cosine(t / 4) for t in range(5)]
    )


def momenta(made):
    return [g["betas"][0] if "betas" in g else g["momentum"] for g in made.param_groups]


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("three_phase", [False, True])
def test_one_cycle(kind, three_phase):
    p = mt.zeros(1, requires_grad=True)
    made = kind([p], **({"momentum": 0.5} if kind is SGD else {}))
    made.step()
    scheduler = OneCycleLR(
        made, 1.0, 21, pct_start=0.3, three_phase=three_phase, div_factor=10, final_div_factor=100,
        anneal_strategy="linear",
    )  # fmt: skip
    seen = []
    for _ in range(21):
        seen.append((made.param_groups[0]["lr"], momenta(made)[0]))
        made.step()
        scheduler.step()
    up = 0.3 * 21 - 1
    if three_phase:
        corners = [(0, 0.1, 0.95), (up, 1.0, 0.85), (2 * up, 0.1, 0.95), (20, 0.001, 0.95)]
    else:
        corners = [(0, 0.1, 0.95), (up, 1.0, 0.85), (20, 0.001, 0.95)]
    for step, pair in enumerate(seen):
        k = next(k for k in range(1, len(corners)) if step <= corners[k][0])
        (t0, a, m), (t1, b, n) = corners[k - 1], corners[k]
        done = (step - t0) / (t1 - t0)
        assert pair == pytest.approx((a + (b - a) * done, m + (n - m) * done))


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_cyclic(mode):
    made = optimizer(0.5, 0.5)
    scheduler = CyclicLR(made, 0.1, [1.1, 2.1], 2, 3, mode, gamma=0.9)
    for step in range(17):
        cycle, place = divmod(step, 5)
        wave = place / 2 if place <= 2 else (5 - place) / 3
        scale = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": 0.9**step}[mode]
        assert scheduler.get_last_lr() == pytest.approx(
            [0.1 + wave * scale, 0.1 + 2 * wave * scale]
        )
        assert momenta(made) == pytest.approx([0.9 - 0.1 * wave * scale] * 2)
        scheduler.step()


def test_a_plateau():
    made = optimizer(1.0)
    scheduler = ReduceLROnPlateau(made, factor=0.5, patience=1, cooldown=1, min_lr=0.2)
    seen = []
    for measure in (5.0, 4.0, 4.0, float("nan"), 4.0, 4.0, 4.0, 3.0, 3.0, mt.tensor(3.0), 9.0):
        scheduler.step(measure)
        seen.append(scheduler.get_last_lr()[0])
    # The second bad epoch halves the rate; the one after it is not counted.
    assert seen == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2]
    assert not scheduler.in_cooldown and scheduler.best == 3.0


@pytest.mark.parametrize(
    ("mode", "threshold_mode", "better", "worse"),
    [
        ("min", "rel", 0.89, 0.91), ("min", "abs", 0.89, 0.91), ("max", "rel", 1.11, 1.09),
        ("max", "abs", 1.11, 1.09),
    ],
)  # fmt: skip
def test_what_is_better(mode, threshold_mode, better, worse):
    for measure, bad in ((better, 0), (worse, 1)):
        scheduler = ReduceLROnPlateau(
            optimizer(), mode, threshold=0.1, threshold_mode=threshold_mode
        )
        scheduler.step(1.0)
        scheduler.step(measure)
        assert scheduler.num_bad_epochs == bad


def test_a_group_that_comes_later_meets_the_plateau_too():
    made = optimizer(1.0)
    scheduler = ReduceLROnPlateau(made, factor=0.5, patience=0, min_lr=0.1)
    made.add_param_group({"params": mt.zeros(1, requires_grad=True), "lr": 4.0})
    scheduler.step(1.0)
    scheduler.step(1.0)
    assert scheduler.get_last_lr() == [0.5, 2.0]
    scheduler = ReduceLROnPlateau(made, patience=0, min_lr=[0.1, 0.2])
    made.add_param_group({"params": mt.zeros(1, requires_grad=True)})
    scheduler.step(1.0)
    with pytest.raises(RuntimeError, match="given for 2 groups .the optimizer now has 3"):
        scheduler.step(1.0)


def test_the_state_holds_the_attributes_of_callable_objects_but_no_functions():
    class Power:
        base = 0.5

        def __call__(self, t):
            return self.base**t

    function = Power()
    function.base = 0.25
    made = LambdaLR(optimizer(1.0, 1.0), [function, lambda t: 1.0])
    state = json.loads(json.dumps(made.state_dict()))
    assert state["lr_lambdas"] == [{"base": 0.25}, None]
    other = LambdaLR(optimizer(1.0, 1.0), [Power(), lambda t: 1.0])
    other.load_state_dict(state)
    other.step()
    assert other.get_last_lr() == [0.25, 1.0]
    assert state["lr_lambdas"] == [{"base": 0.25}, None]


def test_a_schedule_sets_the_rates_of_the_optimizer_and_remembers_the_first():
    opt = optimizer(0.5)
    scheduler = StepLR(opt, 1)
    assert opt.param_groups[0]["lr"] == 0.5 and opt.param_groups[0]["initial_lr"] == 0.5
    scheduler.step()
    assert opt.param_groups[0]["lr"] == pytest.approx(0.05) and scheduler.base_lrs == [0.5]
    assert scheduler.last_epoch == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda o: StepLR(o, 2, 0.5),
        lambda o: CosineAnnealingLR(o, 5, 0.01),
        lambda o: OneCycleLR(o, 0.5, 12, cycle_momentum=False),
        lambda o: CyclicLR(o, 0.1, 0.5, 3, mode="exp_range", gamma=0.9),
        lambda o: SWALR(o, 0.1, 7),
        *(make for make, _ in CLOSED_FORMS.values()),
    ],
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
    assert again.get_last_lr() == whole[4]
    assert getattr(again, "last_epoch", 4) == 4  # a ChainedScheduler has none, as in PyTorch
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


def test_a_step_of_ones_own_counts():
    class Own(Optimizer):
        def step(self):
            pass

    made = Own([mt.zeros(1, requires_grad=True)], {"lr": 0.1})
    scheduler = StepLR(made, 1)
    made.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
