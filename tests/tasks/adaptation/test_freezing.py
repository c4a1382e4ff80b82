"""What is frozen does not move: parameters, running statistics; what thaws moves again."""

import copy

import numpy as np
import pytest

from minitorch_cv import from_numpy, optim
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.tasks.adaptation import freeze, unfreeze


def state(model):
    return {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}


def trained(model, steps=2):
    """A few steps in training mode."""
    rng = np.random.default_rng(0)
    model.train()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(steps):
        x = from_numpy(rng.standard_normal((6, 3, 8, 8)).astype(np.float32))
        optimizer.zero_grad()
        F.cross_entropy(model(x), from_numpy(np.arange(6) % 3)).backward()
        optimizer.step()
    return model


def moved(before, after):
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_only_the_head_moves(network):
    before = state(freeze(network))
    assert moved(before, state(trained(network))) == {"linear.weight", "linear.bias"}


def test_everything_before_a_layer_is_frozen_and_all_after_it_moves(network):
    before = state(freeze(network, "layer3"))
    after = moved(before, state(trained(network)))
    assert all(name.startswith(("layer3", "linear")) for name in after)
    assert {"layer3.0.bn1.running_mean", "layer3.0.conv1.weight", "linear.bias"} <= after
    assert not network.layer1[0].bn1.training and network.layer3[0].bn1.training


def test_a_dotted_name_cuts_a_stage(network):
    before = state(freeze(network, "layer2.0.conv2"))
    after = moved(before, state(trained(network)))
    assert "layer2.0.conv2.weight" in after and "layer2.0.bn2.running_var" in after
    assert "layer2.0.conv1.weight" not in after and "layer2.0.bn1.running_mean" not in after


def test_unfreezing_sets_everything_back(network):
    twin = copy.deepcopy(network)
    unfreeze(freeze(freeze(network)))
    assert not any(module._forward_pre_hooks for module in network.modules())
    assert moved(state(trained(network)), state(trained(twin))) == set()


def test_a_part_thaws(network):
    freeze(network)
    unfreeze(network, "layer3")
    wanted = [name for name, p in network.named_parameters() if p.requires_grad]
    assert all(name.startswith(("layer3", "linear")) for name in wanted) and len(wanted) == 8


def test_a_copy_is_frozen_on_its_own(network):
    twin = copy.deepcopy(freeze(network))
    unfreeze(twin)
    before = state(network)
    assert moved(before, state(trained(network))) == {"linear.weight", "linear.bias"}
    assert len(moved(state(twin), state(trained(copy.deepcopy(twin))))) > 2


def test_an_unknown_layer_is_refused(network):
    with pytest.raises(ValueError, match="no layer 'layer9'.*conv1"):
        freeze(network, "layer9")
    with pytest.raises(ValueError, match="no layer"):
        unfreeze(network, "")
