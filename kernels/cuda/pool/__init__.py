"""CUDA kernels of the family pool: each `.cu` file beside the Python that launches it."""
