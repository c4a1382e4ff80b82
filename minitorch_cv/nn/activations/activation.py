"""Activation layers that bend or limit each number by itself; gates.py holds those around σ."""

from __future__ import annotations

import warnings
from typing import Any

from ...autograd.creation import empty
from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from .. import init
from ..core.module import Module
from ..parameter import Parameter


class Elementwise(Module):
    """Works on each number by itself.

    Shapes: (…) → (…), of any shape.
    """


class InPlace(Elementwise):
    """Works on each number by itself.

    Shapes: (…) → (…), of any shape. inplace: writes the answer into the memory of the input.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        shown = self._shown()
        return ", ".join([*shown, "inplace=True"] if self.inplace else shown)

    def _shown(self) -> list[str]:
        """The arguments that `repr` shows in front of inplace."""
        return []


class ReLU(InPlace):
    """Passes what is positive; the derivative at 0 is 0.

        y = max(x, 0)

    Shapes: (…) → (…), also of integers. Source: V. Nair, G. Hinton, "Rectified linear units
    improve restricted Boltzmann machines", ICML 2010.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """max(x, 0)."""
        return F.relu(input, self.inplace)


class LeakyReLU(InPlace):
    """Passes what is positive and a little of the rest; the derivative at 0 is the slope.

        y = x where x > 0, else negative_slope · x

    Shapes: (…) → (…). Source: A. Maas, A. Hannun, A. Ng, "Rectifier nonlinearities improve neural
    network acoustic models", 2013, section 2.
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where x > 0, else negative_slope · x."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def _shown(self) -> list[str]:
        return [f"negative_slope={self.negative_slope}"]


class PReLU(Module):
    """A leaky ReLU whose slopes are learned; the derivative at 0 is the slope.

        y = x where x > 0, else w x

    Shapes: (N, C, …) → (N, C, …) with num_parameters = C slopes, one for each channel; any shape
    with one. init: the first value of all slopes.
    Source: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, section 2.1.
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Every w = init."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where x > 0, else w · x."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(InPlace):
    """A leaky ReLU with random slopes while training; the derivative at 0 is the slope.

        y = x where x > 0, else a x        a uniform in [lower, upper), in evaluation their mean

    Shapes: (…) → (…), a slope for each number.
    Source: B. Xu, N. Wang, T. Chen, M. Li, "Empirical evaluation of rectified activations in
    convolutional network", 2015, section 2.4.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where x > 0, else a · x."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def _shown(self) -> list[str]:
        return [f"lower={self.lower}", f"upper={self.upper}"]


class Hardtanh(InPlace):
    """Limits x to an interval; the derivative at both ends is 0.

        y = min(max(x, min_val), max_val)

    Shapes: (…) → (…), also of integers. min_value and max_value are older names of the limits.
    Source: R. Collobert, "Large scale machine learning", thesis, 2004.
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        for old, new, value in (("min_value", "min_val", min_value),
                                ("max_value", "max_val", max_value)):  # fmt: skip
            if value is not None:
                warnings.warn(f"Hardtanh: {old} is now called {new}", FutureWarning, stacklevel=2)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if not self.min_val < self.max_val:
            raise ValueError(
                f"Hardtanh: min_val is below max_val (got {self.min_val} and {self.max_val}); "
                "use e.g. -1.0 and 1.0"
            )

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x limited to [min_val, max_val]."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def _shown(self) -> list[str]:
        return [f"min_val={self.min_val}", f"max_val={self.max_val}"]


class ReLU6(Hardtanh):
    """A ReLU that ends at 6, so that few bits hold it; the derivative at 0 and 6 is 0.

        y = min(max(x, 0), 6)

    Shapes: (…) → (…), also of integers.
    Source: A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def _shown(self) -> list[str]:
        return []


