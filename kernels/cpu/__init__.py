"""numba kernels for float32 arrays, in the families of ops/; `backend.registry` finds them here.

KERNELS: op → its module below this package, or `module:name` where one module holds several.
"""

KERNELS = {
    "conv": "conv.conv",
    "conv_transpose": "conv.conv_transpose",
    "max_pool": "pool.max_pool",
}
