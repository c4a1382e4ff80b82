"""50 steps of every optimizer, for each combination of options, equal PyTorch's.

After 25 steps both states are saved, and two new optimizers of ours go on from them: the one from
our state, the other from PyTorch's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grid import optim_cases as cases  # noqa: E402
from grid.schedule_cases import flat, labels  # noqa: E402

import minitorch_cv as mt  # noqa: E402

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

SHAPES = [(3, 4), (5,), (), (0,), (2, 1)]
ALL, NAMES = flat(cases.OPTIMIZERS), labels(cases.OPTIMIZERS)


def make(engine, name, params, options):
    """Two groups, the second with options of its own."""
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.02}]
    if name != "Rprop":
        groups[1]["weight_decay"] = 0.2
    return getattr(engine.optim, name)(groups, **options)


def gradient(rng, step, place, p):
    """Noise and a pull; the last parameter has none at most steps, and zeros at some."""
    noise = rng.normal(size=p.shape)
    if place == len(SHAPES) - 1 and step % 3:
        return None
    if step % 11 == 5:
        return np.zeros(p.shape, p.dtype)
    return np.asarray(0.3 * p + noise, p.dtype)


def tolerance(options):
    """1e-10, but 1e-6 where numbers nearly as large as that are PyTorch's own.

    foreach: its ASGD then computes η_t in float32; β₂ = 0: a step is m / |d|, whatever d is.
    """
    return 1e-6 if options.get("foreach") or options.get("betas", (0, 1))[1] == 0 else 1e-10


def steps(rng, first, last, pairs):
    """The same steps of several (engine, optimizer, parameters); gradients by the first's."""
    for step in range(first, last):
        arrays = [p.detach().numpy().copy() for p in pairs[0][2]]
        gradients = [gradient(rng, step, place, x) for place, x in enumerate(arrays)]
        for engine, optimizer, params in pairs:
            for p, g in zip(params, gradients, strict=True):
                p.grad = None if g is None else engine.tensor(g)
            optimizer.step()


def leaves(engine, arrays):
    return [engine.tensor(np.array(x), requires_grad=True) for x in arrays]


def same(ours, theirs, rtol, atol):
    np.testing.assert_allclose(np.asarray(ours.detach()), theirs.detach().numpy(), rtol, atol)


def same_state(mine, other, rtol, atol):
    """Keys, shapes and values of the state; options of the groups."""
    filled = {
        number: {key: value for key, value in kept.items() if value is not None}
        for number, kept in other["state"].items()
    }
    filled = {number: kept for number, kept in filled.items() if kept}
    assert {k: set(v) for k, v in mine["state"].items()} == {k: set(v) for k, v in filled.items()}
    for number, kept in mine["state"].items():
        for key, value in kept.items():
            assert value.shape == tuple(filled[number][key].shape)
            assert str(filled[number][key].dtype) == f"torch.{value.dtype}", key
            same(value, filled[number][key], rtol, atol)
    for group, expected in zip(mine["param_groups"], other["param_groups"], strict=True):
        assert group == expected


@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
def test_50_steps_in_float64(name, options):
    rng, near = np.random.default_rng(0), tolerance(options)
    start = [rng.normal(size=shape) for shape in SHAPES]
    theirs, ours = leaves(torch, start), leaves(mt, start)
    other, mine = make(torch, name, theirs, options), make(mt, name, ours, options)
    steps(rng, 0, 25, [(torch, other, theirs), (mt, mine, ours)])
    same_state(mine.state_dict(), other.state_dict(), near, near / 100)

    pairs = []
    for engine, optimizer, params in ((torch, other, theirs), (mt, mine, ours)):
        for target in (mt, torch) if engine is torch else (mt,):
            copies = leaves(target, [p.detach().numpy() for p in params])
            loaded = make(target, name, copies, {})
            loaded.load_state_dict(optimizer.state_dict())
            pairs.append((target, loaded, copies))
    from_theirs, reference, from_ours = pairs
    steps(rng, 25, 50, [reference, from_theirs, from_ours])
    for _, _, params in (from_theirs, from_ours):
        for p, q in zip(params, reference[2], strict=True):
            assert p.dtype == np.float64
            same(p, q, near, near / 100)
    same_state(from_ours[1].state_dict(), reference[1].state_dict(), near, near / 100)


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_50_steps_without_a_break_in_float64_and_float32(name):
    for dtype, near in ((np.float64, 1e-12), (np.float32, 1e-4)):
        rng = np.random.default_rng(1)
        start = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
        theirs, ours = leaves(torch, start), leaves(mt, start)
        pairs = [
            (torch, make(torch, name, theirs, {}), theirs),
            (mt, make(mt, name, ours, {}), ours),
        ]
        steps(rng, 0, 50, pairs)
        for p, q in zip(ours, theirs, strict=True):
            assert p.dtype == dtype
            same(p, q, near, near)


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_a_state_of_ours_is_taken_by_pytorch(name):
    rng = np.random.default_rng(2)
    start = [rng.normal(size=shape) for shape in SHAPES]
    ours = leaves(mt, start)
    mine = make(mt, name, ours, {})
    steps(rng, 0, 5, [(mt, mine, ours)])
    state = mine.state_dict()
    state["state"] = {
        number: {key: torch.tensor(value.numpy()) for key, value in kept.items()}
        for number, kept in state["state"].items()
    }
    theirs = leaves(torch, [p.detach().numpy() for p in ours])
    other = make(torch, name, theirs, {})
    other.load_state_dict(state)
    if name in ("NAdam", "ASGD"):  # PyTorch casts their numbers on loading: load ours, too
        mine.load_state_dict(mine.state_dict())
    steps(rng, 5, 10, [(torch, other, theirs), (mt, mine, ours)])
    for p, q in zip(ours, theirs, strict=True):
        same(p, q, 1e-10, 1e-12)


