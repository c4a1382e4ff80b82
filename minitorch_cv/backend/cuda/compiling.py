"""CUDA texts compiled by NVRTC for the current GPU, and kept on disk.

CuPy's RawModule adds `-ftz=true` to whatever options it is given: numbers below 1.2e-38 count as 0
then. They do not on the CPU, nor in PyTorch's kernels. So this calls NVRTC through CuPy one floor
below, where CUDA's own defaults hold, and keeps the result where CuPy keeps its own
(CUPY_CACHE_DIR), under a hash of all that it depends on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from ..atomic import write_atomically

OPTIONS = ("--std=c++17",)
_DIGEST = hashlib.sha256().digest_size


def load_module(cupy: Any, text: str) -> Any:
    """The module of a text on the current GPU; its `get_function(name)` answers a kernel.

    Raises cupy.cuda.compiler.CompileException with NVRTC's words where the text is wrong.
    """
    place = _folder() / f"minitorch_cv-{_key(cupy, text)}.cubin"
    image = _read(place)
    if image is None:
        image, _ = cupy.cuda.compiler.compile_using_nvrtc(text, OPTIONS)
        with contextlib.suppress(OSError):  # a folder that cannot be written to costs time alone
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, hashlib.sha256(image).digest() + image)
    module = cupy.cuda.function.Module()
    module.load(image)
    return module


def _folder() -> Path:
    given = os.environ.get("CUPY_CACHE_DIR")
    return Path(given) if given else Path.home() / ".cupy" / "kernel_cache"


def _key(cupy: Any, text: str) -> str:
    """Changes with the text, the options, the GPU's kind and the compiler."""
    capability = cupy.cuda.Device().compute_capability
    parts = (text, *OPTIONS, capability, cupy.cuda.nvrtc.getVersion(), cupy.__version__)
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def _read(place: Path) -> bytes | None:
    """What was kept; None where there is nothing, or where it is not whole."""
    try:
        kept = place.read_bytes()
    except OSError:
        return None
    digest, image = kept[:_DIGEST], kept[_DIGEST:]
    return image if image and hashlib.sha256(image).digest() == digest else None
