"""Ops on packed arrays: float32 whose numbers are all of bfloat16, kept in 16 bits (array.py).

KERNELS: as in the package above, for calls of which an argument, what was saved, or the gradient is
packed. An op that is not here, or does not support the call, is given plain float32.
"""

KERNELS: dict[str, str] = {
    "add": "elementwise:ADD",
    "add_relu": "elementwise:ADD_RELU",
    "batch_norm": "batch_norm",
    "conv_bfloat16": "conv:CONV",
    "conv_transpose_bfloat16": "conv:CONV_TRANSPOSE",
    "max_pool": "max_pool",
    "relu": "elementwise:RELU",
}
