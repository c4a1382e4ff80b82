"""Random small moves of a whole batch of images: crop and flip; and shift, turn, scale and shear in
one resampling.

Each image gets an affine map of its own around its centre. Output pixel (i, j) takes the value at
source position c + A (i − c, j − c) + t, read off bilinearly; beyond the edge the edge goes on.
All draws of these come from the generator that is passed in, those of crops and flips from the one
that `manual_seed` seeds, so a run can be repeated and resumed exactly.
"""

from __future__ import annotations

import numpy as np

from ..backend.random import Generator
from ..data import transforms
from .recipes import Settings


def crop_and_flip(x: np.ndarray, settings: Settings) -> np.ndarray:
    """x (N, C, H, W) → the same shape: each image cut out of itself with a border of zeros around,
    and mirrored by chance.

    Source: K. He et al., "Deep residual learning for image recognition", CVPR 2016, section 4.2:
    4 pixels are padded on each side, and a 32 × 32 crop is taken of the image or its mirror image.
    """
    if not (settings.crop_padding or settings.flip):
        return x
    moves = transforms.Compose(
        [
            transforms.RandomCrop(x.shape[-2:], padding=settings.crop_padding),
            transforms.RandomHorizontalFlip(settings.flip),
        ]
    )
    return np.stack([moves(image) for image in x])


def random_affine(x: np.ndarray, settings: Settings, generator: Generator) -> np.ndarray:
    """x (N, C, H, W) float32 → the same shape, each image moved by its own random amount."""
    if not (settings.shift or settings.rotate or settings.scale or settings.shear):
        return x
    N = len(x)
    draw = 2 * generator.rand((5, N)) - 1  # uniform in [−1, 1), float32
    angle = draw[0] * np.float32(np.pi / 180 * settings.rotate)
    zoom = 1 / (1 + draw[1] * np.float32(settings.scale))
    shear = draw[2] * np.float32(settings.shear)
    shift = draw[3:] * np.float32(settings.shift)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    matrix = np.stack([cos, -sin, sin + shear, cos]).reshape(2, 2, N)  # A of each image
    return affine(x, matrix.astype(np.float32), shift)


def affine(x: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Resamples x (N, C, H, W) bilinearly; matrix (2, 2, N) and shift (2, N) in (row, column)."""
    N, C, H, W = x.shape
    row = np.arange(H, dtype=np.float32)[None, :, None] - np.float32((H - 1) / 2)
    column = np.arange(W, dtype=np.float32)[None, None, :] - np.float32((W - 1) / 2)
    A = matrix[:, :, :, None, None]
    t = shift[:, :, None, None]
    u = A[0, 0] * row + A[0, 1] * column + t[0] + np.float32((H - 1) / 2)  # (N, H, W)
    v = A[1, 0] * row + A[1, 1] * column + t[1] + np.float32((W - 1) / 2)
    i, du = _split(u, H)
    j, dv = _split(v, W)
    corner = (i * W + j).reshape(N, 1, H * W)
    right = np.minimum(j + 1, W - 1).reshape(N, 1, H * W) - j.reshape(N, 1, H * W)
    below = (np.minimum(i + 1, H - 1) - i).reshape(N, 1, H * W) * W
    flat = x.reshape(N, C, H * W)
    du, dv = du.reshape(N, 1, H * W), dv.reshape(N, 1, H * W)
    top = _take(flat, corner) * (1 - dv) + _take(flat, corner + right) * dv
    corner = corner + below
    bottom = _take(flat, corner) * (1 - dv) + _take(flat, corner + right) * dv
    return (top * (1 - du) + bottom * du).reshape(N, C, H, W)


def _split(u: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole and fractional part of positions, held inside 0 … size − 1."""
    u = np.clip(u, 0, np.float32(size - 1))
    whole = u.astype(np.int64)
    return whole, u - whole.astype(np.float32)


def _take(flat: np.ndarray, index: np.ndarray) -> np.ndarray:
    """flat (N, C, H*W) at index (N, 1, H*W), for every channel."""
    N, C, _ = flat.shape
    return np.take_along_axis(flat, np.broadcast_to(index, (N, C, index.shape[2])), axis=2)
