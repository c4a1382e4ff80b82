"""optimize_for_inference: the same answers, fewer layers, the model given left as it was."""

import copy
import warnings

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn
from minitorch_cv.models.classic.vgg import CONFIGURATIONS
from minitorch_cv.models.resnet.squeezed import SEBottleneck
from minitorch_cv.nn import functional as F

# family: (builder, side of its images, norms that stay: those that no convolution stands before,
# and those of auxiliary heads, which do not run in evaluation)
FAMILIES = {
    "vgg": (lambda: models.make_layers(CONFIGURATIONS["A"], True), 32, 0),
    "resnet_basic": (lambda: models.ResNet(models.BasicBlock, [1] * 4, 5), 32, 0),
    "resnet_bottleneck": (
        lambda: models.ResNet(models.Bottleneck, [1] * 4, 5, groups=4, width_per_group=8), 32, 0
    ),
    "lecture": (lambda: models.LectureResNet([1] * 4, 5), 32, 1),
    "squeezed": (lambda: models.ResNet(SEBottleneck, [1] * 4, 5), 32, 0),
    "cifar_a": (lambda: models.CifarResNet([1] * 3), 32, 0),
    "cifar_b": (lambda: models.CifarResNet([1] * 3, option="B", stochastic_depth=0.5), 32, 0),
    "preact": (lambda: models.get_model("wide_resnet16_8", widths=[8, 8, 16]), 32, 6),
    "densenet": (lambda: models.DenseNet(4, (2, 2), 8, 2, num_classes=5), 32, 6),
    "densenet_cifar": (lambda: models.get_model("densenet40_12", num_classes=5), 32, 39),
    "mobilenet": (lambda: models.mobilenet_v2(width_mult=0.25, num_classes=5), 32, 0),
    "unet": (lambda: models.UNet(1, 2, 4, 2, True, True), 32, 0),
    "unet_bilinear": (lambda: models.UNet(3, 2, 4, 2, False, True, True), 44, 0),
    "googlenet": (lambda: models.googlenet(num_classes=5), 64, 2),
    "inception_v3": (lambda: models.inception_v3(num_classes=5), 96, 2),
    "lenet": (lambda: models.LeNet5(), 32, 0),
    "squeezenet": (lambda: models.squeezenet1_1(num_classes=5), 64, 0),
}  # fmt: skip
LARGE = ("inception_v4", "inception_resnet_v2")


def drawn(model):
    """The model with norms that do something."""
    rng = np.random.default_rng(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.running_var):
                value.data.copy_(mt.tensor(rng.uniform(0.5, 1.5, value.shape).astype("f")))
            for value in (module.bias, module.running_mean):
                value.data.copy_(mt.tensor(rng.normal(0, 0.2, value.shape).astype("f")))
    return model


def norms(model):
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def judge(model, channels, side, stay):
    model = drawn(model).eval()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    fast = mt.optimize_for_inference(model)
    x = mt.randn(2, channels, side, side)
    with mt.no_grad():
        y, z = model(x).numpy(), fast(x).numpy()
    assert np.abs(y - z).max() <= 1e-5 * np.abs(y).max()
    assert norms(fast) == stay and not fast.training
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(np.array_equal(after[name].numpy(), before[name]) for name in before)


@pytest.mark.parametrize("family", FAMILIES)
def test_same_answers(family):
    build, side, stay = FAMILIES[family]
    model = build()
    first = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
    judge(model, first.in_channels, side, stay)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_same_answers_of_large_models(name):
    model = models.get_model(name, num_classes=5)
    judge(model, 3, 96, 0)


def test_every_family_is_here():
    covered = {*FAMILIES, *LARGE}
    rows = {f.__name__.rpartition(".")[2] for f in models.registry.FAMILIES}
    without_norms = {
        "perceptron", "lenet_1998", "alexnet", "alexnet_2012", "zfnet", "overfeat", "fcn",
    }  # fmt: skip
    known = {"resnet_basic": "resnet", "cifar_a": "cifar"}
    assert rows <= {known.get(name, name) for name in covered} | without_norms


class Twice(nn.Module):
    """What follows the convolution, and what else uses it."""

    def __init__(self, forward):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.bn = nn.BatchNorm2d(3)
        self.other = nn.BatchNorm2d(3)
        self.written = forward

    def forward(self, x):
        return self.written(self, x)


def used_twice(m, x):
    y = m.conv(x)
    return m.bn(y) + y


def answered_too(m, x):
    y = m.conv(x)
    return {"y": m.bn(y), "raw": [y]}


def called_twice(m, x):
    return m.bn(m.conv(x)) + m.bn(m.conv(2 * x))


def something_between(m, x):
    return m.bn(F.relu(m.conv(x)))


def two_norms_side_by_side(m, x):
    y = m.conv(x)
    return m.bn(y) + m.other(y)


@pytest.mark.parametrize(
    "forward",
    [used_twice, answered_too, called_twice, something_between, two_norms_side_by_side],
)
def test_what_cannot_be_folded_stays(forward):
    model = drawn(Twice(forward))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert norms(mt.optimize_for_inference(model)) == 2


def test_one_norm_after_another_folds_once():
    model = drawn(Twice(lambda m, x: m.other(m.bn(m.conv(x))))).eval()
    fast = mt.optimize_for_inference(model)
    x = mt.randn(1, 2, 8, 8)
    assert norms(fast) == 1
    np.testing.assert_allclose(fast(x).detach(), model(x).detach(), rtol=1e-4, atol=1e-5)


def test_a_use_that_the_tape_does_not_see_is_noticed():
    model = drawn(Twice(lambda m, x: m.bn(y := m.conv(x)) + y.detach()))
    with pytest.warns(UserWarning, match="does not see"):
        fast = mt.optimize_for_inference(model)
    assert norms(fast) == 2


def test_hooks_keep_what_they_watch():
    model = drawn(Twice(lambda m, x: m.bn(m.conv(x))))
    model.conv.register_forward_hook(lambda m, args, y: None)
    assert norms(mt.optimize_for_inference(model)) == 2


def test_other_layers():
    rows = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU())
    assert isinstance(mt.optimize_for_inference(rows)[1], nn.Identity)
    text = nn.Sequential(nn.Conv1d(4, 3, 3), nn.BatchNorm1d(3))
    assert isinstance(mt.optimize_for_inference(text)[1], nn.Identity)
    up = nn.Sequential(nn.ConvTranspose2d(4, 6, 3, groups=2), nn.BatchNorm2d(6))
    assert isinstance(mt.optimize_for_inference(up)[1], nn.BatchNorm2d)  # groups: not folded
    blind = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, track_running_stats=False))
    assert isinstance(mt.optimize_for_inference(blind)[1], nn.BatchNorm2d)


def test_example_input_and_errors():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)

        def forward(self, x, y):
            return self.bn(self.conv(x + y))

    model = Two()
    with pytest.raises(ValueError, match="example_input"):
        mt.optimize_for_inference(model)
    x = mt.randn(1, 2, 5, 5)
    assert norms(mt.optimize_for_inference(model, (x, x))) == 0
    with pytest.raises(TypeError, match="Module"):
        mt.optimize_for_inference(lambda x: x)


def test_random_numbers_and_training_mode_stay():
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))
    twin = copy.deepcopy(model)
    mt.manual_seed(0)
    mt.optimize_for_inference(model)
    drawn_after = mt.rand(1).item()
    mt.manual_seed(0)
    assert mt.rand(1).item() == drawn_after
    assert model.training and model[1].num_batches_tracked == twin[1].num_batches_tracked
