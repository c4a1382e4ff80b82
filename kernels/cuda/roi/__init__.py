"""CUDA kernels of the family roi: each `.cu` file beside the Python that launches it."""
