"""numba kernels for float32 arrays; one file per op, found by `backend.registry`."""
