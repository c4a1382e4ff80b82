"""The gradient of a small copy of each family, end to end in float64, while it trains."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models
from minitorch_cv.testing import gradcheck

sys.path.insert(0, str(Path(__file__).resolve().parent))

from narrow import narrow  # noqa: E402

# name: (image, factor by which channels are divided, options)
CASES = {
    "linear_classifier": ((1, 4, 4), 1, {"in_features": 16}),
    "three_layer_perceptron": ((1, 4, 4), 1, {"in_features": 16, "hidden": (7, 6)}),
    "lenet": ((1, 28, 28), 2, {"image_size": 28}),
    "lenet_1998": ((1, 32, 32), 1, {}),
    "alexnet": ((3, 63, 63), 16, {}),
    "alexnet_2012": ((3, 227, 227), 32, {}),
    "zfnet": ((3, 224, 224), 32, {}),
    "overfeat_fast": ((3, 231, 231), 32, {}),
    "vgg11_lrn": ((3, 32, 32), 16, {}),
    "vgg11_bn": ((3, 32, 32), 16, {}),
    "googlenet": ((3, 32, 32), 16, {}),
    "inception_v3": ((3, 75, 75), 16, {"aux_logits": False}),
    "inception_v4": ((3, 75, 75), 16, {"modules": (1, 1, 1)}),
    "inception_resnet_v2": ((3, 75, 75), 16, {"modules": (1, 1, 1)}),
    "resnet18": ((3, 32, 32), 16, {}),
    "resnet50": ((3, 32, 32), 16, {}),
    "resnet18_lecture": ((3, 32, 32), 16, {}),
    "se_resnet50": ((3, 32, 32), 16, {}),
    "resnet20": ((3, 16, 16), 1, {"widths": (2, 4, 8)}),
    "resnet32": ((3, 16, 16), 4, {"option": "B"}),
    "preact_resnet110": ((3, 8, 8), 4, {}),
    "wide_resnet16_8": ((3, 8, 8), 16, {}),
    "densenet121": ((3, 32, 32), 32, {"bn_size": 1}),
    "densenet40_12": ((3, 8, 8), 2, {}),
    "squeezenet1_1": ((3, 32, 32), 4, {}),
    "mobilenet_v2": ((3, 32, 32), 8, {}),
    "unet": ((1, 44, 44), 1, {"width": 2, "depth": 2}),
    "unet_same": ((1, 8, 8), 1, {"width": 2, "depth": 2, "bilinear": True}),
    "fcn8s_vgg16": ((3, 16, 16), 32, {"num_classes": 3}),
}


def along(model, directions=2):
    """A function (x, t) → outputs, where every parameter has moved by t · (random directions).

    The two numbers t stand for all parameters at once: each has its say in the derivative.
    """
    rng = np.random.default_rng(0)
    places = [
        (module, name, p.detach(),
         [mt.tensor(rng.normal(size=p.shape) * 0.1) for _ in range(directions)])
        for module in model.modules()
        for name, p in module._parameters.items()
        if p is not None
    ]  # fmt: skip

    def moved(x, t):
        for module, name, start, steps in places:
            module._parameters[name] = start + sum(t[k] * step for k, step in enumerate(steps))
        y = model(x)
        parts = y if isinstance(y, tuple) else (y,)
        return mt.cat([part.flatten(1) for part in parts], 1)

    return moved


@pytest.mark.parametrize("name", CASES)
def test_end_to_end(name):
    image, factor, options = CASES[name]
    mt.manual_seed(0)
    with narrow(mt, factor):
        model = models.get_model(name, **options).to(mt.float64)
    for module in model.modules():
        if isinstance(module, (mt.nn.Conv2d, mt.nn.Linear)):  # some start too small to be measured
            mt.nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, (mt.nn.Dropout, mt.nn.Dropout2d)):
            module.p = 0.0
    x = mt.tensor(np.random.default_rng(1).normal(size=(2, *image)), requires_grad=True)
    t = mt.tensor(np.zeros(2), requires_grad=True)
    result = gradcheck(along(model), (x, t), eps=1e-6)
    assert result, f"{name}: {result}"
    assert {report.verdict for report in result.inputs} == {"PASS"}
