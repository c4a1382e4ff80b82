"""Resizing of image arrays, with the filter widened when the image gets smaller.

Each axis is a matrix product: y = A_h x A_wᵀ, where row i of A holds the weights that the input
pixels have in output pixel i: a triangle around the pixel's centre, (i + ½) · in / out − ½. When
the image shrinks, the triangle is as wide as the shrinking, so that no input pixel is passed over
(Pillow's BILINEAR and torchvision's antialias=True do the same). Other modes have another curve in
place of the triangle.

Source of the cubic: R. Keys, "Cubic convolution interpolation for digital image processing", 1981.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def resize(
    images: np.ndarray, size: tuple[int, int], mode: str = "bilinear", antialias: bool = True
) -> np.ndarray:
    """Images (..., H, W) of a float dtype as (..., OH, OW). Raises ValueError for sizes below 1.

    mode: bilinear, bicubic, nearest (the pixel at ⌊i · in / out⌋) or nearest-exact (the pixel whose
    centre is nearest); antialias: widen the curve when the image shrinks.
    """
    OH, OW = size
    if min(OH, OW) < 1:
        raise ValueError(f"resize: the size must be at least 1 × 1 (got {size})")
    H, W = images.shape[-2:]
    if mode.startswith("nearest"):
        shift = 0.5 if mode == "nearest-exact" else 0.0
        kind = images.dtype
        return images[..., _nearest(H, OH, shift, kind)[:, None], _nearest(W, OW, shift, kind)]
    rows, columns = weights(H, OH, mode, antialias), weights(W, OW, mode, antialias)
    return (rows @ images.astype(np.float64) @ columns.T).astype(images.dtype)


def _nearest(size: int, out: int, shift: float, dtype: np.dtype[Any]) -> np.ndarray:
    """The pixels, counted in the images' own precision, as PyTorch counts them."""
    places = (np.arange(out) + shift).astype(dtype) * dtype.type(size / out)
    return np.minimum(places.astype(np.int64), size - 1)


def weights(size: int, out: int, mode: str = "bilinear", antialias: bool = True) -> np.ndarray:
    """The matrix (out, size) of one axis; its rows add up to 1."""
    scale = size / out
    centres = (np.arange(out) + 0.5) * scale - 0.5
    if not antialias:
        return _taps(size, centres, mode)
    reach = max(scale, 1.0)
    distances = np.abs(np.arange(size) - centres[:, None]) / reach  # (out, size)
    curve = np.maximum(1.0 - distances, 0.0) if mode == "bilinear" else _cubic(distances, -0.5)
    return curve / curve.sum(axis=1, keepdims=True)


def _taps(size: int, centres: np.ndarray, mode: str) -> np.ndarray:
    """The matrix of a curve as wide as the input's pixels; the border goes on beyond the edge."""
    if mode == "bilinear":
        centres = np.maximum(centres, 0.0)
    matrix = np.zeros((len(centres), size))
    first = np.floor(centres).astype(np.int64)
    rows = np.arange(len(centres))
    for step in (0, 1) if mode == "bilinear" else (-1, 0, 1, 2):
        distances = np.abs(first + step - centres)
        value = 1.0 - distances if mode == "bilinear" else _cubic(distances, -0.75)
        np.add.at(matrix, (rows, np.clip(first + step, 0, size - 1)), value)
    return matrix


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys' curve with slope a at 1, for distances x ≥ 0; PyTorch's a is −½ where it widens the
    curve and −¾ where not."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
