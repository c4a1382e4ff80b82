"""Kernels of two inputs with all broadcasts, against the reference in float64."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.catalog import op_named

pytest.importorskip("numba")
binary = pytest.importorskip("minitorch_cv.kernels.cpu.elementwise.binary")
threads = pytest.importorskip("minitorch_cv.kernels.threads")

OPS = (
    "add", "add_relu", "div", "floor_divide", "fmod", "hypot", "logaddexp", "maximum", "minimum",
    "mul", "remainder", "sub",
)  # fmt: skip
FULL = (6, 5, 29, 67)
ROWS = [
    FULL, (1, 5, 1, 1), (5, 1, 1), (6, 5, 1, 1), (6, 1, 1, 1), (1, 1, 1, 1), (), (1,), (67,),
    (29, 67), (1, 1, 29, 67), (1, 5, 29, 67), (1, 1, 29, 1), (6, 1, 29, 67), (6, 1, 1, 67),
]  # fmt: skip


def drawn(rng, shape):
    return (rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape)).astype(np.float32)


def results(name, a, b, gy, needs=(True, True)):
    """[y, ga, gb] by the kernels and by the reference in float64."""
    op, found = op_named(name), []
    for mode, dtype in (("fast", np.float32), ("reference", np.float64)):
        with use_kernels(mode):
            y, saved = op.run((np.asarray(a, dtype), np.asarray(b, dtype)), {})
            found.append((y, *op.differentiate(np.asarray(gy, dtype), saved, needs)))
    return found


def close(name, got, want):
    for what, g, w in zip(("y", "ga", "gb"), got, want, strict=True):
        assert g.dtype == np.float32 and g.shape == w.shape, what
        scale = np.max(np.abs(w), initial=1.0)
        np.testing.assert_allclose(g, w, rtol=0, atol=1e-5 * scale, err_msg=f"{name} {what}")


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("name", OPS)
def test_broadcasts(name, row, count):
    rng = np.random.default_rng(0)
    a, b = drawn(rng, FULL), drawn(rng, row)
    gy = rng.normal(size=FULL).astype(np.float32)
    before = threads.get_num_threads()
    threads.set_num_threads(count)
    try:
        close(name, *results(name, a, b, gy))
        close(name, *results(name, b, a, gy))
    finally:
        threads.set_num_threads(before)


@pytest.mark.parametrize("name", OPS)
def test_one_gradient_alone(name):
    rng = np.random.default_rng(1)
    a, b = drawn(rng, (4, 3, 5)), drawn(rng, (3, 1))
    gy = rng.normal(size=a.shape).astype(np.float32)
    for needs in ((True, False), (False, True)):
        got, want = results(name, a, b, gy, needs)
        assert [g is None for g in got] == [w is None for w in want]
        np.testing.assert_allclose(got[2 - needs[0]], want[2 - needs[0]], rtol=1e-4, atol=1e-4)


ENDS = [np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 2.5, -2.5, 1e-40, 1e20, 3e38, -3e38]


@pytest.mark.parametrize("shape", [(144,), (144 * 300,)])
@pytest.mark.parametrize("name", OPS)
def test_ends_are_those_of_the_reference(name, shape):
    a, b = (np.resize(x, shape).astype(np.float32) for x in np.meshgrid(ENDS, ENDS))
    op, found = op_named(name), []
    gy = np.ones(shape, np.float32)
    for mode in ("fast", "reference"):
        with use_kernels(mode):
            y, saved = op.run((a, b), {})
            found.append((y, *op.differentiate(gy, saved, (True, True))))
    for what, got, want in zip(("y", "ga", "gb"), *found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, err_msg=what)


def test_quotients_too_large_to_cut():
    """The kernel says so and NumPy does the work; whole quotients and near misses are right."""
    rng = np.random.default_rng(2)
    a = (rng.uniform(-1, 1, 50_000) * 2.0 ** rng.integers(-20, 60, 50_000)).astype(np.float32)
    b = (rng.uniform(-1, 1, 50_000) * 2.0 ** rng.integers(-20, 20, 50_000)).astype(np.float32)
    a[:10_000] = b[:10_000] * rng.integers(-9, 9, 10_000)
    a[10_000:20_000] = np.nextafter(a[:10_000], np.float32(0))
    small = np.abs(a.astype(np.float64) / b) < 2.0**22
    for name, numpy in (("remainder", np.remainder), ("fmod", np.fmod)):
        kernel = find_kernel(name, "cpu")
        np.testing.assert_array_equal(kernel.forward(a, b)[0], numpy(a, b))
        np.testing.assert_array_equal(kernel.forward(a[small], b[small])[0],
                                      numpy(a[small], b[small]))  # fmt: skip
    whole = find_kernel("floor_divide", "cpu")
    np.testing.assert_array_equal(whole.forward(a[small], b[small])[0],
                                  np.floor_divide(a[small], b[small]))  # fmt: skip


def test_sums_do_not_drift():
    """Millions of numbers that all go into one gradient."""
    gy = np.full(3_000_001, 0.1, np.float32)
    saved = op_named("add").run((gy, np.ones(1, np.float32)), {})[1]
    _, gb = op_named("add").differentiate(gy, saved, (True, True))
    np.testing.assert_allclose(gb, [gy.astype(np.float64).sum()], rtol=2e-6)


def test_layouts():
    rng = np.random.default_rng(3)
    a, b = drawn(rng, (300, 200)).T, drawn(rng, (400, 300))[::2]
    gy = np.broadcast_to(np.float32(2), (200, 300))
    close("mul", *results("mul", a, b, gy))
    close("mul", *results("mul", a, b[:1], gy))
    close("mul", *results("mul", a, b[:, :1], gy))


def test_how_a_shape_is_repeated():
    full = (6, 5, 4, 3)
    assert binary.repeated(full, (5, 1, 1)) == (False, 6, 5, 12)
    assert binary.repeated((6, 5, 1, 1), full) == (True, 1, 30, 12)
    assert binary.repeated(full, (4, 3)) == (False, 30, 12, 1)
    assert binary.repeated(full, ()) == (False, 1, 1, 360)
    assert binary.repeated(full, (6, 1, 4, 3)) is None
    assert binary.repeated((3, 1), (1, 4)) is None
    assert binary.repeated((0, 3), (1, 3)) is None
    assert binary.repeated((3,), (1, 3)) is None  # the result has more axes than the larger one


def test_leaves_the_rest_to_the_reference():
    kernel, x = find_kernel("mul", "cpu"), np.ones((300, 300), np.float32)
    assert kernel.supports(x, x) and kernel.supports(x, x[:1])
    assert not kernel.supports(x, 2.0) and not kernel.supports(x, x.astype(np.float64))
    assert not kernel.supports(x[0], x[0])  # few numbers: NumPy is as fast
    assert not find_kernel("remainder", "cpu").supports(x, x[:1])
