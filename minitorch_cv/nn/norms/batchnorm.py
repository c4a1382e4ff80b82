"""`BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d` (Ioffe & Szegedy 2015)."""

from __future__ import annotations

from typing import Any

from ...autograd.creation import ones, zeros
from ...autograd.tensor import Tensor, tensor
from .. import functional as F  # noqa: N812
from .normalization import _Affine


class _WithStatistics(_Affine):
    """A normalisation by channels that can keep running statistics."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._set_parameters(num_features, device, dtype, weight=affine, bias=affine and bias)
        tracked = (None, None, None)
        if track_running_stats:
            tracked = (
                zeros(num_features, device=device, dtype=dtype),
                ones(num_features, device=device, dtype=dtype),
                tensor(0, device=device),
            )  # type: ignore[assignment]
        for name, buffer in zip(
            ("running_mean", "running_var", "num_batches_tracked"), tracked, strict=True
        ):
            self.register_buffer(name, buffer)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches seen."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()  # type: ignore[union-attr]

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and fresh running statistics."""
        self.reset_running_stats()
        super().reset_parameters()

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_WithStatistics):
    """Each channel of a batch, shifted to mean 0 and scaled to variance 1.

        y = (x − μ) / √(v + eps) · weight + bias
        training: μ, v = mean and biased variance of the channel, over batch and positions
        evaluation: μ, v = running_mean, running_var
        training: running ← (1 − momentum) · running + momentum · μ or n / (n − 1) · v

    eps: added to the variance. momentum: how fast the running statistics follow the batches; None
    makes them the plain average of all batches so far. affine: with learned weight and bias (bias
    can be left out alone). track_running_stats: without it the batch's own statistics are used in
    evaluation too.

    Source: S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", ICML 2015, algorithms 1 and 2.
    """

    def _judge_rank(self, shape: tuple[int, ...]) -> None:
        raise NotImplementedError

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The normalised input; while training the running statistics move on."""
        if isinstance(input, Tensor):
            self._judge_rank(input.shape)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        use_batch = self.training or (self.running_mean is None and self.running_var is None)
        keep = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if keep else None,
            self.running_var if keep else None,
            self.weight, self.bias, use_batch, momentum, self.eps,
        )  # fmt: skip


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of rows or sequences.

    Shapes: (N, C) → (N, C); (N, C, L) → (N, C, L), with C = num_features.
    """

    def _judge_rank(self, shape: tuple[int, ...]) -> None:
        if len(shape) not in (2, 3):
            raise ValueError(f"BatchNorm1d: input is (N, C) or (N, C, L) (got shape {shape})")


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images.

    Shapes: (N, C, H, W) → (N, C, H, W), with C = num_features.
    """

    def _judge_rank(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 4:
            raise ValueError(
                f"BatchNorm2d: input is (N, C, H, W) (got shape {shape}); "
                "add a batch axis with x.unsqueeze(0)"
            )


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of volumes.

    Shapes: (N, C, D, H, W) → (N, C, D, H, W), with C = num_features.
    """

    def _judge_rank(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 5:
            raise ValueError(
                f"BatchNorm3d: input is (N, C, D, H, W) (got shape {shape}); "
                "add a batch axis with x.unsqueeze(0)"
            )
