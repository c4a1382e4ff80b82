"""How many CPU threads work on one op: NumPy's matrix products and our own kernels."""

from __future__ import annotations


def set_num_threads(count: int) -> None:
    """Holds matrix products and kernels to `count` threads (PyTorch: `torch.set_num_threads`).

    Raises ValueError for a count below 1. More threads than cores are as many as there are cores.
    """
    if count < 1:
        raise ValueError(f"set_num_threads: expects at least 1 (got {count})")
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # NumPy alone is installed: its threads cannot be limited from here
        return
    threadpool_limits(count, "blas")
    try:
        from ..kernels import threads
    except ImportError:  # numba is missing, and with it the kernels
        return
    threads.set_num_threads(count)
    hold_kernels_blas()


def hold_kernels_blas() -> None:
    """One thread for the BLAS that kernels call: SciPy's, where it is not NumPy's as well.

    Kernels call it on all their threads at once, each for its own part of the work.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return
    for library in ThreadpoolController().lib_controllers:
        if library.user_api == "blas" and "scipy.libs" in library.filepath:
            library.set_num_threads(1)
