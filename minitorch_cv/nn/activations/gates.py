"""The sigmoid, the activations that are gated by it or by a relative, and maxout."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module
from ..modules.linear import Linear
from .activation import Elementwise, InPlace


class Sigmoid(Elementwise):
    """Squashes to (0, 1): a probability out of its log-odds.

        y = σ(x) = 1 / (1 + e⁻ˣ)

    Shapes: (…) → (…); integers become floats.
    Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, section 3.10.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """1 / (1 + e⁻ˣ)."""
        return F.sigmoid(input)


class LogSigmoid(Elementwise):
    """The logarithm of the sigmoid, accurate also where the sigmoid is nearly 0 or 1.

        y = log σ(x) = min(x, 0) − log(1 + e^−|x|)

    Shapes: (…) → (…).
    Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, section 3.10.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """log(1 / (1 + e⁻ˣ))."""
        return F.logsigmoid(input)


class Hardsigmoid(InPlace):
    """A sigmoid of three straight lines; the derivative at −3 and 3 is 0.

        y = min(max(x / 6 + 1/2, 0), 1)

    Shapes: (…) → (…). Source: M. Courbariaux, Y. Bengio, J. David, "BinaryConnect", NIPS 2015,
    section 2.3; with these slopes A. Howard et al., "Searching for MobileNetV3", ICCV 2019, 5.2.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x/6 + 1/2 limited to [0, 1]."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""  # as PyTorch has it


class SiLU(InPlace):
    """x gated by its own sigmoid; also called swish.

        y = x σ(x)

    Shapes: (…) → (…). Source: S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units for
    neural network function approximation in reinforcement learning", 2017, section 2.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x · sigmoid(x)."""
        return F.silu(input, self.inplace)


class Hardswish(InPlace):
    """x gated by its own hard sigmoid; the derivative is 0 at −3 and 1 at 3.

        y = x min(max(x + 3, 0), 6) / 6

    Shapes: (…) → (…).
    Source: A. Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x · hardsigmoid(x)."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""  # as PyTorch has it


class Mish(InPlace):
    """x gated by the tanh of its own softplus.

        y = x tanh(log(1 + eˣ))

    Shapes: (…) → (…). Source: D. Misra, "Mish: a self regularized non-monotonic activation
    function", BMVC 2020, section 2.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x · tanh(softplus(x))."""
        return F.mish(input, self.inplace)


class GELU(Elementwise):
    """x gated by the probability that a normal number is smaller.

        y = x Φ(x),  Φ(x) = (1 + erf(x / √2)) / 2
        approximate="tanh":  Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2

    Shapes: (…) → (…). Source: D. Hendrycks, K. Gimpel, "Gaussian error linear units (GELUs)", 2016,
    section 2.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x · Φ(x)."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """One half of the channels gates the other.

        y = a σ(b), where a and b are the halves of x along dim

    Shapes: (…, 2 K, …) → (…, K, …) along dim. Source: Y. Dauphin, A. Fan, M. Auli, D. Grangier,
    "Language modeling with gated convolutional networks", ICML 2017, section 2.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """a · sigmoid(b)."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Maxout(Module):
    """The largest of several linear maps for each output; the first of equal ones is taken.

        y_i = max_j (x · W_ij + b_ij),  j = 0 … num_pieces − 1

    Shapes: (…, in_features) → (…, out_features). `linear` holds all maps: its output i · num_pieces
    + j is piece j of output i. Of feature maps F.maxout takes the maximum over channels.
    Source: I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, "Maxout networks",
    ICML 2013, section 3.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        num_pieces: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if num_pieces < 1:
            raise ValueError(f"Maxout: num_pieces is at least 1 (got {num_pieces}); use 2")
        self.in_features = in_features
        self.out_features = out_features
        self.num_pieces = num_pieces
        self.linear = Linear(in_features, out_features * num_pieces, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The largest piece for each output."""
        return F.maxout(self.linear(input), self.num_pieces, -1)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"num_pieces={self.num_pieces}"
        )
