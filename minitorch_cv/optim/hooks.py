"""Hooks of an optimizer: functions of the user's that run around `step` and the state's two ways.

Every `register_…` answers a handle whose `remove()` takes the hook off again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.tensor import Handle

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
_PLACES = ("step", "after step", "state_dict", "after state_dict", "load", "after load")


class Hooks:
    """The hooks of one optimizer, by where they run, in the order in which they were registered."""

    def __init__(self) -> None:
        self._hooks: dict[str, dict[int, Callable[..., Any]]] = {place: {} for place in _PLACES}

    def _register(self, place: str, hook: Callable[..., Any], first: bool = False) -> Handle:
        hooks = self._hooks[place]
        later = dict(hooks)
        handle = Handle(hooks, hook)
        if first:
            for key, other in later.items():
                del hooks[key]
                hooks[key] = other
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """hook(optimizer, args, kwargs) before each step; may answer new (args, kwargs)."""
        return self._register("step", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """hook(optimizer, args, kwargs) after each step."""
        return self._register("after step", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Handle:
        """hook(optimizer) before `state_dict`."""
        return self._register("state_dict", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Handle:
        """hook(optimizer, state_dict) after `state_dict`; may change it or answer another."""
        return self._register("after state_dict", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Handle:
        """hook(optimizer, state_dict) before loading; may answer another state to load."""
        return self._register("load", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Handle:
        """hook(optimizer) after loading."""
        return self._register("after load", hook, prepend)

    def before_step(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        """The arguments of `step`, as the hooks leave them. Raises TypeError for another answer."""
        for hook in list(self._hooks["step"].values()):
            answer = hook(self, args, kwargs)
            if answer is None:
                continue
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise TypeError(
                    f"{type(self).__name__}: a hook before step answers None or a pair (args, "
                    f"kwargs) (got {answer!r})"
                )
            args, kwargs = answer
        return args, kwargs

    def after_step(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Runs the hooks after a step."""
        for hook in list(self._hooks["after step"].values()):
            hook(self, args, kwargs)

    def before_state_dict(self) -> None:
        """Runs the hooks before `state_dict`."""
        for hook in list(self._hooks["state_dict"].values()):
            hook(self)

    def after_state_dict(self, state_dict: dict[str, Any]) -> dict[str, Any]:
        """The state as the hooks leave it."""
        return self._changed("after state_dict", state_dict)

    def before_load(self, state_dict: dict[str, Any]) -> dict[str, Any]:
        """The state to load as the hooks leave it."""
        return self._changed("load", state_dict)

    def after_load(self) -> None:
        """Runs the hooks after loading."""
        for hook in list(self._hooks["after load"].values()):
            hook(self)

    def _changed(self, place: str, state_dict: dict[str, Any]) -> dict[str, Any]:
        for hook in list(self._hooks[place].values()):
            answer = hook(self, state_dict)
            state_dict = state_dict if answer is None else answer
        return state_dict
