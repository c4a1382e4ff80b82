"""Freed memory stays with the process, so that the next large array need not fault its pages anew.

Of itself the C library gives a large array back to the system as soon as it is freed. The next one
is then made of pages that the system hands out, and zeroes, one by one: in a chain of elementwise
ops that costs more than the arithmetic. `keep_memory` tells the C library to serve large arrays
from its heap as well, and to hold on to the heap's end up to `LIMIT` bytes. That goes for all
arrays, NumPy's temporaries among them. It is on from the first use of the package, unless
MINITORCH_CV_KEEP_MEMORY=0 is in the environment.

Linux with glibc alone: elsewhere nothing changes. Source: the manual page mallopt(3).
"""

from __future__ import annotations

import ctypes
import os

LIMIT = 2**31 - 1  # bytes, the most that mallopt can be told
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # mallopt's names for its parameters
_AS_STARTED = ((_TRIM_THRESHOLD, 128 * 1024), (_MMAP_THRESHOLD, 128 * 1024), (_MMAP_MAX, 65536))


def keep_memory(keep: bool = True, limit: int | None = None) -> bool:
    """Keeps freed memory for the next arrays, or gives it back at once; is that possible here?

    limit: how many bytes of free memory to keep at most (default: LIMIT, or a quarter of the
    machine's memory where that is less). Raises ValueError for a negative limit.
    """
    if limit is not None and limit < 0:
        raise ValueError(f"keep_memory: the limit is in bytes (got {limit}); give 0 or more")
    mallopt = _from_glibc("mallopt")
    if mallopt is None:
        return False
    most = min(LIMIT, _quarter_of_the_machine() if limit is None else limit)
    for parameter, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, most)) if keep else _AS_STARTED:
        mallopt(parameter, value)
    if not keep:
        release_memory()
    return True


def release_memory() -> None:
    """Gives all free memory back to the system now; arrays in use stay where they are."""
    trim = _from_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _from_glibc(name: str) -> ctypes._NamedFuncPointer | None:
    """A function of the C library of this process, if that is glibc."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return None
    return getattr(library, name, None) if hasattr(library, "gnu_get_libc_version") else None


def _quarter_of_the_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


if os.environ.get("MINITORCH_CV_KEEP_MEMORY") != "0":
    keep_memory()
