"""What the Inception networks share: convolution with batch norm and ReLU, windows side by side."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..parts import one_and_zero
from ..weights import read


class BasicConv2d(nn.Module):
    """Convolution without bias, batch norm (ε = 0.001), ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """relu(bn(conv(x)))."""
        return F.relu(self.bn(self.conv(x)))


def scaled_as_tensorflow(x: Tensor) -> Tensor:
    """Images normalised by ImageNet's mean and deviation → normalised by 0.5 and 0.5."""
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    maps = [
        x[:, c : c + 1] * (deviations[c] / 0.5) + (means[c] - 0.5) / 0.5 for c in range(3)
    ]  # each (N, 1, H, W)
    return cat(maps, 1)


def start_truncated(model: nn.Module, std: float) -> None:
    """Convolutions and linear layers normal within ± 2, with deviation std or their `stddev`."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            own = float(getattr(module, "stddev", std))
            nn.init.trunc_normal_(module.weight, 0.0, own, -2, 2)
    one_and_zero(model)


def with_stored_heads(
    kind: Any, weights: Any, prefix: str, wanted: bool, options: dict[str, Any]
) -> Any:
    """The model with `weights` in it; it has auxiliary heads where they hold some (`prefix`).

    Published weights were trained on images scaled as TensorFlow does, which the model then does.
    """
    state = read(weights)
    stored = any(key.startswith(prefix) for key in state)
    given = {"transform_input": True} | options | {"init_weights": False}
    model = kind(aux_logits=stored or wanted, **given)
    model.load_state_dict(state)
    return model
