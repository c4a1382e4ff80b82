"""What several families are built of."""

from .activated_sum import activated_sum
from .conv_norm import Conv2dNormActivation, conv1x1, conv3x3
from .squeeze_excitation import SqueezeExcitation
from .starting import he_fan_out, normal, one_and_zero, zero_bias
from .stochastic_depth import StochasticDepth, stochastic_depth

__all__ = [
    "Conv2dNormActivation", "SqueezeExcitation", "StochasticDepth", "activated_sum", "conv1x1",
    "conv3x3", "he_fan_out", "normal", "one_and_zero", "stochastic_depth", "zero_bias",
]  # fmt: skip
