"""What schedules refuse, and in which words."""

import pytest

import minitorch_cv as mt
from minitorch_cv.optim import SGD, Adagrad
from minitorch_cv.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from minitorch_cv.optim.swa_utils import SWALR


def optimizer():
    made = SGD([mt.zeros(1, requires_grad=True)], lr=0.5)
    made.step()  # so that no scheduler warns
    return made


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda o: StepLR("sgd", 1), TypeError, "expects an optimizer"),
        (lambda o: StepLR(o, 0), ValueError, "step_size must be positive"),
        (lambda o: StepLR(o, "3"), TypeError, "step_size is a number"),
        (lambda o: StepLR(o, -1), ValueError, "step_size must be at least 0"),
        (lambda o: StepLR(o, 1, float("nan")), ValueError, "gamma"),
        (lambda o: CosineAnnealingLR(o, 0), ValueError, "T_max must be positive"),
        (lambda o: CosineAnnealingLR(o, -3), ValueError, "T_max"),
        (lambda o: CosineAnnealingLR(o, 3, float("nan")), ValueError, "eta_min"),
        (lambda o: LRScheduler(o), NotImplementedError, "write get_lr"),
        (lambda o: StepLR(o, 1).load_state_dict({}), ValueError, "missing: .*gamma"),
        (
            lambda o: LambdaLR(o, [abs, abs]),
            ValueError,
            "^LambdaLR: lr_lambda .*got 2, there are 1",
        ),
        (lambda o: LambdaLR(o, 0.5), TypeError, "^LambdaLR: lr_lambda is a function"),
        (lambda o: MultiplicativeLR(o, 0.5), TypeError, "^MultiplicativeLR: lr_lambda is a func"),
        (lambda o: MultiStepLR(o, [1], -1), ValueError, "^MultiStepLR: gamma must"),
        (lambda o: ConstantLR(o, 1.5), ValueError, "^ConstantLR: factor must be at most 1"),
        (lambda o: LinearLR(o, 0), ValueError, "^LinearLR: start_factor must be above 0"),
        (lambda o: LinearLR(o, 0.1, 2), ValueError, "^LinearLR: end_factor must be at most 1"),
        (lambda o: ExponentialLR(o, -1), ValueError, "^ExponentialLR: gamma must"),
        (lambda o: PolynomialLR(o, -1), ValueError, "^PolynomialLR: total_iters must"),
        (lambda o: CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0 is a positive int"),
        (lambda o: CosineAnnealingWarmRestarts(o, 2, 1.5), ValueError, "T_mult is a positive int"),
        (
            lambda o: CosineAnnealingWarmRestarts(o, 2).step(-1),
            ValueError,
            "an epoch is not negative",
        ),
        (lambda o: OneCycleLR(o, 1.0), ValueError, "^OneCycleLR: give total_steps, or both"),
        (lambda o: OneCycleLR(o, 1.0, epochs=2, steps_per_epoch=0), ValueError, "steps_per_epoch"),
        (lambda o: OneCycleLR(o, 1.0, 5, pct_start=2), ValueError, "pct_start is a float in 0 … 1"),
        (lambda o: OneCycleLR(o, 1.0, 5, pct_start=0.2), ValueError, "has no length"),
        (lambda o: OneCycleLR(o, 1.0, 5, anneal_strategy="up"), ValueError, "'cos' or 'linear'"),
        (lambda o: OneCycleLR(o, [1.0, 2.0], 5), ValueError, "max_lr has another length"),
        (
            lambda o: CyclicLR(o, 0.1, 1.0, 0),
            ValueError,
            "^CyclicLR: step_size_up must be positive",
        ),
        (lambda o: CyclicLR(o, 0.1, 1.0, mode="x"), ValueError, "^CyclicLR: mode is one of tri"),
        (lambda o: ReduceLROnPlateau(o, "mean"), ValueError, "mode is 'min' or 'max'"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be .* below 1"),
        (lambda o: SequentialLR(o, [], []), ValueError, "^SequentialLR: expects at least one"),
        (lambda o: SequentialLR(o, [StepLR(o, 1)], [2]), ValueError, "1 schedulers need 0 mile"),
        (
            lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []),
            ValueError,
            "number 0 is a ReduceLROnPlateau",
        ),
        (
            lambda o: ChainedScheduler([StepLR(o, 1), StepLR(optimizer(), 1)]),
            ValueError,
            "^ChainedScheduler: number 1 belongs to another optimizer",
        ),
        (lambda o: ChainedScheduler(["x"]), TypeError, "number 0 is no scheduler .got str"),
        (lambda o: SWALR(o, 0.1, -1), ValueError, "^SWALR: anneal_epochs is an int"),
        (lambda o: SWALR(o, 0.1, 1, "x"), ValueError, "^SWALR: anneal_strategy is"),
    ],
)
def test_refuses(make, error, words):
    with pytest.raises(error, match=words):
        make(optimizer())


def test_steps_beyond_the_end_and_beyond_repair():
    scheduler = OneCycleLR(optimizer(), 1.0, 3)
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match="step 4 is beyond the end .got total_steps=3"):
        scheduler.step()
    scheduler = ConstantLR(optimizer(), 0.0, 1)
    with pytest.raises(ZeroDivisionError, match="factor=0 cannot be taken back"):
        scheduler.step()
    made = optimizer()
    inner = SequentialLR(made, [StepLR(made, 1)], [])
    outer = SequentialLR(made, [StepLR(made, 1), inner], [1])
    with pytest.raises(NotImplementedError, match="only come first in a SequentialLR"):
        outer.step()


def test_a_state_that_does_not_fit_one_part_changes_no_part():
    made = optimizer()
    chain = ChainedScheduler([StepLR(made, 1), ExponentialLR(made, 0.5)])
    state = chain.state_dict()
    chain.step()
    state["_schedulers"][1] = {}
    with pytest.raises(ValueError, match="^ExponentialLR.load_state_dict: not a state .*gamma"):
        chain.load_state_dict(state)
    assert [part.last_epoch for part in chain._schedulers] == [1, 1]
    del state["_schedulers"][1]
    with pytest.raises(ValueError, match="state is of 1 schedulers .this one has 2"):
        chain.load_state_dict(state)


def test_cycling_needs_a_momentum():
    made = Adagrad([mt.zeros(1, requires_grad=True)])
    for make in (lambda **o: OneCycleLR(made, 1.0, 9, **o), lambda **o: CyclicLR(made, 0, 1, **o)):
        with pytest.raises(ValueError, match="cycle_momentum needs .*got Adagrad.; use cycle_mom"):
            make()
        make(cycle_momentum=False)
