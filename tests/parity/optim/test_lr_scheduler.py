"""Sequences of learning rates, and of momenta where they are cycled, equal PyTorch's to 1e-12."""

from __future__ import annotations

import copy
import json
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grid import schedule_cases as cases  # noqa: E402

import minitorch_cv as mt  # noqa: E402
from minitorch_cv.tasks.packing import pack, unpack  # noqa: E402

torch = pytest.importorskip("torch")
STEPS = 70
ALL, NAMES = cases.flat(cases.SCHEDULES), cases.labels(cases.SCHEDULES)
MEASURES = [3.0, 2.0, 2.0, 1.99, 2.1, float("nan"), 1.5, 1.5, 1.6, 1.7, 1.8, 1.4999, 5.0]
RATES = (0.5, 0.02)


def optimizer_of(engine, kind="SGD", initial=None):
    """Two groups; `initial` as a loaded optimizer has it."""
    groups = [{"params": [engine.ones(1, requires_grad=True)], "lr": lr} for lr in RATES]
    for group in groups if initial is not None else ():
        group["initial_lr"] = group["max_lr"] = initial
        group.update(min_lr=0.001, base_momentum=0.8, max_momentum=0.9)
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(engine.optim, kind)(groups, lr=1.0, **options)


def schedule(engine, optimizer, name, options):
    """A schedule, with those that it is made of."""
    options = copy.deepcopy(options)
    if "schedulers" in options:
        parts = options.pop("schedulers")
        made = [p if isinstance(p, str) else schedule(engine, optimizer, *p) for p in parts]
        if name == "ChainedScheduler":
            return engine.optim.lr_scheduler.ChainedScheduler(made, **options)
        options["schedulers"] = made
    home = engine.optim.swa_utils if name == "SWALR" else engine.optim.lr_scheduler
    return getattr(home, name)(optimizer, **options)


def now(optimizer, scheduler):
    """The rates, the momenta and the last rates as the scheduler tells them."""
    groups = optimizer.param_groups
    momenta = [g["betas"][0] if "betas" in g else g["momentum"] for g in groups]
    return [*(float(g["lr"]) for g in groups), *momenta, *map(float, scheduler.get_last_lr())]


