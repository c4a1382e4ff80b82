"""CUDA kernels of the family elementwise: each `.cu` file beside the Python that launches it."""
