"""CUDA kernels of the optimizers: all parameters in one launch."""
