"""AlexNet in the form of torchvision: one tower, no local response normalisation.

Source: A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014,
footnote 1. The network of 2012 is `alexnet_2012`.

What differs from that note: 256 filters in the fourth convolution, where it has 384; an adaptive
mean pool to 6 × 6 before the classifier, so that other image sizes fit; softmax cross-entropy, not
1000 logistic units; dropout stands in front of the first two linear layers.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..published import torchvision_row
from ..weights import started

PUBLISHED = {
    "alexnet": torchvision_row("Krizhevsky 2014", 8, 61100840, 714188480, (56.522, 79.066)),
}


class AlexNet(nn.Module):
    """Five convolutions and three linear layers.

        x (N, 3, 224, 224) → features (N, 256, 6, 6) → avgpool (N, 256, 6, 6) → flatten
        → classifier: dropout, Linear 4096, ReLU, dropout, Linear 4096, ReLU, Linear num_classes

    Raises ValueError for images smaller than 63 × 63.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def alexnet(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> AlexNet:
    """AlexNet as torchvision has it."""
    return started(AlexNet(**kwargs), weights)
