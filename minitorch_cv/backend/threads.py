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
