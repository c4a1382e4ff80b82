"""Makes a case runnable in one library: arrays become tensors, names become functions."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from .row import Case, Fixed, Of


class Built:
    """One case in one library.

    leaves: the float tensors that want a gradient, inputs first and then the layer's parameters.
    call(): what the layer or function answers.
    """

    def __init__(self, library: Any, name: str, case: Case, dtype: str) -> None:
        self.library = library
        self.dtype = dtype
        self.leaves: list[Any] = []
        self.layer: Any = None
        self.case = case
        self.name = name

    def prepare(self) -> None:
        """Makes the tensors and the layer. Raises what a bad constructor call raises."""
        home, _, member = self.name.partition(".")
        case, library = self.case, self.library
        if home == "nn":
            args, kwargs = self._convert(case.args, False), self._convert(case.kwargs, False)
            self.layer = getattr(library.nn, member)(*args, **kwargs)
            self.layer.train(not case.evaluate)
            self.inputs = self._convert(case.inputs)
            return
        self.inputs = self._convert((*case.inputs, *case.args))
        self.kwargs = self._convert(case.kwargs)
        self.function = self._function(home, member)

    def _function(self, home: str, member: str) -> Callable[..., Any]:
        if home == "Tensor":
            inplace = member.endswith("_") and not member.endswith("__")

            def method(x: Any, *args: Any, **kwargs: Any) -> Any:
                return getattr(x.clone() if inplace else x, member)(*args, **kwargs)

            return method
        return attrgetter(member)(self.library.nn.functional if home == "F" else self.library)

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Gives the layer its parameters and buffers, in the dtype of the case."""
        self.layer.to(getattr(self.library, self.dtype))
        tensors = {
            key: self.library.tensor(value, dtype=self._dtype(value))
            for key, value in state.items()
        }
        self.layer.load_state_dict(tensors)
        self.leaves += list(self.layer.parameters())

    def call(self) -> Any:
        """The answer of the layer or function."""
        if self.layer is not None:
            return self.layer(*self.inputs)
        return self.function(*self.inputs, **self.kwargs)

    def state(self) -> dict[str, np.ndarray]:
        """Parameters and buffers of the layer as arrays."""
        if self.layer is None:
            return {}
        found = self.layer.state_dict().items()
        return {key: value.detach().numpy() for key, value in found if hasattr(value, "numpy")}

    def _convert(self, value: Any, wants: bool = True) -> Any:
        if isinstance(value, Of):
            return getattr(self.library, value.name)
        if isinstance(value, Fixed):
            return self.library.tensor(value.array, dtype=self._dtype(value.array))
        if isinstance(value, np.ndarray):
            wants = wants and value.dtype.kind == "f"
            made = self.library.tensor(value, dtype=self._dtype(value), requires_grad=wants)
            if wants:
                self.leaves.append(made)
            return made
        if isinstance(value, dict):
            return {key: self._convert(v, wants) for key, v in value.items()}
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return type(value)(self._convert(v, wants) for v in value)
        return value

    def _dtype(self, array: np.ndarray) -> Any:
        name = str(array.dtype)
        return getattr(self.library, self.dtype if name == "float64" else name)


def drawn_state(layer_state: dict[str, Any], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Uncommon numbers for every parameter and buffer; variances are positive, counts are 3."""
    state: dict[str, np.ndarray] = {}
    for key, value in layer_state.items():
        if value.dtype.kind != "f":
            state[key] = np.full(value.shape, 3, value.dtype)
        elif "var" in key:
            state[key] = rng.uniform(0.5, 1.5, value.shape)
        else:
            state[key] = rng.normal(size=value.shape)
    return state


def tensors_in(answer: Any, library: Any) -> list[Any]:
    """The tensors of an answer, in order, out of tuples and lists."""
    if isinstance(answer, library.Tensor):
        return [answer]
    if isinstance(answer, (list, tuple)):
        return [tensor for part in answer for tensor in tensors_in(part, library)]
    return []
