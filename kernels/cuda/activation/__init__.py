"""CUDA kernels of the family activation: each `.cu` file beside the Python that launches it."""
