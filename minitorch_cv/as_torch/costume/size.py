"""`torch.Size`: a tuple of sizes that says so when it is printed."""

from __future__ import annotations

import math
from typing import Any


class Size(tuple):  # noqa: SLOT001 (attributes do not matter here)
    """The shape of a Tensor."""

    def numel(self) -> int:
        """The number of elements."""
        return math.prod(self)

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    __str__ = __repr__
