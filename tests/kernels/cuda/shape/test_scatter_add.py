"""scatter_add.cu: the same bits in any order, and the exact sums; odd numbers, places and sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import planes
from minitorch_cv.kernels.cuda.shape.scatter_add import _each_once

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import ORDERS, emulated_cuda

OP, GATHER = op_named("scatter_add"), op_named("gather")
RNG = np.random.default_rng(5)
KERNELS = {"scatter_add_largest", "scatter_add_sums", "scatter_add_round"}
NAN, INF = np.float32(np.nan), np.float32(np.inf)


def run(order, x, index, size, kernels=KERNELS):
    """y, for arrays of the host, or functions that make them there of the device's namespace."""
    device = emulated_cuda(order)
    with device as counters:
        send = counters.library.from_numpy
        y = OP(*(a(counters.library) if callable(a) else send(a) for a in (x, index)), size=size)
        assert counters.total() == counters.masks == 0, counters.last
        assert {kernel for _, kernel in device.device.launched} == kernels
        return y.get()


def exact(x, index, size):
    """Each sum rounded once, from float64s without an error between them."""
    y = np.zeros((*x.shape[:-1], size), np.float32)
    for where in np.ndindex(y.shape):
        row = where[:-1]
        y[where] = math.fsum(x[row][index[row] == where[-1]].tolist())
    return y


def one_by_one(x, index, size):
    """Sums of float32, one element after the other, which is what atomics do in some order."""
    y = np.zeros((*x.shape[:-1], size), np.float32)
    for where in np.ndindex(x.shape):
        y[where[:-1] + (index[where],)] += x[where]
    return y


@pytest.mark.parametrize("rows, P, size", [
    ((), 1, 1), ((), 700, 3), ((5,), 33, 1), ((2, 3), 257, 40), ((300,), 2, 7), ((3,), 64, 1000),
], ids=str)  # fmt: skip
def test_shapes(rows, P, size, compare, draw, blocks):
    compare("scatter_add", draw(*rows, P), RNG.integers(size, size=(*rows, P)), size=size)
    assert compare.launched == KERNELS


def test_both_orders_give_the_exact_sums(emulator):
    """Numbers of which every order of adding floats makes another sum."""
    x = (RNG.normal(size=(3, 4000)) * 2.0 ** RNG.integers(-9, 9, (3, 4000))).astype(np.float32)
    index = RNG.integers(7, size=x.shape)
    there, back = (one_by_one(x[:, ::s], index[:, ::s], 7) for s in (1, -1))
    assert not np.array_equal(there, back)
    for order in ORDERS:
        np.testing.assert_array_equal(run(order, x, index, 7), exact(x, index, 7))


def test_any_range_of_sizes(order):
    """float64 is as far from the exact sums as the bound says, or nearer."""
    x = (RNG.normal(size=(2, 3000)) * 10.0 ** RNG.integers(-36, 37, (2, 3000))).astype(np.float32)
    index = RNG.integers(90, size=x.shape)
    got, want = run(order, x, index, 90).astype(np.float64), exact(x, index, 90)
    for place in np.ndindex(got.shape):
        met = abs(x[place[0]][index[place[0]] == place[1]].astype(np.float64))
        bound = len(met) * met.max() * 2.0 ** -(62 - 12)  # P ≤ 2^12
        assert abs(got[place] - want[place]) <= bound + 2.0**-24 * abs(want[place])


def test_the_largest_element_may_come_last(order, blocks):
    x = (1.5 ** np.arange(-150, 150) * np.ones((3, 1))).T.reshape(-1).astype(np.float32)
    for values in (x, x[::-1].copy()):
        index = np.arange(900) % 3
        np.testing.assert_array_equal(run(order, values, index, 3), exact(values, index, 3))


def test_places_have_units_of_their_own(order):
    """1e30 beside 1e-30 and the smallest number there is: each place keeps what is its own."""
    x = np.float32([1e30, 1e-30, 1e-45, -2e-30, 1e30, -3e-45, 1e30])
    y = run(order, x, np.array([0, 1, 2, 1, 3, 2, 0]), 4)
    np.testing.assert_array_equal(y, np.float32([2e30, -1e-30, -1e-45 * 2, 1e30]))
    met = np.float32([1e30, 1e-30, 1e10, -1e10])
    np.testing.assert_array_equal(run(order, met, np.zeros(4, np.int64), 1), [np.float32(1e30)])


