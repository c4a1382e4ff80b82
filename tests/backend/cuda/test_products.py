"""cuBLAS as it is called inside a graph, against NumPy; the stand-in reads raw addresses."""

from __future__ import annotations

import ctypes
import gc

import numpy as np
import pytest

from minitorch_cv.backend.cuda import products
from minitorch_cv.backend.cuda.products import Products, load_cublas
from minitorch_cv.testing.cuda_emulator.standin import Cublas

SHAPES = [
    ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 3, 4), (2, 4, 5)),
    ((6, 2, 3, 4), (2, 4, 5)), ((6, 1, 3, 4), (1, 2, 4, 5)), ((4,), (4, 5)), ((3, 4), (4,)),
    ((4,), (4,)), ((2, 3, 4), (4,)), ((1, 4), (4, 1)), ((1, 1, 4), (2, 4, 1)), ((3, 1), (1, 5)),
    ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((2, 0, 4), (4, 5)), ((1, 1), (1, 1)),
]  # fmt: skip


@pytest.fixture
def blas(standin):
    return Products(standin.cupy, Cublas(), 0)


def numbers(shape, dtype, seed):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("left, right", SHAPES)
def test_equals_numpy(left, right, dtype, blas, standin):
    a, b = numbers(left, dtype, 0), numbers(right, dtype, 1)
    got = blas.matmul(standin.library.from_numpy(a), standin.library.from_numpy(b))
    want = np.matmul(a, b)
    assert got.shape == want.shape and got.dtype == dtype
    np.testing.assert_allclose(got.get(), want, rtol=0, atol=2e-2 if dtype == np.float16 else 1e-5)


@pytest.mark.parametrize("turn", [
    lambda x: x.swapaxes(-1, -2), lambda x: x[..., ::-1], lambda x: x[..., ::2, :],
    lambda x: x[..., 1:, :], lambda x: x[..., :3], lambda x: x.transpose(2, 1, 0), lambda x: x[:1],
    lambda x: x[:, :1], lambda x: x[..., :1], lambda x: x[::-1],
    lambda x: x[:, ::-1],
])  # fmt: skip
def test_views_of_any_kind(turn, blas, standin):
    array = standin.library.from_numpy
    a, b = numbers((4, 6, 8), np.float32, 2), numbers((4, 8, 6), np.float32, 3)
    view = turn(array(a))
    other = numbers((*view.shape[:-2], view.shape[-1], 3), np.float32, 4)
    np.testing.assert_allclose(
        blas.matmul(view, array(other)).get(), np.matmul(turn(a), other), atol=1e-5
    )
    view = turn(array(b))
    other = numbers((*view.shape[:-2], 3, view.shape[-2]), np.float32, 4)
    np.testing.assert_allclose(
        blas.matmul(array(other), view).get(), np.matmul(other, turn(b)), atol=1e-5
    )


def test_into_an_array(blas, standin):
    a, b = (standin.library.from_numpy(numbers(s, np.float32, 5)) for s in ((3, 4), (2, 4, 5)))
    want = np.matmul(a.get(), b.get())
    out = standin.cupy.empty((2, 3, 5), np.float32)
    assert blas.matmul(a, b, out=out) is out
    np.testing.assert_allclose(out.get(), want, atol=1e-5)
    wide = standin.cupy.empty((2, 3, 10), np.float32)
    blas.matmul(a, b, out=wide[..., ::2])
    np.testing.assert_allclose(wide.get()[..., ::2], want, atol=1e-5)


def test_dtypes_are_promoted_or_refused(blas, standin):
    a, b = standin.library.from_numpy(np.eye(2, dtype="f")), standin.library.from_numpy(np.eye(2))
    assert blas.matmul(a, b).dtype == np.float64
    whole = standin.library.from_numpy(np.eye(2, dtype=np.int64))
    with pytest.raises(RuntimeError, match="matmul: int64 has no product inside a step"):
        blas.matmul(whole, whole)


def test_failures_and_a_missing_library(standin, monkeypatch):
    class Failing(Cublas):
        def __getattr__(self, name):
            return lambda *_: 13

    with pytest.raises(RuntimeError, match="cublasCreate_v2 fails with status 13"):
        Products(standin.cupy, Failing(), 0)

    def nowhere(name):
        raise OSError(name)

    monkeypatch.setattr(products.ctypes, "CDLL", nowhere)
    with pytest.raises(RuntimeError, match="cuBLAS is not found .looked for libcublas.so.13"):
        load_cublas(standin.cupy)
    assert ctypes.CDLL is nowhere


def test_cupy_loads_the_library_first(standin, monkeypatch):
    """CuPy 14 loads it when it is first asked for, from a folder that only CuPy knows."""
    loaded = []

    class Device:
        @property
        def cublas_handle(self):
            loaded.append("by CuPy")
            return 1

    def open_library(name):
        if not loaded:
            raise OSError(name)
        return name

    monkeypatch.setattr(standin.cupy.cuda, "Device", Device)
    monkeypatch.setattr(products.ctypes, "CDLL", open_library)
    assert load_cublas(standin.cupy) == "libcublas.so.13"

    def broken(self):
        raise ImportError("libcublasLt.so.13: cannot open\nsearched: …")

    monkeypatch.setattr(Device, "cublas_handle", property(broken))
    loaded.clear()
    with pytest.raises(RuntimeError, match=r"not found \(libcublasLt.so.13: cannot open\); pip"):
        load_cublas(standin.cupy)


def test_the_namespace_multiplies_by_cublas(standin, monkeypatch):
    """Also transposed and shared matrices, which go there as they are; integers are CuPy's."""
    calls = []
    multiply = Products._multiply
    monkeypatch.setattr(Products, "_multiply", lambda *args: calls.append(1) or multiply(*args))
    xp, array = standin.library.namespace, standin.library.from_numpy
    a, b = numbers((2, 3, 4), np.float32, 0), numbers((6, 3), np.float32, 1)
    np.testing.assert_allclose(xp.matmul(array(b), array(a)).get(), b @ a, atol=1e-5)
    turned = xp.matmul(array(a).swapaxes(1, 2), array(b).T)
    np.testing.assert_allclose(turned.get(), a.swapaxes(1, 2) @ b.T, atol=1e-5)
    assert len(calls) == 2
    whole = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(xp.matmul(array(whole), array(whole.T)).get(), whole @ whole.T)
    monkeypatch.setattr(products, "on_current_stream", lambda cupy, index: None)  # no cuBLAS
    np.testing.assert_allclose(xp.matmul(array(b), array(a)).get(), b @ a, atol=1e-5)
    assert len(calls) == 2


@pytest.mark.parametrize("left, right", [((3, 4), (3, 4)), ((4,), (3, 4)), ((), (4,))])
def test_shapes_that_do_not_fit(left, right, blas, standin):
    a, b = (standin.library.from_numpy(np.zeros(shape, np.float32)) for shape in (left, right))
    with pytest.raises(ValueError, match="matmul: .*got .*transpose one"):
        blas.matmul(a, b)


def test_a_handle_is_given_back_with_the_last_who_uses_it(standin):
    calls = []

    class Noting(Cublas):
        def cublasDestroy_v2(self, handle):  # noqa: N802
            calls.append(handle)

    blas = Products(standin.cupy, Noting(), 0)
    gc.collect()
    assert not calls
    del blas
    gc.collect()
    assert len(calls) == 1
