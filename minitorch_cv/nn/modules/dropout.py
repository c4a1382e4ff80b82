"""`Dropout`, for elements or whole channels, and the kind that goes with SELU."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class _Dropout(Module):
    """While training, elements are left out at random; in evaluation the input is returned.

        y = x · mask / (1 − p),   mask = 0 with probability p, else 1

    p: the probability with which an element or a channel is dropped. inplace: the input is
    overwritten. Raises ValueError for a p outside [0, 1].

    Source: N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a
    simple way to prevent neural networks from overfitting", JMLR 15, 2014, section 4; scaled while
    training: section 10.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p is a probability between 0 and 1 (got {p})")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """While training, sets each element to 0 with probability p and divides the others by 1 − p.

    Shapes: (…) → the same.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)


class _ChannelDropout(_Dropout):
    """While training, whole channels are left out at random: neighbours in a map are alike.

        y[n, c] = x[n, c] · mask[n, c] / (1 − p),   mask[n, c] = 0 with probability p, else 1

    p: the probability with which a channel is dropped. inplace: the input is overwritten.

    Source: J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, "Efficient object localization
    using convolutional networks", CVPR 2015, section 3.2.
    """


class Dropout1d(_ChannelDropout):
    """Sets each channel of a sequence to 0 with probability p and divides the others by 1 − p.

    Shapes: (N, C, L) → the same; (C, L) → the same.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some channels dropped."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_ChannelDropout):
    """Sets each channel of an image to 0 with probability p and divides the others by 1 − p.

    Shapes: (N, C, H, W) → the same. Three axes are (N, C, L), with a warning, as in PyTorch.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some channels dropped."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_ChannelDropout):
    """Sets each channel of a volume to 0 with probability p and divides the others by 1 − p.

    Shapes: (N, C, D, H, W) → the same; (C, D, H, W) → the same.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some channels dropped."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class _AlphaDropout(_Dropout):
    """While training, SELU's value at −∞ replaces what is dropped; mean 0 and variance 1 stay.

        y = a (x · mask + α′ (1 − mask)) + b,   mask = 0 with probability p, else 1
        α′ = −λα = −1.7581,   q = 1 − p,   a = 1 / √(q + α′² q (1 − q)),   b = −a (1 − q) α′

    p: the probability with which an element or a channel is dropped. inplace is there for
    PyTorch's sake, which does not heed it either: the input is never overwritten.

    Source: G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural
    networks", NIPS 2017, section 2, "New dropout technique".
    """


class AlphaDropout(_AlphaDropout):
    """While training, sets each element to SELU's value at −∞ with probability p, then rescales.

    Shapes: (…) → the same.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some elements dropped."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_AlphaDropout):
    """While training, sets each channel to SELU's value at −∞ with probability p, then rescales.

    Shapes: (N, C, …) → the same.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some channels dropped."""
        return F.feature_alpha_dropout(input, self.p, self.training)
