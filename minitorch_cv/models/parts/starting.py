"""How the weights of a whole network start."""

from __future__ import annotations

from ... import nn


def one_and_zero(model: nn.Module) -> None:
    """Every norm starts as the identity: weight 1, bias 0."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            if module.weight is not None:
                nn.init.ones_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def zero_bias(model: nn.Module) -> None:
    """Linear layers start with bias 0."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


def normal(model: nn.Module, std: float) -> None:
    """Convolutions and linear layers start normal with deviation `std`, biases with 0."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, 0.0, std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def he_fan_out(model: nn.Module) -> None:
    """Convolutions start normal with variance 2 / (out_channels · kernel elements), norms as the
    identity.

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, section 2.2,
    the backward case.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    one_and_zero(model)
