"""Shapes, names and choices of each family of networks."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn

sys.path.insert(0, str(Path(__file__).resolve().parent))

from narrow import narrow  # noqa: E402


def images(count, *shape):
    rng = np.random.default_rng(0)
    return mt.tensor(rng.normal(size=(count, *shape)).astype(np.float32))


def small(name, factor=16, **options):
    """A narrow copy in evaluation mode."""
    mt.manual_seed(0)
    with narrow(mt, factor):
        return models.get_model(name, **options).eval()


def last_layer(model):
    """The layer that is exchanged when a network learns other classes."""
    for name in ("fc", "classifier", "linear", "last_linear", "fc3", "fc2", "fc1"):
        layer = getattr(model, name, None)
        if isinstance(layer, nn.Sequential):
            return [m for m in layer if isinstance(m, (nn.Linear, nn.Conv2d))][-1]
        if layer is not None:
            return layer
    return None


FIXED = ("lenet_1998",)  # its codes are drawn for ten classes
NAMES = [n for n in models.list_models() if "1202" not in n and "1001" not in n and n not in FIXED]


SIZES = {224: 64, 299: 75, 500: 40, 572: 44, 512: 32}  # smaller images than those of the papers


@pytest.mark.parametrize("name", NAMES)
def test_scores_for_any_number_of_classes(name):
    channels, size, _ = models.published(name).input_size
    factor = 1 if size == 32 or "unet" in name else 16  # the networks for CIFAR count their widths
    options = {"depth": 2, "width": 4} if "unet" in name else {}
    if size == 32 and name.startswith("densenet"):
        size = 8
    size = size if name == "zfnet" else SIZES.get(size, size)
    classes = 3 if "fcn" in name else 3 * factor
    model = small(name, factor, num_classes=classes, **options)
    with mt.no_grad():
        scores = model(images(2, channels, size, size))
    maps = () if scores.ndim == 2 else (4, 4) if name == "unet" else (size, size)
    assert tuple(scores.shape) == (2, 3, *maps) and scores.dtype == mt.float32
    assert np.isfinite(scores.numpy()).all()
    assert last_layer(model).weight.shape[0] == 3


@pytest.mark.parametrize("name", ["resnet18", "vgg11", "densenet121", "mobilenet_v2"])
def test_freezing_and_a_new_last_layer(name):
    model = small(name, num_classes=48)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if name == "resnet18":
        model.fc = nn.Linear(model.fc.in_features, 5)
    elif name == "densenet121":
        model.classifier = nn.Linear(model.classifier.in_features, 5)
    else:
        model.classifier[-1] = nn.Linear(model.classifier[-1].in_features, 5)
    scores = model(images(2, 3, 64, 64))
    scores.sum().backward()
    trained = [key for key, p in model.named_parameters() if p.grad is not None]
    assert scores.shape == (2, 5) and len(trained) == 2


def test_zero_init_residual_makes_blocks_the_identity():
    model = small("resnet18", zero_init_residual=True)
    x = images(1, 4, 8, 8).abs()
    block = model.layer1[0]
    np.testing.assert_array_equal(block(x).detach().numpy(), x.numpy())


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_answer_while_training(name):
    model = small(name, num_classes=48, init_weights=False).train()
    size = 64 if name == "googlenet" else 299
    outputs = model(images(2, 3, size, size))
    fields = ("logits", "aux_logits2", "aux_logits1")
    assert outputs._fields == (fields if name == "googlenet" else ("logits", "aux_logits"))
    assert all(part.shape == (2, 3) for part in outputs)
    assert model.eval()(images(1, 3, 75, 75)).shape == (1, 3)


def test_option_a_pads_with_zeros_on_both_sides():
    model = models.resnet20()
    assert not [key for key in model.state_dict() if "shortcut" in key]
    x = images(1, 16, 4, 4)
    y = model.layer2[0].shortcut(x).numpy()
    np.testing.assert_array_equal(y[:, 8:24], x.numpy()[:, :, ::2, ::2])
    assert not y[:, :8].any() and not y[:, 24:].any()
    with_b = models.resnet20(option="B").state_dict()
    assert with_b["layer2.0.shortcut.0.weight"].shape == (32, 16, 1, 1)


def test_stochastic_depth_grows_with_the_depth():
    model = models.resnet110_stochastic_depth()
    chances = [m.p for m in model.modules() if isinstance(m, models.StochasticDepth)]
    assert len(chances) == 54 and chances[-1] == 0.5 and chances == sorted(chances)
    assert chances[0] == pytest.approx(0.5 / 54)


@pytest.mark.parametrize("mode", ["batch", "row"])
def test_stochastic_depth_keeps_the_mean(mode):
    mt.manual_seed(0)
    x = mt.ones(400, 2, 1, 1)
    drawn = np.stack(
        [models.stochastic_depth(x, 0.25, mode).numpy()[:, :, 0, 0] for _ in range(50)]
    )
    assert set(np.unique(drawn)) == {0.0, np.float32(1 / 0.75)}
    assert (drawn[:, :, 0] == drawn[:, :, 1]).all()  # all maps of an example together
    assert drawn.mean() == pytest.approx(1, abs=0.02 if mode == "row" else 0.3)
    assert (drawn == drawn[:, :1]).all() == (mode == "batch")
    assert models.stochastic_depth(x, 0.25, mode, training=False) is x
    assert not models.stochastic_depth(x, 1.0, mode).numpy().any()


def test_a_gate_scales_each_map():
    gate = models.SqueezeExcitation(6, 2)
    x = images(2, 6, 5, 4)
    ratio = gate(x).detach().numpy() / x.numpy()
    assert ((ratio > 0) & (ratio < 1)).all()
    np.testing.assert_allclose(ratio, ratio[:, :, :1, :1] * np.ones_like(ratio), rtol=1e-5)


@pytest.mark.parametrize("name", ["alexnet_2012", "zfnet", "vgg11_lrn"])
def test_response_normalisation_has_the_numbers_of_2012(name):
    """Section 3.3: b_c = a_c / (2 + 1e-4 Σ a²)^0.75, the sum over five maps around c."""
    norm = next(m for m in small(name).modules() if isinstance(m, nn.LocalResponseNorm))
    a = np.random.default_rng(0).normal(size=(1, 9, 1, 1)) * 100
    around = [
        sum(a[0, k, 0, 0] ** 2 for k in range(max(0, c - 2), min(9, c + 3))) for c in range(9)
    ]
    expected = a[0, :, 0, 0] / (2 + 1e-4 * np.array(around)) ** 0.75
    np.testing.assert_allclose(norm(mt.tensor(a)).numpy()[0, :, 0, 0], expected, rtol=1e-10)


def test_the_digits_of_1998_are_far_apart():
    model = models.lenet_1998()
    codes = model.output.codes.numpy()
    assert codes.shape == (10, 84) and set(np.unique(codes)) == {-1, 1}
    far = ((codes[:, None] - codes) ** 2).sum(2) + 1000 * np.eye(10)
    assert far.min() >= 4 * 6  # any two drawings differ in six pixels
    scores = model(images(2, 1, 32, 32)).detach().numpy()
    assert scores.shape == (2, 10) and (scores <= 0).all()
    exact = model.output(mt.tensor(codes[3:4])).numpy()[0]
    assert exact[3] == 0 and exact.argmin() == 3


def test_the_table_of_1998():
    from minitorch_cv.models.classic.lenet_1998 import C3_TABLE

    assert [len(row) for row in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    seen = np.zeros((6, 16), int)
    for column, row in enumerate(C3_TABLE):
        seen[list(row), column] = 1
    assert (seen.sum(1) == 10).all()  # each map of S2 feeds ten maps of C3


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: models.SqueezeNet("2_0"), 'version is "1_0" or "1_1"'),
        (lambda: models.resnet18(replace_stride_with_dilation=[True]), "three entries"),
        (lambda: models.BasicBlock(4, 4, groups=2), "use Bottleneck"),
        (lambda: models.mobilenet_v2(inverted_residual_setting=[[1, 2]]), "four numbers"),
        (lambda: models.GoogLeNet(blocks=[nn.ReLU]), "blocks are three"),
        (lambda: models.Inception3(inception_blocks=[nn.ReLU]), "are seven"),
        (lambda: models.CifarResNet([1, 1, 1], option="C"), 'option is "A" or "B"'),
        (lambda: models.CifarDenseNet(41), "depth is 3 n"),
        (lambda: models.FCN(4), "stride is 32, 16 or 8"),
        (lambda: models.stochastic_depth(mt.ones(1, 1), 1.5, "row"), "between 0 and 1"),
        (lambda: models.stochastic_depth(mt.ones(1, 1), 0.5, "rows"), 'mode is "batch" or "row"'),
        (lambda: small("alexnet")(images(1, 3, 40, 40)), "max_pool2d"),
        (lambda: small("unet", depth=2)(images(1, 1, 45, 44)), "cannot be halved"),
    ],
)
def test_errors_say_what_to_do(build, words):
    with pytest.raises(ValueError, match=words):
        build()
