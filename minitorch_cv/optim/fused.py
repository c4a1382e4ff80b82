"""The fused update: one call of a kernel changes all parameters that it can take.

A kernel (kernels/cpu/optim, kernels/cuda/optim) knows parameters as rows of addresses: of the
values, of the gradient, and of what is remembered about it. It takes float32 arrays of its device
whose elements lie side by side, and whose state is there: where a rule does not begin with zeros,
the first step is the reference's. Single numbers of the state (the count of steps) lie on the CPU.
What a kernel cannot take is left to `Optimizer.update`, and so is everything under
`use_kernels("reference")`.
Both compute the same, bit for bit.
"""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.tensor import Tensor
from ..backend import capturing
from ..backend.library import CPU, Array, ArrayLibrary, beside, library_of
from ..backend.registry import find_kernel, kernels_in_use

if TYPE_CHECKING:
    from .optimizer import Group, Optimizer

Names = tuple[str | None, ...]
Place = tuple[str, int]  # a device: its name, and its number
_FLOAT32 = np.dtype(np.float32)
_NOTHING: dict[str, Any] = {}

Left = list[tuple[Tensor, Any, "Group"]]


class Row:
    """One parameter as the kernel sees it.

    arrays: its values and what is remembered about it. The addresses hold as long as these are
    still the arrays in use, and the row keeps them alive.
    """

    __slots__ = ("addresses", "arrays", "library", "names", "p", "place", "shape", "size")

    def __init__(self, p: Tensor, names: Names, arrays: list[Array]) -> None:
        self.p, self.names, self.arrays = p, names, arrays
        self.shape, self.size = arrays[0].shape, arrays[0].size
        libraries = list(map(_library, arrays))
        self.library = libraries[0]
        self.place = self.library.name, self.library.index_of(arrays[0])
        x, *rest = [kind.address(array) for kind, array in zip(libraries, arrays, strict=True)]
        found = iter(rest)
        self.addresses = [x, 0, *(0 if name is None else next(found) for name in names)]

    def holds(self, p: Tensor, names: Names, arrays: list[Any]) -> bool:
        """Is this the row of p, and is everything where it was?"""
        return self.p is p and self.names == names and all(map(is_, arrays, self.arrays))

    def fitting(self, g: Array) -> Array | None:
        """A gradient, copied where its elements do not lie side by side; None: not for a kernel."""
        library = self.library
        if g.__class__ is not self.arrays[0].__class__ or g.dtype != _FLOAT32:
            return None
        if g.shape != self.shape or library.index_of(g) != self.place[1]:
            return None
        if library.in_order(g):
            return g
        with beside(g):
            return library.namespace.array(g, order="C")


Taken = list[tuple[Row, Array, int]]  # with the gradient, and the number of the group


