"""`torchvision.models`: the constructors, with trained weights if their files are on this disk."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import models
from ...data import transforms
from .transforms import ToTensor

CONSTRUCTORS = (
    "alexnet", "densenet121", "densenet161", "densenet169", "densenet201", "googlenet",
    "inception_v3", "mobilenet_v2", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
    "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "squeezenet1_0", "squeezenet1_1",
    "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
    "wide_resnet50_2", "wide_resnet101_2",
)  # fmt: skip
CLASSES = (
    "AlexNet", "BasicBlock", "Bottleneck", "DenseNet", "GoogLeNet", "GoogLeNetOutputs",
    "Inception3", "InceptionOutputs", "MobileNetV2", "ResNet", "SqueezeNet", "VGG",
)  # fmt: skip
_WEIGHTS = {name.lower(): name for name in CONSTRUCTORS}


class Weights:
    """`ResNet18_Weights.DEFAULT`: the name of published weights."""

    def __init__(self, model: str, name: str) -> None:
        self.model, self.name = model, name

    def transforms(self) -> Callable[[Any], Any]:
        """What a picture goes through before the network sees it."""
        crop, size = (299, 342) if self.model == "inception_v3" else (224, 256)
        return transforms.Compose([
            transforms.Resize(size), transforms.CenterCrop(crop), ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])  # fmt: skip

    def __repr__(self) -> str:
        return f"{self.model}_Weights.{self.name}"


class WeightsOf:
    """`ResNet18_Weights`, …: DEFAULT, IMAGENET1K_V1 and IMAGENET1K_V2."""

    def __init__(self, model: str) -> None:
        self.DEFAULT = Weights(model, "DEFAULT")
        self.IMAGENET1K_V1 = Weights(model, "IMAGENET1K_V1")
        self.IMAGENET1K_V2 = Weights(model, "IMAGENET1K_V2")


def model(name: str) -> Any:
    """What a name of `torchvision.models` stands for; None where there is nothing."""
    if name in CONSTRUCTORS:
        return constructor(name)
    if name in CLASSES:
        return getattr(models, name)
    if name.endswith("_Weights") and name.removesuffix("_Weights").lower() in _WEIGHTS:
        return WeightsOf(_WEIGHTS[name.removesuffix("_Weights").lower()])
    if name == "list_models":
        return lambda: list(CONSTRUCTORS)
    return get_model if name == "get_model" else None


@functools.cache
def constructor(name: str) -> Callable[..., Any]:
    """A constructor that takes `pretrained=` and torchvision's `weights=`, too."""
    build = getattr(models, name)

    @functools.wraps(build)
    def built(pretrained: Any = None, progress: bool = True, **options: Any) -> Any:
        weights = options.pop("weights", None)
        if isinstance(pretrained, (Weights, str)):  # the first argument may be weights by now
            weights, pretrained = pretrained, None
        path = trained(name) if pretrained or weights is not None else None
        return build(weights=path, progress=progress, **options)

    return built


def get_model(name: str, **options: Any) -> Any:
    """A model by its name. Raises ValueError for a name that torchvision does not have."""
    if name not in CONSTRUCTORS:
        raise ValueError(f"get_model: there is no model {name!r}; there are {list(CONSTRUCTORS)}")
    return constructor(name)(**options)


def trained(name: str) -> Path:
    """The file of trained weights in PyTorch's cache. Raises FileNotFoundError without one."""
    home = os.environ.get("TORCH_HOME") or "~/.cache/torch"
    folder = Path(home).expanduser() / "hub" / "checkpoints"
    found = sorted(folder.glob(f"{name}-*.pth"))
    if not found:
        raise FileNotFoundError(
            f"as_torch: the trained weights of {name} are not here (looked for {name}-*.pth in "
            f"{folder}; TORCH_HOME names another cache); nothing is downloaded: put the file "
            "there, or use weights=None"
        )
    return found[-1]
