"""`nn.DataParallel` on one device, and the small helpers that layers of one's own import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ... import nn


class DataParallel(nn.Module):
    """Calls the module inside, whose parameters are named `module.…`; there is one device."""

    def __init__(self, module: nn.Module, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        super().__init__()
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module inside answers."""
        return self.module(*args, **kwargs)


def _ntuple(count: int) -> Callable[[Any], tuple[Any, ...]]:
    def several(value: Any) -> tuple[Any, ...]:
        return tuple(value) if isinstance(value, Iterable) else (value,) * count

    return several


_single, _pair, _triple, _quadruple = (_ntuple(count) for count in (1, 2, 3, 4))
HELPERS = {
    "_ntuple": _ntuple, "_single": _single, "_pair": _pair, "_triple": _triple,
    "_quadruple": _quadruple,
}  # fmt: skip


def helper(name: str) -> Any:
    """A helper of `torch.nn.modules.utils` by its name; None where there is none."""
    return HELPERS.get(name)
