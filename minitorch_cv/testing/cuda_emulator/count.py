"""What a kernel reads, writes and computes, counted while it runs on the emulator.

    counts = count(Source("teaching/gemm.cu"), "gemm_tiled", grid, block, (a, b, c, M, N, K))
    counts.arrays["a"].reads, counts.shared.bytes, counts.flops

Of numbers in float32 alone, and as the kernel's text says it; counting.h has the rules.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...backend.cuda_kernels import Signature, Source
from .emulator import Emulated, _as_ctypes

_HEADER = Path(__file__).parent / "counting.h"
_MOST = 15  # arrays, as in counting.h
SECTOR, TURN = 32, 128  # bytes


class Traffic(NamedTuple):
    """Accesses to one array, or to shared memory.

    reads, writes: by single threads, of one word (a float, or a float4) each. bytes: of these.
    transfers: of a warp's threads together. Memory is moved in sectors of 32 bytes; shared memory
    takes turns, in which each of its 32 banks hands out one word of 4 bytes.
    """

    reads: int
    writes: int
    bytes: int
    transfers: int


class Counts(NamedTuple):
    """arrays: argument → its traffic. shared: of shared memory. flops: + − * / and functions."""

    arrays: dict[str, Traffic]
    shared: Traffic
    flops: int

    @property
    def global_bytes(self) -> int:
        """Moved between memory and warps, if no cache has any of it."""
        return SECTOR * sum(traffic.transfers for traffic in self.arrays.values())

    @property
    def shared_bytes(self) -> int:
        """That shared memory could have handed out in the turns that it takes."""
        return TURN * self.shared.transfers


def count(
    source: Source | str, name: str, grid: int | Sequence[int], block: int | Sequence[int],
    args: Sequence[Any], shared: int = 0,
) -> Counts:  # fmt: skip
    """Runs a kernel, in place, and counts. Raises what Emulated.launch raises."""
    own = Source("text", source) if isinstance(source, str) else source
    kernels = _Counting(own)
    kernels.launch(name, grid, block, args, shared)
    return kernels.counts


class _Counting(Emulated):
    """The kernels of a file, with floats that count."""

    counts: Counts

    def __init__(self, source: Source) -> None:
        header = _HEADER.read_text(encoding="utf-8").replace("#pragma once\n", "\n")
        text = f'{header}\n#line 1 "{source.path}"\n{source.text}'
        super().__init__(Source(source.path, text))

    def run(
        self, signature: Signature, sizes: Sequence[int], args: Sequence[Any], shared: int,
        order: str,
    ) -> None:  # fmt: skip
        arrays = [a for a in args if isinstance(a, np.ndarray)]
        if len(arrays) > _MOST:
            raise ValueError(f"count: takes kernels of up to {_MOST} arrays (got {len(arrays)})")
        begins = (ctypes.c_void_p * _MOST)(*(a.ctypes.data for a in arrays))
        ends = (ctypes.c_void_p * _MOST)(*(a.ctypes.data + a.nbytes for a in arrays))
        values = [
            ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else _as_ctypes(a)
            for a in args
        ]
        self._library.count_from(len(arrays), begins, ends, ctypes.c_uint(shared))
        self._call(signature.name, sizes, values, shared, order)
        self.counts = self._read(signature, args)

    def _read(self, signature: Signature, args: Sequence[Any]) -> Counts:
        numbers = (ctypes.c_ulonglong * (4 * (_MOST + 1) + 1))()
        self._library.count_so_far(numbers)
        rows = [Traffic(*numbers[4 * k : 4 * k + 4]) for k in range(_MOST + 1)]
        given = zip(signature.parameters, args, strict=True)
        names = [p.name for p, a in given if isinstance(a, np.ndarray)]
        return Counts(dict(zip(names, rows, strict=False)), rows[_MOST], numbers[4 * (_MOST + 1)])
