"""What the tests of these kernels share: a kernel beside the op's reference path in float64."""

import itertools

import numpy as np

from minitorch_cv.backend import threads
from minitorch_cv.backend.registry import use_kernels


def cast(arrays, kind):
    return tuple(None if a is None else a.astype(kind) for a in arrays)


def within(got, want, tolerance, what):
    """The largest difference is within the tolerance of the largest value."""
    assert got.shape == want.shape, what
    scale = max(np.abs(want).max(initial=0.0), 1e-30)
    error = np.abs(got.astype(np.float64) - want).max(initial=0.0) / scale
    assert error <= tolerance, f"{what}: {error:.1e}"


def compare(op, kernel, arrays, params, tolerance=1e-5):
    """Output, further outputs and all gradients, of inputs that float32 holds."""
    single = cast(arrays, np.float32)
    assert kernel.supports(*single, **params)
    y, fields = kernel.forward(*single, **params)
    gy = _upstream(single[0])
    needs = tuple(a is not None for a in arrays)
    grads = kernel.backward(gy, op.saved(*fields), needs)
    exact = cast(single, np.float64)
    with use_kernels("reference"):
        want, saved = op.run(exact, params)
        slopes = op.backward(gy.astype(np.float64), saved, needs)
    for k, (got, true) in enumerate(zip(_tuple(y), _tuple(want), strict=True)):
        assert got.dtype == np.float32
        within(got, true, tolerance, f"output {k}")
    for k, (got, true) in enumerate(zip(grads, slopes, strict=True)):
        assert (got is None) == (true is None), f"gradient {k}"
        if got is not None:
            assert got.dtype == np.float32
            within(got, true, tolerance, f"gradient {k}")


def _upstream(x):
    """Random, and in part along x, so that no sum of products is small."""
    wide = x.astype(np.float64)
    along = (wide - wide.mean()) / (wide.std() + 1e-30)
    return (np.random.default_rng(5).normal(size=x.shape) + along).astype(np.float32)


def _tuple(y):
    return y if isinstance(y, tuple) else (y,)


def check_needs(op, kernel, arrays, params):
    """Each choice of gradients gives what it gives together with all others, and nothing else."""
    single = cast(arrays, np.float32)
    _, fields = kernel.forward(*single, **params)
    gy = np.random.default_rng(5).normal(size=arrays[0].shape).astype(np.float32)
    everything = kernel.backward(gy, op.saved(*fields), (True,) * len(arrays))
    for needs in itertools.product((False, True), repeat=len(arrays)):
        grads = kernel.backward(gy, op.saved(*fields), needs)
        if grads is NotImplemented:
            assert not any(needs)
            continue
        for need, got, want in zip(needs, grads, everything, strict=True):
            if need and want is not None:
                np.testing.assert_array_equal(got, want)
            else:
                assert got is None


def check_threads(op, kernel, arrays, params):
    """One, two and more threads: the same to the last bits, and twice the same exactly."""
    single = cast(arrays, np.float32)
    gy = np.random.default_rng(5).normal(size=arrays[0].shape).astype(np.float32)
    found = []
    before = threads.get_num_threads()
    try:
        for count in (1, 2, 2, 3):
            threads.set_num_threads(count)
            y, fields = kernel.forward(*single, **params)
            grads = kernel.backward(gy, op.saved(*fields), (True,) * len(arrays))
            found.append([*_tuple(y), *(g for g in grads if g is not None)])
    finally:
        threads.set_num_threads(before)
    for first, other in zip(found[0], found[1], strict=True):
        within(other, first.astype(np.float64), 1e-6, "two threads")
    for first, other in zip(found[1], found[2], strict=True):
        np.testing.assert_array_equal(first, other)
    for first, other in zip(found[0], found[3], strict=True):
        within(other, first.astype(np.float64), 1e-6, "three threads")


def check_not_finite(op, kernel, arrays, params, places):
    """NaN and infinities come out where the reference has them."""
    gy = np.random.default_rng(5).normal(size=arrays[0].shape).astype(np.float32)
    for value, place in itertools.product((np.nan, np.inf, -np.inf), places):
        single = cast(arrays, np.float32)
        single[0][place] = value
        y, fields = kernel.forward(*single, **params)
        grads = kernel.backward(gy, op.saved(*fields), (True,) * len(arrays))
        with use_kernels("reference"), np.errstate(all="ignore"):
            want, saved = op.run(single, params)
            slopes = op.backward(gy, saved, (True,) * len(arrays))
        pairs = zip((*_tuple(y), *grads), (*_tuple(want), *slopes), strict=True)
        for k, (got, true) in enumerate(pairs):
            if got is not None:
                np.testing.assert_allclose(
                    got, true, rtol=1e-4, atol=1e-4, err_msg=f"{value} at {place}: {k}"
                )
