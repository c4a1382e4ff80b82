"""`load` and `load_state_dict`: weights from files of other libraries, without these libraries."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from ..autograd.tensor import Tensor, from_numpy
from .archive import Archive
from .errors import WeightsError, naming
from .formats import caffe, npz, onnx, safetensors
from .keys import fit
from .pytorch.containers import read_stream, read_tar, read_zip
from .recognise import recognise

Path = str | os.PathLike[str]

# Where a checkpoint keeps its state dict; the first that is there counts.
ENTRIES = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights",
           "params")  # fmt: skip
OUR_CHECKPOINT = "minitorch_cv.checkpoint"  # the format in the metadata of our own checkpoints


def load(path: Path) -> Any:
    """Everything that a file of weights holds: Tensors in plain containers.

    PyTorch: the object that was saved (`{"state_dict": …, "epoch": …}`); a checkpoint of
    `minitorch-cv train`: a dict of its parts; the other formats: a dict of Tensors by name. Tensors
    lie on the CPU and do not require grad. Those that shared a storage share memory; an expanded
    one is read-only. bfloat16 becomes float32. Nothing in the file is executed.

    Raises WeightsError (a ValueError), which says what is wrong or what the file looks like;
    OSError where the file cannot be read. Verified by the libraries that wrote the files.
    """
    return opened(path)[1]


def opened(path: Path) -> tuple[str, Any]:
    """(format, what `load` answers)."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        with naming(path, size):
            kind, archive = recognise(file, path, size)
            return kind, _read(kind, file, size, archive)


def _read(kind: str, file: IO[bytes], size: int, archive: Archive | None) -> Any:
    if archive is not None:
        return _tensors(npz.read(archive)) if kind == "npz" else read_zip(archive)
    if kind == "torch stream":
        return read_stream(file, size)
    if kind == "torch tar":
        return read_tar(file, size)
    if kind == "safetensors":
        arrays, metadata = safetensors.read(file, size)
        if metadata.get("format") == OUR_CHECKPOINT:
            return _our_checkpoint(arrays, metadata)
        return _tensors(arrays)
    reader = caffe if kind == "caffe" else onnx
    return _tensors(reader.read(memoryview(file.read())))


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Tensors where a Tensor can hold the dtype, arrays where not (text, complex numbers)."""
    return {k: from_numpy(a) if a.dtype.kind in "fiub" else a for k, a in arrays.items()}


def _our_checkpoint(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> dict[str, Any]:
    parts: dict[str, Any] = {"training": json.loads(metadata.get("training", "null"))}
    for name, value in _tensors(arrays).items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value
    return parts


def load_state_dict(
    path: Path, model: Any = None, *, entry: str | None = None
) -> dict[str, Tensor]:
    """The Tensors by name that a file of weights holds, as `model.load_state_dict` takes them.

    model: the Module they are for. Names of other publishers are then changed to its own where a
        key map knows them (`module.conv1.weight` → `conv1.weight`; `interop.explain` shows how),
        and counters that old files lack (`num_batches_tracked`) are added as zero. Without it,
        names are as in the file.
    entry: where in a checkpoint the state dict is; without it, the first of `state_dict`, `model`,
        `net`, … that is there, or the whole.

    Raises as `load` does, and WeightsError where no Tensors are found.
    """
    found = state_dict_of(load(path), path, entry)
    return found if model is None else fit(found, model).state_dict


def state_dict_of(whole: Any, path: Path, entry: str | None = None) -> dict[str, Tensor]:
    """The dict of Tensors in what `load` answered."""
    name = os.fspath(path)
    if entry is not None:
        if not isinstance(whole, dict) or entry not in whole:
            raise WeightsError(f"weights: {name} has no entry {entry!r}; it has {_parts(whole)}")
        whole = whole[entry]
    for _ in range(4):  # {"model": {"state_dict": …}}
        if not isinstance(whole, dict):
            break
        inner = next((whole[k] for k in ENTRIES if isinstance(whole.get(k), dict)), None)
        if inner is None:
            break
        whole = inner
    if isinstance(whole, dict):
        found = {k: _as_tensor(v) for k, v in whole.items() if isinstance(k, str)}
        tensors = {k: v for k, v in found.items() if v is not None}
        if tensors:
            return tensors
    raise WeightsError(
        f"weights: {name} holds no dict of tensors (it has {_parts(whole)}); see "
        "interop.load(path), and name one with entry="
    )


def _as_tensor(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fiub":
        return from_numpy(np.asarray(value))
    return None


def _parts(whole: Any) -> str:
    if not isinstance(whole, dict):
        return f"a {type(whole).__name__}"
    names = [repr(k)[:40] for k in list(whole)[:8] if isinstance(k, (str, int))]
    return ", ".join(names) or "an empty dict"
