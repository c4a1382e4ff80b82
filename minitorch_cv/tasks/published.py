"""Networks of models/ with weights that others published, and the inputs these were trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from .. import models
from .errors import TaskError
from .preprocessing import Preprocessing


class Input(NamedTuple):
    """What the channels of an image in [0, 1] become: (x − mean) / std, in the order `channels`."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: str
    meaning: str


INPUTS = {
    "imagenet": Input((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "RGB",
                      "ImageNet's mean and deviation, as torchvision has them"),
    "caffe": Input((104 / 255, 117 / 255, 123 / 255), (1 / 255,) * 3, "BGR",
                   "blue first, 0 … 255, minus 104 117 123"),
    "symmetric": Input((0.5,) * 3, (0.5,) * 3, "RGB", "−1 … 1"),
    "unit": Input((0.0,) * 3, (1.0,) * 3, "RGB", "0 … 1"),
}  # fmt: skip
CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def published_network(name: str, weights: str, options: dict[str, Any] | None = None) -> Any:
    """The network of that name with the weights of a file, in evaluation mode.

    weights: any file that `interop.load_state_dict` reads, under the usual names or ours; options:
    of the network. Raises TaskError for a network or file that is not there or does not fit.
    """
    try:
        return models.get_model(name, weights=weights, **(options or {})).eval()
    except (ValueError, TypeError, KeyError, RuntimeError, FileNotFoundError) as error:
        raise TaskError(f"{name}: {error.args[0] if error.args else error}") from error


def input_of(name: str, kind: str = "imagenet", size: int = 0, resize: int = 0) -> Preprocessing:
    """The input of a network by its name: the middle of an image, size × size, of which the shorter
    side was made `resize`.

    kind: a key of INPUTS. size: by default that of the paper; resize: by default size · 256 / 224
    (He et al. 2016 and most others), for CIFAR's networks size.
    Raises TaskError for an unknown name or kind, and for an image smaller than the crop.
    """
    if kind not in INPUTS:
        raise TaskError(f"input: there is no {kind!r}; there are: {', '.join(INPUTS)}")
    try:
        row = models.published(name)
    except ValueError as error:
        raise TaskError(str(error)) from error
    size = size or row.input_size[-1]
    if not resize:
        resize = round(size * 256 / 224) if row.data == "ImageNet" else size
    if resize < size:
        raise TaskError(f"input: a crop of {size} does not fit images resized to {resize}")
    form = INPUTS[kind]
    if row.input_size[0] == 1:
        return Preprocessing((size, size), (resize, resize), "crop", 0.0, 1.0)
    grid = (resize, resize)
    return Preprocessing((size, size), grid, "crop", form.mean, form.std, form.channels)


def class_names(name: str, count: int, file: str | os.PathLike[str] | None) -> tuple[str, ...]:
    """The names of a network's classes: the lines of a file, or what is known; else numbers.

    Raises TaskError for a file that is not there or has another number of lines.
    """
    if file is None:
        return CIFAR10 if _is_cifar10(name, count) else tuple(map(str, range(count)))
    try:
        names = tuple(Path(file).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"classes: cannot read {os.fspath(file)} ({error})") from error
    if len(names) != count:
        raise TaskError(
            f"classes: {os.fspath(file)} has {len(names)} lines, the network {count} classes; give "
            "one name on each line"
        )
    return names


def _is_cifar10(name: str, count: int) -> bool:
    return models.published(name).data == "CIFAR-10" and count == len(CIFAR10)
