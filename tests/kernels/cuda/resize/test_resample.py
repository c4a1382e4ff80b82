"""resample.cu: all kinds of taps on odd sizes, one axis after the other, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.resize import resample

from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.resize.taps import taps_of
from minitorch_cv.testing.cuda_emulator import emulated_cuda

SIZES = [((37, 23), (71, 50)), ((37, 23), (11, 40)), ((5, 64), (40, 9)), ((1, 9), (3, 1))]
FIXED = {"nearest": "resample_nearest", "linear": "resample_linear", "cubic": "resample_cubic"}


def tables(kind, old, new, align=False, smooth=False):
    return tuple(
        taps_of(kind, S, O, None, align, smooth, "float32") for S, O in zip(old, new, strict=True)
    )


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("kind", FIXED)
@pytest.mark.parametrize("old, new", SIZES, ids=str)
def test_taps_of_even_number(old, new, kind, align, compare, draw, blocks):
    taps = tables(kind, old, new, align)
    compare("resample", draw(2, 3, *old), taps=taps)
    assert compare.launched == {FIXED[kind], "resample_lists"}  # lists: the gradient


@pytest.mark.parametrize("kind", ["linear", "cubic", "lanczos"])
@pytest.mark.parametrize("old, new", SIZES, ids=str)
def test_filters_as_wide_as_an_output_is(old, new, kind, compare, draw, blocks):
    compare("resample", draw(2, 2, *old), taps=tables(kind, old, new, smooth=True))
    assert compare.launched == {"resample_lists"}


@pytest.mark.parametrize("at_once", [1, 10**6])
def test_one_axis_after_the_other(at_once, compare, draw, monkeypatch):
    monkeypatch.setattr(resample, "_MOST_AT_ONCE", at_once)
    for old, new in SIZES:
        compare("resample", draw(3, *old), taps=tables("cubic", old, new, smooth=True))


def test_axes_that_stay_lines_and_volumes(compare, draw):
    for taps in ((None, None), (None, *tables("cubic", (9,), (20,))),
                 (*tables("linear", (7,), (3,)), None)):  # fmt: skip
        compare("resample", draw(2, 2, 7, 9), taps=taps)
    compare("resample", draw(3, 29), taps=tables("linear", (29,), (64,)))
    compare("resample", draw(2, 5, 7, 9), taps=tables("linear", (5, 7, 9), (8, 3, 11)))
    compare("resample", draw(2, 5, 7, 9), taps=(*tables("nearest", (5,), (9,)), None, None))
    mixed = (*tables("nearest", (7,), (12,)), *tables("linear", (9,), (5,)))
    compare("resample", draw(7, 9), taps=mixed)


def test_the_op_that_people_call(compare, draw):
    """interpolate has no kernel of its own: its tables come here."""
    for mode in ("bilinear", "bicubic", "nearest-exact"):
        compare("interpolate", draw(2, 3, 20, 31), size=(33, 17), mode=mode)
        assert FIXED[{"bilinear": "linear", "bicubic": "cubic"}.get(mode, "nearest")] in (
            compare.launched
        )


@pytest.mark.parametrize("kind, smooth", [("nearest", False), ("linear", False), ("cubic", False),
                                          ("lanczos", True)])  # fmt: skip
def test_nan_and_infinities_go_where_they_count(kind, smooth, compare, draw):
    x = draw(2, 13, 17)
    x[0, 4, 5], x[1, 0, 0], x[1, 12, 9] = np.nan, np.inf, -np.inf
    compare("resample", x, taps=tables(kind, (13, 17), (20, 6), smooth=smooth))


@pytest.mark.parametrize("kind", FIXED)
def test_adjoint(kind, compare, draw):
    """⟨A x, g⟩ = ⟨x, Aᵀ g⟩, without a reference."""
    x = draw(2, 19, 31)
    y, gx = compare("resample", x, taps=tables(kind, (19, 31), (41, 12)))
    g = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    left, right = np.sum(y.astype(float) * g), np.sum(x.astype(float) * gx)
    assert abs(left - right) < 1e-5 * max(1.0, abs(left))


def test_tables_are_sent_once(emulator, draw):
    """And what begins at an odd place is read right."""
    taps = tables("linear", (9, 7), (20, 11))
    device, op = emulated_cuda(), op_named("resample")
    with device as counters:
        whole = counters.library.from_numpy(draw(1 + 2 * 9 * 7))
        x = whole[1:].reshape(2, 9, 7)
        (y, _), sent = op.run((x,), {"taps": taps}), counters.uploads
        again, _ = op.run((x,), {"taps": taps})
        assert counters.uploads == sent and counters.total() == 0
        np.testing.assert_array_equal(y.get(), again.get())
        want, _ = op.forward(x.get(), taps=taps)
    np.testing.assert_allclose(y.get(), want, atol=1e-6)
