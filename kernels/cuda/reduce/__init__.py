"""CUDA kernels of the family reduce: each `.cu` file beside the Python that launches it."""
