"""Rows: what an update changes, as addresses in memory, so that one call can do all parameters.

A row is one parameter: the addresses of its values, of its gradient and of what the optimizer
remembers about it. A rule comes in two compiled functions, and `updater` makes its kernel of them:

    prepare(addresses, sizes, groups, options, numbers)      counts the step and works out the
        numbers that all elements of a row share, in float64
    apply(addresses, sizes, numbers, thread, threads)        a thread's share of all elements, where
        all rows are strung together

The kernel is update(addresses, sizes, groups, options, …), with P rows and K columns:
    addresses (P, K) intp: of float32 values that lie side by side; 0: not in use
    sizes (P,) int64: how many elements; a row with 0 of them is left alone
    groups (P,) int64: the row of `options` that holds
    options (G, …) float64: of each group of parameters
(what follows is for kernels of other devices). kernels/cuda/optim shares `prepare`.

Each element is computed as the reference computes it, operation by operation and rounding by
rounding, so that the results are the same bit for bit, for any number of threads. Memory is what
one waits for, and here each value is read and written once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from ..memory import floats

NUMBERS = 10  # columns of `numbers`, enough for every rule
_FLOPS = 30  # an element takes as long as so much arithmetic that nothing waits for

Update = Callable[..., None]


def updater(prepare: Any, apply: Any) -> Update:
    """The kernel of a rule."""

    def update(
        addresses: np.ndarray, sizes: np.ndarray, groups: np.ndarray, options: np.ndarray,
        *_: Any,
    ) -> None:  # fmt: skip
        numbers = np.empty((len(sizes), NUMBERS))
        prepare(addresses, sizes, groups, options, numbers)
        run(apply, addresses, sizes, numbers, most=worth(_FLOPS * int(sizes.sum())))

    return update


@njit(cache=True, nogil=True, forceinline=True)
def number(address):  # type: ignore[no-untyped-def]
    """One value, as an array of one."""
    return floats(address, 0, 1)


@njit(cache=True, nogil=True, forceinline=True)
def count(address):  # type: ignore[no-untyped-def]
    """One more step; how many there are now."""
    step = floats(address, 0, 1)
    step[0] += np.float32(1)
    return np.float64(step[0])


@njit(cache=True, nogil=True, forceinline=True)
def descent(g, x, sign, decay):  # type: ignore[no-untyped-def]
    """d = ±g + λ x; without decay an infinite x leaves d alone."""
    d = sign * g
    return d + x * decay if decay != 0 else d


@njit(cache=True, nogil=True, forceinline=True)
def average(m, d, beta, rest):  # type: ignore[no-untyped-def]
    """β m + (1 − β) d, from the nearer of both; rest: 1 − β."""
    return m + (d - m) * rest if beta > 0.5 else d - (d - m) * beta


@njit(cache=True, nogil=True, forceinline=True)
def average_square(v, d, beta, rest):  # type: ignore[no-untyped-def]
    """β v + (1 − β) d²."""
    return v * beta + d * d * rest


@njit(cache=True, nogil=True, forceinline=True)
def larger(a, b):  # type: ignore[no-untyped-def]
    """The larger one; NaN if either is."""
    return a if a > b or a != a else b
