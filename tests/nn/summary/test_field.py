"""Receptive fields: those of the article's table, and those that gradients show."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn
from minitorch_cv.models.cost import undrawn
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.nn.summary import measure

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models"))

from narrow import narrow  # noqa: E402


def big(name, **options):
    with undrawn():
        return models.get_model(name, **options)


def rows(model, *size):
    """The rows by the full names of their modules."""
    names = {}
    path: list[str] = []
    for row in measure(model, size).rows:
        path = [*path[: row.depth], row.name]
        names[".".join(path[1:])] = row
    return names


# Araujo, Norris, Sim 2019, table 1 (and Simonyan & Zisserman's VGG-16, worked out by hand).
@pytest.mark.parametrize(
    ("name", "layer", "field", "jump", "padding"),
    [
        ("alexnet", "features.12", 195, 32, 66),
        ("vgg16", "features.28", 196, 16, 90),
        ("vgg16", "features.30", 212, 32, 90),
        ("inception_v3", "Mixed_7c", 1311, 32, 618),
        ("inception_resnet_v2", "conv2d_7b", 3039, 32, None),
    ],
)
def test_published_fields(name, layer, field, jump, padding):
    row = rows(big(name), *models.published(name).input_size)[layer]
    assert row.receptive_field == (field, field)
    assert [span.jump for span in row.field] == [jump] * 2
    if padding is not None:
        assert [-span.start for span in row.field] == [padding] * 2


@pytest.mark.parametrize(
    ("name", "field", "paper"), [("resnet50", 427, 483), ("resnet101", 971, 1027)]
)
def test_resnets_with_the_stride_of_torchvision_and_of_the_paper(name, field, paper):
    """The table has the paper's networks, which halve the size in the first 1 × 1."""
    model = big(name)
    assert rows(model, 3, 224, 224)["layer4"].receptive_field == (field, field)
    for stage in (model.layer2, model.layer3, model.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    assert rows(model, 3, 224, 224)["layer4"].receptive_field == (paper, paper)


def test_the_whole_image_from_global_pooling_on():
    found = rows(big("resnet18"), 3, 64, 64)
    assert found["avgpool"].receptive_field == found["fc"].receptive_field == (None, None)
    assert found[""].receptive_field == (None, None)
    gated = rows(big("se_resnet50"), 3, 64, 64)
    assert gated["layer1.0.bn3"].receptive_field == (19, 19)
    assert gated["layer1.0.se"].receptive_field == (None, None)  # the gate has seen all
    assert rows(big("linear_classifier"), 3, 32, 32)[""].receptive_field == (None, None)
    assert measure(nn.Linear(4, 2), (4,)).rows[0].field is None


# By brute force: which pixels of the image have a gradient.


def all_ones(model):
    """Every weight 1 and every bias 0, so that nothing cancels; norms are the identity."""
    for module in model.modules():
        for name, p in module._parameters.items():
            if p is not None:
                p.array[...] = 1.0 if name == "weight" else 0.0
    return model.to(mt.float64).eval()


def seen(model, layer, size, place):
    """[first, last] of the pixels along each axis that reach one pixel of a layer's output."""
    outputs = []
    module = dict(model.named_modules())[layer]
    handle = module.register_forward_hook(lambda m, args, y: outputs.append(y))
    x = mt.tensor(np.ones((1, *size)), requires_grad=True)
    model(x)
    handle.remove()
    y = outputs[-1]
    p = [int(round(place * (n - 1))) for n in y.shape[2:]]
    y[(0, slice(None), *p)].sum().backward()
    hit = x.grad.numpy()[0].sum(0) != 0
    ends = []
    for axis in range(hit.ndim):
        along = np.flatnonzero(hit.any(tuple(k for k in range(hit.ndim) if k != axis)))
        ends.append((int(along[0]), int(along[-1])))
    return p, ends


def as_told(row, p, size):
    """The same from the summary, cut off at the edges of the image."""
    ends = []
    for span, place, n in zip(row.field, p, size[1:], strict=True):
        first = span.start + place * span.jump
        ends.append((max(int(first), 0), min(int(first + span.size - 1), n - 1)))
    return ends


class Meeting(nn.Module):
    """Paths of several lengths that meet in a sum, a concatenation and in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3, stride=2, padding=1)
        self.long = nn.Sequential(nn.Conv2d(2, 2, 5, padding=2), nn.Conv2d(2, 2, 3, padding=1))
        self.wide = nn.Conv2d(2, 2, (1, 7), padding=(0, 3))
        self.last = nn.Conv2d(4, 1, 3, padding=2, dilation=2)

    def forward(self, x):
        x = self.stem(x)
        y = self.long(x)
        y = y + x
        return self.last(mt.cat([y, F.relu(self.wide(x))], 1))


class Cut(nn.Module):
    """Padding, slices, transposed axes, every second pixel."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, (3, 5))

    def forward(self, x):
        y = self.conv(F.pad(x, (2, 1, 0, 3)))[:, :, 2:, 1:-1]
        return F.avg_pool2d(y[..., ::2, ::3].transpose(2, 3), (2, 3), stride=1)


def sequence():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(2),
        nn.AvgPool2d(3, 2, ceil_mode=True), nn.Conv2d(2, 1, (2, 3), dilation=(3, 1)),
    )  # fmt: skip


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("build", "size"), [(Meeting, 40), (Cut, 45), (sequence, 61)])
def test_gradients_show_the_field(build, size, place):
    image = (1, size, size + 6)
    model = all_ones(build())
    p, ends = seen(model, "", image, place)
    row = rows(model, *image)[""]
    assert as_told(row, p[::-1] if build is Cut else p, image) == ends  # Cut turns the image


