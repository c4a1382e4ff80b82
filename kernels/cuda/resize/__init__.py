"""CUDA kernels of the family resize: each `.cu` file beside the Python that launches it."""
