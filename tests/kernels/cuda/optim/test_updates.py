"""updates.cu: one launch for each step, and the parameters of the CPU's reference, bit for bit."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.backend.capturing import Capture
from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.testing.cuda_emulator import EmulatedDevice, emulated_cuda

# The last one takes three chunks of 4096; zero elements are left to the reference.
SHAPES = [(3,), (1,), (5, 7), (), (4, 3, 3, 3), (1023,), (2, 1, 0), (129, 67)]
STEPS = 50

CASES = {
    "sgd": (optim.SGD, {"lr": 0.1}),
    "momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    "nesterov": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "adam": (optim.Adam, {"lr": 0.01, "weight_decay": 0.01}),
    "amsgrad": (optim.Adam, {"lr": 0.01, "amsgrad": True, "betas": (0.3, 0.6), "maximize": True}),
    "adamw": (optim.AdamW, {"lr": 0.01}),
    "adagrad": (optim.Adagrad, {"lr_decay": 0.1, "weight_decay": 0.01}),
    "adadelta": (optim.Adadelta, {"rho": 0.5, "weight_decay": 0.01}),
    "adamax": (optim.Adamax, {"weight_decay": 0.01, "maximize": True}),
    "nadam": (optim.NAdam, {"weight_decay": 0.01, "decoupled_weight_decay": True}),
    "radam": (optim.RAdam, {"weight_decay": 0.01}),
    "rmsprop": (optim.RMSprop, {}),
    "centered": (optim.RMSprop, {"momentum": 0.9, "centered": True, "weight_decay": 0.01}),
    "rprop": (optim.Rprop, {"etas": (0.3, 2.0), "step_sizes": (9e-3, 2e-2)}),
    "asgd": (optim.ASGD, {"t0": 3, "lambd": 0.1, "weight_decay": 0.01}),
}  # fmt: skip


def parameters(place, shapes, rng):
    drawn = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    return [mt.tensor(x).to(place).requires_grad_() for x in drawn]


def gradients(params, place, rng, step=None, spoil=None):
    """New gradients; with a step, now and then one is missing."""
    for k, p in enumerate(params):
        g = rng.normal(size=p.shape).astype(np.float32)
        if spoil is not None and g.size > 2 and step == 3:
            g.flat[1] = spoil
        missing = step is not None and (step + k) % 5 == 4
        p.grad = None if missing else mt.tensor(g).to(place)


def everything(params, optimizer):
    """The parameters and the whole state, on the host."""
    kept = [v for p in params for v in optimizer.state[p].values()]
    return [v.detach().cpu().numpy().copy() for v in (*params, *kept)]


def trained(place, kind, options, steps=STEPS, shapes=SHAPES, spoil=None):
    rng = np.random.default_rng(0)
    params = parameters(place, shapes, rng)
    optimizer = kind(params, **options)
    for step in range(steps):
        gradients(params, place, rng, step, spoil)
        optimizer.param_groups[0]["lr"] = options.get("lr", 0.01) / (1 + step // 20)
        optimizer.step()
    return everything(params, optimizer)


def same(ours, wanted):
    assert len(ours) == len(wanted)
    for a, b in zip(ours, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", CASES)
def test_equals_the_reference_over_many_steps(name, order, blocks):
    kind, options = CASES[name]
    with use_kernels("reference"):
        wanted = trained("cpu", kind, options)
    device = emulated_cuda(order)
    with device:
        same(trained("cuda", kind, options), wanted)
    assert {kernel for _, kernel in device.device.launched} == {
        f"{kind([mt.ones(1)]).kernel}_update"
    }


@pytest.mark.parametrize("spoil", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CASES)
def test_nan_and_infinities_go_where_the_reference_lets_them(name, spoil, emulator):
    kind, options = CASES[name]
    with use_kernels("reference"):
        wanted = trained("cpu", kind, options, steps=7, spoil=spoil)
    with emulated_cuda():
        same(trained("cuda", kind, options, steps=7, spoil=spoil), wanted)


def test_many_parameters_in_several_groups(emulator):
    found = []
    for place in ("cpu", "cuda"):
        device = emulated_cuda()
        with device:
            rng = np.random.default_rng(0)
            params = parameters(place, [(1 + 37 * k % 101,) for k in range(300)], rng)
            groups = [{"params": params[k::3], "lr": 0.1 * k} for k in range(3)]
            optimizer = optim.AdamW(groups)
            for _ in range(4):
                gradients(params, place, rng)
                optimizer.step()
            found.append(everything(params, optimizer))
        if place == "cuda":  # one launch for each step, whose state begins with zeros
            assert device.device.launched == [("optim/updates.cu", "adam_update")] * 4
    same(*found)


def test_arrays_that_begin_anywhere(emulator):
    found = []
    for place in ("cpu", "cuda"):
        with emulated_cuda():
            rng = np.random.default_rng(0)
            wide = mt.tensor(rng.normal(size=5000).astype(np.float32)).to(place)
            p = wide[1:4600].detach().requires_grad_()
            optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
            for _ in range(3):
                p.grad = mt.tensor(rng.normal(size=4599).astype(np.float32)).to(place)
                optimizer.step()
            found.append([wide.cpu().numpy(), *everything([p], optimizer)])
    same(*found)


def test_nothing_crosses_while_nothing_changes(emulator):
    device = emulated_cuda()
    with device as counters:
        rng = np.random.default_rng(0)
        params = parameters("cuda", SHAPES[:4], rng)
        optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
        gradients(params, "cuda", rng)
        optimizer.step()
        optimizer.step()
        before = counters.uploads, counters.total()
        for _ in range(3):
            optimizer.step()
        assert (counters.uploads, counters.total()) == before, counters.last
        optimizer.param_groups[0]["lr"] = 0.05
        optimizer.step()
        assert counters.uploads == before[0] + 1  # the numbers
        gradients(params, "cuda", rng)
        uploads = counters.uploads
        optimizer.step()
        assert counters.uploads == uploads + 1  # the table
        assert counters.total() == before[1], counters.last


def test_other_dtypes_and_other_places_are_left_to_the_reference(emulator):
    device = emulated_cuda()
    with device:
        a, b = mt.ones(3), mt.ones(4).to("cuda")
        c = mt.ones(5, dtype="float64").to("cuda")
        params = [v.requires_grad_() for v in (a, b, c)]
        optimizer = optim.SGD(params, lr=0.1)
        for p in params:
            p.grad = mt.ones_like(p).detach()
        optimizer.step()
        for p in params:
            np.testing.assert_allclose(p.detach().cpu().numpy(), 0.9, rtol=1e-6)
    assert device.device.launched == [("optim/updates.cu", "sgd_update")]


def test_a_copy_steps_its_own_parameters(emulator):
    with emulated_cuda():
        params = parameters("cuda", SHAPES[:3], np.random.default_rng(0))
        optimizer = optim.Adam(params, lr=0.1)
        for step in range(3):
            gradients(params, "cuda", np.random.default_rng(step))
            optimizer.step()
        before = everything(params, optimizer)
        copied = copy.deepcopy(optimizer)
        theirs = copied.param_groups[0]["params"]
        gradients(theirs, "cuda", np.random.default_rng(3))
        copied.step()
        same(everything(params, optimizer), before)


class Graph(EmulatedDevice):
    """A device that can put its launches into a graph and repeat them, as mt.cuda.graph does."""

    def __init__(self):
        super().__init__()
        self.capture, self.recording, self.graph = Capture(), False, []

    def run(self, *launch):
        if self.recording:
            self.graph.append(launch)
        else:
            super().run(*launch)

    def record(self, step):
        with self.capture:
            self.recording = True
            step()
            self.recording = False

    def replay(self):
        assert self.capture.holds()
        for call in self.capture.before:
            call()
        for launch in self.graph:
            super().run(*launch)
        for call in self.capture.after:
            call()


@pytest.fixture
def graph(emulator):
    device = emulated_cuda()
    device.device = Graph()
    with device as counters:
        device.device.counters = counters
        yield device.device


def prepared(kind, options):
    """Parameters after two steps, so that all state is there."""
    rng = np.random.default_rng(0)
    params = parameters("cuda", SHAPES[:6], rng)
    optimizer = kind(params, **options)
    for _ in range(2):
        gradients(params, "cuda", rng)
        optimizer.step()
    gradients(params, "cuda", rng)  # they lie elsewhere
    return params, optimizer


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_step_counts_on(name, graph):
    """Replays with new learning rates and gradients equal as many steps; steps may come between."""
    kind, options = CASES[name]
    found = []
    for recorded in (False, True):
        params, optimizer = prepared(kind, options)
        uploads = graph.counters.uploads
        if recorded:
            before = everything(params, optimizer)
            graph.record(optimizer.step)
            same(everything(params, optimizer), before)
            assert len(graph.graph) == 1 and graph.counters.uploads == uploads
        for step in range(6):
            optimizer.param_groups[0]["lr"] = 0.01 * (step + 1)
            for p in params:
                p.grad.array *= np.float32(-0.7)
            if recorded and step != 3:
                graph.replay()
            else:
                optimizer.step()
        found.append(everything(params, optimizer))
    same(*found)


def test_a_backward_that_saved_the_old_values_notices_a_replay(graph):
    params, optimizer = prepared(*CASES["momentum"])
    graph.record(optimizer.step)
    y = (params[2] * params[2]).sum()
    graph.replay()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def loaded(params, optimizer):
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def without_momentum(params, optimizer):
    optimizer.param_groups[0]["momentum"] = 0


def another_group(params, optimizer):
    optimizer.add_param_group({"params": [optimizer.param_groups[0]["params"].pop()]})


def other_values(params, optimizer):
    params[0].data = params[0].detach().clone()


@pytest.mark.parametrize("change", [loaded, without_momentum, another_group, other_values])
def test_a_recorded_step_holds_no_longer_where_something_moved(change, graph):
    params, optimizer = prepared(*CASES["momentum"])
    graph.record(optimizer.step)
    assert graph.capture.holds()
    change(params, optimizer)
    assert not graph.capture.holds()


def test_what_cannot_count_in_a_graph_is_refused(graph):
    for place, dtype, kind, words in [
        ("cuda", "float64", optim.Adam, "Adam counts its steps inside a step for cuda.graph"),
        ("cpu", "float32", optim.SGD, "a parameter on the CPU is updated inside a step"),
    ]:
        p = mt.ones(3, dtype=dtype).to(place).requires_grad_()
        optimizer = kind([p], lr=0.1)
        p.grad = mt.ones_like(p).detach()
        optimizer.step()
        with pytest.raises(RuntimeError, match=words):
            graph.record(optimizer.step)


def test_what_no_kernel_updates_is_recorded_with_its_options(graph):
    p = mt.ones(3, dtype="float64").to("cuda").requires_grad_()
    p.grad = mt.ones_like(p).detach()
    optimizer = optim.SGD([p], lr=0.1)
    graph.record(optimizer.step)
    assert graph.capture.holds()
    optimizer.param_groups[0]["lr"] = 0.2
    assert not graph.capture.holds()
