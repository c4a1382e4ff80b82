"""The fused update of every optimizer equals the reference path, bit for bit, with all options."""

import itertools

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.backend.registry import find_kernel, use_kernels

SHAPES = [(3,), (1,), (5, 7), (4, 3, 3, 3), (), (1023,), (2, 1, 0), (257, 129)]
STEPS = 7
DECAYS, FLAGS = (0.0, 0.01), (False, True)

CASES = {
    "sgd": (optim.SGD, {"lr": (0.1,), "momentum": (0, 0.9), "dampening": (0, 0.3),
                        "weight_decay": DECAYS, "maximize": FLAGS}),
    "nesterov": (optim.SGD, {"lr": (0.1,), "momentum": (0.9,), "nesterov": (True,),
                             "weight_decay": DECAYS, "maximize": FLAGS}),
    "adam": (optim.Adam, {"betas": ((0.9, 0.999), (0.25, 0.5)), "amsgrad": FLAGS,
                          "weight_decay": DECAYS, "maximize": FLAGS}),
    "adamw": (optim.AdamW, {"amsgrad": FLAGS, "weight_decay": DECAYS, "maximize": FLAGS}),
    "adagrad": (optim.Adagrad, {"lr_decay": (0, 0.1), "initial_accumulator_value": (0, 0.5),
                                "weight_decay": DECAYS, "maximize": FLAGS}),
    "adadelta": (optim.Adadelta, {"rho": (0.9, 0.5), "weight_decay": DECAYS, "maximize": FLAGS}),
    "adamax": (optim.Adamax, {"weight_decay": DECAYS, "maximize": FLAGS}),
    "nadam": (optim.NAdam, {"momentum_decay": (4e-3, 0.1), "weight_decay": DECAYS,
                            "decoupled_weight_decay": FLAGS, "maximize": FLAGS}),
    "radam": (optim.RAdam, {"weight_decay": DECAYS, "decoupled_weight_decay": FLAGS,
                            "maximize": FLAGS}),
    "rmsprop": (optim.RMSprop, {"momentum": (0, 0.9), "centered": FLAGS, "weight_decay": DECAYS,
                                "maximize": FLAGS}),
    "rprop": (optim.Rprop, {"etas": ((0.5, 1.2), (0.3, 2.0)), "maximize": FLAGS,
                            "step_sizes": ((1e-6, 50), (9e-3, 2e-2))}),
    "asgd": (optim.ASGD, {"t0": (1e6, 3), "lambd": (1e-4, 0.1), "weight_decay": DECAYS,
                          "maximize": FLAGS}),
}  # fmt: skip


def choices(options):
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))


def trained(kind, mode, options, spoil=None):
    """The parameters and the whole state after some steps; now and then a gradient is missing."""
    rng = np.random.default_rng(0)
    with use_kernels(mode):
        params = [
            mt.tensor(rng.normal(size=shape).astype(np.float32), requires_grad=True)
            for shape in SHAPES
        ]
        optimizer = kind(params, **options)
        for step in range(STEPS):
            for k, p in enumerate(params):
                g = rng.normal(size=p.shape).astype(np.float32)
                if spoil is not None and g.size > 2 and step == 3:
                    g.flat[1] = spoil
                p.grad = None if (step + k) % 5 == 4 else mt.tensor(g)
            optimizer.step()
    kept = [v.numpy() for p in params for v in optimizer.state[p].values()]
    return [p.detach().numpy() for p in params] + kept


@pytest.mark.parametrize("name", CASES)
def test_equals_the_reference(name):
    kind, options = CASES[name]
    for chosen in choices(options):
        fast, slow = (trained(kind, mode, chosen) for mode in ("fast", "reference"))
        for ours, wanted in zip(fast, slow, strict=True):
            np.testing.assert_array_equal(ours, wanted, err_msg=str(chosen))


@pytest.mark.parametrize("spoil", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CASES)
def test_nan_and_infinities_go_where_the_reference_lets_them(name, spoil):
    kind, options = CASES[name]
    chosen = {key: values[-1] for key, values in options.items()}
    fast, slow = (trained(kind, mode, chosen, spoil) for mode in ("fast", "reference"))
    for ours, wanted in zip(fast, slow, strict=True):
        np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop"])
def test_infinite_parameters_stay_out_of_gradients_without_decay(name):
    kind = CASES[name][0]
    found = []
    for mode in ("fast", "reference"):
        p = mt.tensor([np.inf, 1.0, 2.0], requires_grad=True)
        optimizer = kind([p], lr=0.1)
        with use_kernels(mode):
            for _ in range(3):
                p.grad = mt.tensor([1.0, 0.5, -2.0])
                optimizer.step()
        found.append([p.detach().numpy(), *(v.numpy() for v in optimizer.state[p].values())])
    for ours, wanted in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("name", CASES)
def test_any_number_of_threads_gives_the_same(name, monkeypatch):
    from minitorch_cv.kernels import threads

    kind, options = CASES[name]
    chosen = {key: values[-1] for key, values in options.items()}
    alone = trained(kind, "fast", chosen)
    monkeypatch.setattr(threads, "_count", 3)
    monkeypatch.setattr(threads, "_ENOUGH", 1)
    for ours, wanted in zip(trained(kind, "fast", chosen), alone, strict=True):
        np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_kernel_that_runs(name, monkeypatch):
    """One call for all parameters that have a gradient, from the second step on."""
    kind, options = CASES[name]
    kernel = find_kernel(kind.kernel, "cpu")
    calls = []
    monkeypatch.setattr(kernel, "update", lambda addresses, *rest: calls.append(len(addresses)))
    params = [mt.tensor(np.ones(n, np.float32), requires_grad=True) for n in (2, 3, 4)]
    optimizer = kind(params, **{key: values[-1] for key, values in options.items()})
    for p in params:
        p.grad = mt.tensor(np.ones(p.shape, np.float32))
    for _ in range(3):
        optimizer.step()
    assert calls[-2:] == [3, 3]
