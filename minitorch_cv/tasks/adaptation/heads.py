"""The head of a network: the layer that gives the scores, found and replaced.

In nearly all networks of models/ it is the linear layer or convolution that was registered last.
LeNet of 1998 ends in RBF units with fixed codes, for which a linear layer comes; FCN has a layer of
scores for each map that it looks at, and all of them are new.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...models import FCN, LeNet1998

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_AUXILIARY = ("aux1", "aux2", "AuxLogits")  # heads in the middle of GoogLeNet and Inception v3
_OF_FCN = ("upscore2", "score_pool4", "upscore_pool4", "score_pool3", "upscore")


def find_head(model: nn.Module) -> str:
    """The dotted name of the layer that gives the scores.

    Raises TypeError for a network without a linear layer or convolution.
    """
    if isinstance(model, LeNet1998):
        return "output"
    if isinstance(model, FCN):
        return "classifier.6"
    names = [n for n, m in model.named_modules() if isinstance(m, (nn.Linear, *_CONVOLUTIONS))]
    if not names or names[-1] == "":
        raise TypeError(
            f"find_head: {type(model).__name__} has no linear layer or convolution inside it that "
            "gives scores; put one at its end"
        )
    return names[-1]


def replace_head(model: nn.Module, classes: int) -> str:
    """Puts a new layer for `classes` classes in place of the head; answers its name.

    The new layer has the form of the old one (inputs, window, stride, bias, device, dtype) and
    starts as such a layer starts. Auxiliary heads get new last layers, too.
    Raises ValueError for fewer than one class, TypeError for a network without a head.
    """
    if not isinstance(classes, int) or classes < 1:
        raise ValueError(f"replace_head: classes is a whole number of at least 1 (got {classes!r})")
    name = find_head(model)
    _put(model, name, _like(model.get_submodule(name), classes))
    for side in _AUXILIARY:
        part = getattr(model, side, None)
        if isinstance(part, nn.Module):
            inner = find_head(part)
            _put(part, inner, _like(part.get_submodule(inner), classes))
    if isinstance(model, FCN):
        fresh = FCN(model.stride, classes, width=1)
        for part_name in _OF_FCN:
            if hasattr(model, part_name):
                setattr(model, part_name, getattr(fresh, part_name))
    if hasattr(model, "num_classes"):
        model.num_classes = classes
    return name


def _like(layer: Any, classes: int) -> nn.Module:
    """A new layer of the same form with `classes` outputs."""
    if not isinstance(layer, (nn.Linear, *_CONVOLUTIONS)):
        codes = layer.codes  # the RBF units of LeNet5 of 1998
        return nn.Linear(codes.shape[1], classes, device=codes.device, dtype=codes.dtype)
    same: dict[str, Any] = {
        "bias": layer.bias is not None,
        "device": layer.weight.device,
        "dtype": layer.weight.dtype,
    }
    if isinstance(layer, nn.Linear):
        return nn.Linear(layer.in_features, classes, **same)
    return type(layer)(
        layer.in_channels, classes, layer.kernel_size, layer.stride, layer.padding,
        layer.dilation, **same,
    )  # fmt: skip


def _put(model: nn.Module, name: str, layer: nn.Module) -> None:
    """Sets a module by its dotted name; containers take numbers as names."""
    before, _, last = name.rpartition(".")
    owner = model.get_submodule(before) if before else model
    setattr(owner, last, layer.train(owner.training))
