"""The ResNets of course listings: what is theirs, and what they share with the paper's."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn


@pytest.mark.parametrize("depth", [18, 34])
def test_beside_the_papers_network_there_are_biases_alone(depth):
    with models.cost.undrawn():
        ours = models.get_model(f"resnet{depth}_lecture")
        paper = models.get_model(f"resnet{depth}")
    biases = [m.bias.numel() for m in ours.modules() if isinstance(m, nn.Conv2d)]
    count = sum(p.numel() for p in ours.parameters()) - sum(biases)
    assert count == sum(p.numel() for p in paper.parameters())
    assert all(m.bias is None for m in paper.modules() if isinstance(m, nn.Conv2d))
    row, other = models.published(f"resnet{depth}_lecture"), models.published(f"resnet{depth}")
    assert row.multiply_adds == other.multiply_adds and row.top1_error is None


def test_names_and_order():
    model = models.resnet18_lecture(num_classes=3, in_channels=1)
    assert [name for name, _ in model.named_children()] == [
        "layer0", "layer1", "layer2", "layer3", "layer4", "gap", "fc",
    ]  # fmt: skip
    stem = [type(m) for m in model.layer0]
    assert stem == [nn.Conv2d, nn.MaxPool2d, nn.BatchNorm2d, nn.ReLU]
    assert [name for name, _ in model.layer2[0].named_children()] == [
        "conv1", "conv2", "shortcut", "bn1", "bn2",
    ]  # fmt: skip
    shortcut = model.layer2[0].shortcut
    assert shortcut[0].kernel_size == (1, 1) and shortcut[0].stride == (2, 2)
    assert len(model.layer1[0].shortcut) == len(model.layer2[1].shortcut) == 0
    assert "layer4.0.shortcut.0.bias" in model.state_dict()


def test_a_block_is_its_formula():
    mt.manual_seed(0)
    block = models.LectureBlock(2, 3, stride=2).double().eval()
    x = mt.tensor(np.random.default_rng(0).normal(size=(2, 2, 5, 6)))
    branch = block.bn1(block.conv1(x)).clamp(min=0)
    y = (block.bn2(block.conv2(branch)) + block.shortcut(x)).clamp(min=0)
    assert y.shape == (2, 3, 3, 3)
    np.testing.assert_array_equal(block(x).detach().numpy(), y.detach().numpy())


def test_a_bias_before_batch_norm_changes_nothing_while_training():
    """Also in the stem, where the pooling lies between them."""
    mt.manual_seed(0)
    stem = models.resnet18_lecture(num_classes=2).layer0.double()
    x = mt.tensor(np.random.default_rng(0).normal(size=(2, 3, 16, 16)))
    before = stem(x).detach().numpy()
    with mt.no_grad():
        stem[0].bias.add_(3.0)
    np.testing.assert_allclose(stem(x).detach().numpy(), before, atol=1e-12)