def steps(optimizer, scheduler, name, first=0, last=STEPS, changed=None):
    """What `now` says after each step."""
    seen = []
    for step in range(first, last):
        optimizer.step()
        if step == changed:
            optimizer.param_groups[0]["lr"] = 0.123  # by hand, as warm-ups do
        arguments = (MEASURES[step % 13] - step // 26,) if name == "ReduceLROnPlateau" else ()
        scheduler.step(*arguments)
        seen.append(now(optimizer, scheduler))
    return seen


def run(engine, name, options, kind="SGD", initial=None, **how):
    optimizer = optimizer_of(engine, kind, initial)
    scheduler = schedule(engine, optimizer, name, options)
    seen = [now(optimizer, scheduler), *steps(optimizer, scheduler, name, **how)]
    return seen, optimizer, scheduler


def equal(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-14, nan_ok=True)


@pytest.mark.filterwarnings("ignore")  # the parts of a nested schedule warn, there and here
@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
@pytest.mark.parametrize(("kind", "changed"), [("SGD", None), ("SGD", 2), ("Adam", None)])
def test_70_steps(name, options, changed, kind):
    ours, _, mine = run(mt, name, options, kind, changed=changed)
    theirs, _, other = run(torch, name, options, kind, changed=changed)
    equal(ours, theirs)
    mine, other = mine.state_dict(), other.state_dict()
    assert set(mine) == set(other) - {"_get_lr_called_within_step"}
    plain = {key for key in mine if isinstance(mine[key], (int, float, str))}
    assert {key: mine[key] for key in plain} == {key: other[key] for key in plain}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
def test_a_state_in_the_middle_goes_on(name, options):
    """Ours through JSON, ours as a checkpoint packs it, and PyTorch's."""
    whole, _, _ = run(torch, name, options)
    for source in ("json", "pack", "torch"):
        engine = torch if source == "torch" else mt
        _, optimizer, scheduler = run(engine, name, options, last=30)
        state, groups = scheduler.state_dict(), optimizer.state_dict()
        if source == "json":
            state = json.loads(json.dumps(state))
        elif source == "pack":
            tensors = {}
            state = unpack(json.loads(json.dumps(pack(state, "s", tensors))), tensors)
        fresh = optimizer_of(mt)
        again = schedule(mt, fresh, name, options)
        kept = copy.deepcopy(state)
        again.load_state_dict(state)
        assert str(kept) == str(state)
        fresh.load_state_dict(groups)
        equal([now(fresh, again)], whole[30:31])
        equal(steps(fresh, again, name, 30), whole[31:])


@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
def test_taken_up_with_last_epoch(name, options):
    if name in ("ReduceLROnPlateau", "ChainedScheduler", "SequentialLR"):
        return  # have no last_epoch, or do not hand it on to their parts
    options = {**options, "last_epoch": 3}
    ours, _, _ = run(mt, name, options, initial=0.7, last=60)
    theirs, _, _ = run(torch, name, options, initial=0.7, last=60)
    equal(ours, theirs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
def test_step_to_an_epoch(name, options):
    if name in ("ChainedScheduler", "SequentialLR"):
        return  # their step takes none
    seen = []
    for engine in (mt, torch):
        optimizer = optimizer_of(engine)
        scheduler = schedule(engine, optimizer, name, options)
        seen.append([])
        for epoch in (4, 9, None, None, 0, 2, None, 33, 1, None):
            arguments = (2.0,) if name == "ReduceLROnPlateau" else ()
            try:
                scheduler.step(*arguments, epoch)
            except ZeroDivisionError:
                seen[-1].append("divides by zero")
                break
            seen[-1].append([*now(optimizer, scheduler), scheduler.last_epoch])
    assert len(seen[0]) == len(seen[1])
    for a, b in zip(*seen, strict=True):
        assert a == b if isinstance(b, str) else a == pytest.approx(b, rel=1e-12, abs=1e-14)


def test_fractions_of_epochs_in_warm_restarts():
    seen = []
    for engine in (mt, torch):
        made = []
        for factor in (1, 2, 3):
            optimizer = optimizer_of(engine)
            options = {"T_0": 3, "T_mult": factor, "eta_min": 0.01}
            scheduler = schedule(engine, optimizer, "CosineAnnealingWarmRestarts", options)
            for step in range(300):
                scheduler.step(step / 7)
                made.append([*now(optimizer, scheduler), scheduler.last_epoch])
            for _ in range(30):
                scheduler.step()
                made.append([*now(optimizer, scheduler), scheduler.last_epoch])
        seen.append(made)
    equal(*seen)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
def test_a_rate_that_is_a_tensor(name, options):
    seen = []
    for engine in (mt, torch):
        groups = [
            {"params": [engine.ones(1, requires_grad=True)], "lr": lr}
            for lr in (engine.tensor(lr, dtype=engine.float64) for lr in RATES)
        ]
        optimizer = engine.optim.SGD(groups, momentum=0.9)
        tensors = [group["lr"] for group in optimizer.param_groups]
        scheduler = schedule(engine, optimizer, name, options)
        seen.append(steps(optimizer, scheduler, name, last=10))
        for group, tensor in zip(optimizer.param_groups, tensors, strict=True):
            assert group["lr"] is tensor
    for a, b in zip(*seen, strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-9)


def raises(engine, name, options, kind="SGD"):
    try:
        schedule(engine, optimizer_of(engine, kind), name, options)
    except (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError) as error:
        return error
    return None


BAD, BAD_NAMES = cases.flat(cases.BAD_SCHEDULES), cases.labels(cases.BAD_SCHEDULES)


@pytest.mark.parametrize(("name", "options"), BAD, ids=BAD_NAMES)
def test_what_raises_there_raises_here(name, options):
    assert raises(torch, name, options)
    assert isinstance(raises(mt, name, options), (TypeError, ValueError))


@pytest.mark.parametrize(("name", "options", "why"), cases.DIFFERENT_SCHEDULES, ids=str)
def test_what_raises_only_here(name, options, why):
    assert why and raises(torch, name, options) is None
    assert isinstance(raises(mt, name, options), ValueError)


@pytest.mark.parametrize("name", ["OneCycleLR", "CyclicLR"])
def test_cycling_the_momentum_needs_one(name):
    options = {"max_lr": 0.5, **({"base_lr": 0.1} if name == "CyclicLR" else {"total_steps": 5})}
    for engine in (mt, torch):
        assert isinstance(raises(engine, name, options, "Adagrad"), ValueError)
        assert raises(engine, name, {**options, "cycle_momentum": False}, "Adagrad") is None


def test_steps_that_raise():
    for engine in (mt, torch):
        optimizer = optimizer_of(engine)
        scheduler = schedule(engine, optimizer, "OneCycleLR", {"max_lr": 1.0, "total_steps": 5})
        steps(optimizer, scheduler, "", last=5)
        with pytest.raises(ValueError):
            scheduler.step()
        zero = schedule(engine, optimizer, "ConstantLR", {"factor": 0.0, "total_iters": 2})
        zero.step()
        with pytest.raises(ZeroDivisionError):
            zero.step()
        restarts = schedule(engine, optimizer, "CosineAnnealingWarmRestarts", {"T_0": 2})
        with pytest.raises(ValueError):
            restarts.step(-1)
        inner = ("SequentialLR", {"schedulers": [cases.STEP], "milestones": []})
        outer = {"schedulers": [cases.LINEAR, inner], "milestones": [1]}
        nested = schedule(engine, optimizer_of(engine), "SequentialLR", outer)
        with pytest.raises(NotImplementedError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nested.step()


@pytest.mark.parametrize("name", [*cases.SCHEDULES, "LRScheduler"])
def test_signatures_and_defaults(name):
    import inspect

    listed = []
    for engine in (mt, torch):
        home = engine.optim.swa_utils if name == "SWALR" else engine.optim.lr_scheduler
        parameters = inspect.signature(getattr(home, name).__init__).parameters.values()
        listed.append([(p.name, p.kind, p.default) for p in parameters])
    assert listed[0] == listed[1]
