"""Which tasks of a kernel a thread does: some that lie beside each other.

Tasks are counted along memory, images first. So thread t has about the same images in every kernel,
and finds in its core's cache what it wrote there in the kernel before. It matters most where two
cores do not have a cache in common: there, whatever another core wrote comes from as far away as
memory (ResNet-20 with shares that alternate: 1.7 times as long).
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def share(tasks, thread, threads):  # type: ignore[no-untyped-def]
    """(first, behind the last) of the tasks of a thread."""
    return tasks * thread // threads, tasks * (thread + 1) // threads
