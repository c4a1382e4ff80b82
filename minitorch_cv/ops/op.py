"""What an op is: a forward and a backward on arrays, with everything needed to check them.

`Op` holds the parts of one op file together. It knows arrays and no tensors: calling an op on
Tensors is handed to the recorder that the Tensor's array library names (`autograd.apply`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backend.library import CPU, Array, beside, is_plain, library_of, plain
from ..backend.registry import find_kernel

Needs = Sequence[bool]  # one flag for each positional input of forward: is its gradient wanted?
Grads = tuple[Any, ...]  # one gradient for each positional input, None where not needed


class Sample(NamedTuple):
    """One input that every check runs an op on.

    arrays: forward's positional inputs (NumPy, float64 where differentiable; None where optional
    and left out); params: its keyword arguments; label: what is special about it.
    kink: True where no derivative exists (ties, the corner of a ReLU): the gradient is the one that
    `reference` chooses there, and checks take no differences across it.
    """

    arrays: tuple[Any, ...]
    params: dict[str, Any]
    label: str
    kink: bool = False


class ErrorSample(NamedTuple):
    """One bad input: the exception type expected, and words that its message must hold."""

    arrays: tuple[Any, ...]
    params: dict[str, Any]
    error: type[Exception]
    words: str


class Op:
    """One op of the engine.

    name: the one name of DESIGN: file, kernel, F function, docs.
    forward(*arrays, **params) -> (y, saved): pure; `saved` is a NamedTuple. With `extra_outputs`
        y is a tuple whose first member alone is differentiable (max-pool's indices follow it).
    backward(gy, saved, needs) -> grads: one gradient for each positional input, None where
        `needs` is false.
    saved: the NamedTuple class. A field that bears the name of an input *is* that input, and a
        field named `y` *is* the output; every other field is a constant.
    check(*arrays, **params): raises ValueError or TypeError for a user's mistake.
    reference(*arrays, **params) -> y: naive loops. It takes complex numbers too, so that its exact
        derivative is a complex step away (Squire & Trapp 1998): Im f(x + ih) / h.
    samples(rng), error_samples(rng): see Sample and ErrorSample.
    composite: forward is written with other ops, so that what it saves depends on the inputs; for
        second derivatives it is run again on Tensors (architecture.md, section 3).
    view: the output may share memory with the first input.
    twice: False where a second derivative makes no sense.
    tolerance: how far a float32 kernel may be from the reference, relative to the largest value.
    constants: the inputs that have no gradient although they hold floats (running statistics,
        class weights); the gradient of every other float input must be right.
    """

    __slots__ = (
        "name", "forward", "backward", "saved", "check", "reference", "samples", "error_samples",
        "composite", "view", "twice", "extra_outputs", "tolerance", "constants", "inputs",
        "links", "saved_inputs", "saves_output", "source",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        forward: Callable[..., tuple[Any, Any]],
        backward: Callable[[Any, Any, Needs], Grads],
        saved: Any,
        *,
        check: Callable[..., None] | None = None,
        reference: Callable[..., Any] | None = None,
        samples: Callable[[Any], Iterable[Sample]] | None = None,
        error_samples: Callable[[Any], Iterable[ErrorSample]] | None = None,
        composite: bool = False,
        view: bool = False,
        twice: bool = True,
        extra_outputs: int = 0,
        tolerance: float = 1e-5,
        constants: tuple[str, ...] = (),
        inputs: tuple[str, ...] | None = None,
        source: str | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.backward = backward
        self.saved = saved
        self.check = check
        self.reference = reference
        self.samples = samples
        self.error_samples = error_samples
        self.composite = composite
        self.view = view
        self.twice = twice
        self.extra_outputs = extra_outputs
        self.tolerance = tolerance
        self.constants = constants
        self.source = source or forward.__code__.co_filename
        code = forward.__code__
        self.inputs = inputs or code.co_varnames[: code.co_argcount]
        # links[k]: which input the k-th saved field is; −1 for the output, None for a constant.
        self.links = tuple(
            self.inputs.index(field) if field in self.inputs else (-1 if field == "y" else None)
            for field in saved._fields
        )
        self.saved_inputs = tuple(link for link in self.links if link is not None and link >= 0)
        self.saves_output = -1 in self.links

    def __repr__(self) -> str:
        return f"Op({self.name})"

    def __call__(self, *arrays: Any, **params: Any) -> Any:
        """The output alone; recorded when an input is a Tensor."""
        for array in arrays:
            library = library_of(array)
            if library is not None and library.record is not None:
                return library.record(self, *arrays, **params)
        return self.run(arrays, params)[0]

    def run(self, arrays: Sequence[Any], params: dict[str, Any]) -> tuple[Any, Any]:
        """(y, saved) of plain arrays: judged by `check`, then by the kernel or by `forward`."""
        device = self._device(arrays)
        if device != "cpu":
            with beside(next(array for array in arrays if library_of(array) is not None)):
                if not all(map(is_plain, arrays)):
                    return self._run_packed(device, arrays, params)
                return self._run(device, arrays, params)
        return self._run(device, arrays, params)

    def _run_packed(
        self, device: str, arrays: Sequence[Any], params: dict[str, Any]
    ) -> tuple[Any, Any]:
        """By a kernel that knows packed arrays (library.py: `plain`), or of plain ones."""
        kernel = find_kernel(self.name, f"{device}.packed")
        if kernel is not None:
            if self.check is not None:
                self.check(*arrays, **params)
            if kernel.supports(*arrays, **params):
                y, fields = kernel.forward(*arrays, **params)
                return y, self.saved(*fields)
        return self._run(device, list(map(plain, arrays)), params)

    def _run(self, device: str, arrays: Sequence[Any], params: dict[str, Any]) -> tuple[Any, Any]:
        if self.check is not None:
            self.check(*arrays, **params)
        kernel = find_kernel(self.name, device)
        if kernel is not None and kernel.supports(*arrays, **params):
            y, fields = kernel.forward(*arrays, **params)
            return y, self.saved(*fields)
        with np.errstate(all="ignore"):  # log(0) is −inf without a warning, as in PyTorch
            return self.forward(*arrays, **params)

    def differentiate(self, gy: Array, saved: Any, needs: Needs) -> Grads:
        """The gradients on plain arrays, by the kernel's backward where it has one."""
        library = library_of(gy)
        if library is CPU or library is None:
            return self._differentiate("" if library is None else "cpu", gy, saved, needs)
        with beside(gy):
            if not (is_plain(gy) and all(map(is_plain, saved))):
                kernel = find_kernel(self.name, f"{library.name}.packed")
                if kernel is not None:
                    grads = kernel.backward(gy, saved, needs)
                    if grads is not NotImplemented:
                        return grads
                saved = self.saved(*map(plain, saved))
            return self._differentiate(library.name, plain(gy), saved, needs)

    def _differentiate(self, device: str, gy: Array, saved: Any, needs: Needs) -> Grads:
        kernel = find_kernel(self.name, device) if device else None
        dtypes = getattr(kernel, "DTYPES", ("float32",))
        if kernel is not None and hasattr(kernel, "backward") and gy.dtype.name in dtypes:
            grads = kernel.backward(gy, saved, needs)
            if grads is not NotImplemented:
                return grads
        with np.errstate(all="ignore"):
            return self.backward(gy, saved, needs)

    def _device(self, arrays: Sequence[Any]) -> str:
        """The device that all arrays lie on. Raises TypeError where they lie on two."""
        found = None
        for array in arrays:
            if array.__class__ is np.ndarray and (found is CPU or found is None):
                found = CPU  # the common case, without a look-up
                continue
            library = library_of(array)
            if library is None or library is found:
                continue
            if found is not None and found.name != library.name:
                self._mixed(arrays)
            found = library
        if found is not None and found.name == "cuda":
            places = {lib.index_of(array) for array in arrays if (lib := library_of(array))}
            if len(places) > 1:
                self._mixed(arrays)
        return "cpu" if found is None else found.name

    def _mixed(self, arrays: Sequence[Any]) -> None:
        where = []
        for k, array in enumerate(arrays):
            name = self.inputs[k] if len(arrays) <= len(self.inputs) else f"{self.inputs[0]}[{k}]"
            library = library_of(array)
            if library is not None:
                index = "" if library.name == "cpu" else f":{library.index_of(array)}"
                where.append((name, library.name + index))
        listing = ", ".join(f"{name} on {place}" for name, place in where)
        first = where[0][1]
        odd = next(name for name, place in where if place != first)
        raise TypeError(
            f"{self.name}: inputs lie on different devices (got {listing}); "
            f"move {odd} with {odd}.to({first!r})"
        )
