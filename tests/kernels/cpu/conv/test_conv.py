"""Each method of convolution equals the float64 reference within its bound, on many geometries."""

from __future__ import annotations

import multiprocessing
import sys

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.backend.threads import set_num_threads
from minitorch_cv.ops.catalog import op_named

pytest.importorskip("numba")
conv = pytest.importorskip("minitorch_cv.kernels.cpu.conv.conv")
choice = pytest.importorskip("minitorch_cv.kernels.cpu.conv.choice")

from minitorch_cv.kernels import threads  # noqa: E402
from minitorch_cv.kernels.cpu.conv.geometry import geometry_of, plan_of  # noqa: E402

OP = op_named("conv2d")
BOUND = {"winograd": 5e-5}  # relative to the largest value; 1e-5 for all others

# the method, x, w, parameters
CASES = [
    ("pointwise", (3, 20, 13, 14), (7, 20, 1, 1), {}),
    ("pointwise", (1, 9, 16, 16), (40, 9, 1, 1), {}),
    ("pointwise", (3, 20, 7, 6), (7, 20, 1, 1), {}),
    ("pointwise", (9, 20, 5, 4), (7, 20, 1, 1), {}),
    ("pointwise", (70, 30, 3, 5), (150, 30, 1, 1), {}),
    ("pointwise", (5, 130, 6, 7), (260, 130, 1, 1), {}),
    ("pointwise", (3, 20, 13, 14), (8, 20, 1, 1), {"stride": 2}),
    ("pointwise", (2, 20, 40, 29), (8, 20, 1, 1), {"stride": (2, 3)}),
    ("pointwise", (1, 5, 7, 1), (4, 5, 1, 1), {"stride": 3}),
    ("columns", (3, 20, 13, 14), (8, 5, 1, 1), {"groups": 4}),
    ("columns", (3, 20, 13, 14), (8, 20, 1, 1), {"stride": 2, "padding": 1}),
    ("columns", (2, 3, 31, 30), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    ("columns", (5, 6, 14, 14), (16, 6, 5, 5), {}),
    ("columns", (2, 40, 15, 17), (33, 40, 3, 3), {"stride": 2, "padding": 1}),
    ("columns", (2, 4, 9, 11), (6, 2, 3, 2), {"groups": 2, "dilation": (2, 3), "padding": (3, 1)}),
    ("columns", (2, 3, 9, 8), (4, 3, 2, 3), {"stride": (3, 2), "dilation": (1, 2), "padding": 2}),
    ("columns", (1, 2, 8, 7), (3, 2, 4, 2), {"padding": "same"}),
    ("columns", (1, 300, 12, 12), (20, 300, 3, 3), {"dilation": 2, "padding": "same"}),
    ("columns", (3, 2, 4, 3), (2, 2, 1, 1), {"padding": 4, "stride": 5}),
    ("columns", (2, 1, 40, 500), (3, 1, 5, 5), {"padding": 2}),
    ("depthwise", (2, 6, 12, 13), (6, 1, 3, 3), {"groups": 6, "padding": 1}),
    ("depthwise", (2, 3, 12, 13), (6, 1, 5, 3), {"groups": 3, "stride": (2, 3), "padding": 2}),
    ("depthwise", (1, 2, 9, 9), (2, 1, 3, 3), {"groups": 2, "dilation": 3}),
    ("winograd", (2, 16, 12, 16), (18, 16, 3, 3), {"padding": 1}),
    ("winograd", (3, 17, 7, 7), (31, 17, 3, 3), {"padding": 1}),
    ("winograd", (2, 16, 9, 61), (16, 16, 3, 3), {}),
    ("winograd", (20, 24, 17, 19), (40, 24, 3, 3), {"padding": (2, 0)}),
    ("winograd", (1, 16, 1, 2), (16, 16, 3, 3), {"padding": 1}),
    ("winograd", (3, 180, 15, 14), (200, 180, 3, 3), {"padding": "same"}),
    ("winograd", (9, 512, 7, 7), (64, 512, 3, 3), {"padding": 1}),
    ("winograd", (5, 24, 33, 34), (30, 24, 3, 3), {"stride": 2}),
    ("winograd", (7, 24, 26, 35), (33, 24, 3, 3), {"stride": 2, "padding": 1}),
    ("winograd", (6, 20, 29, 24), (20, 20, 3, 3), {"stride": 2, "padding": 2}),
    ("winograd", (6, 20, 25, 30), (20, 20, 3, 3), {"stride": 2, "padding": (0, 1)}),
    ("winograd", (2, 20, 9, 270), (31, 20, 3, 3), {"stride": 2, "padding": (2, 0)}),
    ("columns", (2, 300, 13, 14), (310, 300, 3, 3), {"stride": 2, "padding": 1}),
]


def inputs(x_shape, w_shape):
    rng = np.random.default_rng(0)
    scale = np.sqrt(np.prod(w_shape[1:]))
    drawn = rng.normal(size=x_shape), rng.normal(size=w_shape) / scale, rng.normal(size=w_shape[0])
    return [a.astype(np.float32) for a in drawn]


def named(method):
    return next(rule for rule in choice.RULES if rule.name == method)


def relative(got, want):
    return np.abs(got - want).max() / np.abs(want).max()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("method", "x_shape", "w_shape", "params"), CASES, ids=str)
