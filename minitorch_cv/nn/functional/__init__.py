"""`nn.functional`, usually imported as `F`: the layers as functions, with PyTorch's arguments."""

from .activation import (
    dropout,
    dropout2d,
    elu,
    leaky_relu,
    log_softmax,
    prelu,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from .linear import conv2d, fold, linear, pad, unfold
from .loss.classes import cross_entropy, l1_loss, mse_loss, nll_loss
from .normalization import batch_norm
from .pooling import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d

__all__ = [
    "adaptive_avg_pool2d", "adaptive_max_pool2d", "avg_pool2d", "batch_norm", "conv2d",
    "cross_entropy", "dropout", "dropout2d", "elu", "fold", "l1_loss", "leaky_relu", "linear",
    "log_softmax", "max_pool2d", "mse_loss", "nll_loss", "pad", "prelu", "relu", "sigmoid",
    "softmax", "tanh", "unfold",
]  # fmt: skip