def test_what_is_kept_of_small_elements(order):
    """Each of four has 60 bits: the unit beside 2 − 2^-23 is 2^-59, and a third of 2^-34 fits."""
    m, third = np.float32(2 - 2.0**-23), np.float32(2.0**-34 / 3)
    for small, kept in (
        (third, third), (2.0**-59, 2.0**-59), (3 * 2.0**-60, 2.0**-58), (2.0**-60, 0), (1e-30, 0),
    ):  # fmt: skip
        x = np.float32([m, small, -m, 0])
        assert run(order, x, np.zeros(4, np.int64), 1)[0] == kept
        assert run(order, x[:, None], np.zeros((4, 1), np.int64), 1)[1, 0] == np.float32(small)


@pytest.mark.parametrize("P", [1, 2, 3, 4, 5, 64, 65, 1023, 1025])
def test_the_largest_sums_have_room(P, order):
    """All elements as large as their power of two lets them be, all at one place."""
    for top in (np.float32(2 - 2.0**-23), np.float32(1e-45), np.finfo(np.float32).max / 2048):
        x = np.full(P, top, np.float32)
        for sign in (1, -1):
            got = run(order, sign * x, np.zeros(P, np.int64), 1)
            np.testing.assert_array_equal(got, np.float32([sign * P * np.float64(top)]))


def test_many_elements(emulator):
    x, index = np.full(300_000, 0.1, np.float32), np.arange(300_000) % 2
    y = run("forward", x, index, 2)
    np.testing.assert_array_equal(y, np.float32(np.full(2, 150_000 * np.float64(x[0]))))


def test_a_sum_that_leaves_the_range_and_comes_back(order):
    x = np.float32([[3e38, 3e38, -3e38], [3e38, 3e38, 1], [-3e38, -3e38, 1]])
    y = run(order, x, np.zeros((3, 3), np.int64), 1)
    np.testing.assert_array_equal(y[:, 0], np.float32([3e38, INF, -INF]))


def test_nan_and_infinities(order):
    cases = {
        (NAN, 1, INF): NAN, (INF, INF, 1e38): INF, (-INF, 2, -INF): -INF, (INF, 3, -INF): NAN,
        (-NAN, 0, -INF): NAN, (INF, 0, 0): INF, (0, -INF, 1e-45): -INF, (1, 2, 3): 6,
    }  # fmt: skip
    x = np.float32(list(cases)).T.copy()
    for rows in (x, x[::-1].copy()):
        index = np.broadcast_to(np.arange(len(cases)), x.shape)
        y = run(order, rows.reshape(-1), index.reshape(-1), len(cases) + 1)
        np.testing.assert_array_equal(y, np.float32([*cases.values(), 0]))


def test_zeros(order):
    y = run(order, np.float32([0, -0.0, 0, -0.0]), np.array([0, 0, 1, 2]), 4)
    np.testing.assert_array_equal(y, np.zeros(4))
    assert not np.signbit(y).any()


def test_a_number_that_names_no_place_is_left_out(order):
    """Nor does it reach the unit of a place in the row before or behind."""
    index = np.array([[-1, 3, 0, 2, 2**40], [1, -(2**63), 0, 2**63 - 1, 3], [-1, 2, 0, 2, 4]])
    x = np.where((index < 0) | (index > 2), 1e30, 1e-30).astype(np.float32)
    want = np.float32([[1e-30, 0, 1e-30], [1e-30, 1e-30, 0], [1e-30, 0, 2e-30]])
    np.testing.assert_array_equal(run(order, x, index, 3), want)


def test_indices_of_other_kinds(order, draw):
    x, index = draw(3, 2, 8), RNG.integers(5, size=(3, 2, 8))
    want = exact(x, index, 5)
    for kind in (np.int32, np.uint8, np.int16):
        np.testing.assert_array_equal(run(order, x, index.astype(kind), 5), want)
    turned = np.ascontiguousarray(index.transpose(2, 0, 1))
    again = run(order, lambda lib: lib.from_numpy(x.copy(order="F")),
                lambda lib: lib.from_numpy(turned).transpose(1, 2, 0), 5)  # fmt: skip
    np.testing.assert_array_equal(again, want)


