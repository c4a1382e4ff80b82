"""Fast code and nothing else: `cpu/` numba, `cuda/` CUDA C++. Knows arrays, no tensors."""
