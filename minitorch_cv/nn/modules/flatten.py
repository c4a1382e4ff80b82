"""`Flatten` and `Unflatten`: axes joined and split."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from ..core.module import Module


class Flatten(Module):
    """Joins the axes from start_dim to end_dim (included).

        y[n, (c H + p) W + q] = x[n, c, p, q]

    Shapes: (N, C, H, W) → (N, C·H·W); in general (…, S_a, …, S_b, …) → (…, S_a ⋯ S_b, …).
    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998,
    section II.B (from feature maps to a fully connected layer).
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The same elements with those axes joined."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits one axis into several sizes, of which one may be −1: Flatten undone.

        y[n, c, p, q] = x[n, (c H + p) W + q]

    Shapes: (N, C·H·W) → (N, C, H, W); in general (…, S_a ⋯ S_b, …) → (…, S_a, …, S_b, …).
    Raises TypeError unless dim is an int and unflattened_size a tuple or list of ints.
    Source: A. Radford, L. Metz, S. Chintala, "Unsupervised representation learning with deep
    convolutional generative adversarial networks", 2016, figure 1 (project and reshape).
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        if not isinstance(dim, int) or isinstance(dim, bool):
            raise TypeError(f"Unflatten: dim is an int (got {dim!r}); named axes do not exist here")
        sizes = unflattened_size if isinstance(unflattened_size, (tuple, list)) else None
        if sizes is None or not all(isinstance(size, int) for size in sizes):
            raise TypeError(
                f"Unflatten: unflattened_size is a tuple of ints (got {unflattened_size!r})"
            )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The same elements with that axis split."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
