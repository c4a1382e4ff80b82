"""Bilinear resizing of image arrays, with the filter widened when the image gets smaller.

Each axis is a matrix product: y = A_h x A_wᵀ, where row i of A holds the weights that the input
pixels have in output pixel i: a triangle around the pixel's centre, (i + ½) · in / out − ½. When
the image shrinks, the triangle is as wide as the shrinking, so that no input pixel is passed over
(Pillow's BILINEAR and torchvision's antialias=True do the same).
"""

from __future__ import annotations

import numpy as np


def resize(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images (..., H, W) of a float dtype as (..., OH, OW). Raises ValueError for sizes below 1."""
    OH, OW = size
    if min(OH, OW) < 1:
        raise ValueError(f"resize: the size must be at least 1 × 1 (got {size})")
    H, W = images.shape[-2:]
    rows, columns = weights(H, OH), weights(W, OW)
    return (rows @ images.astype(np.float64) @ columns.T).astype(images.dtype)


def weights(size: int, out: int) -> np.ndarray:
    """The matrix (out, size) of one axis; its rows add up to 1."""
    scale = size / out
    reach = max(scale, 1.0)
    centres = (np.arange(out) + 0.5) * scale - 0.5
    distances = np.abs(np.arange(size) - centres[:, None]) / reach  # (out, size)
    triangle = np.maximum(1.0 - distances, 0.0)
    return triangle / triangle.sum(axis=1, keepdims=True)
