"""How many CPU threads work on one op: NumPy's matrix products and our own kernels."""

from __future__ import annotations

from typing import Any


def set_num_threads(count: int) -> None:
    """Holds matrix products and kernels to `count` threads (PyTorch: `torch.set_num_threads`).

    Raises ValueError for a count below 1. More threads than cores are as many as there are cores.
    """
    if count < 1:
        raise ValueError(f"set_num_threads: expects at least 1 (got {count})")
    for library in _blas_libraries():
        library.set_num_threads(1 if _belongs_to_kernels(library) else count)
    try:
        from ..kernels import threads
    except ImportError:  # run from a bare checkout
        return
    threads.set_num_threads(count)


def get_num_threads() -> int:
    """How many threads work on one op (PyTorch: `torch.get_num_threads`)."""
    try:
        from ..kernels import threads
    except ImportError:
        return max((library.num_threads for library in _blas_libraries()), default=1)
    return threads.get_num_threads()


def hold_kernels_blas() -> None:
    """One thread for the BLAS that kernels call, which they do on all their threads at once."""
    for library in _blas_libraries():
        if _belongs_to_kernels(library):
            library.set_num_threads(1)


def _blas_libraries() -> list[Any]:
    """What is loaded now; none where threadpoolctl is missing, as beside NumPy alone."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    found = ThreadpoolController().lib_controllers
    return [library for library in found if library.user_api == "blas"]


def _belongs_to_kernels(library: Any) -> bool:
    """Is it SciPy's BLAS, which kernels call, and not NumPy's as well?"""
    return "scipy.libs" in library.filepath
