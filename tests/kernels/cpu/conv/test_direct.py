"""The direct method in many cuts into bands, blocks and tiles, and with other vectors."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named

pytest.importorskip("numba")
direct = pytest.importorskip("minitorch_cv.kernels.cpu.conv.direct")

from minitorch_cv.kernels import threads  # noqa: E402
from minitorch_cv.kernels.cpu.conv import choice, conv, lanes  # noqa: E402
from minitorch_cv.kernels.cpu.conv.geometry import geometry_of, plan_of  # noqa: E402

OP = op_named("conv2d")

# x, w, parameters
CASES = [
    ((128, 6, 14, 14), (16, 6, 5, 5), {}),  # whole images, rows narrower than a vector
    ((37, 1, 28, 28), (6, 1, 5, 5), {"padding": 2}),  # lanes left over
    ((31, 3, 17, 11), (6, 3, 3, 2), {"dilation": (2, 3), "padding": (3, 1)}),
    ((140, 17, 6, 5), (29, 17, 1, 2), {}),
    ((33, 16, 32, 32), (16, 16, 3, 3), {"padding": 1}),  # several blocks
    ((1, 5, 93, 40), (7, 5, 3, 3), {"padding": 1}),  # bands of one image, the last one shorter
    ((5, 2, 43, 39), (7, 2, 3, 3), {"padding": (2, 0)}),
    ((7, 3, 70, 50), (5, 3, 5, 5), {"padding": "same"}),
    ((3, 3, 66, 130), (64, 3, 3, 3), {"padding": 1}),  # wide: a row is a block
    ((2, 3, 65, 64), (20, 3, 7, 7), {"padding": 3, "stride": 2}),
    ((17, 3, 25, 24), (20, 3, 3, 5), {"padding": 1, "stride": (3, 2)}),
    ((20, 3, 30, 31), (20, 3, 4, 3), {"padding": (0, 1), "stride": (2, 3), "dilation": (3, 2)}),
    ((16, 8, 33, 29), (24, 8, 1, 2), {"stride": 3}),  # parts of gx that meet no tap
    ((16, 3, 29, 27), (8, 3, 3, 3), {"padding": 3, "stride": 2}),  # more than the kernel reaches
    ((18, 90, 12, 13), (50, 90, 5, 5), {"padding": 2}),  # many channels
]


def inputs(x_shape, w_shape):
    rng = np.random.default_rng(0)
    scale = np.sqrt(np.prod(w_shape[1:]))
    drawn = rng.normal(size=x_shape), rng.normal(size=w_shape) / scale, rng.normal(size=w_shape[0])
    return [a.astype(np.float32) for a in drawn]


def exact(x, w, b, gy, params):
    with use_kernels("reference"):
        y, saved = OP.run([a.astype(np.float64) for a in (x, w, b)], params)
        return (y, *OP.differentiate(gy.astype(np.float64), saved, (True, True, True)))


def relative(got, want):
    assert got.shape == want.shape and got.dtype == np.float32
    return np.abs(got - want).max() / np.abs(want).max()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("x_shape", "w_shape", "params"), CASES, ids=str)
def test_equals_the_reference(x_shape, w_shape, params, count):
    x, w, b = inputs(x_shape, w_shape)
    assert choice.choose(geometry_of(x.shape, w.shape, plan_of(w, **params))).name == "direct"
    before = threads.get_num_threads()
    threads.set_num_threads(count)
    try:
        y, fields = conv.forward(x, w, b, **params)
        gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
        grads = conv.backward(gy, OP.saved(*fields), (True, True, True))
    finally:
        threads.set_num_threads(before)
    for got, want in zip((y, *grads), exact(x, w, b, gy, params), strict=True):
        assert relative(got, want) < 1e-5


@pytest.mark.parametrize("tile", range(len(lanes.TILES)))
def test_every_tile_gives_the_same(tile, monkeypatch):
    x, w, b = inputs((20, 5, 9, 11), (13, 5, 3, 3))
    g = geometry_of(x.shape, w.shape, plan_of(w))
    monkeypatch.setattr(direct, "_tile", lambda *_: tile)
    direct.plan_for.cache_clear()
    y = direct.forward(x, w, b, g)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    gx, gw = direct.input_gradient(gy, w, g), direct.weight_gradient(gy, x, g)
    direct.plan_for.cache_clear()
    for got, want in zip((y, gx, gw), exact(x, w, b, gy, {}), strict=False):
        assert relative(got, want) < 1e-6


@pytest.mark.parametrize("case", [0, 4, 6], ids=lambda k: str(CASES[k][0]))
def test_two_runs_are_equal_bit_for_bit(case):
    x, w, b = inputs(*CASES[case][:2])
    found = []
    for _ in range(3):
        y, fields = conv.forward(x, w, b, **CASES[case][2])
        found.append((y, *conv.backward(y, OP.saved(*fields), (True, True, True))))
    for other in found[1:]:
        assert all(np.array_equal(a, c) for a, c in zip(found[0], other, strict=True))


@pytest.mark.parametrize("count", [3, 17])
def test_nan_and_infinity_stay_where_they_are(count):
    x, w, b = inputs((count, 3, 40, 30), (8, 3, 3, 3))
    x[0, 1, 4, 4], x[1, 2, 0, 0] = np.nan, np.inf
    y, saved = OP.run((x, w, b), {"padding": 1})
    gy = np.ones_like(y)
    gy[2, 0, 3, 3] = np.nan
    grads = OP.differentiate(gy, saved, (True, True, True))
    for got, want in zip((y, *grads), exact(x, w, b, gy, {"padding": 1}), strict=True):
        for ask in (np.isnan, np.isposinf, np.isneginf):
            np.testing.assert_array_equal(ask(got), ask(want))


def test_bands_are_the_fewest_that_fill_the_lanes():
    full = lanes.LANES
    assert direct._bands(full, 30) == (1, 1.0)
    assert direct._bands(8 * full - 1, 30)[0] == 1
    assert direct._bands(full // 2, 30) == (2, 1.0)
    assert direct._bands(1, 8 * full) == (full, 1.0)
    assert direct._bands(1, 1) == (1, 1 / full)


def test_what_is_left_to_other_methods():
    def fits(x_shape, w_shape, **params):
        w = np.empty(w_shape)
        return direct.supports(geometry_of(x_shape, w_shape, plan_of(w, **params)))

    assert fits((16, 3, 9, 9), (8, 3, 3, 3))
    assert not fits((1, 3, 9, 9), (8, 3, 3, 3))  # no bands
    assert not fits((16, 4, 9, 9), (8, 2, 3, 3), groups=2)
    assert not fits((16, 3, 9, 4), (8, 3, 3, 3))  # narrower than a tile
    assert not fits((16, 500, 200, 200), (8, 500, 3, 3))  # no row fits into the cache


def test_the_choice_between_direct_and_winograd():
    def name(N, C, OC, size=32, stride=1):
        w = np.empty((OC, C, 3, 3))
        plan = plan_of(w, padding=1, stride=stride)
        return choice.choose(geometry_of((N, C, size, size), w.shape, plan)).name

    assert name(128, 16, 16) == name(32, 16, 16) == name(1, 16, 16) == "direct"
    assert name(32, 32, 32) == name(4, 64, 64) == "winograd"
    assert name(128, 16, 32, stride=2) == name(128, 32, 64, stride=2) == "direct"
    assert name(8, 128, 128, stride=2) == "winograd"
    assert name(1, 2, 2, 28) == "columns"  # hardly any work
    with use_kernels(winograd=False):
        assert name(32, 32, 32) == "direct"


WITHOUT_AVX512 = """
import numpy as np
from minitorch_cv.kernels.cpu.conv import direct, lanes
from minitorch_cv.kernels.cpu.conv.geometry import geometry_of, plan_of
assert lanes.LANES == 8 and len(lanes.TILES) == 4
x = np.arange(9 * 2 * 6 * 9, dtype=np.float32).reshape(9, 2, 6, 9) % 7
w = np.arange(3 * 2 * 2 * 2, dtype=np.float32).reshape(3, 2, 2, 2) % 5
g = geometry_of(x.shape, w.shape, plan_of(w))
y = direct.forward(x, w, None, g)
windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), (2, 3))  # (N, C, OH, OW, 2, 2)
assert np.array_equal(y, np.einsum("ncpqij,ocij->nopq", windows, w))
assert np.array_equal(direct.weight_gradient(y, x, g), np.einsum("nopq,ncpqij->ocij", y, windows))
"""


@pytest.mark.skipif(not lanes.MANY, reason="this processor has the other vectors only")
def test_vectors_of_eight():
    settings = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_AVX512], env=os.environ | settings, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_tiles_fit_into_the_registers():
    registers = 32 if lanes.MANY else 16
    for rows, columns in lanes.TILES:
        assert rows * columns + min(rows, columns) + 1 <= registers
    assert len(set(itertools.chain(lanes.TILES))) == 4
