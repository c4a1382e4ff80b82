"""CUDA C++ kernels, `.cu` files in the families of ops/. KERNELS: as in cpu/."""

KERNELS: dict[str, str] = {}