def test_equals_the_reference(method, x_shape, w_shape, params, count, monkeypatch):
    x, w, b = inputs(x_shape, w_shape)
    rule = named(method)
    g = geometry_of(x.shape, w.shape, plan_of(w, **params))
    assert method == "columns" or rule.method.supports(g)
    monkeypatch.setattr(conv, "choose", lambda *_: rule)
    before = threads.get_num_threads()
    threads.set_num_threads(count)
    monkeypatch.setattr(threads, "_ENOUGH_PRODUCTS", 1)  # however little it is worth
    try:
        y, fields = conv.forward(x, w, b, **params)
        gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
        grads = conv.backward(gy, OP.saved(*fields), (True, True, True))
    finally:
        threads.set_num_threads(before)
    with use_kernels("reference"):
        want, saved = OP.run([a.astype(np.float64) for a in (x, w, b)], params)
        exact = OP.differentiate(gy.astype(np.float64), saved, (True, True, True))
    bound = BOUND.get(method, 1e-5)
    for name, got, right in zip(("y", "gx", "gw", "gb"), (y, *grads), (want, *exact), strict=True):
        assert got.shape == right.shape and got.dtype == np.float32
        assert relative(got, right) < bound, name


def test_winograd_stays_in_its_bound_with_many_channels_and_a_mean():
    """Channels of one sign, as after a ReLU: nothing cancels."""
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(2, 512, 8, 8))).astype(np.float32)
    w = (rng.normal(size=(32, 512, 3, 3)) / 68).astype(np.float32)
    y, _ = conv.forward(x, w, None, padding=1)
    with use_kernels("reference"):
        want = OP.run((x.astype(float), w.astype(float), None), {"padding": 1})[0]
    assert relative(y, want) < 5e-5


def test_a_gradient_may_have_a_method_of_its_own():
    """direct's gx with a stride is slow; Winograd's is not."""
    x, w, _ = inputs((32, 32, 16, 16), (64, 32, 3, 3))
    params = {"stride": 2, "padding": 1}
    g = geometry_of(x.shape, w.shape, plan_of(w, **params))
    assert [choice.choose(g, part).name for part in ("y", "gx", "gw")] == [
        "direct", "winograd", "direct"
    ]  # fmt: skip
    assert conv.explain(x, w, **params).methods == ("direct", "winograd", "direct")


def test_winograd_can_be_turned_off():
    x, w, b = inputs((2, 32, 12, 12), (32, 32, 3, 3))
    g = geometry_of(x.shape, w.shape, plan_of(w, padding=1))
    assert choice.choose(g).name == "winograd"
    with use_kernels(winograd=False):
        assert choice.choose(g).name == "direct"
        with use_kernels("fast", winograd=True):
            assert choice.choose(g).name == "winograd"
        y = OP(x, w, b, padding=1)
    assert choice.choose(g).name == "winograd"
    with use_kernels("reference"):
        want = OP(x.astype(float), w.astype(float), b.astype(float), padding=1)
    assert relative(y, want) < 1e-6


@pytest.mark.parametrize("method", ["pointwise", "columns", "depthwise", "winograd"])
def test_two_runs_are_equal_bit_for_bit(method):
    _, x_shape, w_shape, params = next(case for case in CASES if case[0] == method)
    x, w, b = inputs(x_shape, w_shape)
    found = []
    for _ in range(3):
        y, fields = conv.forward(x, w, b, **params)
        found.append((y, *conv.backward(y, OP.saved(*fields), (True, True, True))))
    for other in found[1:]:
        assert all(np.array_equal(a, c) for a, c in zip(found[0], other, strict=True))


def test_only_what_is_needed():
    x, w, b = inputs((2, 3, 8, 8), (4, 3, 3, 3))
    y, fields = conv.forward(x, w, b)
    for k in range(3):
        needs = [n == k for n in range(3)]
        grads = conv.backward(y, OP.saved(*fields), needs)
        assert [grad is not None for grad in grads] == needs


