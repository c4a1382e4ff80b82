"""`mt.cuda.graph`: a recorded step is the step itself, number by number, or a clear error."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing.cuda_emulator.standin import MemoryPool, Stream

RULES = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
}


def network():
    mt.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64, 10),
    )  # fmt: skip


def batch(seed, n=6):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1, 8, 8)).astype(np.float32)
    return mt.from_numpy(x).to("cuda"), mt.from_numpy(rng.integers(0, 10, n)).to("cuda")


def everything(model, losses):
    kept = [*losses, *model.state_dict().values(), *(p.grad for p in model.parameters())]
    return [t.detach().cpu().numpy().copy() for t in kept if t is not None]


def train(graphed, make, steps=7, changes=(), sizes=(6,)):
    model = network().to("cuda")
    optimizer = make(model.parameters())

    def step(x, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    run = mt.cuda.graph(step) if graphed else step
    losses = []
    for number in range(steps):
        if number in changes:
            optimizer.param_groups[0]["lr"] *= 0.5
        losses.append(run(*batch(number, sizes[number % len(sizes)])).detach().clone())
    return everything(model, losses), run


def same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", RULES)
def test_recorded_steps_equal_plain_ones(name, standin):
    want, _ = train(False, RULES[name])
    got, step = train(True, RULES[name])
    same(got, want)
    assert step.graphs == 1 and Stream.log.count("graph launches") == 5


def test_a_changed_learning_rate_is_heeded(standin):
    want, _ = train(False, RULES["Adam"], changes=(3, 5))
    got, step = train(True, RULES["Adam"], changes=(3, 5))
    same(got, want)
    assert step.graphs == 1


def test_each_shape_has_its_graph(standin):
    want, _ = train(False, RULES["momentum"], steps=12, sizes=(6, 6, 3))
    got, step = train(True, RULES["momentum"], steps=12, sizes=(6, 6, 3))
    same(got, want)
    assert step.graphs == 2
    step.reset()
    assert step.graphs == 0


def test_forward_and_backward_alone(standin):
    """Gradients are found where the graph puts them, also after the host has forgotten them."""
    found = []
    for graphed in (False, True):
        model = network().to("cuda")
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        def gradients(x, labels, model=model):
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            return {"loss": loss, "both": (loss, [loss * 2])}

        run = mt.cuda.graph(gradients, warmup=1) if graphed else gradients
        losses = []
        for number in range(6):
            optimizer.zero_grad()
            answer = run(*batch(number))
            losses += [answer["loss"].detach().clone(), answer["both"][1][0].detach().clone()]
            optimizer.step()
        found.append(everything(model, losses))
        if graphed:
            assert run.graphs == 1
    same(*found)


def gradients_of(model):
    """A step without an optimizer."""

    def step(x, labels):
        loss = F.cross_entropy(model(x.flatten(1)), labels)
        loss.backward()
        return loss

    return step


def test_accumulation_and_moved_gradients(standin):
    """A gradient that is added to must be the one that was; else a new graph is made."""
    found = []
    for graphed in (False, True):
        mt.manual_seed(0)
        model = nn.Linear(64, 10).to("cuda")

        accumulate = gradients_of(model)
        run = mt.cuda.graph(accumulate, warmup=1) if graphed else accumulate
        losses = []
        for number in range(7):
            if number == 4:
                model.zero_grad()
            losses.append(run(*batch(number)).detach().clone())
        found.append(everything(model, losses))
    same(*found)


def test_moved_parameters_are_recorded_anew(standin):
    model, (x, labels) = nn.Linear(64, 10).to("cuda"), batch(0)

    def forward(x, labels):
        loss = F.cross_entropy(model(x.flatten(1)), labels)
        loss.backward()
        return loss

    step = mt.cuda.graph(forward, warmup=1)
    before = [float(step(x, labels).detach().cpu()) for _ in range(3)]
    model.to("cpu")
    model.to("cuda")
    with mt.no_grad():
        model.weight.mul_(2)
    after = float(step(x, labels).detach().cpu())
    assert len(set(before)) == 1 and after != before[0]
    assert after == pytest.approx(
        float(F.cross_entropy(model(x.flatten(1)), labels).detach().cpu())
    )


def test_numbers_are_constants(standin):
    step = mt.cuda.graph(lambda x, factor: x * factor, warmup=1)
    x = mt.arange(3).float().to("cuda")
    for factor in (2.0, 2.0, 3.0, 3.0, 3.0):
        assert step(x, factor).cpu().tolist() == [0, factor, 2 * factor]
    assert step.graphs == 2


MISTAKES = {
    "item": lambda x: x * float(x.sum().item()),
    "bool": lambda x: x if x.sum() > 0 else -x,
    "cpu": lambda x: x.cpu().to("cuda"),
    "send": lambda x: x + mt.ones(3).to("cuda"),
    "index": lambda x: x[mt.tensor([0, 2])],
    "random": lambda x: x * mt.rand(3),
    "raise": lambda x: x.reshape(7),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_cannot_be_recorded_is_said(name, standin):
    given = MISTAKES[name]
    calls = []

    def my_step(x):
        calls.append(1)
        return given(x) if len(calls) > 1 else x

    step, x = mt.cuda.graph(my_step, warmup=1), mt.arange(3).float().to("cuda")
    step(x)
    with pytest.raises(RuntimeError, match="cuda.graph: my_step cannot be recorded: .*do that"):
        step(x)
    assert not any(stream.is_capturing() for stream in (mt.cuda.current_stream(),))
    assert (x + 1).cpu().tolist() == [1, 2, 3]  # the device works on
    assert mt.rand(2).shape == (2,)


def test_a_failed_recording_leaves_gradients_alone(standin):
    x = mt.arange(3).float().to("cuda")
    w = mt.ones(3).to("cuda").detach().requires_grad_()

    def step(x):
        (x * w).sum().backward()
        return x if len(calls) < 1 else x * x.sum().item()

    calls = []
    run = mt.cuda.graph(step, warmup=1)
    run(x)
    calls.append(1)
    before = w.grad
    with pytest.raises(RuntimeError, match="cannot be recorded"):
        run(x)
    assert w.grad is before and w.grad.cpu().tolist() == [0, 1, 2]


def test_an_optimizer_that_counts_on_the_host_is_refused(standin):
    p = mt.ones(3, dtype=mt.float64).to("cuda").detach().requires_grad_()
    optimizer = optim.Adam([p])

    def step(x):
        optimizer.zero_grad()
        (p * x).sum().backward()
        optimizer.step()
        return x

    run, x = mt.cuda.graph(step, warmup=1), mt.ones(3, dtype=mt.float64).to("cuda")
    run(x)
    with pytest.raises(RuntimeError, match="Adam counts its steps inside a step for cuda.graph"):
        run(x)


def test_what_is_fixed_is_recorded_anew_when_it_changes(standin):
    found = []
    for graphed in (False, True):
        p = mt.ones(3, dtype=mt.float64).to("cuda").detach().requires_grad_()
        optimizer = optim.SGD([p], lr=0.1)

        def step(x, p=p, optimizer=optimizer):
            optimizer.zero_grad()
            (p * x).sum().backward()
            optimizer.step()
            return x

        run = mt.cuda.graph(step, warmup=1) if graphed else step
        for lr in (0.1, 0.1, 0.1, 0.01, 0.01):
            optimizer.param_groups[0]["lr"] = lr
            run(mt.arange(3).double().to("cuda"))
        found.append(p.detach().cpu().numpy())
    np.testing.assert_array_equal(*found)


def test_arguments_are_judged(standin):
    step, there = mt.cuda.graph(lambda *given: given[0]), mt.ones(2).to("cuda")
    for given, words in (
        ((mt.ones(2),), r'argument 0 of <lambda> lies on cpu; move it with .to\("cuda"\)'),
        ((there, [there]), "argument 1 of <lambda> is a Tensor or a number .got list"),
        ((there, there.clone().requires_grad_()), "argument 1 of <lambda> requires grad"),
        ((), "takes at least one Tensor"),
    ):
        with pytest.raises(TypeError, match=f"cuda.graph: .*{words}"):
            step(*given)
    with pytest.raises(TypeError, match="step is a function"):
        mt.cuda.graph(3)
    with pytest.raises(ValueError, match="warmup is at least 1"):
        mt.cuda.graph(print, warmup=0)


def test_memory_comes_from_a_pool_of_its_own(standin, monkeypatch):
    monkeypatch.setattr(MemoryPool, "total_bytes", lambda self: 7)
    seen = []

    def step(x):
        seen.append(len(standin.cupy.allocators))
        return x * 2

    run, x = mt.cuda.graph(step, warmup=1), mt.ones(2).to("cuda")
    for _ in range(3):
        run(x)
    assert seen == [0, 1]
    assert (mt.cuda.memory_allocated(), mt.cuda.memory_reserved()) == (7, 14)
    run.reset()
    gc.collect()
    assert (mt.cuda.memory_allocated(), mt.cuda.memory_reserved()) == (0, 7)


def test_a_recorded_step_records_no_other(standin):
    inner, x = mt.cuda.graph(lambda x: x * 2, warmup=1), mt.ones(2).to("cuda")
    outer = mt.cuda.graph(lambda x: inner(x) + 1, warmup=1)
    outer(x)
    with pytest.raises(RuntimeError, match="cannot record another one"):
        outer(x)


def test_gradients_that_are_set_to_zero_by_the_host(standin):
    found = []
    for graphed in (False, True):
        mt.manual_seed(0)
        model = nn.Linear(64, 10).to("cuda")

        gradients = gradients_of(model)
        run = mt.cuda.graph(gradients, warmup=1) if graphed else gradients
        kept = []
        for number in range(6):
            model.zero_grad(set_to_none=number < 3)
            run(*batch(number))
            kept.append(model.weight.grad.detach().clone())
        found.append(everything(model, kept))
    same(*found)


def test_other_threads_may_send_while_a_step_is_recorded(standin):
    """A loader's thread pins the next batch meanwhile."""
    sent = []

    def step(x):
        thread = threading.Thread(
            target=lambda: sent.append(standin.cupy.cuda.alloc_pinned_memory(64))
        )
        thread.start()
        thread.join()
        return x * 2

    run = mt.cuda.graph(step, warmup=1)
    x = mt.ones(3).to("cuda")
    run(x)
    run(x)
    assert run.graphs == 1 and len(sent) == 2
