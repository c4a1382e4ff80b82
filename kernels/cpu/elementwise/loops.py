"""Loops over arrays, each compiled around a formula for one element.

A kernel of this family is a function of numbers, such as `x if x > 0 else slope * x`. `compiled`
puts it into one of the loops below; LLVM inlines it there and works on many elements at once, as
long as it calls nothing but functions that are inlined in turn. A loop does the share of a thread.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.core import types as kinds
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic

# What the compiler may do with floats: fuse a · b + c, and divide by zero as IEEE 754 says.
FLAGS = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
SCALAR = FLAGS | {"forceinline": True}  # of what runs inside of a loop
SUMS = FLAGS | {"fastmath": {"contract", "reassoc"}}  # … and add up in any order

RUN = 1024  # how many numbers are added up in float32

# In the loops; `compiled` gives each of its loops its own.
formula: Any = None
vectors: Any = None


@intrinsic
def of_256_bits(context: Any) -> Any:
    """Asks LLVM for vectors of 256 bits in the function that calls this.

    A loop that only moves numbers is up to a fifth faster so (AMD EPYC, 3 arrays of 26 MB), and one
    that computes an exponential a fifth slower. llvmlite's list of attributes does not hold this
    one, hence `set.add`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="256"')
        return context.get_dummy_value()

    return kinds.void(), generate


@njit(**SCALAR)
def of_any_width():  # type: ignore[no-untyped-def]
    """Leaves the width of vectors to LLVM."""


def compiled(
    loop: Callable[..., None], inner: Callable[..., Any], *, swap: bool = False, sums: bool = False
) -> Any:
    """The loop with its `formula` bound; cached on disk beside the formula's file.

    swap: the formula gets its last two arguments in the other order; sums: the loop adds up.
    The loop gets the place of the formula, by which numba names what it caches and sees edits.
    """
    place, name = inner.__code__, f"{loop.__name__}_{inner.__name__}{'_swapped' * swap}"
    code = loop.__code__.replace(
        co_filename=place.co_filename, co_firstlineno=place.co_firstlineno, co_name=name
    )
    scalar = njit(**SCALAR)(inner)
    computes = any(isinstance(inner.__globals__.get(n), Dispatcher) for n in place.co_names)
    names = loop.__globals__ | {
        "formula": _swapped(scalar, place.co_argcount) if swap else scalar,
        "vectors": of_any_width if computes else of_256_bits,
    }
    bound = types.FunctionType(code, names, name)
    bound.__qualname__, bound.__module__ = name, inner.__module__
    return njit(cache=True, **(SUMS if sums else FLAGS))(bound)


def _swapped(scalar: Any, arguments: int) -> Any:
    """A formula of two or three numbers with the last two of them exchanged."""
    if arguments == 2:
        return njit(**SCALAR)(lambda b, a: scalar(a, b))
    return njit(**SCALAR)(lambda gy, b, a: scalar(gy, a, b))


def map_one(x, y, params, thread, threads):  # type: ignore[no-untyped-def]
    """y = formula(x), element by element."""
    vectors()
    start, stop = thread * x.size // threads, (thread + 1) * x.size // threads
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = formula(x[i], *params)


def map_two(a, b, y, params, thread, threads):  # type: ignore[no-untyped-def]
    """y = formula(a, b), element by element."""
    vectors()
    start, stop = thread * a.size // threads, (thread + 1) * a.size // threads
    a, b, y = a[start:stop], b[start:stop], y[start:stop]
    for i in range(a.size):
        y[i] = formula(a[i], b[i], *params)


def map_three(a, b, c, y, params, thread, threads):  # type: ignore[no-untyped-def]
    """y = formula(a, b, c), element by element."""
    vectors()
    start, stop = thread * a.size // threads, (thread + 1) * a.size // threads
    a, b, c, y = a[start:stop], b[start:stop], c[start:stop], y[start:stop]
    for i in range(a.size):
        y[i] = formula(a[i], b[i], c[i], *params)


def map_two_marked(a, b, y, marks, thread, threads):  # type: ignore[no-untyped-def]
    """y, mark = formula(a, b), element by element; marks[thread]: was any of the marks set?"""
    vectors()
    start, stop = thread * a.size // threads, (thread + 1) * a.size // threads
    a, b, y = a[start:stop], b[start:stop], y[start:stop]
    any_mark = False
    for i in range(a.size):
        y[i], mark = formula(a[i], b[i])
        any_mark |= mark
    marks[thread] = any_mark


def spread(a, b, y, thread, threads):  # type: ignore[no-untyped-def]
    """a, y (P, Q, R) and b (Q,): y = formula(a, b), with b repeated along P and R."""
    vectors()
    P, Q, R = a.shape
    if R == 1:
        for p in range(thread * P // threads, (thread + 1) * P // threads):
            row, out = a[p, :, 0], y[p, :, 0]
            for q in range(Q):
                out[q] = formula(row[q], b[q])
        return
    for k in range(thread * P * Q // threads, (thread + 1) * P * Q // threads):
        row, out, value = a[k // Q, k % Q], y[k // Q, k % Q], b[k % Q]
        for r in range(R):
            out[r] = formula(row[r], value)


def spread_two(gy, a, b, g, thread, threads):  # type: ignore[no-untyped-def]
    """gy, a, g (P, Q, R) and b (Q,): g = formula(gy, a, b), with b repeated along P and R."""
    vectors()
    P, Q, R = a.shape
    if R == 1:
        for p in range(thread * P // threads, (thread + 1) * P // threads):
            slope, row, out = gy[p, :, 0], a[p, :, 0], g[p, :, 0]
            for q in range(Q):
                out[q] = formula(slope[q], row[q], b[q])
        return
    for k in range(thread * P * Q // threads, (thread + 1) * P * Q // threads):
        slope, row, out = gy[k // Q, k % Q], a[k // Q, k % Q], g[k // Q, k % Q]
        value = b[k % Q]
        for r in range(R):
            out[r] = formula(slope[r], row[r], value)


def collect(gy, a, b, totals, thread, threads):  # type: ignore[no-untyped-def]
    """The sum of formula(gy, a, b) over P and R, as far as the thread's share of it goes.

    gy, a (P, Q, R), b (Q,), totals (threads, Q) in float64, zero before. Runs of numbers are added
    up in float32, and their sums in float64.
    """
    vectors()
    P, Q, R = gy.shape
    total = totals[thread]
    if R == 1:
        for p in range(thread * P // threads, (thread + 1) * P // threads):
            slope, row = gy[p, :, 0], a[p, :, 0]
            for q in range(Q):
                total[q] += formula(slope[q], row[q], b[q])
        return
    for k in range(thread * P * Q // threads, (thread + 1) * P * Q // threads):
        q = k % Q
        for start in range(0, R, RUN):
            slope, row = gy[k // Q, q, start : start + RUN], a[k // Q, q, start : start + RUN]
            here = np.float32(0)
            for r in range(slope.size):
                here += formula(slope[r], row[r], b[q])
            total[q] += here
