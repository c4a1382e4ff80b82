"""The number of threads that numba's parallel loops run on."""

from __future__ import annotations

import numba


def set_num_threads(count: int) -> None:
    """At most `count` threads from here on; numba knows no more than the cores it found."""
    most = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    numba.set_num_threads(min(count, most))
