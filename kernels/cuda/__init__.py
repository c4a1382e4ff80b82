"""CUDA C++ kernels, `.cu` files in the families of ops/, each beside the Python that launches it.

KERNELS: as in cpu/. Needs no CuPy: launch.py runs them on whatever device is registered.
"""

KERNELS: dict[str, str] = {
    "batch_norm": "norm.batch_norm",
    "col2im": "conv.im2col:COL2IM",
    "cross_entropy": "loss.cross_entropy",
    "dropout": "random.dropout",
    "elu": "elementwise.activations:ELU",
    "gelu": "elementwise.activations:GELU",
    "hardtanh": "elementwise.activations:HARDTANH",
    "im2col": "conv.im2col:IM2COL",
    "leaky_relu": "elementwise.activations:LEAKY_RELU",
    "max_pool": "pool.max_pool",
    "relu": "elementwise.activations:RELU",
    "sigmoid": "elementwise.activations:SIGMOID",
    "silu": "elementwise.activations:SILU",
    "tanh": "elementwise.activations:TANH",
}
