"""Memory of the GPU: CuPy's pool, and the pools of captured steps."""

from __future__ import annotations

import weakref
from typing import Any

from .loading import cupy

recorded: weakref.WeakSet[Any] = weakref.WeakSet()  # captured steps, each with a pool of its own


def _pools() -> list[Any]:
    return [cupy().get_default_memory_pool(), *(step.pool for step in recorded)]


def memory_allocated() -> int:
    """Bytes of the current GPU that arrays, and captured steps, hold now."""
    shared, *own = _pools()
    return int(shared.used_bytes()) + sum(int(pool.total_bytes()) for pool in own)


def memory_reserved() -> int:
    """Bytes that are kept for arrays: those in use, and those free for the next ones."""
    return sum(int(pool.total_bytes()) for pool in _pools())


def empty_cache() -> None:
    """Gives memory that no array uses back to the GPU; captured steps keep theirs."""
    cupy().get_default_memory_pool().free_all_blocks()
    cupy().get_default_pinned_memory_pool().free_all_blocks()


def set_memory_limit(size: int | None = None, fraction: float | None = None) -> None:
    """The most bytes, or share of the GPU's memory, that arrays may take; with neither, no limit.

    Beyond it, allocation raises CuPy's OutOfMemoryError. Captured steps are not counted in.
    Raises ValueError for both, a negative size, or a share outside of 0 … 1.
    """
    if size is not None and fraction is not None:
        raise ValueError("set_memory_limit: give a size in bytes or a fraction, not both")
    if size is not None and size < 0:
        raise ValueError(f"set_memory_limit: the size is in bytes, 0 or more (got {size})")
    if fraction is not None and not 0 <= fraction <= 1:
        raise ValueError(f"set_memory_limit: the fraction is in 0 … 1 (got {fraction})")
    pool = cupy().get_default_memory_pool()
    if fraction is not None:
        pool.set_limit(fraction=fraction)
    else:
        pool.set_limit(size=size or 0)  # 0: no limit


def memory_summary() -> str:
    """A few lines: the GPU, what it has, what arrays use, what is kept, what the limit is."""
    module = cupy()
    free, total = module.cuda.runtime.memGetInfo()
    limit = int(module.get_default_memory_pool().get_limit())
    rows = [
        ("memory of the GPU", total), ("free", free), ("in use by arrays", memory_allocated()),
        ("kept for arrays", memory_reserved()), ("limit", limit),
    ]  # fmt: skip
    lines = [f"{name:<18} {_size(value)}" for name, value in rows if name != "limit" or value]
    return "\n".join(lines if limit else [*lines, f"{'limit':<18} none"])


def _size(count: float) -> str:
    """12.3 MiB"""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:8.1f} {unit}"
        count /= 1024
    return f"{count:8.1f} GiB"
