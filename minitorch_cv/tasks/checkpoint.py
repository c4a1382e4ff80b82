"""Checkpoints: one safetensors file that holds everything a run needs to go on bit-exactly.

Tensors `model.<key>` are the network's state_dict, `optimizer.<number>.<name>` the optimizer's
buffers. Whatever is not a tensor is JSON in the file's metadata, under `training`; a checksum of
all tensors stands beside it. A file is written under a temporary name in the same folder, flushed
to the disk and renamed, so a failing write never harms the file that was there.

Source: the safetensors format, https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..backend.atomic import write_atomically
from .errors import CheckpointError

FORMAT = "minitorch_cv.checkpoint"
VERSION = "1"


class Checkpoint(NamedTuple):
    """What a file holds.

    tensors: name → NumPy array; training: everything else, as plain JSON values.
    """

    tensors: dict[str, np.ndarray]
    training: dict[str, Any]

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """The tensors below `prefix.`, without the prefix."""
        start = prefix + "."
        return {name[len(start) :]: a for name, a in self.tensors.items() if name.startswith(start)}


def save(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Writes a checkpoint atomically. Raises OSError where it cannot; the old file then stays."""
    from safetensors.numpy import save as to_bytes

    tensors = {name: np.array(a, order="C") for name, a in sorted(checkpoint.tensors.items())}
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": checksum(tensors),
        "training": json.dumps(checkpoint.training),
    }
    write_atomically(path, to_bytes(tensors, metadata))


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Reads a checkpoint. Raises CheckpointError, naming file and size, for anything else."""
    from safetensors.numpy import load as from_bytes

    content = _read(path)
    with _naming(path, len(content)):
        metadata = _metadata(content)
        if metadata.get("format") != FORMAT:
            raise CheckpointError(
                "a safetensors file, but not a checkpoint of `minitorch-cv train` (its metadata "
                "name no format)"
            )
        if metadata.get("version") != VERSION:
            raise CheckpointError(
                f"written in version {metadata.get('version')!r} of the format, this program reads "
                f"{VERSION!r}; use the program that wrote it"
            )
        try:
            tensors, training = from_bytes(content), json.loads(metadata["training"])
        except Exception as error:  # safetensors raises several types for a damaged file
            raise CheckpointError(f"damaged ({_first_line(error)})") from error
        if checksum(tensors) != metadata.get("sha256"):
            raise CheckpointError("damaged (its tensors do not have the checksum in its metadata)")
    return Checkpoint(tensors, training)


def checksum(tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of all tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"checkpoint: there is no file {os.fspath(path)}; `minitorch-cv train lenet` writes one"
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"checkpoint: cannot read {os.fspath(path)} ({error.strerror or error}); give the file "
            "checkpoint.safetensors of a run"
        ) from error


@contextlib.contextmanager
def _naming(path: str | os.PathLike[str], size: int) -> Iterator[None]:
    """Puts the file's name and size in front of what is wrong with it."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(
            f"checkpoint: {os.fspath(path)} ({size} bytes) is {error}"
        ) from error.__cause__


def _metadata(content: bytes) -> dict[str, str]:
    """The metadata in the head of a safetensors file: 8 bytes of length, then JSON."""
    if not content:
        raise CheckpointError("empty")
    start = content[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise CheckpointError("an HTML page, not a checkpoint; download the file itself")
    headed = content[8:9] == b"{"  # the length before it may begin with any byte
    if content.startswith((b"PK\x03\x04", b"\x80")) and not headed:
        raise CheckpointError("a PyTorch or pickle file, not a safetensors checkpoint")
    length = int.from_bytes(content[:8], "little")
    if len(content) < 10 or not headed:
        raise CheckpointError("not a safetensors file")
    if 8 + length > len(content):
        raise CheckpointError(f"truncated (its head alone needs {8 + length} bytes)")
    try:
        head = json.loads(content[8 : 8 + length])
        metadata = head.pop("__metadata__", None) or {}
        end = max((entry["data_offsets"][1] for entry in head.values()), default=0)
        whole = 8 + length + int(end)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise CheckpointError("damaged (its head is not that of a safetensors file)") from error
    if whole > len(content):
        raise CheckpointError(f"truncated (its head names {whole} bytes)")
    return metadata


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
