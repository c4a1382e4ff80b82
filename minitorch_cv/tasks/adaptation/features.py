"""Features: what a frozen network hands to its head, computed once and kept on the disk.

The name of a file is a hash of everything that the features depend on: the weights and buffers,
the network's form and its classes, the images, and how they become its input. Whatever changes
gives another name, so a file is never out of date. A file that was damaged is told by its checksum
and made anew.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ... import nn
from ...autograd import from_numpy, inference_mode
from ...backend import to_numpy
from ..checkpoint import Checkpoint, checksum, load, save
from ..errors import CheckpointError
from ..evaluation.evaluate import PIXELS_AT_ONCE, batches
from ..preprocessing import Preprocessing
from .heads import find_head

_FORM = 1  # of the features; goes up when they are computed in another way


class FeatureCache:
    """Features in files below a folder; without a folder they are computed each time.

    computed, found: how many requests ran the network, and how many were answered from a file.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self.computed = self.found = 0

    def get(self, model: nn.Module, images: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
        """The features (N, D) of images (N, C, h, w), see `features`; read where they are known."""
        file = None
        if self.folder is not None:
            file = self.folder / f"{_key(model, images, preprocessing)}.safetensors"
            kept = _read(file, len(images))
            if kept is not None:
                self.found += 1
                return kept
        answer = features(model, images, preprocessing)
        self.computed += 1
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            save(file, Checkpoint({"features": answer}, {"kind": "features", "form": _FORM}))
        return answer


def features(model: nn.Module, images: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """What the network in evaluation mode hands to its head: float32 (N, D).

    images (N, C, h, w) as they are stored; maps (N, D, H, W), before a head that is a convolution,
    are averaged over H and W. The model is left in the mode it was in.
    """
    seen: list[np.ndarray] = []
    head = model.get_submodule(find_head(model))
    handle = head.register_forward_pre_hook(lambda _, args: seen.append(to_numpy(args[0].array)))
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    H, W = preprocessing.size
    try:
        with inference_mode():
            for part in batches(images, max(1, PIXELS_AT_ONCE // (H * W))):
                model(from_numpy(np.ascontiguousarray(preprocessing.to_input(part))))
    finally:
        handle.remove()
        for module, training in modes:
            module.training = training
    return np.concatenate([_flat(x) for x in seen]) if seen else np.zeros((0, 0), np.float32)


def _flat(x: np.ndarray) -> np.ndarray:
    """(N, D, …) → (N, D) float32."""
    return x.reshape(*x.shape[:2], -1).mean(axis=2).astype(np.float32)


def _key(model: nn.Module, images: np.ndarray, preprocessing: Preprocessing) -> str:
    """A hash of all that decides what the features are."""
    state = {name: to_numpy(v.detach().array) for name, v in model.state_dict().items()}
    about: list[Any] = [
        _FORM, _form(model), find_head(model), preprocessing.as_json(), checksum(state),
        checksum({"images": np.ascontiguousarray(images)}),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def _form(model: nn.Module) -> list[Any]:
    """Every layer with its plain settings, and the text of every class that takes part."""
    layers = []
    for name, module in model.named_modules():
        settings = sorted(
            (key, repr(value)) for key, value in vars(module).items()
            if key != "training" and isinstance(value, _PLAIN)
        )  # fmt: skip
        layers.append([name, type(module).__qualname__, repr(module), settings])
    classes = {type(module).__qualname__: type(module) for module in model.modules()}
    return [layers, [_text(classes[name]) for name in sorted(classes)]]


_PLAIN = (bool, int, float, str, tuple, type(None))


def _text(kind: type) -> str:
    """The source of a class; its name where there is none, as in an interactive session."""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return kind.__qualname__


def _read(file: Path, count: int) -> np.ndarray | None:
    """The features in a file; None where there is none. A damaged one is told by a warning."""
    if not file.exists():
        return None
    try:
        kept = load(file).tensors["features"]
        if kept.ndim == 2 and len(kept) == count:
            return kept
        error: Exception = CheckpointError(f"{file} has features of {kept.shape}")
    except (CheckpointError, KeyError) as problem:
        error = problem
    warnings.warn(f"features: computed anew, the file is damaged ({error})", stacklevel=3)
    return None
