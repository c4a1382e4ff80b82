"""ZFNet: AlexNet with smaller windows at the start, after its features had been looked at.

Source: M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
figure 3, table 2 (one network, validation set).

What differs from the paper: its contrast normalisation is local response normalisation with
AlexNet's numbers; borders, which the paper does not state, are those that give its sizes.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..parts import normal
from ..published import Published
from ..weights import started

PUBLISHED = {
    "zfnet": Published(
        8,
        62357608,
        1168032896,
        (3, 224, 224),
        "Zeiler & Fergus 2014",
        "the paper, table 2",
        38.4,
        16.5,
    ),
}


class ZFNet(nn.Module):
    """Five convolutions and three linear layers.

    x (N, 3, 224, 224) → conv1 7×7/2, ReLU, pool 3×3/2, LRN → (N, 96, 55, 55)
    → conv2 5×5/2, ReLU, pool, LRN → (N, 256, 13, 13) → conv3, conv4, conv5 3×3, ReLU, pool
    → (N, 256, 6, 6) → classifier: twice Linear 4096, ReLU, dropout; Linear → (N, num_classes)
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 7, stride=2, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.Conv2d(96, 256, 5, stride=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
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
        normal(self, 0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, 224, 224)."""
        return self.classifier(self.features(x).flatten(1))


def zfnet(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ZFNet:
    """ZFNet: AlexNet with smaller windows at the start."""
    return started(ZFNet(**kwargs), weights)
