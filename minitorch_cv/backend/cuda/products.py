"""Matrix products: NVIDIA's cublasGemmStridedBatchedEx through ctypes, in place of `cupy.matmul`.

`cupy.matmul` copies batches of matrices that are not in C order, which for the weight gradient of a
convolution are all its columns; it sends a list of addresses where one matrix meets many; and it
refuses cuBLAS while a stream captures, though cuBLAS allows it. Here a transposed matrix is a flag
and a shared one a step of 0. A stream has a handle and a workspace of its own, and so has a step
that is recorded as a graph.

bfloat16: its numbers come as uint16; results are float32.

cuBLAS knows matrices column by column. A row-major C = A B is, read so, Cᵀ = Bᵀ Aᵀ: the same memory
with the operands in the other order, and nothing is copied for it.

Source: NVIDIA, "cuBLAS library", sections "CUDA graphs support" and "cublasGemmStridedBatchedEx".
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import math
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

WORKSPACE = 32 << 20  # bytes: what NVIDIA recommends for the largest GPUs
_LIBRARIES = ("libcublas.so.13", "libcublas.so.12", "cublas64_13.dll", "cublas64_12.dll")
_STRAIGHT, _TRANSPOSED = 0, 1  # cublasOperation_t
_DEFAULT_ALGORITHM = -1
BFLOAT16_UNITS = 8  # compute capability, from which on GPUs have them


class _Kind(NamedTuple):
    """factor, result: their types (cudaDataType_t); sums: theirs (cublasComputeType_t); alpha's."""

    factor: int
    result: int
    sums: int
    alpha: Any


_KINDS = {
    "float32": _Kind(0, 0, 68, ctypes.c_float),
    "float64": _Kind(1, 1, 70, ctypes.c_double),
    "float16": _Kind(2, 2, 68, ctypes.c_float),
}
_BFLOAT16 = _Kind(14, 0, 68, ctypes.c_float)


def load_cublas(cupy: Any) -> Any:
    """cuBLAS, as CuPy calls it. Raises RuntimeError where it is not found."""
    reason = f"looked for {', '.join(_LIBRARIES)}"
    try:
        _ = cupy.cuda.Device().cublas_handle  # CuPy loads it, from wherever it is installed, now
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
    for name in _LIBRARIES:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    raise RuntimeError(f'matmul: cuBLAS is not found ({reason}); pip install "cupy-cuda13x[ctk]"')


class _Layout(NamedTuple):
    """A matrix as cuBLAS reads it: the first of all, as is or transposed, elements to the next row
    (or column) and to the next matrix."""

    array: Any
    operation: int
    leading: int
    step: int


class Products:
    """cuBLAS on one stream. cupy: the namespace; library: cuBLAS; stream: its address."""

    def __init__(self, cupy: Any, library: Any, stream: int) -> None:
        self.cupy, self._library = cupy, library
        self._handle = ctypes.c_void_p()
        self._call("cublasCreate_v2", ctypes.byref(self._handle))
        given_back = weakref.finalize(self, library.cublasDestroy_v2, self._handle)
        given_back.atexit = False  # when the process ends the GPU may be gone before
        self._call("cublasSetStream_v2", self._handle, ctypes.c_void_p(stream))
        self._workspace = cupy.empty(WORKSPACE, np.uint8)
        where = ctypes.c_void_p(int(self._workspace.data.ptr))
        self._call("cublasSetWorkspace_v2", self._handle, where, ctypes.c_size_t(WORKSPACE))

    def _call(self, name: str, *args: Any) -> None:
        status = getattr(self._library, name)(*args)
        if status:
            raise RuntimeError(f"matmul: {name} fails with status {status}")

    def matmul(self, a: Any, b: Any, out: Any = None) -> Any:
        """numpy.matmul of two arrays of the GPU, in float16, float32 or float64.

        Raises ValueError for shapes that do not fit, RuntimeError for other dtypes.
        """
        cupy = self.cupy
        if not a.ndim or not b.ndim or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
            raise ValueError(
                f"matmul: (…, M, K) times (…, K, N) (got {a.shape} and {b.shape}); transpose one"
            )
        dtype = np.result_type(a.dtype, b.dtype)
        if dtype.name not in _KINDS:
            raise RuntimeError(
                f"matmul: {dtype} has no product inside a step for cuda.graph; use float32"
            )
        A = a.reshape(1, -1) if a.ndim == 1 else a
        B = b.reshape(-1, 1) if b.ndim == 1 else b
        A, B = A.astype(dtype, copy=False), B.astype(dtype, copy=False)
        lead = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
        M, K, N = A.shape[-2], A.shape[-1], B.shape[-1]
        shape = (*lead, M, N)
        direct = out is not None and a.ndim > 1 and b.ndim > 1 and out.flags.c_contiguous
        direct = direct and out.dtype == dtype and out.shape == shape
        C = out if direct else cupy.empty(shape, dtype)
        if C.size and K:
            self._multiply(_KINDS[dtype.name], _flat(cupy, A, lead), _flat(cupy, B, lead), C)
        else:
            C.fill(0)
        if direct:
            return out
        C = C.reshape((*lead, *((M,) if a.ndim > 1 else ()), *((N,) if b.ndim > 1 else ())))
        if out is None:
            return C
        out[...] = C
        return out

    def bfloat16(self, a: Any, b: Any) -> Any:
        """The product of matrices, or of batches of them, of bfloat16 (as uint16), in float32."""
        cupy, lead = self.cupy, np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        C = cupy.empty((*lead, a.shape[-2], b.shape[-1]), np.float32)
        if C.size and a.shape[-1]:
            self._multiply(_BFLOAT16, _flat(cupy, a, lead), _flat(cupy, b, lead), C)
        else:
            C.fill(0)
        return C

    def _multiply(self, kind: _Kind, A: Any, B: Any, C: Any) -> None:  # noqa: N803
        (M, K), N = A.shape[-2:], B.shape[-1]
        a, b = _layout(self.cupy, A), _layout(self.cupy, B)
        one, zero = kind.alpha(1.0), kind.alpha(0.0)
        operands: list[Any] = []
        for matrix in (b, a):
            address = ctypes.c_void_p(int(matrix.array.data.ptr))
            step = ctypes.c_longlong(matrix.step)
            operands.append((address, kind.factor, matrix.leading, step))
        (first, second), target = operands, ctypes.c_void_p(int(C.data.ptr))
        batch = C.size // (M * N)
        self._call(
            "cublasGemmStridedBatchedEx", self._handle, b.operation, a.operation, N, M, K,
            ctypes.byref(one), *first, *second, ctypes.byref(zero),
            target, kind.result, N, ctypes.c_longlong(M * N), batch, kind.sums, _DEFAULT_ALGORITHM,
        )  # fmt: skip


