"""CUDA kernels of the family norm: each `.cu` file beside the Python that launches it."""
