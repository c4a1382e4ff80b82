"""`InstanceNorm1d`, `InstanceNorm2d` and `InstanceNorm3d` (Ulyanov et al. 2016)."""

from __future__ import annotations

import warnings
from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from .batchnorm import _WithStatistics

_AXES = {1: "L", 2: "H, W", 3: "D, H, W"}


class _InstanceNorm(_WithStatistics):
    """Each channel of each sample, shifted to mean 0 and scaled to variance 1.

        y = (x − μ) / √(v + eps) · weight + bias
        μ, v = mean and biased variance over the positions of one channel of one sample
        evaluation with track_running_stats: μ, v = running_mean, running_var

    eps: added to the variance. affine: with learned weight and bias for each channel (bias can be
    left out alone); without it num_features is not used. track_running_stats: keeps running
    statistics, which follow the mean over the samples of a batch by `momentum`, as BatchNorm does.

    Source: D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance normalization: the missing ingredient
    for fast stylization", 2016, equation 7.
    """

    _positions = 0  # how many axes follow the channels

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The normalised input; while training, running statistics move on where there are some."""
        if not isinstance(input, Tensor):
            return F.instance_norm(input)
        self._judge(input.array.shape)
        batched = input.ndim == self._positions + 2
        y = F.instance_norm(
            input if batched else input.unsqueeze(0),
            self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum, self.eps,
        )  # fmt: skip
        return y if batched else y.squeeze(0)

    def _judge(self, shape: tuple[int, ...]) -> None:
        """Raises ValueError for a wrong number of axes, or channels that do not fit."""
        name, axes = type(self).__name__, _AXES[self._positions]
        if len(shape) not in (self._positions + 1, self._positions + 2):
            raise ValueError(f"{name}: input is (N, C, {axes}) or (C, {axes}) (got shape {shape})")
        C = shape[-self._positions - 1]
        if self.num_features == C:
            return
        text = f"{name}: input has {C} channels, but num_features is {self.num_features}"
        if self.affine:
            raise ValueError(f"{text} (got shape {shape}); use {name}({C}, affine=True)")
        warnings.warn(f"{text}, which is not used without affine; use {name}({C})", stacklevel=4)


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation of sequences.

    Shapes: (N, C, L) → (N, C, L); (C, L) → (C, L), with C = num_features.
    """

    _positions = 1


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation of images.

    Shapes: (N, C, H, W) → (N, C, H, W); (C, H, W) → (C, H, W), with C = num_features.
    """

    _positions = 2


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of volumes.

    Shapes: (N, C, D, H, W) → (N, C, D, H, W); (C, D, H, W) → (C, D, H, W), with C = num_features.
    """

    _positions = 3
