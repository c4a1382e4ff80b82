"""CUDA kernels of the family shape: each `.cu` file beside the Python that launches it."""
