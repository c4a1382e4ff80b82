"""CuPy's functions, as ops call them: with NumPy's answers where CuPy has others.

    matmul           by cuBLAS directly (products.py)
    remainder        CuPy's is NaN where b is infinite; NumPy's and PyTorch's is not
    floor_divide     CuPy's is infinite where a is; NumPy's and PyTorch's is NaN

Everything else is CuPy's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import products


class Namespace:
    """The module `cupy`, but for the functions below."""

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cupy, name)
        setattr(self, name, found)  # the next one who asks finds it here
        return found

    def matmul(self, a: Any, b: Any, out: Any = None) -> Any:
        """numpy.matmul; of integers, and where cuBLAS is not found, CuPy's own."""
        return products.matmul(self._cupy, a, b, out)

    def remainder(self, a: Any, b: Any) -> Any:
        """a − b ⌊a / b⌋, of the sign of b."""
        xp = self._cupy
        if xp.result_type(a, b).kind != "f":
            return xp.remainder(a, b)
        rest = xp.fmod(a, b)
        moved = xp.where((rest < 0) != (b < 0), rest + b, rest)
        return xp.where(rest == 0, xp.copysign(rest, b), moved)

    def floor_divide(self, a: Any, b: Any) -> Any:
        """⌊a / b⌋"""
        xp, dtype = self._cupy, self._cupy.result_type(a, b)
        if dtype.kind != "f":
            return xp.floor_divide(a, b)
        if dtype == np.float16:  # whose quotients are rounded too early
            wide = (xp.asarray(v, dtype=np.float32) for v in (a, b))
            return self.floor_divide(*wide).astype(dtype)
        rest = xp.fmod(a, b)
        whole = (a - rest) / b - ((rest != 0) & ((rest < 0) != (b < 0)))
        floor = xp.floor(whole)
        floor = floor + (whole - floor > 0.5)  # `whole` was rounded to just below
        return xp.where(b == 0, a / b, xp.where(floor == 0, xp.copysign(floor, a / b), floor))
