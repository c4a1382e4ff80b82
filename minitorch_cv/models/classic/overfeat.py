"""OverFeat, the fast model, as a classifier.

Source: P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun, "OverFeat: integrated
recognition, localization and detection using convolutional networks", ICLR 2014, table 1, table 2
(one scale, coarse stride).

What differs from the paper: only its classifier is here; `convert_to_fully_convolutional` turns it
into the form that slides over larger images.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..parts import normal
from ..published import Published
from ..weights import started

PUBLISHED = {
    "overfeat_fast": Published(
        8,
        145920872,
        2801403904,
        (3, 231, 231),
        "Sermanet et al. 2014",
        "the paper, table 2",
        39.28,
        17.12,
    ),
}


class OverFeat(nn.Module):
    """Five convolutions and three linear layers, without local response normalisation.

    x (N, 3, 231, 231) → conv1 11×11/4, ReLU, pool 2×2 → (N, 96, 28, 28)
    → conv2 5×5, ReLU, pool → (N, 256, 12, 12) → conv3, conv4, conv5 3×3, ReLU, pool
    → (N, 1024, 6, 6) → classifier: Linear 3072, Linear 4096, Linear → (N, num_classes)
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(96, 256, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(256, 512, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(512, 1024, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(1024, 1024, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(1024 * 6 * 6, 3072),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(3072, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        normal(self, 0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, 231, 231)."""
        return self.classifier(self.features(x).flatten(1))


def overfeat_fast(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> OverFeat:
    """OverFeat, the fast model."""
    return started(OverFeat(**kwargs), weights)
