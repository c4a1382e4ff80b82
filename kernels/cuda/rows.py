"""Blocks of threads for kernels in which several threads share a row, or a column, of values."""

from __future__ import annotations

from typing import NamedTuple

from .launch import blocks_for

ROOM = 40 << 10  # bytes of dynamic shared memory that a block may have on every GPU, and some left
_EACH = 16  # values of a row for each thread, before more threads share it
_THREADS = 256
_ALONE = 512  # of a row that is read again and again


class Rows(NamedTuple):
    """grid, block and bytes of a launch. kept: does a block's shared memory hold its rows?"""

    grid: int
    block: tuple[int, int]
    shared: int
    kept: bool


def share_rows(rows: int, length: int, arrays: int = 1) -> Rows:
    """Threads along x share a row: a warp, or up to the whole block; rows of a block lie along y.

    arrays: how many values of each place are kept.
    """
    wide = 32
    while wide < _THREADS and length > _EACH * wide:
        wide *= 2
    shared = _THREADS // wide * length * 4 * arrays
    if shared > ROOM:
        return Rows(blocks_for(rows, 1), (_ALONE, 1), 0, False)
    tall = _THREADS // wide
    return Rows(blocks_for(rows, tall), (wide, tall), shared, True)


def share_columns(columns: int, length: int) -> tuple[int, tuple[int, int]]:
    """(grid, block): a thread to a column; or eight, along y, where a column is long."""
    block = (32, 8) if length >= 64 else (_THREADS, 1)
    return blocks_for(columns, block[0]), block
