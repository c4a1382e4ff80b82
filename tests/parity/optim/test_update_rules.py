"""50 steps of SGD and Adam, for each combination of options, equal PyTorch's."""

from itertools import product

import numpy as np
import pytest

import minitorch_cv as mt

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

SHAPES = [(3, 4), (5,), ()]

SGD_OPTIONS = [
    {"lr": 0.05, "momentum": m, "dampening": d, "weight_decay": w, "nesterov": n, "maximize": x}
    for m, d, w, n, x in product((0, 0.9), (0, 0.3), (0, 0.1), (False, True), (False, True))
    if not n or (m > 0 and d == 0)
]
ADAM_OPTIONS = [
    {"lr": 0.05, "betas": b, "eps": e, "weight_decay": w, "amsgrad": a, "maximize": x}
    for b, e, w, a, x in product(
        ((0.9, 0.999), (0.5, 0.0), (0.0, 0.9)), (1e-8, 1e-2), (0, 0.1), (False, True), (False, True)
    )
]
CASES = [("SGD", o) for o in SGD_OPTIONS] + [("Adam", o) for o in ADAM_OPTIONS]


def run(name, options, dtype, steps=50):
    """Both engines on the same gradients, which depend on the parameters; (ours, theirs)."""
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    ours = [mt.tensor(x, requires_grad=True) for x in start]
    theirs = [torch.tensor(x, requires_grad=True) for x in start]
    groups = [{"params": [0, 1]}, {"params": [2], "lr": 0.01, "weight_decay": 0.2}]
    make = [
        getattr(engine.optim, name)(
            [{**group, "params": [params[i] for i in group["params"]]} for group in groups],
            **options,
        )
        for engine, params in ((mt, ours), (torch, theirs))
    ]
    for _ in range(steps):
        noise = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
        for p, q, g in zip(ours, theirs, noise, strict=True):
            p.grad = mt.tensor(np.asarray(p.detach().numpy() * np.asarray(0.3, dtype) + g))
            q.grad = q.detach() * 0.3 + torch.tensor(g)
        for optimizer in make:
            optimizer.step()
    return make, ours, theirs


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_50_steps_in_float64(name, options):
    make, ours, theirs = run(name, options, np.float64)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-6, atol=1e-12)
    mine, other = (optimizer.state_dict() for optimizer in make)
    assert {k: set(v) for k, v in mine["state"].items()} == {
        k: {name for name, value in v.items() if value is not None}
        for k, v in other["state"].items()
        if any(value is not None for value in v.values())
    }
    for number, kept in mine["state"].items():
        for key, value in kept.items():
            expected = other["state"][number][key]
            assert tuple(expected.shape) == value.shape
            np.testing.assert_allclose(value.numpy(), expected.numpy(), rtol=1e-6, atol=1e-12)
    for group, expected in zip(mine["param_groups"], other["param_groups"], strict=True):
        assert {key: expected[key] for key in group} == group


@pytest.mark.parametrize(("name", "options"), [CASES[0], CASES[11], CASES[-1]], ids=str)
def test_50_steps_in_float32(name, options):
    _, ours, theirs = run(name, options, np.float32)
    for p, q in zip(ours, theirs, strict=True):
        assert p.dtype == mt.float32
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_state_of_pytorch_is_taken_over(name):
    options = {"lr": 0.05, "momentum": 0.9} if name == "SGD" else {"lr": 0.05}
    (mine, other), ours, theirs = run(name, options, np.float64, steps=5)
    fresh = [mt.tensor(q.detach().numpy(), requires_grad=True) for q in theirs]
    groups = [{"params": fresh[:2]}, {"params": fresh[2:]}]
    loaded = getattr(mt.optim, name)(groups)
    state = other.state_dict()
    numpy_state = {
        number: {key: value.numpy() for key, value in kept.items()}
        for number, kept in state["state"].items()
    }
    loaded.load_state_dict({"state": numpy_state, "param_groups": state["param_groups"]})
    for optimizer, params in ((loaded, fresh), (mine, ours)):
        for p in params:
            p.grad = mt.ones_like(p)
        optimizer.step()
    for p, q in zip(fresh, ours, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9)


ERRORS = [
    ("SGD", {"lr": -1.0}), ("SGD", {"momentum": -1.0}), ("SGD", {"weight_decay": -1.0}),
    ("SGD", {"nesterov": True}), ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ("Adam", {"lr": -1.0}), ("Adam", {"eps": -1.0}), ("Adam", {"betas": (1.0, 0.9)}),
    ("Adam", {"betas": (0.9, 1.0)}), ("Adam", {"weight_decay": -1.0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), ERRORS, ids=str)
def test_errors_of_pytorch_are_errors_here(name, options):
    for engine in (torch, mt):
        with pytest.raises(ValueError):
            getattr(engine.optim, name)([engine.ones(2, requires_grad=True)], **options)
