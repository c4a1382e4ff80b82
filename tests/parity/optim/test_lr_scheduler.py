"""Sequences of learning rates equal PyTorch's to 1e-12."""

import pytest

import minitorch_cv as mt

torch = pytest.importorskip("torch")

CASES = [
    ("StepLR", {"step_size": 1}),
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("StepLR", {"step_size": 4, "gamma": 1.5}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingLR", {"T_max": 100, "eta_min": 0.3}),
]


def sequence(engine, name, options, changed=None, initial=None):
    groups = [{"params": [engine.ones(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.02)]
    if initial is not None:
        groups = [{**group, "initial_lr": initial} for group in groups]
    optimizer = engine.optim.SGD(groups, lr=1.0)
    scheduler = getattr(engine.optim.lr_scheduler, name)(optimizer, **options)
    rates = [list(scheduler.get_last_lr())]
    for epoch in range(25):
        optimizer.step()
        if epoch == changed:
            optimizer.param_groups[0]["lr"] = 0.123  # by hand, as warm-ups do
        scheduler.step()
        rates.append([float(group["lr"]) for group in optimizer.param_groups])
        assert rates[-1] == scheduler.get_last_lr()
    return rates, scheduler


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("changed", [None, 2])
def test_sequences(name, options, changed):
    ours, mine = sequence(mt, name, options, changed)
    theirs, other = sequence(torch, name, options, changed)
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-15)
    for key in ("last_epoch", "base_lrs", "_step_count"):
        assert mine.state_dict()[key] == other.state_dict()[key]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_taken_up_in_the_middle(name, options):
    options = {**options, "last_epoch": 3}
    ours, _ = sequence(mt, name, options, initial=0.7)
    theirs, _ = sequence(torch, name, options, initial=0.7)
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-15)