class FusedStep:
    """What the parameters of one optimizer look like to its kernel, kept from step to step."""

    __slots__ = ("kept", "rows")

    def __init__(self) -> None:
        self.rows: list[Row | None] = []
        self.kept: dict[Place, dict[str, Any]] = {}  # what a kernel keeps for itself

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
        taken: dict[Place, Taken] = {}
        for place, (p, k) in enumerate(given):
            gradient = p.grad
            if gradient is None:
                continue
            row = self._row(place, p, names[k], optimizer, groups[k])
            g = None if row is None else row.fitting(gradient.array)
            if row is None or g is None:
                rest.append((p, gradient, groups[k]))
            else:
                taken.setdefault(row.place, []).append((row, g, k))
        for where, parameters in taken.items():
            kernel = find_kernel(optimizer.kernel, where[0])
            if kernel is None or (capturing.current is not None and where[0] == "cpu"):
                rest += [(row.p, row.p.grad, groups[k]) for row, _, k in parameters]
            elif capturing.current is not None:
                self._record(kernel, parameters, optimizer, capturing.current)
            else:
                kept = self.kept.setdefault(where, {})
                with beside(parameters[0][1]):
                    kernel.update(*_given(parameters), _options(optimizer), parameters[0][1], kept)
                _note_change(parameters)
        return rest

    def _record(
        self, kernel: Any, taken: Taken, optimizer: Optimizer, capture: capturing.Capture
    ) -> None:  # fmt: skip
        """The launch goes into a CUDA graph; the host's half of the step comes before each replay.

        `taken`, which these functions hold, keeps all arrays where they are.
        """
        given, model, kept = _given(taken), taken[0][1], dict[str, Any]()
        kernel.reserve(given[1], model, kept)
        kernel.start(kept)
        capture.before.append(lambda: kernel.fill(*given, _options(optimizer), model, kept))
        capture.after.append(lambda: _note_change(taken))
        members = _members(optimizer)
        capture.guards.append(
            lambda: (
                _members(optimizer) == members
                and all(_is_current(row, k, optimizer) for row, _, k in taken)
            )
        )

    def _row(
        self, place: int, p: Tensor, names: Names, optimizer: Optimizer, group: Group
    ) -> Row | None:
        """The row of the parameter in this place, made anew where something moved, or None."""
        arrays = _arrays(p, names, optimizer)
        if arrays is None and not optimizer.state.get(p):
            optimizer.begin(p, group)
            arrays = _arrays(p, names, optimizer)
        if arrays is None:
            return None
        row = self.rows[place]
        if row is None or not row.holds(p, names, arrays):
            numbers = [optimizer.is_number(name) for name in names if name is not None]
            fits = all(map(_fits, arrays, [p.array] * len(arrays), [False, *numbers]))
            row = self.rows[place] = Row(p, names, arrays) if fits else None
        return row


def _arrays(p: Tensor, names: Names, optimizer: Optimizer) -> list[Array] | None:
    """The values of a parameter and what is remembered about it; None: not there, or not ours."""
    kept = optimizer.state.get(p, _NOTHING)
    try:
        return [p.array, *[kept[name].array for name in names if name is not None]]
    except (KeyError, AttributeError):
        return None


def _is_current(row: Row, k: int, optimizer: Optimizer) -> bool:
    """Is everything still where a recorded launch changes it?"""
    names = optimizer.remembered(optimizer.param_groups[k])
    arrays = _arrays(row.p, names, optimizer)
    return arrays is not None and row.holds(row.p, names, arrays)


def _members(optimizer: Optimizer) -> list[list[int]]:
    return [[id(p) for p in group["params"]] for group in optimizer.param_groups]


def _given(taken: Taken) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Addresses, sizes and groups, as a kernel wants them."""
    for row, g, _ in taken:
        row.addresses[1] = row.library.address(g)
    return (
        np.array([row.addresses for row, _, _ in taken], np.int64),
        np.array([row.size for row, _, _ in taken], np.int64),
        np.array([number for _, _, number in taken], np.int64),
    )


def _note_change(taken: Taken) -> None:
    """A backward that saved the old values must notice."""
    for row, _, _ in taken:
        row.p._version.value += 1


def _library(array: Array) -> ArrayLibrary:
    return library_of(array) or CPU


def _fits(array: Any, p: Any, is_number: bool) -> bool:
    """Can a kernel read and write it by its address: beside p, or, for one number, on the CPU?"""
    library = CPU if is_number else _library(p)
    return (
        library_of(array) is library
        and array.dtype == _FLOAT32
        and array.shape == (() if is_number else p.shape)
        and (is_number or library.index_of(array) == library.index_of(p))
        and library.in_order(array)
        and array.size > 0
    )


def _options(optimizer: Optimizer) -> np.ndarray:
    """The options of each group as numbers, in the order of the kernel; pairs are two of them."""
    groups = optimizer.param_groups
    return np.array([_numbers(optimizer.kernel_options, group) for group in groups], np.float64)


def _numbers(options: tuple[str, ...], group: Group) -> list[float]:
    numbers: list[float] = []
    for name in options:
        value = group[name]
        numbers.extend(map(float, value if isinstance(value, (tuple, list)) else (value,)))
    return numbers