class Threshold(InPlace):
    """Replaces what does not exceed a threshold; there the derivative is 0.

        y = x where x > threshold, else value

    Shapes: (…) → (…), also of integers. Source: K. Konda, R. Memisevic, D. Krueger, "Zero-bias
    autoencoders and the benefits of co-adapting features", ICLR 2015, section 3.
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where x > threshold, else value."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def _shown(self) -> list[str]:
        return [f"threshold={self.threshold}", f"value={self.value}"]


class Hardshrink(Elementwise):
    """Forgets small numbers; the derivative at ±lambd is 0.

        y = x where |x| > lambd, else 0

    Shapes: (…) → (…). Source: D. Donoho, I. Johnstone, "Ideal spatial adaptation by wavelet
    shrinkage", Biometrika 81, 1994 (hard thresholding).
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where |x| > lambd, else 0."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Hardshrink):
    """Moves each number towards 0, at most to 0; the derivative at ±lambd is 0.

        y = x − lambd where x > lambd, x + lambd where x < −lambd, else 0

    Shapes: (…) → (…). lambd is not negative. Source: D. Donoho, I. Johnstone, "Ideal spatial
    adaptation by wavelet shrinkage", Biometrika 81, 1994 (soft thresholding).
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x moved towards 0 by lambd."""
        return F.softshrink(input, self.lambd)


class ELU(InPlace):
    """Passes what is positive and bends the rest towards −alpha; the derivative at 0 is alpha.

        y = x where x > 0, else alpha (eˣ − 1)

    Shapes: (…) → (…). Source: D. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep
    network learning by exponential linear units (ELUs)", ICLR 2016, section 3.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where x > 0, else alpha (eˣ − 1)."""
        return F.elu(input, self.alpha, self.inplace)

    def _shown(self) -> list[str]:
        return [f"alpha={self.alpha}"]


class CELU(ELU):
    """An ELU whose slope is 1 at 0 for every alpha.

        y = x where x > 0, else alpha (e^(x/alpha) − 1)

    Shapes: (…) → (…). alpha is not 0.
    Source: J. Barron, "Continuously differentiable exponential linear units", 2017.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x where x > 0, else alpha (e^(x/alpha) − 1)."""
        return F.celu(input, self.alpha, self.inplace)


class SELU(InPlace):
    """An ELU that leaves mean 0 and variance 1 as they are; the derivative at 0 is λα = 1.7581.

        y = λ x where x > 0, else λα (eˣ − 1)        λ = 1.0507, α = 1.6733

    Shapes: (…) → (…). Source: G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter,
    "Self-normalizing neural networks", NIPS 2017, section 2.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """λ elu(x, α)."""
        return F.selu(input, self.inplace)


class Softplus(Elementwise):
    """A smooth ReLU, and x itself where the difference does not count.

        y = log(1 + e^(beta x)) / beta, and x where beta x > threshold

    Shapes: (…) → (…). Source: C. Dugas et al., "Incorporating second-order functional knowledge for
    better option pricing", NIPS 2000, section 3.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """log(1 + e^(beta x)) / beta."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Elementwise):
    """Squashes to (−1, 1) with tails that fall off slowly.

        y = x / (1 + |x|)

    Shapes: (…) → (…); integers become floats. Source: J. Bergstra, G. Desjardins, P. Lamblin,
    Y. Bengio, "Quadratic polynomials learn better image features", 2009.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x / (1 + |x|)."""
        return F.softsign(input)


class Tanh(Elementwise):
    """Squashes to (−1, 1).

        y = tanh x = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)

    Shapes: (…) → (…); integers become floats.
    Source: Y. LeCun, L. Bottou, G. Orr, K. Müller, "Efficient BackProp", 1998, section 4.4.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """tanh x."""
        return F.tanh(input)


class Tanhshrink(Elementwise):
    """What tanh takes away: nearly 0 for small numbers, and large ones moved towards 0 by 1.

        y = x − tanh x

    Shapes: (…) → (…); integers become floats. Source: R. Collobert, K. Kavukcuoglu, C. Farabet,
    "Torch7: a Matlab-like environment for machine learning", 2011 (where the layer comes from).
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x − tanh x."""
        return F.tanhshrink(input)
