"""The fused update: one compiled call changes all parameters that a kernel can take.

A kernel (kernels/cpu/optim) knows parameters as rows of addresses: of the values, of the gradient,
and of what is remembered about it. It takes float32 arrays on the CPU whose elements lie side by
side, and whose state is there: the first step, which makes the state, is the reference's. What it
cannot take is left to `Optimizer.update`, and so is everything under `use_kernels("reference")`.
Both compute the same, bit for bit.
"""

from __future__ import annotations

from ctypes import addressof, c_char
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.tensor import Tensor
from ..backend.registry import find_kernel, kernels_in_use

if TYPE_CHECKING:
    from .optimizer import Group, Optimizer

Names = tuple[str | None, ...]
_FLOAT32 = np.dtype(np.float32)
_NOTHING: dict[str, Any] = {}


Left = list[tuple[Tensor, Tensor, "Group"]]


def _address(array: Any) -> int:
    """Where an array's values lie; the shortest way to ask, for arrays that may be written to."""
    return addressof(c_char.from_buffer(array))


class Row:
    """One parameter as the kernel sees it.

    arrays: its values and what is remembered about it. The addresses hold as long as these are
    still the arrays in use, and the row keeps them alive.
    """

    __slots__ = ("addresses", "arrays", "names", "p", "shape", "size")

    def __init__(self, p: Tensor, names: Names, arrays: list[np.ndarray]) -> None:
        self.p, self.names, self.arrays = p, names, arrays
        self.shape, self.size = arrays[0].shape, arrays[0].size
        x, *rest = [_address(array) for array in arrays]
        found = iter(rest)
        self.addresses = [x, 0, *(0 if name is None else next(found) for name in names)]

    def holds(self, p: Tensor, names: Names, arrays: list[Any]) -> bool:
        """Is this the row of p, and is everything where it was?"""
        return self.p is p and self.names == names and all(map(is_, arrays, self.arrays))


class FusedStep:
    """What the parameters of one optimizer look like to its kernel, kept from step to step."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: list[Row | None] = []

    def __reduce__(self) -> tuple[type[FusedStep], tuple[()]]:
        return FusedStep, ()  # the arrays of a copy lie elsewhere

    def run(self, optimizer: Optimizer) -> Left:
        """Updates what the kernel can take; answers the other (parameter, gradient, group)."""
        groups = optimizer.param_groups
        given = [(p, number) for number, group in enumerate(groups) for p in group["params"]]
        if optimizer.kernel is None or kernels_in_use() == "reference":
            return [(p, p.grad, groups[k]) for p, k in given if p.grad is not None]
        if len(self.rows) != len(given):
            self.rows = [None] * len(given)
        names = [optimizer.remembered(group) for group in groups]
        rest: Left = []
        taken: list[tuple[Row, np.ndarray, int]] = []
        for place, (p, k) in enumerate(given):
            gradient = p.grad
            if gradient is None:
                continue
            row = self._row(place, p, names[k], optimizer)
            g = None if row is None else _fitting(gradient.array, row.shape)
            if row is None or g is None:
                rest.append((p, gradient, groups[k]))
            else:
                taken.append((row, g, k))
        kernel = find_kernel(optimizer.kernel, "cpu") if taken else None
        if kernel is None:
            return [(p, p.grad, groups[k]) for p, k in given if p.grad is not None]
        _update(kernel, taken, [_numbers(optimizer.kernel_options, group) for group in groups])
        return rest

    def _row(self, place: int, p: Tensor, names: Names, optimizer: Optimizer) -> Row | None:
        """The row of the parameter in this place, made anew where something moved, or None."""
        kept = optimizer.state.get(p, _NOTHING)
        try:
            arrays = [p.array, *[kept[name].array for name in names if name is not None]]
        except (KeyError, AttributeError):  # no state yet, or not one of ours
            return None
        row = self.rows[place]
        if row is None or not row.holds(p, names, arrays):
            ours = [name for name in names if name is not None]
            shapes = [() if optimizer.is_number(name) else p.array.shape for name in ours]
            fits = all(map(_fits, arrays, [p.array.shape, *shapes]))
            row = self.rows[place] = Row(p, names, arrays) if fits else None
        return row


def _fits(array: Any, shape: tuple[int, ...]) -> bool:
    """Can compiled code read and write it by its address?"""
    return (
        array.__class__ is np.ndarray
        and array.dtype == _FLOAT32
        and array.shape == shape
        and array.flags.carray  # aligned, writeable, and in C order
        and array.size > 0
    )


def _fitting(g: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """A gradient, copied where its elements do not lie side by side; None: not for the kernel."""
    if g.__class__ is not np.ndarray or g.dtype != _FLOAT32 or g.shape != shape:
        return None
    return g if g.flags.carray else np.array(g, order="C")


def _numbers(options: tuple[str, ...], group: Group) -> list[float]:
    """The options of a group as numbers, in the order of the kernel; pairs are two of them."""
    numbers: list[float] = []
    for name in options:
        value = group[name]
        numbers.extend(map(float, value if isinstance(value, (tuple, list)) else (value,)))
    return numbers


def _update(
    kernel: Any, taken: list[tuple[Row, np.ndarray, int]], options: list[list[float]]
) -> None:
    """The call itself; `taken` holds all arrays while it runs."""
    for row, g, _ in taken:
        row.addresses[1] = _address(g)
    kernel.update(
        np.array([row.addresses for row, _, _ in taken], np.int64),
        np.array([row.size for row, _, _ in taken], np.int64),
        np.array([number for _, _, number in taken], np.int64),
        np.array(options, np.float64),
    )
    for row, _, _ in taken:
        row.p._version.value += 1  # a backward that saved the old values must notice
