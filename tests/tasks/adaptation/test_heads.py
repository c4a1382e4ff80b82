"""The head of every family is found, and replaced by one of the same form."""

import numpy as np
import pytest

from minitorch_cv import from_numpy, models, nn, no_grad
from minitorch_cv.models.classic.vgg import CONFIGURATIONS, make_layers
from minitorch_cv.models.resnet.preact import PreActBlock
from minitorch_cv.tasks.adaptation import find_head, replace_head, stages


def zeros(*shape):
    return from_numpy(np.zeros(shape, np.float32))


FAMILIES = {  # name → (builder, the head, the shape of an image)
    "linear": (models.linear_classifier, "fc1", (3, 32, 32)),
    "perceptron": (models.three_layer_perceptron, "fc3", (3, 32, 32)),
    "lenet": (models.LeNet5, "fc3", (1, 32, 32)),
    "lenet_1998": (models.lenet_1998, "output", (1, 32, 32)),
    "cifar resnet": (models.resnet20, "linear", (3, 32, 32)),
    "resnet": (models.resnet18, "fc", (3, 32, 32)),
    "preact": (lambda: models.PreActResNet(PreActBlock, [1, 1, 1]), "fc", (3, 32, 32)),
    "densenet": (lambda: models.DenseNet(8, (1, 1), 16), "classifier", (3, 64, 64)),
    "cifar densenet": (models.densenet40_12, "classifier", (3, 32, 32)),
    "squeezenet": (models.squeezenet1_1, "classifier.1", (3, 64, 64)),
    "mobilenet": (lambda: models.mobilenet_v2(width_mult=0.25), "classifier.1", (3, 32, 32)),
    "googlenet": (lambda: models.googlenet(aux_logits=False), "fc", (3, 64, 64)),
    "unet": (lambda: models.UNet(width=4), "classifier", None),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_head_of_each_family(family):
    build, head, shape = FAMILIES[family]
    model = build()
    assert find_head(model) == head
    assert replace_head(model, 7) == head
    assert find_head(model) == ("output" if family == "lenet_1998" else head)
    if shape is not None:
        with no_grad():
            assert model.eval()(zeros(2, *shape)).shape == (2, 7)


@pytest.mark.slow
@pytest.mark.parametrize("name, head", {
    "alexnet": "classifier.6", "zfnet": "classifier.6", "vgg11": "classifier.6",
    "alexnet_2012": "classifier.6", "overfeat_fast": "classifier.6", "inception_v3": "fc",
    "inception_v4": "last_linear", "inception_resnet_v2": "last_linear", "se_resnet50": "fc",
}.items())  # fmt: skip
def test_the_head_of_the_large_ones(name, head):
    model = models.get_model(name)
    assert find_head(model) == head
    replace_head(model, 7)
    assert model.get_submodule(head).weight.shape[0] == 7


def test_every_layer_of_scores_of_fcn_is_new():
    model = models.FCN(8, num_classes=21, width=8)
    replace_head(model, 3)
    with no_grad():
        assert model.eval()(zeros(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    assert stages(model)[0].name == "features.0"


def test_auxiliary_heads_are_new_too():
    model = models.googlenet(aux_logits=True)
    replace_head(model, 5)
    sizes = [part.weight.shape[0] for part in (model.fc, model.aux1.fc2, model.aux2.fc2)]
    assert sizes == [5, 5, 5]


def test_the_new_layer_has_the_form_of_the_old_one():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 9, (2, 3), 2, 1, bias=False)).double()
    replace_head(model.eval(), 5)
    new = model[1]
    assert (new.in_channels, new.out_channels, new.kernel_size) == (4, 5, (2, 3))
    assert (new.stride, new.padding, new.bias, new.training) == ((2, 2), (1, 1), None, False)
    assert new.weight.dtype == model[0].weight.dtype


def test_what_has_no_head_is_refused():
    with pytest.raises(TypeError, match="no linear layer or convolution"):
        find_head(nn.Sequential(nn.ReLU()))
    with pytest.raises(ValueError, match="at least 1"):
        replace_head(nn.Sequential(nn.Linear(2, 2)), 0)


def test_stages_are_blocks_of_one_kind_and_open_sequentials():
    names = [stage.name for stage in stages(models.resnet20())]
    assert names == ["conv1", "layer1", "layer2", "layer3", "linear"]
    parts = stages(nn.Sequential(make_layers(CONFIGURATIONS["A"][:5], True), nn.Linear(4, 2)))
    assert [part.name for part in parts] == ["0.0", "0.4", "0.8", "1"]
    assert [len(part.parameters) for part in parts] == [4, 4, 4, 2]  # norms are with their layers


@pytest.mark.parametrize("family", FAMILIES)
def test_stages_hold_each_parameter_once(family):
    model = FAMILIES[family][0]()
    found = [id(p) for stage in stages(model) for p in stage.parameters]
    assert sorted(found) == sorted(id(p) for p in model.parameters())
