"""`torch.cuda`: what scripts ask before they choose a device. A GPU is there if CuPy finds one."""

from __future__ import annotations

from typing import Any

from ...backend import cuda
from ...backend.library import ArrayLibrary
from ...backend.random import manual_seed as _seed

is_available = cuda.is_available
is_initialized = cuda.is_available


def _library() -> ArrayLibrary:
    library = cuda.load_cuda()
    if library is None:
        raise RuntimeError("torch.cuda: no GPU is available; ask torch.cuda.is_available() first")
    return library


def device_count() -> int:
    """How many GPUs there are."""
    return _library().count() if is_available() else 0


def current_device() -> int:
    """0, the first GPU. Raises RuntimeError where there is none."""
    _library()
    return 0


def get_device_name(device: Any = None) -> str:
    """`cuda:0`, …: CuPy's number of the GPU."""
    _library()
    return f"cuda:{getattr(device, 'index', device) or 0}"


def init() -> None:
    """Raises RuntimeError where there is no GPU."""
    _library()


def set_device(device: Any) -> None:
    """Accepted for the first GPU, which is the current one. Raises RuntimeError for others."""
    index = getattr(device, "index", device)
    _library()
    if index not in (0, None, "cuda", "cuda:0"):
        raise RuntimeError("torch.cuda.set_device: only the first GPU is used; name it in .to()")


def synchronize(device: Any = None) -> None:  # noqa: ARG001
    """Waits until the GPU has done its work."""
    _library().synchronize()


def manual_seed(seed: int) -> None:
    """Does nothing without a GPU, as in PyTorch; with one, seeds the one generator there is."""
    if is_available():
        _seed(int(seed))


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to do: memory is given back by CuPy's own pool."""


def reset_peak_memory_stats(device: Any = None) -> None:  # noqa: ARG001
    """Nothing is counted."""


def memory_allocated(device: Any = None) -> int:  # noqa: ARG001
    """Bytes in use on the GPU; 0 without one, as in PyTorch. The peak is not counted apart."""
    return cuda.memory_allocated() if is_available() else 0


max_memory_allocated = memory_allocated


def never(*args: Any) -> bool:  # noqa: ARG001
    """False: this library is not used here."""
    return False


def nothing(*args: Any) -> None:  # noqa: ARG001
    """None: this library is not used here."""