def test_what_is_left_to_the_reference():
    x, w, b = inputs((2, 3, 8, 8), (4, 3, 3, 3))
    assert conv.supports(x, w, b) and conv.supports(x[..., 0], w[..., 0], None)
    assert not conv.supports(x.astype(np.float64), w.astype(np.float64), None)
    assert not conv.supports(x[:0], w, b)
    assert not conv.supports(x[..., None], w[..., None], b)
    y, saved = OP.run((x[..., None], w[..., None], b), {})
    grads = OP.differentiate(y, saved, (True, True, True))
    assert [grad.shape for grad in grads] == [(2, 3, 8, 8, 1), (4, 3, 3, 3, 1), (4,)]


def test_sequences_and_strided_arrays():
    x, w, b = inputs((3, 5, 41), (4, 5, 3))
    for given in ((x, w, b), (x[..., ::-1], w[::-1], b[::-1]), (x[:, :, ::2], w, b)):
        y, _ = conv.forward(*given, stride=2, padding=1)
        with use_kernels("reference"):
            want = OP.run([a.astype(float) for a in given], {"stride": 2, "padding": 1})[0]
        assert y.shape == want.shape and relative(y, want) < 1e-6


def test_nan_and_infinity_stay_where_they_are():
    x, w, _ = inputs((2, 4, 9, 9), (5, 4, 3, 3))
    x[0, 1, 4, 4], x[1, 2, 0, 0] = np.nan, np.inf
    y, _ = conv.forward(x, w, None, stride=2)
    with use_kernels("reference"):
        want = OP.run((x.astype(float), w.astype(float), None), {"stride": 2})[0]
    np.testing.assert_array_equal(np.isnan(y), np.isnan(want))
    np.testing.assert_array_equal(np.isposinf(y), np.isposinf(want))


def test_an_infinity_does_not_spread_in_the_weight_gradient():
    x, w, _ = inputs((1, 2, 5, 4), (3, 2, 2, 3))
    x[0, 1, 2, 0] = np.inf
    y, saved = OP.run((x, w, None), {"stride": 1, "padding": 1})
    gy = np.ones_like(y)
    got = OP.differentiate(gy, saved, (False, True, False))[1]
    with use_kernels("reference"):
        want = OP.differentiate(gy, OP.run((x, w, None), {"stride": 1, "padding": 1})[1],
                                (False, True, False))[1]  # fmt: skip
    assert np.array_equal(np.isnan(got), np.isnan(want)) and np.isinf(want).any()


def _in_a_child(queue):
    x, w, b = inputs((2, 16, 12, 12), (16, 16, 3, 3))
    queue.put(OP(x, w, b, padding=1))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_works_after_a_fork():
    x, w, b = inputs((2, 16, 12, 12), (16, 16, 3, 3))
    want = OP(x, w, b, padding=1)  # the threads are started here
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_a_child, args=(queue,))
    child.start()
    np.testing.assert_array_equal(queue.get(timeout=60), want)
    child.join(60)
    assert child.exitcode == 0


def test_the_number_of_threads_holds_for_kernels():
    from threadpoolctl import ThreadpoolController

    before = threads.get_num_threads()
    try:
        set_num_threads(1)
        assert threads.get_num_threads() == 1
        set_num_threads(2)
        assert threads.get_num_threads() == min(2, threads._MOST)
        pools = ThreadpoolController().info()
        mine = [pool["num_threads"] for pool in pools if "scipy.libs" in pool["filepath"]]
        assert all(number == 1 for number in mine)
    finally:
        set_num_threads(before)


def test_an_error_in_a_thread_is_raised():
    def fail(thread, count):
        if thread == count - 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.run(fail)


def test_costs():
    g = geometry_of((2, 3, 8, 8), (4, 3, 3, 3), ((((3, 3), (1, 1), (1, 1), (1, 1))), (0, 0), 1))
    assert (g.OH, g.OW, g.taps) == (8, 8, 27)
    assert g.flops == 2 * 2 * 4 * 64 * 27
    assert g.bytes == 4 * (2 * 3 * 64 + 2 * 4 * 64 + 4 * 27)
    assert all(rule.reason for rule in choice.RULES)


@pytest.mark.parametrize(("N", "side", "name"), [
    (2, 1, "columns"), (2, 8, "columns"), (1, 14, "winograd"), (2, 16, "winograd"),
])  # fmt: skip
def test_few_pixels_do_not_pay_for_transforms(N, side, name):  # noqa: N803
    x, w = (N, 256, side, side), np.empty((256, 256, 3, 3), np.float32)
    g = geometry_of(x, w.shape, plan_of(w, padding=1))
    assert [choice.choose(g, part).name for part in ("y", "gx", "gw")] == [name] * 3
