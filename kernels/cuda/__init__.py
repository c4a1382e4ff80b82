"""CUDA C++ kernels; one `.cu` file per op."""
