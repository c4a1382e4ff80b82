"""Mixed precision, as `torch.amp`: `autocast` casts, `GradScaler` scales the loss."""

from ...autograd.autocasting import autocast, is_autocast_available
from .grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "is_autocast_available"]