@pytest.mark.parametrize(
    ("name", "layer", "size", "factor", "options"),
    [
        ("resnet20", "layer3", 96, 1, {"widths": (2, 4, 8)}),
        ("resnet18", "layer3", 256, 32, {}),
        ("densenet40_12", "features.transition2", 160, 2, {}),
        ("googlenet", "inception4a", 320, 16, {}),
        ("squeezenet1_1", "features.9", 160, 4, {}),
    ],
)
def test_gradients_show_the_fields_of_networks(name, layer, size, factor, options):
    with narrow(mt, factor):
        model = models.get_model(name, **options)
    for parent in list(model.modules()):
        for key, child in list(parent._modules.items()):
            if isinstance(child, nn.MaxPool2d):  # whose gradient goes to one pixel alone
                parent._modules[key] = nn.AvgPool2d(
                    child.kernel_size, child.stride, child.padding, child.ceil_mode
                )
    model = all_ones(model)
    image = (3, size, size)
    p, ends = seen(model, layer, image, 0.5)
    assert as_told(rows(model, *image)[layer], p, image) == ends
    assert ends[0][0] > 0 and ends[0][1] < size - 1  # nothing is cut off by the edges


@pytest.mark.parametrize(
    "up",
    [
        lambda: nn.ConvTranspose2d(1, 1, 2, stride=2),
        lambda: nn.ConvTranspose2d(1, 1, 5, stride=2, padding=2, output_padding=1),
        lambda: nn.ConvTranspose2d(1, 1, 3, stride=1, dilation=2),
        lambda: nn.Upsample(scale_factor=2),
        lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
        lambda: nn.Upsample(scale_factor=3, mode="bilinear", align_corners=True),
    ],
)
def test_growing_maps_have_the_largest_field_of_all_places(up):
    """There the fields of neighbours differ; the summary names the largest."""
    image = (1, 48, 48)
    model = all_ones(nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), nn.Conv2d(1, 1, 3), up()))
    (span, _) = rows(model, *image)[""].field
    x = mt.tensor(np.ones((1, *image)), requires_grad=True)
    y = model(x)
    widths = []
    for p in range(y.shape[2] // 2 - 3, y.shape[2] // 2 + 4):
        x.grad = None
        y[0, 0, p, p].backward(retain_graph=True)
        along = np.flatnonzero(x.grad.numpy()[0, 0].any(1))
        widths.append(along[-1] - along[0] + 1)
    assert max(widths) == span.size


def test_sums_in_place_join_paths():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.near, self.far = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 7, padding=3)

        def forward(self, x):
            y = self.near(x)
            y += self.far(x)
            return F.relu(y, inplace=True)

    model = all_ones(InPlace())
    row = rows(model, 1, 20, 20)[""]
    assert row.receptive_field == (7, 7) and row.memory == 0
    p, ends = seen(model, "", (1, 20, 20), 0.5)
    assert as_told(row, p, (1, 20, 20)) == ends


class Called(nn.Module):
    """A function as a model."""

    def __init__(self, function):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, stride=2)
        self.function = function

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    ("function", "field", "jump"),
    [
        (lambda x: x.reshape(1, 2, -1), (None, None), None),
        (lambda x: x.unsqueeze(0).squeeze(0), (3, 3), 2),
        (lambda x: x.unfold(2, 2, 2).amax(-1), (None, 3), None),
        (lambda x: x.softmax(1), (3, 3), 2),
        (lambda x: F.prelu(x, mt.ones(2)), (3, 3), 2),
        (lambda x: x + mt.ones(4, 2, 7, 7), (3, 3), 2),
        (lambda x: F.pixel_shuffle(x.repeat(1, 2, 1, 1), 2), (None, None), None),
        (lambda x: x.gather(2, mt.zeros(1, 2, 7, 7).long()), (None, None), None),
        (lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2), (None, None), None),
        (lambda x: x.softmax(2), (None, 3), None),
        (lambda x: x.mean(3), (3, None), None),
        (lambda x: x[:, :, 1:, [0, 2]], (3, None), None),
        (lambda x: x[:, 0, None, ..., ::2], (3, 3), None),
        (lambda x: x * x.mean((2, 3), keepdim=True), (None, None), None),
        (lambda x: x.sum() + x, (None, None), None),
        (lambda x: x @ mt.ones(x.shape[-1], 4), (3, None), None),
        (lambda x: mt.cat([x, x], 2), (None, 3), None),
        (lambda x: F.layer_norm(x, x.shape[3:]), (3, None), None),
        (lambda x: F.group_norm(x, 2), (None, None), None),
        (lambda x: F.batch_norm(x, None, None, training=True), (None, None), None),
        (lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"), (9, 9), 1),
        (lambda x: F.adaptive_avg_pool2d(x, x.shape[2:]), (3, 3), 2),
        (lambda x: F.adaptive_max_pool2d(x, (1, None)), (None, 3), None),
        (lambda x: F.adaptive_avg_pool2d(x, 4), (7, 7), None),
        (lambda x: F.unfold(x, 3), (None, None), None),
        (lambda x: F.local_response_norm(x, 2).double(), (3, 3), 2),
        (lambda x: mt.zeros(1, 3), (), None),
    ],
)
def test_rules(function, field, jump):
    row = rows(Called(function), 2, 15, 15)[""]
    assert row.receptive_field == field
    if jump is not None:
        assert [span.jump for span in row.field] == [jump] * 2


def test_volumes_have_fields_too():
    model = nn.Sequential(nn.Conv3d(2, 3, 5, stride=2), nn.MaxPool3d(3))
    row = measure(model, (1, 2, 20, 20, 20)).rows[-1]
    assert row.receptive_field == (9,) * 3 and [span.jump for span in row.field] == [6] * 3
