"""What models/ says of its networks: sizes and costs, against numbers that others published."""

import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn

# torchvision's tables: parameters, and multiply-adds in thousands of millions to three places.
TORCHVISION = {
    "alexnet": (61100840, 0.714), "densenet121": (7978856, 2.834),
    "densenet161": (28681000, 7.728), "densenet169": (14149480, 3.36),
    "densenet201": (20013928, 4.291), "googlenet": (6624904, 1.498),
    "inception_v3": (27161264, 5.713), "mobilenet_v2": (3504872, 0.301),
    "resnet18": (11689512, 1.814), "resnet34": (21797672, 3.664),
    "resnet50": (25557032, 4.089), "resnet101": (44549160, 7.801),
    "resnet152": (60192808, 11.514), "resnext50_32x4d": (25028904, 4.23),
    "resnext101_32x8d": (88791336, 16.414), "resnext101_64x4d": (83455272, 15.46),
    "squeezenet1_0": (1248424, 0.819), "squeezenet1_1": (1235496, 0.349),
    "vgg11": (132863336, 7.609), "vgg11_bn": (132868840, 7.609), "vgg13": (133047848, 11.308),
    "vgg13_bn": (133053736, 11.308), "vgg16": (138357544, 15.47), "vgg16_bn": (138365992, 15.47),
    "vgg19": (143667240, 19.632), "vgg19_bn": (143678248, 19.632),
    "wide_resnet50_2": (68883240, 11.398), "wide_resnet101_2": (126886696, 22.753),
}  # fmt: skip
WITHOUT_HEADS = {"googlenet": {"aux_logits": False}}  # as torchvision counts it
# The papers' own tables, in millions of parameters, as they round them.
PAPERS = {
    "lenet_1998": "0.060", "alexnet_2012": "61", "vgg11_lrn": "133", "vgg16_1x1": "134",
    "resnet20": "0.27", "resnet32": "0.46", "resnet44": "0.66", "resnet56": "0.85",
    "resnet110": "1.7", "resnet1202": "19.4", "preact_resnet164": "1.7",
    "preact_resnet1001": "10.3", "wide_resnet16_8": "11.0", "wide_resnet28_10": "36.5",
    "wide_resnet40_4": "8.9", "densenet40_12": "1.0", "densenet100_12": "7.0",
    "densenet_bc100_12": "0.8", "densenet_bc250_24": "15.3", "densenet_bc190_40": "25.6",
    "se_resnet50": "28.1", "fcn32s_vgg16": "136",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_drawn(monkeypatch):
    """Weights stay as memory has them, so that a network of full size is built in a moment."""
    for name in ("uniform_", "normal_"):
        monkeypatch.setattr(mt.Tensor, name, lambda tensor, *args, **kwargs: tensor)
    monkeypatch.setattr(nn.init, "trunc_normal_", lambda tensor, *args, **kwargs: tensor)


def count_of(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", models.list_models())
def test_parameters_and_multiply_adds_are_as_stated(name):
    row, model = models.published(name), models.get_model(name)
    assert count_of(model) == row.parameters
    assert models.multiply_adds(model, row.input_size) == row.multiply_adds
    assert row.layers > 0 and row.paper and row.data
    assert (row.top1_error is None and row.top5_error is None) or row.source


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_table(name):
    parameters, billions = TORCHVISION[name]
    row = models.published(name)
    assert round(row.multiply_adds / 1e9, 3) == billions
    assert count_of(models.get_model(name, **WITHOUT_HEADS.get(name, {}))) == parameters


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_tables(name):
    places = len(PAPERS[name].partition(".")[2])
    assert f"{models.published(name).parameters / 1e6:.{places}f}" == PAPERS[name]


def test_the_network_of_1998_layer_by_layer():
    """Section II.B: C1 156, S2 12, C3 1516, S4 32, C5 48120, F6 10164."""
    model = models.lenet_1998()
    assert [count_of(layer) for layer in model.children()] == [156, 12, 1516, 32, 48120, 10164, 0]


def test_multiply_adds_of_single_layers():
    conv = nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2), groups=2)
    assert models.multiply_adds(conv, (4, 9, 8)) == 6 * 5 * 8 * (4 // 2) * 15
    assert models.multiply_adds(nn.Conv2d(3, 2, 3, padding="same"), (3, 5, 7)) == 2 * 35 * 27
    assert models.multiply_adds(nn.ConvTranspose2d(3, 2, 4, stride=2), (3, 5, 7)) == 3 * 35 * 2 * 16
    assert models.multiply_adds(nn.Linear(7, 3), (7,)) == 21
    assert models.multiply_adds(nn.Sequential(nn.ReLU(), nn.BatchNorm2d(3)), (3, 4, 4)) == 0


def test_multiply_adds_agrees_with_the_summary_and_leaves_the_model_alone(capsys):
    model = models.squeezenet1_1(num_classes=10).train()
    kept = dict(model.features[0].__dict__)
    counted = models.multiply_adds(model, (3, 64, 64))
    assert counted == nn.summary(model, (3, 64, 64)).multiply_adds
    assert model.training and model.features[0].__dict__ == kept
    assert "squeeze" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "size", "error", "words"),
    [
        (print, (3, 8, 8), TypeError, "expects a Module"),
        (nn.Conv2d(3, 2, 5), (3, 0, 8), ValueError, "is positive"),
        (nn.Conv2d(3, 2, 5), (3, 4, 8), ValueError, "runs out of pixels"),
    ],
)
def test_multiply_adds_refuses(model, size, error, words):
    with pytest.raises(error, match=words):
        models.multiply_adds(model, size)
    if isinstance(model, nn.Module):
        assert "forward" not in model.__dict__ and model.training