def built(engine, name, options):
    return getattr(engine.optim, name)([engine.ones(2, requires_grad=True)], **options)


BAD, BAD_NAMES = flat(cases.BAD_OPTIMIZERS), labels(cases.BAD_OPTIMIZERS)
EDGE, EDGE_NAMES = flat(cases.EDGE_OPTIMIZERS), labels(cases.EDGE_OPTIMIZERS)


@pytest.mark.parametrize(("name", "options"), BAD, ids=BAD_NAMES)
def test_what_raises_there_raises_here(name, options):
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        built(torch, name, options)
    with pytest.raises((ValueError, TypeError)):
        built(mt, name, options)


@pytest.mark.parametrize(("name", "options"), EDGE, ids=EDGE_NAMES)
def test_what_does_not_raise_there_does_not_raise_here(name, options):
    for engine in (torch, mt):
        assert len(built(engine, name, options).param_groups) == 1


@pytest.mark.parametrize(("names", "options", "why"), cases.DIFFERENT, ids=str)
def test_what_raises_only_here(names, options, why):
    assert why
    for name in names:
        built(torch, name, options)
        with pytest.raises((ValueError, TypeError)):
            built(mt, name, options)


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_signatures_and_defaults(name):
    import inspect

    mine = inspect.signature(getattr(mt.optim, name).__init__).parameters
    other = inspect.signature(getattr(torch.optim, name).__init__).parameters
    listed = [[(p.name, p.kind, p.default) for p in side.values()] for side in (mine, other)]
    assert listed[0] == listed[1]
    assert built(mt, name, {}).defaults == built(torch, name, {}).defaults
    assert repr(built(mt, name, {})) == repr(built(torch, name, {}))


def named(engine):
    return [(f"p{k}", engine.ones(2, requires_grad=True)) for k in range(3)]


NAMED = [
    lambda e: named(e),
    lambda e: iter(named(e)),
    lambda e: [{"params": named(e)[:2]}, {"params": [("q", e.ones(1, requires_grad=True))]}],
    lambda e: [{"params": named(e)}, {"params": e.ones(1, requires_grad=True)}],
    lambda e: [*named(e), e.ones(1, requires_grad=True)],
    lambda e: [e.ones(1, requires_grad=True), *named(e)],
    lambda e: [{"params": e.ones(1, requires_grad=True)}, {"params": named(e)}],
    lambda e: [("p",)],
    lambda e: [("p", 3.0)],
    lambda e: {"params": named(e)},
    lambda e: e.ones(1, requires_grad=True),
    lambda e: [],
    lambda e: [{"params": []}],
    lambda e: [{"params": set(named(e))}],
    lambda e: [e.ones(1, requires_grad=True) * 2],
    lambda e: [e.ones(1)],
]


@pytest.mark.parametrize("params", NAMED)
@pytest.mark.parametrize("name", ["SGD", "Adagrad"])
def test_named_parameters_and_what_is_refused(name, params):
    answers = []
    for engine in (torch, mt):
        try:
            optimizer = getattr(engine.optim, name)(params(engine))
        except (TypeError, ValueError, IndexError) as error:
            assert str(error)
            answers.append("raises")
            continue
        groups = optimizer.state_dict()["param_groups"]
        answers.append([group.get("param_names") for group in groups])
    assert answers[0] == answers[1]
