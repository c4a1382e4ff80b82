"""Means of parameters, soups and snapshots, against plain NumPy."""

import copy
import math

import numpy as np
import pytest

from minitorch_cv import from_numpy, nn, no_grad, optim
from minitorch_cv.backend.random import manual_seed
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.tasks.ensembles import Snapshots, averaged_model, greedy_soup, uniform_soup
from minitorch_cv.tasks.errors import TaskError


def network(seed=0):
    manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)
    )


def arrays(state):
    return {name: value.detach().numpy().copy() for name, value in state.items()}


@pytest.fixture()
def states():
    return [network(seed).state_dict() for seed in range(3)]


def batches(count=2):
    rng = np.random.default_rng(5)
    return [from_numpy(rng.standard_normal((8, 1, 6, 6)).astype(np.float32)) for _ in range(count)]


def test_the_uniform_soup_is_the_mean(states):
    with no_grad():
        for k, state in enumerate(states):
            state["1.running_var"] += k
            state["1.num_batches_tracked"] += k
    soup, parts = arrays(uniform_soup(states)), [arrays(state) for state in states]
    for name, value in soup.items():
        if name.endswith("tracked"):
            assert value == 2 and value.dtype == np.int64
            continue
        wanted = sum(part[name].astype(np.float64) for part in parts) / 3
        assert value.dtype == np.float32 and np.abs(value - wanted).max() < 1e-7
    before = [arrays(state) for state in states]
    assert all(np.array_equal(a[n], b[n]) for a, b in zip(parts, before, strict=True) for n in a)


def test_a_soup_of_one_is_a_copy(states):
    soup = uniform_soup(states[:1])
    with no_grad():
        soup["0.weight"] += 1
    assert not np.array_equal(soup["0.weight"].numpy(), states[0]["0.weight"].numpy())


def test_the_greedy_soup_keeps_what_helps():
    numbers = [4.0, 1.0, -1.2, 9.0]  # the best mean is nearest to 0
    states = [{"a": from_numpy(np.array([v]))} for v in numbers]
    asked = []

    def score(state):
        asked.append(float(state["a"].numpy()[0]))
        return -abs(asked[-1])

    soup, taken = greedy_soup(states, score)
    assert taken == [1, 2] and soup["a"].numpy()[0] == pytest.approx(-0.1)
    assert asked[:4] == numbers
    assert asked[5:] == pytest.approx([-0.1, 3.8 / 3, 8.8 / 3])  # each tried with those taken


def test_an_averaged_model_and_its_statistics(states):
    model = network(9)
    before = arrays(model.state_dict())
    mean = averaged_model(model, states, batches())
    wanted = arrays(uniform_soup(states))
    found = arrays(mean.state_dict())
    for name, _ in model.named_parameters():
        assert np.abs(found[name] - wanted[name]).max() < 1e-6
    maps = []
    for x in batches():
        maps.append(F.conv2d(x, mean[0].weight, mean[0].bias).detach().numpy())
    each = [m.mean(axis=(0, 2, 3)) for m in maps]
    assert np.abs(found["1.running_mean"] - np.mean(each, axis=0)).max() < 1e-6
    each = [m.var(axis=(0, 2, 3), ddof=1) for m in maps]
    assert np.abs(found["1.running_var"] - np.mean(each, axis=0)).max() < 1e-5
    after = arrays(model.state_dict())
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_without_batches_the_last_statistics_stay(states):
    with no_grad():
        states[-1]["1.running_mean"] += 3
    mean = averaged_model(network(), states)
    assert np.array_equal(mean[1].running_mean.numpy(), states[-1]["1.running_mean"].numpy())


def test_states_of_another_form_are_refused(states):
    other = {**states[1], "4.weight": from_numpy(np.zeros((3, 48), np.float32))}
    for call in (uniform_soup, lambda s: averaged_model(network(), s),
                 lambda s: greedy_soup(s, lambda state: 0.0)):  # fmt: skip
        with pytest.raises(TaskError, match=r"differs in 4.weight\)"):
            call([states[0], other])
        with pytest.raises(TaskError, match="no state dicts"):
            call([])


def test_snapshots_are_taken_where_the_rate_has_fallen():
    model = nn.Sequential(nn.Linear(2, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.4)
    snapshots, rates, seen = Snapshots(model, optimizer, 3, mult=2), [], []
    for step in range(9):
        rates.append(optimizer.param_groups[0]["lr"])
        with no_grad():
            model[0].bias.fill_(float(step))
        if snapshots.step():
            seen.append(step)
    assert seen == [2, 8] and len(snapshots.states) == 2
    wanted = [0.2 * (1 + math.cos(math.pi * t / T)) for T in (3, 6) for t in range(T)]
    assert rates == pytest.approx(wanted)
    assert [state["0.bias"].numpy()[0] for state in snapshots.states] == [2, 8]
    with no_grad():
        model[0].bias.fill_(99.0)
    assert snapshots.last(1)[0]["0.bias"].numpy()[0] == 8
    twin = copy.deepcopy(model)
    twin.load_state_dict(snapshots.last(2)[0])
    assert twin[0].bias.detach().numpy()[1] == 2
    with pytest.raises(ValueError, match="2 were taken"):
        snapshots.last(3)
