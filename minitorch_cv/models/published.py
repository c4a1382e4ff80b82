"""What is known of a model: its size, its cost and the errors that were published for it."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """One row of docs/models.md.

    layers: those with weights on the longest way through, without shortcuts and auxiliary heads.
    parameters, multiply_adds: of the model as its constructor builds it without arguments, for one
    image of input_size, counted by `models.multiply_adds`. top1_error, top5_error: in per cent, one
    crop unless source says otherwise; None where none was published. source: where they stand.
    """

    layers: int
    parameters: int
    multiply_adds: int
    input_size: tuple[int, ...]
    paper: str
    source: str = ""
    top1_error: float | None = None
    top5_error: float | None = None
    data: str = "ImageNet"


def torchvision_row(
    paper: str,
    layers: int,
    parameters: int,
    multiply_adds: int,
    accuracy: tuple[float, float],
    size: int = 224,
) -> Published:
    """A row of an ImageNet model whose accuracy is that of torchvision's first weights."""
    top1, top5 = (round(100 - value, 3) for value in accuracy)
    return Published(
        layers, parameters, multiply_adds, (3, size, size), paper,
        "torchvision, IMAGENET1K_V1", top1, top5,
    )  # fmt: skip
