"""CuPy as the `cuda` device: the only module that imports cupy, and only when it is asked for."""

from __future__ import annotations

import functools
from typing import Any

from .library import Array, ArrayLibrary, register_library


def load_cuda() -> ArrayLibrary | None:
    """Registers and returns the `cuda` library; None where CuPy or a GPU is missing."""
    try:
        import cupy
    except ImportError:
        return None
    if not cupy.cuda.is_available():
        return None

    def from_numpy(array: Array, index: int = 0) -> Array:
        with cupy.cuda.Device(index):
            return cupy.asarray(array)

    library = ArrayLibrary(
        "cuda",
        namespace=cupy,
        array_type=cupy.ndarray,
        from_numpy=from_numpy,
        to_numpy=cupy.asnumpy,
        index_of=lambda array: array.device.id,
        count=cupy.cuda.runtime.getDeviceCount,
        synchronize=cupy.cuda.runtime.deviceSynchronize,
    )
    register_library(library)
    _register_kernels(cupy)
    return library


@functools.cache  # once: what has been compiled stays
def _register_kernels(cupy: Any) -> None:
    """Lets our kernels run on CuPy's arrays. A bare checkout has no kernels."""
    try:
        from .cuda_kernels import CupyDevice, register
    except ImportError:
        return
    register(CupyDevice(cupy))


def is_available() -> bool:
    """True where CuPy is installed and finds a GPU (PyTorch: `torch.cuda.is_available`)."""
    return load_cuda() is not None