@pytest.mark.parametrize("own", [(4, 3, 1), (4, 1, 2), (4, 1, 1), (1, 3, 2), (1, 1, 1), (4, 3, 2)])
def test_rows_that_share_an_index(own, order, draw, blocks):
    """An index that is broadcast: over channels (grid_sample), over all (index_add), or not so."""
    x, index = draw(4, 3, 2, 30), RNG.integers(9, size=(*own, 30))
    spread = np.broadcast_to(index, x.shape)
    got = run(order, x, lambda lib: lib.namespace.broadcast_to(lib.from_numpy(index), x.shape), 9)
    np.testing.assert_array_equal(got, exact(x, spread, 9))


def test_an_index_is_handed_over_without_its_repetitions():
    index = np.arange(24).reshape(2, 1, 3, 4)
    for own, shape in (((2, 1, 3), (2, 5, 3, 4)), ((2, 1, 1), (2, 4)), ((1, 1, 1), (4,))):
        spread = np.broadcast_to(index[tuple(slice(n) for n in own)], (2, 5, 3, 4))
        assert _each_once(spread).shape == shape
    assert _each_once(index[:, :, :1]).shape == (2, 4)
    assert _each_once(index[:1, :, :1]).shape == (4,)


def test_more_rows_than_blocks(order, draw, monkeypatch):
    monkeypatch.setattr(planes, "MOST_PLANES", 2)
    x, index = draw(7, 40), RNG.integers(3, size=(7, 40))
    np.testing.assert_array_equal(run(order, x, index, 3), exact(x, index, 3))


def test_nothing(emulator):
    for shape, size in (((0,), 3), ((2, 0), 3), ((0, 4), 3), ((2, 0), 0), ((2, 3), 0)):
        x, index = np.zeros(shape, np.float32), np.zeros(shape, np.int64)
        y = run("forward", x, index, size, KERNELS if x.size else set())
        assert y.shape == (*shape[:-1], size) and y.dtype == np.float32 and not y.any()


def test_adjoint(order, draw):
    """⟨scatter_add x, g⟩ = ⟨x, gather g⟩."""
    x, index, g = draw(3, 50), RNG.integers(11, size=(3, 50)), draw(3, 11)
    back = GATHER(g.astype(np.float64), index)
    assert np.sum(run(order, x, index, 11) * g.astype(np.float64)) == pytest.approx(
        np.sum(x * back), rel=1e-6
    )


def test_halves_are_added_in_float32(order):
    x = RNG.normal(size=(2, 900)).astype(np.float16)
    index = RNG.integers(4, size=x.shape)
    y = run(order, x, index, 4)
    assert y.dtype == np.float16
    np.testing.assert_array_equal(y, exact(x, index, 4).astype(np.float16))


def test_the_gradient_of_halves(emulator):
    x, index = RNG.normal(size=(2, 9)).astype(np.float16), RNG.integers(4, size=(2, 9))
    gy = RNG.normal(size=(2, 4)).astype(np.float16)
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        _, saved = OP.run((send(x), send(index)), {"size": 4})
        gx, _ = OP.differentiate(send(gy), saved, (True, False))
        assert gx.dtype == np.float16
        np.testing.assert_array_equal(gx.get(), np.take_along_axis(gy, index, axis=1))


@pytest.mark.parametrize("kind", [np.float64, np.int64, np.int32, np.uint8, np.bool_])
def test_other_dtypes_wait_for_nobody_either(kind, order):
    x = RNG.integers(0, 2, (2, 60)) if kind == np.bool_ else RNG.integers(-9, 9, (2, 60))
    if kind == np.int64:
        x[:, :9] = 2**60 + 1  # more bits than a float64 has
    x, index = x.astype(kind), RNG.integers(4, size=(2, 60))
    want = np.zeros((2, 4), kind)
    np.add.at(want, (np.arange(2)[:, None], index), x)
    y = run(order, x, index, 4, set())
    assert y.dtype == kind
    np.testing.assert_array_equal(y, want)


def test_reference_mode_waits_for_nobody(emulator, draw):
    x, index = draw(2, 60), RNG.integers(4, size=(2, 60))
    with use_kernels("reference"):
        y = run("forward", x, index, 4, set())
    np.testing.assert_allclose(y, exact(x, index, 4), atol=1e-5)
