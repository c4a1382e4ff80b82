"""CUDA kernels of the family conv: each `.cu` file beside the Python that launches it."""
