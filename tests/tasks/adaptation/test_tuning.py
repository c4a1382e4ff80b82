"""Rates by depth, thawing by epochs, and the short training loop."""

import copy

import numpy as np
import pytest

from minitorch_cv import from_numpy, nn, optim
from minitorch_cv.tasks.adaptation import (
    GradualUnfreezing,
    Tuning,
    fine_tune,
    param_groups,
    replace_head,
)
from minitorch_cv.tasks.errors import DivergedError


def test_the_rate_falls_with_depth(network):
    groups = param_groups(network, 0.1, 0.5, decay=0.5)
    assert [(g["name"], g["lr"]) for g in groups] == [
        ("conv1", 0.0125), ("layer1", 0.025), ("layer2", 0.05), ("layer3", 0.1), ("linear", 0.5),
    ]  # fmt: skip
    assert {g["lr"] for g in param_groups(network, 0.1)} == {0.1}
    count = sum(len(g["params"]) for g in groups)
    assert count == len(list(network.parameters()))


def test_each_group_moves_at_its_own_rate():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3), nn.Linear(3, 2)).double()
    before = [p.detach().numpy().copy() for p in model.parameters()]
    optimizer = optim.SGD(param_groups(model, 0.1, 1.0, decay=0.5), lr=9.0)
    model(from_numpy(np.random.default_rng(0).uniform(size=(4, 3)))).square().sum().backward()
    optimizer.step()
    rates = [0.05, 0.05, 0.1, 0.1, 1.0, 1.0]
    for p, old, rate in zip(model.parameters(), before, rates, strict=True):
        assert np.abs(p.detach().numpy() - (old - rate * p.grad.numpy())).max() < 1e-12
        assert np.abs(p.grad.numpy()).max() > 0


@pytest.mark.parametrize("options", [
    {"lr": 0.0}, {"lr": float("nan")}, {"lr": 1, "head_lr": -1}, {"lr": 1, "decay": 0},
    {"lr": 1, "decay": 1.5},
])  # fmt: skip
def test_rates_out_of_range_are_refused(network, options):
    with pytest.raises(ValueError, match="param_groups"):
        param_groups(network, **options)


def trainable(model):
    return {n.split(".")[0] for n, p in model.named_parameters() if p.requires_grad}


def test_one_stage_more_thaws_after_each_epochs(network):
    schedule = GradualUnfreezing(network, every=2)
    seen = []
    for _ in range(11):
        assert trainable(network) - {"bn1"} == set(schedule.trainable)
        seen.append(len(schedule.trainable))
        schedule.step()
    assert seen == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]
    assert "bn1" in trainable(network)  # it thaws with conv1, whose stage it is in
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_thawing_goes_on_where_it_was_saved(network):
    twin = copy.deepcopy(network)
    first = GradualUnfreezing(network)
    first.step()
    first.step()
    second = GradualUnfreezing(twin)
    second.load_state_dict(first.state_dict())
    assert trainable(twin) == trainable(network) == {"layer2", "layer3", "linear"}
    second.load_state_dict({"epoch": 0})
    assert trainable(twin) == {"linear"}
    with pytest.raises(ValueError, match="every"):
        GradualUnfreezing(network, 0)


@pytest.mark.parametrize("gradual", [False, True])
def test_fine_tuning_learns_and_repeats(network, preprocessing, train, gradual):
    replace_head(network, 3)
    twin = copy.deepcopy(network)
    tuning = Tuning(steps=30, batch_size=12, lr=0.05, head_lr=0.2, gradual=gradual)
    losses = fine_tune(network, train.images, train.labels, preprocessing, tuning, seed=4)
    assert len(losses) == 30 and np.mean(losses[-5:]) < 0.3 * losses[0]
    assert losses == fine_tune(twin, train.images, train.labels, preprocessing, tuning, seed=4)


def test_a_loss_that_is_not_finite_ends_it(network, preprocessing, train):
    images = train.images.copy()
    images[:] = np.nan
    with pytest.raises(DivergedError, match="smaller lr"):
        fine_tune(network, images, train.labels, preprocessing, Tuning())
