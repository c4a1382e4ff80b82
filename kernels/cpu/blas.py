"""One matrix product by BLAS, called from inside a compiled loop on parts of larger arrays.

    C = β C + op(A) op(B),   C (m, n), op(A) (m, k), op(B) (k, n), row by row in memory

numba's own `np.dot` takes whole contiguous arrays alone. Here each matrix is an array, the place
of its first element, and the distance from row to row, so that a block of an image is multiplied
where it lies, and the product may be added to what is there. The routine is the one that SciPy
offers to compiled code (scipy.linalg.cython_blas); its address is an argument and not a constant
of the compiled code, which is kept on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

SGEMM = int(get_cython_function_address("scipy.linalg.cython_blas", "sgemm"))

_INT = ir.IntType(32)


@intrinsic
def _fortran(
    typing_context: Any, address: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any,
    a: Any, a0: Any, lda: Any, b: Any, b0: Any, ldb: Any, beta: Any, c: Any, c0: Any, ldc: Any,
) -> Any:  # fmt: skip
    """sgemm by its address; columns first, as Fortran has it. ta, tb: 'N' or 'T' as a number."""
    signature = types.void(
        types.int64, types.int64, types.int64, types.int64, types.int64, types.int64,
        a, types.int64, types.int64, b, types.int64, types.int64, types.float32,
        c, types.int64, types.int64,
    )  # fmt: skip
    return signature, _call


def _call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    address, ta, tb, m, n, k, a, a0, lda, b, b0, ldb, beta, c, c0, ldc = args

    def whole(value: Any, size: ir.Type = _INT) -> Any:
        return cgutils.alloca_once_value(builder, builder.trunc(value, size))

    def place(array: Any, kind: Any, first: Any) -> Any:
        data = context.make_array(kind)(context, builder, array).data
        return builder.gep(data, [first])

    one = cgutils.alloca_once_value(builder, ir.Constant(ir.FloatType(), 1.0))
    letter = ir.IntType(8)
    arguments = [
        whole(ta, letter), whole(tb, letter), whole(m), whole(n), whole(k), one,
        place(a, signature.args[6], a0), whole(lda), place(b, signature.args[9], b0), whole(ldb),
        cgutils.alloca_once_value(builder, beta), place(c, signature.args[13], c0), whole(ldc),
    ]  # fmt: skip
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in arguments])
    builder.call(builder.inttoptr(address, kind.as_pointer()), arguments)
    return context.get_dummy_value()


@njit(inline="always")
def gemm(sgemm, m, n, k, a, a0, lda, ta, b, b0, ldb, tb, beta, c, c0, ldc):  # type: ignore[no-untyped-def]
    """C[c0:] (m, n) = β C + op(A[a0:]) op(B[b0:]); ta, tb: is A or B transposed in memory?"""
    _fortran(
        sgemm, 84 if tb else 78, 84 if ta else 78, n, m, k,
        b, b0, ldb, a, a0, lda, np.float32(beta), c, c0, ldc,
    )  # fmt: skip
