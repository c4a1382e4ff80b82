"""`save`: a state dict as safetensors, PyTorch's zip archive or npz, by the file's extension."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..autograd.tensor import Tensor
from ..backend.atomic import written_atomically
from ..backend.device import to_numpy
from .errors import WeightsError
from .formats import safetensors
from .pytorch import writing


def save(state_dict: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Writes Tensors (or arrays) by name: `.safetensors`, `.pth`/`.pt`/`.th`, or `.npz`.

    Other libraries read what is written: `safetensors.torch.load_file`, `numpy.load`,
    `torch.load(weights_only=True)`. Everything is judged before a file is touched, and the file
    appears in one step: what was saved under that name before stays until the new one is complete.

    Raises WeightsError (a ValueError) for another extension or a dtype that the format does not
    have, TypeError for anything but Tensors by name, OSError where the file cannot be written.
    Verified by these libraries' own readers.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise WeightsError(f"save: writes {', '.join(_WRITERS)} (got {os.fspath(path)})")
    arrays = _arrays(state_dict)
    _judge(arrays, suffix)
    with written_atomically(path) as file:
        _WRITERS[suffix](file, arrays)


def _arrays(state_dict: Any) -> dict[str, np.ndarray]:
    if not isinstance(state_dict, Mapping):
        raise TypeError(
            f"save: expects a dict of tensors (got {type(state_dict).__name__}); "
            "use model.state_dict()"
        )
    arrays = {}
    for name, value in state_dict.items():
        array = to_numpy(value.detach().array) if isinstance(value, Tensor) else value
        if not isinstance(name, str) or not isinstance(array, (np.ndarray, np.generic)):
            raise TypeError(
                f"save: expects Tensors by name (got {type(value).__name__} under {name!r}); "
                "pass a state_dict() alone"
            )
        arrays[name] = np.asarray(array)
    return arrays


def _judge(arrays: Mapping[str, np.ndarray], suffix: str) -> None:
    """Raises for what the format cannot hold."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise WeightsError(f"save: {name!r} is {array.dtype}; only numbers can be saved")
        if suffix == ".npz" and (
            name in ("file", "allow_pickle") or name.startswith("/") or ".." in name
        ):
            raise WeightsError(f"save: .npz cannot hold the name {name!r}; use .safetensors")
        if suffix == ".safetensors" and name == "__metadata__":
            raise WeightsError("save: safetensors keeps the name '__metadata__' for itself")


def _write_safetensors(file: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    file.write(safetensors.to_bytes(arrays, {"format": "pt"}))


def _write_npz(file: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    np.savez(file, **arrays)  # type: ignore[arg-type]


_WRITERS = {
    ".safetensors": _write_safetensors, ".pth": writing.write, ".pt": writing.write,
    ".th": writing.write, ".npz": _write_npz,
}  # fmt: skip
