"""Models by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from .. import nn
from .classic import (
    alexnet,
    alexnet_2012,
    lenet,
    lenet_1998,
    overfeat,
    perceptron,
    vgg,
    zfnet,
)
from .dense import cifar as densenet_cifar
from .dense import densenet
from .inception import googlenet, inception_resnet_v2, inception_v3, inception_v4
from .published import Published
from .resnet import cifar as resnet_cifar
from .resnet import lecture, preact, resnet, squeezed
from .segmentation import fcn, unet
from .small import mobilenet, squeezenet
from .weights import started

# Each file names its models in PUBLISHED and has a constructor of the same name.
FAMILIES = (
    perceptron, lenet_1998, lenet, alexnet_2012, alexnet, zfnet, overfeat, vgg, googlenet,
    inception_v3, inception_v4, inception_resnet_v2, resnet, lecture, resnet_cifar, preact,
    squeezed, densenet, densenet_cifar, squeezenet, mobilenet, fcn, unet,
)  # fmt: skip
_OTHER_NAMES = {"lenet": "LeNet5"}  # models whose constructor is their class
_MODELS: dict[str, Callable[..., nn.Module]] = {
    name: getattr(family, _OTHER_NAMES.get(name, name))
    for family in FAMILIES
    for name in family.PUBLISHED
}
PUBLISHED: dict[str, Published] = {
    name: row for family in FAMILIES for name, row in family.PUBLISHED.items()
}


def list_models() -> list[str]:
    """The names of all models, sorted."""
    return sorted(_MODELS)


def published(name: str) -> Published:
    """What is known of a model: layers, parameters, cost, errors.

    Raises ValueError for a name that is no model.
    """
    _judge(name, "published")
    return PUBLISHED[name]


def meaning(name: str) -> str:
    """One line about a model. Raises ValueError for a name that is no model."""
    _judge(name, "meaning")
    return (_MODELS[name].__doc__ or "").strip().split("\n")[0]


def get_model(name: str, weights: Any = None, **options: Any) -> nn.Module:
    """A new model by its name; the options are those of its class.

    weights: the path of a state dict that it starts with.
    Raises ValueError for a name that is no model, TypeError for an option it does not have.
    """
    _judge(name, "get_model")
    build = _MODELS[name]
    known = options_of(name)
    unknown = [option for option in options if option not in known]
    if unknown:
        raise TypeError(
            f"get_model: {name} has no option {', '.join(unknown)}; it has {', '.join(known)}"
        )
    if "weights" in inspect.signature(build).parameters:
        return build(weights=weights, **options)
    return started(build(**options), weights)


def options_of(name: str) -> list[str]:
    """The keyword arguments that a model may be built with."""
    build = _MODELS[name]
    if inspect.isclass(build):
        return list(inspect.signature(build).parameters)
    own = inspect.signature(build).parameters
    made = get_type_hints(build)["return"]
    passed_on = inspect.signature(made).parameters if "kwargs" in own else ()
    return [o for o in (*own, *passed_on) if o not in ("kwargs", "weights")]


def _judge(name: str, function: str) -> None:
    if name not in _MODELS:
        near = difflib.get_close_matches(str(name), list_models(), 3, 0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "models.list_models() names them all"
        raise ValueError(f"{function}: no model is called {name!r}; {hint}")
