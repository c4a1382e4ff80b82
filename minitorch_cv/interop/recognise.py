"""What a file is, from its first bytes: its format, or in words what it looks like instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from .archive import Archive
from .errors import WeightsError

TORCH_STREAM = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the magic number as a pickle
_HEAD = 512

# The formats that an extension promises; another extension promises nothing.
PROMISES = {
    ".safetensors": ("safetensors",), ".npz": ("npz",), ".caffemodel": ("caffe",),
    ".onnx": ("onnx",), ".pth": ("torch zip", "torch stream", "torch tar"),
}  # fmt: skip
PROMISES[".pt"] = PROMISES[".th"] = PROMISES[".pth"]
_SUFFIX = {"safetensors": ".safetensors", "npz": ".npz", "torch zip": ".pth",
           "torch stream": ".pth", "torch tar": ".pth"}  # fmt: skip

# What is often found in place of weights.
_OTHERS = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the weights; run `git lfs pull`"),
    (b"\x89HDF", "is an HDF5 file (Keras, MATLAB); convert it to .npz or safetensors"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first"),
    (b"\x93NUMPY", "is a single NumPy array without a name; save it with np.savez(name=array)"),
    (b"\x89PNG", "is a PNG picture, no weights"),
    (b"\xff\xd8\xff", "is a JPEG picture, no weights"),
    (b"%PDF", "is a PDF document, no weights"),
)
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")


def recognise(
    file: IO[bytes], path: str | os.PathLike[str], size: int
) -> tuple[str, Archive | None]:
    """(format, the archive where it is a zip). The file is left at its start.

    Raises WeightsError, which says what the file looks like, where it is none of our formats or not
    the one that its extension promises.
    """
    head = file.read(_HEAD)
    file.seek(0)
    suffix = Path(path).suffix.lower()
    archive = Archive(file, size) if head.startswith(b"PK\x03\x04") else None
    kind = _kind(head, size, suffix, archive)
    if kind not in PROMISES.get(suffix, (kind,)):
        raise WeightsError(f"looks like {kind}, not what {suffix} promises; rename it to "
                           f"{_SUFFIX[kind]}")  # fmt: skip
    file.seek(0)
    return kind, archive


def _kind(head: bytes, size: int, suffix: str, archive: Archive | None) -> str:
    if not head:
        raise WeightsError("is empty; get it again")
    if archive is not None:
        return "npz" if all(name.endswith(".npy") for name in archive.members) else "torch zip"
    if head.lstrip().lower().startswith(_PAGES):
        raise WeightsError("is a web page (HTML), not weights; download the file itself")
    for start, words in _OTHERS:
        if head.startswith(start):
            raise WeightsError(words)
    if head.startswith(TORCH_STREAM):
        return "torch stream"
    if head[257:262] == b"ustar" or head.startswith(b"storages\0"):
        return "torch tar"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**40:
        return "safetensors"
    if head.startswith(b"\x80"):
        return "torch stream"  # a pickle; its reader says that it is another one
    if suffix in (".caffemodel", ".onnx"):  # these two have no first bytes of their own
        return PROMISES[suffix][0]
    raise WeightsError(f"is {_guess(head, size)}; safetensors, .npz, PyTorch, .caffemodel and "
                       ".onnx are read")  # fmt: skip


def _guess(head: bytes, size: int) -> str:
    if size < 16:
        return "too short for weights (truncated?)"
    if not any(byte < 9 or 13 < byte < 32 for byte in head):
        return f"text, which begins with {head[:40]!r}"
    return f"of no format that is known here (it begins with {head[:8]!r})"
