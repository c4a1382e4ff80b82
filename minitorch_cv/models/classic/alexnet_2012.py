"""AlexNet as it won in 2012: two towers, local response normalisation, overlapping pooling.

Source: A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep convolutional
neural networks", NIPS 2012, section 3, figure 2, table 2 (one network, validation set).

What differs from the paper: the two towers, then on two GPUs, are the two groups of conv2, 4 and 5;
images are 227 × 227 (the paper writes 224, which its own sizes contradict) or 224 with `padding=2`.
The paper's α = 1e-4 multiplies a sum; nn.LocalResponseNorm takes α for a mean, so five times that.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..parts import normal
from ..published import Published
from ..weights import started

PUBLISHED = {
    "alexnet_2012": Published(
        8,
        60965224,
        724406816,
        (3, 227, 227),
        "Krizhevsky et al. 2012",
        "the paper, table 2",
        40.7,
        18.2,
    ),
}


class AlexNet2012(nn.Module):
    """Five convolutions in two towers and three linear layers.

        x (N, 3, 227, 227) → conv1 11×11/4, ReLU, LRN, pool 3×3/2 → (N, 96, 27, 27)
        → conv2 5×5, ReLU, LRN, pool → (N, 256, 13, 13) → conv3, conv4, conv5 3×3, ReLU, pool
        → (N, 256, 6, 6) → classifier: twice Linear 4096, ReLU, dropout; Linear → (N, num_classes)

    padding: of the first convolution, 2 for images of 224 × 224.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5, padding: int = 0) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4, padding=padding),
            nn.ReLU(),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        self._start()

    def _start(self) -> None:
        """Weights normal with deviation 0.01; biases 1 where ReLUs need a start, else 0 (sec. 5).

        Those are the second, fourth and fifth convolution and the hidden linear layers.
        """
        normal(self, 0.01)
        ones = [self.features[k] for k in (4, 10, 12)] + [self.classifier[k] for k in (0, 3)]
        for module in ones:
            nn.init.ones_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, 227, 227)."""
        return self.classifier(self.features(x).flatten(1))


def alexnet_2012(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> AlexNet2012:
    """AlexNet of 2012."""
    return started(AlexNet2012(**kwargs), weights)
