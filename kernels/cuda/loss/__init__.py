"""CUDA kernels of the family loss: each `.cu` file beside the Python that launches it."""