_kept: dict[tuple[int, int], Products | None] = {}  # GPU and stream → cuBLAS on it
_recording: Products | None = None  # of the step that is being recorded


def on_current_stream(cupy: Any, index: int) -> Products | None:
    """cuBLAS on the current stream of the current GPU, `index`; None where it is not found."""
    if _recording is not None:
        return _recording
    key = index, int(cupy.cuda.get_current_stream().ptr)
    if key not in _kept:
        _kept[key] = None
        with contextlib.suppress(RuntimeError):
            _kept[key] = Products(cupy, load_cublas(cupy), key[1])
    return _kept[key]


def bfloat16_products(cupy: Any, index: int) -> Any:
    """multiply(a, b) on a GPU's current stream; None without cuBLAS or units for bfloat16."""
    with cupy.cuda.Device(index):
        found = on_current_stream(cupy, index) if _has_units(cupy, index) else None
    return None if found is None else functools.partial(_on_its_gpu, found, index)


def matmul(cupy: Any, a: Any, b: Any, out: Any = None) -> Any:
    """numpy.matmul on the GPU of `a` and its current stream; CuPy's own where this has none."""
    index = a.device.id
    with current_gpu(cupy, index):
        floats = a.dtype.name in _KINDS and b.dtype.name in _KINDS
        products = on_current_stream(cupy, index) if floats or _recording else None
        if products is None:
            return cupy.matmul(a, b, out=out)
        return products.matmul(a, b, out)


@contextlib.contextmanager
def recording(products: Products) -> Iterator[None]:
    """Inside the `with` block products are those of the step that is recorded."""
    global _recording
    _recording = products
    try:
        yield
    finally:
        _recording = None


@functools.cache  # it takes CuPy a while to say
def _has_units(cupy: Any, index: int) -> bool:
    return int(cupy.cuda.runtime.getDeviceProperties(index)["major"]) >= BFLOAT16_UNITS


def _on_its_gpu(products: Products, index: int, a: Any, b: Any) -> Any:
    with current_gpu(products.cupy, index):
        return products.bfloat16(a, b)


def _flat(cupy: Any, x: Any, lead: tuple[int, ...]) -> Any:
    """(…, R, C) as (batch, R, C), or (R, C) where all products share it."""
    if math.prod(x.shape[:-2]) == 1:
        return x.reshape(x.shape[-2:]) if x.ndim > 2 else x
    if x.shape[:-2] != lead:
        x = cupy.ascontiguousarray(cupy.broadcast_to(x, (*lead, *x.shape[-2:])))
    return x if x.ndim == 3 else x.reshape(-1, *x.shape[-2:])


def _layout(cupy: Any, x: Any) -> _Layout:
    """Rows, or columns, whose elements lie side by side; copied where neither do."""
    (R, C), strides = x.shape[-2:], [step // x.itemsize for step in x.strides]
    down, along = strides[-2:]
    step = strides[0] if x.ndim == 3 else 0
    whole = all(s % x.itemsize == 0 for s in x.strides) and step >= 0
    if whole and (along == 1 or C == 1) and (R == 1 or down >= C):
        return _Layout(x, _STRAIGHT, max(down, C) if R > 1 else C, step)
    if whole and (down == 1 or R == 1) and (C == 1 or along >= R):
        return _Layout(x, _TRANSPOSED, max(along, R) if C > 1 else R, step)
    x = cupy.ascontiguousarray(x)
    return _Layout(x, _STRAIGHT, C, R * C if x.ndim == 3 else 0)


_HERE = contextlib.nullcontext()


def current_gpu(cupy: Any, index: int) -> Any:
    """A context in which a GPU is the current one; nothing to do where it is."""
    return _HERE if cupy.cuda.runtime.getDevice() == index else cupy.cuda.Device(index)
