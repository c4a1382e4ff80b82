"""CUDA kernels of the family random: each `.cu` file beside the Python that launches it."""
