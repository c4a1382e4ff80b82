"""LeNet-5: two convolutions with pooling, three linear layers.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998), section II.B and figure 2.

What differs from the paper: ReLU instead of 1.7159 tanh(2x/3); the largest of 2 × 2 pixels instead
of their sum times a trained weight plus a trained bias; conv2 sees all six maps, not the subsets of
the paper's table I; a linear layer with softmax cross-entropy instead of distances to drawn digits
(RBF units). The network of the paper is `lenet_1998`.
"""

from __future__ import annotations

from ... import nn
from ...autograd.tensor import Tensor
from ..published import Published

PUBLISHED = {
    "lenet": Published(5, 61706, 416520, (1, 32, 32), "LeCun et al. 1998", data="MNIST"),
}
PADDING = {32: 0, 28: 2}  # of the first convolution, so that it always gives 28 × 28


class LeNet5(nn.Module):
    """LeNet-5 in the form that is taught today; 61 706 parameters for ten classes.

        x (N, 1, 32, 32) → conv1 5×5 → ReLU → (N, 6, 28, 28) → pool1 → (N, 6, 14, 14)
        → conv2 5×5 → ReLU → (N, 16, 10, 10) → pool2 → (N, 16, 5, 5) → flatten (N, 400)
        → fc1 → ReLU → (N, 120) → fc2 → ReLU → (N, 84) → fc3 → (N, num_classes)

    num_classes: how many scores are given; in_channels: of the image; image_size: 32, or 28 as
    MNIST has it, where conv1 pads by 2 (the paper puts 28 × 28 digits onto a 32 × 32 field).

    Raises ValueError for another image_size. Verified by PyTorch's parameters after 10 steps.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: int = 32) -> None:
        super().__init__()
        if image_size not in PADDING:
            raise ValueError(
                f"LeNet5: image_size is 32 or 28 (got {image_size!r}); resize the images"
            )
        self.conv1 = nn.Conv2d(in_channels, 6, 5, padding=PADDING[image_size])
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(120, 84)
        self.relu4 = nn.ReLU()
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, in_channels, image_size, image_size)."""
        x = self.pool1(self.relu1(self.conv1(x)))  # (N, 6, 14, 14)
        x = self.pool2(self.relu2(self.conv2(x)))  # (N, 16, 5, 5)
        x = self.flatten(x)  # (N, 400)
        x = self.relu3(self.fc1(x))
        x = self.relu4(self.fc2(x))
        return self.fc3(x)
