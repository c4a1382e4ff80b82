"""Nested state (an optimizer's, a schedule's) as JSON with the arrays taken out, and back again."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor, from_numpy
from ..backend import to_numpy


def pack(state: Any, prefix: str, tensors: dict[str, np.ndarray]) -> Any:
    """`state` as plain JSON; each Tensor or array goes into `tensors` under a name below `prefix`.

    What JSON does not know is marked: {"$tensor": name}, {"$tuple": […]}, and {"$items": […]} with
    pairs of key and value for a dictionary whose keys are not all strings.
    """
    if isinstance(state, Tensor):
        state = to_numpy(state.detach().array)
        tensors[prefix] = state
        return {"$tensor": prefix}
    if isinstance(state, np.ndarray):
        tensors[prefix] = state
        return {"$tensor": prefix, "array": True}
    if isinstance(state, np.generic):
        return state.item()
    if isinstance(state, dict):
        inner = {key: pack(value, f"{prefix}.{key}", tensors) for key, value in state.items()}
        if all(isinstance(key, str) for key in inner):
            return inner
        return {"$items": [[key, value] for key, value in inner.items()]}
    if isinstance(state, (list, tuple)):
        items = [pack(value, f"{prefix}.{k}", tensors) for k, value in enumerate(state)]
        return {"$tuple": items} if isinstance(state, tuple) else items
    return state


def unpack(state: Any, tensors: dict[str, np.ndarray]) -> Any:
    """What `pack` was given."""
    if isinstance(state, list):
        return [unpack(value, tensors) for value in state]
    if not isinstance(state, dict):
        return state
    if "$tensor" in state:
        array = tensors[state["$tensor"]]
        return array if state.get("array") else from_numpy(array)
    if "$tuple" in state:
        return tuple(unpack(value, tensors) for value in state["$tuple"])
    if "$items" in state:
        return {key: unpack(value, tensors) for key, value in state["$items"]}
    return {key: unpack(value, tensors) for key, value in state.items()}
