"""Where one starts: a linear classifier, and perceptrons of two and three layers.

Source: J. S. Bridle, "Probabilistic interpretation of feedforward classification network outputs",
1990 (softmax); D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by
back-propagating errors", Nature 323 (1986). Sizes are a course's: images of 32 × 32 × 3.

What differs from the papers: ReLU for the sigmoid. The scores go into nn.CrossEntropyLoss, which
holds the softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..published import Published
from ..weights import started

_CIFAR = (3, 32, 32)
PUBLISHED = {
    "linear_classifier": Published(1, 30730, 30720, _CIFAR, "Bridle 1990", data="CIFAR-10"),
    "two_layer_perceptron": Published(
        2, 308310, 308200, _CIFAR, "Rumelhart et al. 1986", data="CIFAR-10"
    ),
    "three_layer_perceptron": Published(
        3, 318410, 318200, _CIFAR, "Rumelhart et al. 1986", data="CIFAR-10"
    ),
}


class Perceptron(nn.Module):
    """Linear layers fc1, fc2, … with ReLU between them; none after the last.

        y = W_n relu(… relu(W₁ x + b₁) …) + b_n

    hidden: sizes of the layers between; () is the linear classifier. in_features: of an image, all
    its axes together. Shapes: (N, …) with in_features numbers each → (N, num_classes).
    """

    def __init__(
        self, in_features: int = 3072, hidden: Sequence[int] = (), num_classes: int = 10
    ) -> None:
        super().__init__()
        sizes = [in_features, *hidden, num_classes]
        self.flatten = nn.Flatten()
        for number, (given, wanted) in enumerate(zip(sizes, sizes[1:], strict=False), 1):
            setattr(self, f"fc{number}", nn.Linear(given, wanted))
            if number < len(sizes) - 1:
                setattr(self, f"relu{number}", nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, C, H, W) or vectors (N, in_features)."""
        for layer in self.children():
            x = layer(x)
        return x


def linear_classifier(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> Perceptron:
    """One linear layer; with softmax cross-entropy, softmax regression."""
    return started(Perceptron(**kwargs), weights)


def two_layer_perceptron(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> Perceptron:
    """100 hidden units."""
    kwargs.setdefault("hidden", (100,))
    return started(Perceptron(**kwargs), weights)


def three_layer_perceptron(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> Perceptron:
    """Twice 100 hidden units."""
    kwargs.setdefault("hidden", (100, 100))
    return started(Perceptron(**kwargs), weights)
