"""`state_dict` and `load_state_dict`: a module's parameters and buffers by name."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor
from ...backend.device import to_device, to_numpy
from ...backend.library import library_of


class LoadedKeys(namedtuple("LoadedKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` found: keys of the module that were missing, and keys too many."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()


class StateDictError(ValueError, RuntimeError):
    """The state dict does not fit the module. It is a RuntimeError too, as in PyTorch."""


class State:
    """Mixin: state_dict, load_state_dict."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent: set[str]

    def state_dict(
        self,
        *,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Parameters and persistent buffers by name, sharing memory with the module.

        keep_vars: the very tensors, on the tape, and not detached ones.
        """
        if destination is None:
            destination = OrderedDict()
            # PyTorch's mark of a state dict that knows the versions of its layers (_came_later).
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        for name, value in self._state_members(prefix):
            destination[name] = value if keep_vars else value.detach()
        return destination

    def _state_members(self, prefix: str) -> Any:
        """(key, tensor) of everything that a state dict holds, in PyTorch's order."""
        for name, value in self._parameters.items():
            if value is not None:
                yield prefix + name, value
        for name, value in self._buffers.items():
            if value is not None and name not in self._non_persistent:
                yield prefix + name, value
        for name, module in self._modules.items():
            if module is not None:
                yield from module._state_members(f"{prefix}{name}.")

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> LoadedKeys:
        """Copies the values of a state dict (Tensors or arrays) into parameters and buffers.

        strict: a key that is missing or unexpected is an error. assign: takes the tensors
        themselves and their dtypes, and does not copy. Returns the missing and unexpected keys.
        Raises StateDictError, which lists everything that does not fit, and then nothing has
        changed.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict: expects a dict of tensors (got {type(state_dict).__name__})"
            )
        own = dict(self._state_members(""))
        missing = [key for key in own if key not in state_dict and not _came_later(key, state_dict)]
        unexpected = [key for key in state_dict if key not in own]
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for key, target in own.items():
            if key in state_dict:
                values[key] = _fitting(key, target, state_dict[key], assign, wrong)
        problems = [*wrong]
        if strict:
            problems = [
                *(f"unexpected key: {key}" for key in unexpected),
                *(f"missing key: {key}" for key in missing),
                *wrong,
            ]
        if problems:
            raise StateDictError(
                f"load_state_dict: the state dict does not fit {type(self).__name__} "
                "(nothing was changed):\n  "
                + "\n  ".join(problems)
                + ("\n  use strict=False to load the keys that do fit" if not wrong else "")
            )
        for key, array in values.items():
            _write(own[key], array, assign)
        return LoadedKeys(missing, unexpected)


def _came_later(key: str, state_dict: Mapping[str, Any]) -> bool:
    """True for batch norm's counter of batches, which state dicts without a version may lack.

    PyTorch added it in version 2 of the layer; what the module has then stays.
    """
    return key.endswith("num_batches_tracked") and not hasattr(state_dict, "_metadata")


def _fitting(key: str, target: Tensor, value: Any, assign: bool, wrong: list[str]) -> Any:
    """The array to write into `target`; a line in `wrong` where it does not fit."""
    array = value.array if isinstance(value, Tensor) else value
    if library_of(array) is None and isinstance(array, (int, float, np.generic)):
        array = np.asarray(array)
    if library_of(array) is None:
        wrong.append(f"no tensor: {key} is a {type(value).__name__}")
        return None
    if array.dtype.kind not in "fiub":
        wrong.append(f"wrong dtype: {key} is {array.dtype}, the module's is {target.dtype}")
        return None
    if target.ndim == 0 and array.shape == (1,):  # written by old versions of PyTorch
        array = array[0:1].reshape(())
    if array.shape != target.shape:
        wrong.append(
            f"wrong shape: {key} is {tuple(array.shape)}, the module's is {tuple(target.shape)}"
        )
        return None
    if assign:
        return array
    # a copy, so that a state dict that shares memory with the module is read before it is written
    host = np.array(to_numpy(array), dtype=target.dtype)
    return to_device(host, target.device)


def _write(target: Tensor, array: Any, assign: bool) -> None:
    if assign:
        target.array = array
    else:
        target.array[...] = array
    target._version.value += 1
