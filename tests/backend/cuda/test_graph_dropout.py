"""Dropout in a recorded step: every replay draws what the step would draw without the graph."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.backend.random import Generator
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing.cuda_emulator.standin import Stream, standin_cuda


def network():
    mt.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.Dropout2d(0.3), nn.ReLU(), nn.Dropout(0.4), nn.Flatten(),
        nn.Linear(256, 9), nn.AlphaDropout(0.2), nn.Linear(9, 10),
    )  # fmt: skip


def batch(seed, n):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1, 8, 8)).astype(np.float32)
    return mt.from_numpy(x).to("cuda"), mt.from_numpy(rng.integers(0, 10, n)).to("cuda")


def train(graphed, between=lambda number: None, steps=8, sizes=(6,)):
    """Losses, parameters, gradients, and where the stream stands after each step."""
    model = network().to("cuda")
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step(x, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    run = mt.cuda.graph(step) if graphed else step
    losses, states = [], []
    for number in range(steps):
        between(number)
        losses.append(run(*batch(number, sizes[number % len(sizes)])).detach().clone())
        states.append(mt.get_rng_state())
    tensors = [*losses, *model.parameters(), *(p.grad for p in model.parameters())]
    return [t.detach().cpu().numpy().copy() for t in tensors], states, run


def reseed(number):
    if number in (3, 6):
        mt.manual_seed(11)


def draw(number):
    """The host draws between the steps: words half used, numbers left over."""
    mt.rand(number % 4)
    if number % 3 == 0:
        mt.randn(2)


class Rewind:
    """The state of the third step comes back with the sixth."""

    def __call__(self, number):
        if number == 3:
            self.state = mt.get_rng_state()
        if number == 6:
            mt.set_rng_state(self.state)


@pytest.mark.parametrize("between", [lambda number: None, reseed, draw, Rewind()],
                         ids=["nothing", "manual_seed", "drawn between", "set_state"])  # fmt: skip
def test_recorded_steps_equal_plain_ones(between, standin):
    want, states, _ = train(False, between)
    got, ours, run = train(True, between)
    assert run.graphs == 1 and Stream.log.count("graph launches") == 6
    assert ours == states
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_graphs_of_two_shapes_share_a_stream(standin):
    want, states, _ = train(False, draw, steps=12, sizes=(6, 6, 3))
    got, ours, run = train(True, draw, steps=12, sizes=(6, 6, 3))
    assert run.graphs == 2 and ours == states
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_each_generator_has_its_own_stream(standin):
    """Masks in half precision and in float32, drawn in turn, each from where its own stands."""
    found = []
    for graphed in (False, True):
        first, second = Generator(1), Generator(2)

        def step(x, first=first, second=second):
            y = F.dropout(x, 0.5, generator=first)
            y = y + F.dropout(x.half(), 0.5, generator=second).float()
            return y + F.dropout(x, 0.25, generator=first)

        run = mt.cuda.graph(step, warmup=1) if graphed else step
        x = mt.ones(5, 7).to("cuda")
        kept = [run(x).detach().clone().cpu().numpy() for _ in range(5)]
        found.append((kept, first.get_state(), second.get_state()))
        assert all(not np.array_equal(a, b) for a, b in zip(kept, kept[1:], strict=False))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1:] == found[1][1:]


def test_the_losses_are_those_of_the_cpu(standin):
    """One seed, one mask, on either device, with a graph or without."""
    found = []
    for place in ("cpu", "cuda"):
        mt.manual_seed(5)
        run = mt.cuda.graph(lambda x: F.dropout(x, 0.3), warmup=1)
        x = mt.ones(3, 11).to(place)
        found.append([(run if place == "cuda" else run.step)(x).cpu().numpy().copy()
                      for _ in range(6)])  # fmt: skip
    np.testing.assert_array_equal(*found)


def test_a_replay_waits_for_nobody_and_sends_one_state(emulator):
    with standin_cuda() as counters:
        run = mt.cuda.graph(lambda x: F.dropout(F.dropout(x, 0.3), 0.3), warmup=1)
        x = mt.ones(3, 11).to("cuda")
        run(x)
        run(x)
        uploads = counters.uploads
        run(x)
        assert run.graphs == 1 and counters.total() == 0, counters.last
        assert counters.uploads == uploads + 1


def test_a_recording_that_fails_draws_nothing(standin):
    calls = []

    def step(x):
        y = F.dropout(x, 0.5)
        calls.append(1)
        return y if len(calls) < 2 else y * float(y.sum().item())

    run, x = mt.cuda.graph(step, warmup=1), mt.ones(4).to("cuda")
    mt.manual_seed(3)
    run(x)
    before = mt.get_rng_state()
    with pytest.raises(RuntimeError, match="step cannot be recorded"):
        run(x)
    assert mt.get_rng_state() == before


DRAWS = {
    "rand": (lambda g: g.rand((3,)), "rand draws random numbers on the host"),
    "randn": (lambda g: g.randn((3,)), "randn draws random numbers on the host"),
    "randint": (lambda g: g.randint(0, 4, (3,)), "randint draws random numbers on the host"),
    "randperm": (lambda g: g.randperm(3), "randperm draws random numbers on the host"),
    "manual_seed": (lambda g: g.manual_seed(0), "a random generator is seeded"),
    "a new one": (lambda g: Generator(0), "a random generator is seeded"),
    "get_state": (lambda g: g.get_state(), "the state of a random generator is read"),
    "set_state": (lambda g: g.set_state({}), "the state of a random generator is set"),
}


@pytest.mark.parametrize("name", DRAWS)
def test_what_a_replay_would_not_repeat_is_refused(name, standin):
    draw, words = DRAWS[name]
    calls, generator = [], Generator(0)

    def my_step(x):
        calls.append(1)
        if len(calls) > 1:
            draw(generator)
        return x * 2

    run, x = mt.cuda.graph(my_step, warmup=1), mt.ones(4).to("cuda")
    run(x)
    with pytest.raises(RuntimeError, match=f"my_step cannot be recorded: {words} inside a step"):
        run(x)
    assert generator.rand((1,)).shape == (1,)


def test_without_our_kernel_dropout_is_refused(standin):
    run, x = mt.cuda.graph(lambda x: F.dropout(x, 0.5), warmup=1), mt.ones(4).to("cuda")
    with mt.use_kernels("reference"):
        run(x)
        with pytest.raises(RuntimeError, match="rand draws random numbers on the host"):
            run(x)
