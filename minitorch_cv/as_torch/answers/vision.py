"""`torchvision.utils`, and the way to `torchvision.ops`."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np

from ...autograd.joining import stack
from ...autograd.tape import new_tensor
from ...autograd.tensor import Tensor
from ...backend.device import to_numpy
from ...data.transforms.functional import to_pil_image


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Images (N, C, H, W), nrow in a row, with a border of `padding` around each, as one image.

    normalize: brought to 0 … 1, from value_range or from the smallest to the largest value (of each
    image with scale_each). Grey becomes three equal channels.
    """
    images = to_numpy(_batch(tensor).array)
    if normalize:
        images = _normalized(images.copy(), value_range, scale_each)
    N, C, H, W = images.shape
    if N == 1:
        return new_tensor(images[0])
    columns = min(nrow, N)
    rows = -(-N // columns)
    height, width = H + padding, W + padding
    shape = (C, height * rows + padding, width * columns + padding)
    grid = np.full(shape, pad_value, images.dtype)
    for k in range(N):
        top, left = (k // columns) * height + padding, (k % columns) * width + padding
        grid[:, top : top + H, left : left + W] = images[k]
    return new_tensor(grid)


def _batch(tensor: Any) -> Tensor:
    """One image, one plane, or a list of images as (N, C, H, W) with three channels for grey."""
    if isinstance(tensor, (list, tuple)):
        tensor = stack(list(tensor), 0)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"make_grid: expects a Tensor or a list of them (got {type(tensor)})")
    tensor = tensor.detach()
    if tensor.ndim == 2:
        tensor = tensor[None]
    if tensor.ndim == 3:
        tensor = tensor[None]
    if tensor.ndim != 4:
        raise ValueError(f"make_grid: expects (N, C, H, W) (got shape {tuple(tensor.shape)})")
    return tensor.expand(-1, 3, -1, -1) if tensor.shape[1] == 1 else tensor


def _normalized(images: np.ndarray, bounds: Any, each: bool) -> np.ndarray:
    for part in images if each else (images,):
        low, high = (part.min(), part.max()) if bounds is None else bounds
        np.clip(part, low, high, out=part)
        part -= np.asarray(low, part.dtype)
        part /= np.asarray(max(float(high) - float(low), 1e-5), part.dtype)
    return images


def save_image(tensor: Any, fp: Any, format: str | None = None, **options: Any) -> None:  # noqa: A002
    """Writes images (0 … 1) as one picture; options are those of `make_grid`."""
    grid = to_numpy(make_grid(tensor, **options).array)
    pixels = np.clip(grid * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    to_pil_image(np.ascontiguousarray(pixels)).save(fp, format=format)


def detection(name: str) -> Any:
    """A name of `torchvision.ops` that the room of detection has, where that room is built."""
    if importlib.util.find_spec("minitorch_cv.detection") is None:
        return None
    return getattr(importlib.import_module("minitorch_cv.detection"), name, None)
