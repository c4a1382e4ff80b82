"""Grids for kernels whose threads own one place of an image and go through the planes in turn."""

from __future__ import annotations

from .launch import THREADS, blocks_for

MOST_PLANES = 65535  # along y, at a time
MOST_PIXELS = 2**31  # of a plane; it has fewer, so that its divisions are of 32 bits
ENOUGH = 2**20  # threads that keep the largest GPU busy several times over
BAND = 4  # rows of pixels that a thread of a pool's gradient has, as in pool/*.cu


def over_planes(places: int, planes: int) -> tuple[tuple[int, int], int]:
    """(grid, block): threads for the places of a plane along x, as many planes as pay along y.

    What a thread works out for its place serves all its planes, so it is given several of them as
    soon as there are threads enough.
    """
    block = min(THREADS, -(-max(places, 1) // 32) * 32)
    blocks = blocks_for(places, block)
    return (blocks, max(1, min(planes, MOST_PLANES, ENOUGH // (blocks * block)))), block


def over_bands(size: tuple[int, ...], planes: int) -> tuple[tuple[int, int], int]:
    """The same for threads that have BAND rows of one column each; a line is one row."""
    H, W = (1, *size)[-2:]
    return over_planes(-(-H // BAND) * W, planes)
