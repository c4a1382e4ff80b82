"""`convert_to_fully_convolutional`: a classifier that slides over larger images.

Source: P. Sermanet et al., "OverFeat", ICLR 2014, section 3.5; J. Long, E. Shelhamer, T. Darrell,
"Fully convolutional networks for semantic segmentation", CVPR 2015, section 3.1.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor


class FullyConvolutional(nn.Module):
    """features, then the classifier as convolutions: a map of scores instead of one vector.

    (N, 3, H, W) → (N, num_classes, H', W'), H' = 1 at the classifier's own image size
    """

    def __init__(self, features: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        """Scores at every place where the classifier's window fits."""
        return self.classifier(self.features(x))


def convert_to_fully_convolutional(
    model: Any, window: tuple[int, int] | None = None
) -> FullyConvolutional:
    """A VGG, AlexNet, ZFNet or OverFeat whose linear layers are convolutions with the same weights.

    The first linear layer (M, C · KH · KW) becomes a KH × KW convolution (M, C, KH, KW), the others
    1 × 1. window: KH and KW; by default the size to which the model's avgpool pools, or a square.
    At the model's own image size the answer is its scores; larger images give one vector for each
    place, as if the model had been run on every crop, but much cheaper. `features` are the model's
    own, shared; the classifier is a copy.

    Raises TypeError for a model without features and classifier, ValueError where the first linear
    layer does not fit the window.
    """
    if not hasattr(model, "features") or not isinstance(
        getattr(model, "classifier", None), nn.Sequential
    ):
        raise TypeError(
            "convert_to_fully_convolutional: expects a model with features and a Sequential "
            f"classifier, as VGG has (got {type(model).__name__})"
        )
    linear = [layer for layer in model.classifier if isinstance(layer, nn.Linear)]
    if not linear:
        raise TypeError("convert_to_fully_convolutional: the classifier has no linear layer")
    channels = [m.out_channels for m in model.features.modules() if isinstance(m, nn.Conv2d)][-1]
    rows, columns = window or _window_of(model, linear[0].in_features // channels)
    if rows * columns * channels != linear[0].in_features:
        raise ValueError(
            f"convert_to_fully_convolutional: a window of {rows} × {columns} on {channels} maps "
            f"has {rows * columns * channels} numbers (got a linear layer of "
            f"{linear[0].in_features}); give the window"
        )
    layers: list[nn.Module] = []
    for layer in model.classifier:
        if isinstance(layer, nn.Linear):
            size = (rows, columns) if layer is linear[0] else (1, 1)
            layers.append(_as_convolution(layer, size))
        else:
            layers.append(type(layer)(layer.p) if isinstance(layer, nn.Dropout) else layer)
    converted = FullyConvolutional(model.features, nn.Sequential(*layers))
    return converted.train(model.training)


def _window_of(model: Any, places: int) -> tuple[int, int]:
    pool = getattr(model, "avgpool", None)
    if pool is not None:
        size = pool.output_size
        return (size, size) if isinstance(size, int) else (size[0], size[1])
    side = round(places**0.5)
    return side, side


def _as_convolution(layer: Any, size: tuple[int, int]) -> nn.Conv2d:
    channels = layer.in_features // (size[0] * size[1])
    conv = nn.Conv2d(
        channels, layer.out_features, size, bias=layer.bias is not None,
        device=layer.weight.device, dtype=layer.weight.dtype,
    )  # fmt: skip
    with no_grad():
        conv.weight.copy_(layer.weight.reshape(conv.weight.shape))  # (M, C, KH, KW)
        if conv.bias is not None:
            conv.bias.copy_(layer.bias)
    return conv
