"""Every model that torchvision has, too: names and shapes of all weights, and one training step.

The steps run on narrow copies (an eighth of the channels, all layers), with the same drawn weights
on both sides: outputs, gradients of all parameters and buffers, while training and in evaluation.
float64 agrees to 1e-8. float32 agrees to 1e-4 or, where a sum cancels or a hundred layers add up
their rounding, to fifteen times what PyTorch's own float32 is away from its float64: in training
Inception v3 needs eleven, and nine with the reference in place of the convolution kernels.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "models")]

import beside_torchvision as beside  # noqa: E402
from narrow import narrow  # noqa: E402

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

THEIRS = [
    "alexnet", "densenet121", "densenet161", "densenet169", "densenet201", "googlenet",
    "inception_v3", "mobilenet_v2", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
    "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "squeezenet1_0", "squeezenet1_1",
    "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
    "wide_resnet50_2", "wide_resnet101_2",
]  # fmt: skip
FACTOR = 8  # by which copies are narrowed
CLASSES = 10 * FACTOR


@pytest.fixture(scope="module")
def theirs():
    return beside.torchvision_models()


@pytest.fixture
def nothing_drawn(monkeypatch):
    """Weights stay as memory has them, so that a network of full size is built in a moment."""
    for name in ("uniform_", "normal_"):
        monkeypatch.setattr(mt.Tensor, name, lambda tensor, *args, **kwargs: tensor)
    monkeypatch.setattr(mt.nn.init, "trunc_normal_", lambda tensor, *args, **kwargs: tensor)


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_same_names_and_shapes(name, theirs, nothing_drawn):
    with torch.device("meta"):
        expected = getattr(theirs, name)()
    model = mt.models.get_model(name)
    assert [(key, tuple(v.shape)) for key, v in model.state_dict().items()] == [
        (key, tuple(v.shape)) for key, v in expected.state_dict().items()
    ]
    assert [key for key, _ in model.named_modules()] == [key for key, _ in expected.named_modules()]


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_one_step(name, theirs):
    pair = narrow_pair(theirs, name)
    drawn = beside.draw(pair[0].state_dict())

    def step(kind, training):
        size = 64 if name != "inception_v3" else 299 if training else 75
        x = np.random.default_rng(1).normal(size=(2 if size > 100 else 4, 3, size, size))
        return [
            beside.results(library, beside.load(library, m, drawn, kind), x.astype(kind), training)
            for library, m in zip((torch, mt), pair, strict=True)
        ]

    exact, ours = step("float64", False)
    compare(exact, ours, exact, 1e-8, f"{name}, evaluation, float64")
    with mt.use_kernels(winograd=False):
        compare(*step("float32", False), exact, 1e-4, f"{name}, evaluation, float32")
    coarser = 5e-4  # Winograd's bound is five times that of the other kernels
    compare(*step("float32", False), exact, coarser, f"{name}, evaluation, float32, Winograd")
    exact, ours = step("float64", True)
    compare(exact, ours, exact, 1e-8, f"{name}, training, float64")
    with beside.smooth(torch), beside.smooth(mt):
        exact, _ = step("float64", True)
        compare(*step("float32", True), exact, 1e-4, f"{name}, training, float32")


def narrow_pair(theirs, name):
    """torchvision's model and ours, both narrow, without dropout."""
    with narrow(torch, FACTOR):
        expected = getattr(theirs, name)(num_classes=CLASSES)
    with narrow(mt, FACTOR):
        model = mt.models.get_model(name, num_classes=CLASSES)
    for module in (*expected.modules(), *model.modules()):
        if type(module).__name__ == "Dropout":
            module.p = 0.0
    return expected, model


def compare(expected, got, exact, bound, where):
    """Outputs, gradients and buffers: (theirs, ours, theirs in float64) of the same step."""
    for theirs_, ours, truth in zip(expected, got, exact, strict=True):
        assert ours.keys() == theirs_.keys() == truth.keys(), where
        largest = max((np.abs(value).max() for value in truth.values()), default=0.0)
        scales = {name: np.abs(v).max() + 1e-4 * largest + 1e-300 for name, v in truth.items()}
        rounding = {name: np.abs(theirs_[name] - v).max() / scales[name]
                    for name, v in truth.items()}  # fmt: skip
        usual = np.quantile(list(rounding.values()), 0.9) if rounding else 0.0
        for name, scale in scales.items():
            allowed = max(bound, 15 * usual, 15 * rounding[name])
            error = np.abs(ours[name] - theirs_[name]).max() / scale
            assert ours[name].dtype == theirs_[name].dtype, f"{where}: {name}"
            assert error <= allowed, f"{where}: {name}: {error:.1e} > {allowed:.1e}"


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_dilation_and_other_options(name, theirs):
    options = {
        "resnet50": {"replace_stride_with_dilation": [False, True, True]},
        "googlenet": {"transform_input": True, "aux_logits": False},
        "densenet121": {"bn_size": 2, "drop_rate": 0.5},
    }[name]
    with narrow(torch, FACTOR):
        expected = getattr(theirs, name)(num_classes=CLASSES, **options)
    with narrow(mt, FACTOR):
        model = mt.models.get_model(name, num_classes=CLASSES, **options)
    drawn = beside.draw(expected.state_dict())
    x = np.random.default_rng(1).normal(size=(2, 3, 64, 64))
    outputs = [
        beside.results(library, beside.load(library, m, drawn, "float64"), x, False)
        for library, m in ((torch, expected), (mt, model))
    ]
    np.testing.assert_allclose(
        outputs[1][0]["output 0"], outputs[0][0]["output 0"], rtol=1e-8, atol=1e-12
    )


@pytest.mark.parametrize(
    "name",
    ["resnet18", "vgg11_bn", "squeezenet1_1", "mobilenet_v2", "densenet121", "googlenet",
     "inception_v3"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_start_alike(name, theirs):
    """Mean and deviation of what each layer draws, in the larger weights."""
    torch.manual_seed(0)
    mt.manual_seed(0)
    expected, model = narrow_pair(theirs, name)
    for key, value in expected.state_dict().items():
        ours, other = model.state_dict()[key].numpy(), value.numpy()
        if ours.size > 2000:
            spread = other.std()
            assert abs(ours.std() - spread) < 0.15 * spread, key
            assert abs(ours.mean() - other.mean()) < 0.15 * spread, key
        elif key.endswith("bias") and not other.any():
            assert not ours.any(), key
        elif (other == 1).all():
            assert (ours == 1).all(), key
