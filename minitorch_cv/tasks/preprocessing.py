"""How images become a network's input."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..data.images import unit_range
from ..data.resize import resize
from ..data.transforms import functional as T  # noqa: N812

PerChannel = float | tuple[float, ...]  # one number for all channels, or one for each


class Preprocessing(NamedTuple):
    """How an image becomes a network's input.

    size: (H, W) of the input. grid: (h, w) of the images the data set is made of; an image of
    another size is first brought to this one. resample: how an image comes from `grid` to `size`: a
    filter by its Pillow name, "pad" where a border of background is put around, "crop" where the
    shorter side is made h and the middle is cut out. mean, std: of the training pixels, which lie
    in [0, 1]. channels: "grey" (ink is light on a dark ground), "RGB", or "BGR" for networks that
    take blue first; mean and std are then in that order.
    """

    size: tuple[int, int]
    grid: tuple[int, int]
    resample: str
    mean: PerChannel
    std: PerChannel
    channels: str = "grey"

    def as_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        values = self._asdict()
        return {**values, "polarity": "light on dark"} if self.channels == "grey" else values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Preprocessing:
        """What `as_json` gave."""
        size, grid = tuple(values["size"]), tuple(values["grid"])
        mean, std = (
            tuple(v) if isinstance(v, list) else v for v in (values["mean"], values["std"])
        )
        return cls(size, grid, values["resample"], mean, std, values.get("channels", "grey"))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of the input."""
        return (1 if self.channels == "grey" else 3, *self.size)

    def to_input(self, images: np.ndarray) -> np.ndarray:
        """Images (N, C, h, w) as they are stored, bytes or floats in [0, 1] → the input."""
        return self.normalise(self.framed(unit_range(images)))

    def framed(self, x: np.ndarray) -> np.ndarray:
        """x (N, C, h, w) float32 → (N, C, H, W): resized, and the middle cut out for "crop"."""
        if self.resample == "crop":
            return T.center_crop(self.resized(x), self.size)
        return x if x.shape[-2:] == self.size else resize(x, self.size)

    def resized(self, x: np.ndarray, short: int = 0) -> np.ndarray:
        """x (N, C, h, w) with its shorter side `short` (0: that of the grid), in proportion."""
        return T.resize(x, short or min(self.grid))

    def normalise(self, x: np.ndarray) -> np.ndarray:
        """x (N, C, H, W), RGB or grey → (x − mean) / std, float32."""
        if self.channels == "BGR":
            x = x[:, ::-1]
        return (x - _column(self.mean)) / _column(self.std)


def _column(value: PerChannel) -> np.ndarray:
    """One number as it is, several as (C, 1, 1)."""
    array = np.asarray(value, np.float32)
    return array.reshape(-1, 1, 1) if array.ndim else array


def measured(images: np.ndarray) -> tuple[PerChannel, PerChannel]:
    """Mean and deviation of pixels in [0, 1] (bytes count as n / 255): of all of grey images
    (N, 1, H, W), of each channel of colour images (N, 3, H, W)."""
    if images.shape[1] == 1:
        pixels = unit_range(images).astype(np.float64)
        return float(pixels.mean()), float(pixels.std()) or 1.0
    means, deviations = [], []
    for channel in range(images.shape[1]):
        part = np.moveaxis(images, 1, 0)[channel]
        values, counts = np.unique(part, return_counts=True)  # few for bytes, and no large copy
        values = unit_range(values).astype(np.float64)
        mean = float((values * counts).sum() / part.size)
        means.append(mean)
        deviations.append(float(((values - mean) ** 2 * counts).sum() / part.size) ** 0.5 or 1.0)
    return tuple(means), tuple(deviations)
