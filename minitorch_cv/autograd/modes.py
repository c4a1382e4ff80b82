"""Switches of the tape: is it recording, and does it look for the first NaN?"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..backend.library import array_module, beside

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    """home: the functions of the device on which a backward is being recorded; it is there that new
    tensors of its numbers lie."""

    recording = True
    inference = False
    anomaly = False
    autocast: Any = None  # device → (dtype, are casts kept?), inside `autocast`
    home: Any = np


state = _State()


class _Switch:
    """A context manager that is a decorator too, and puts back what it found."""

    def __enter__(self) -> None:
        self.previous = (state.recording, state.inference, state.anomaly)
        self._switch()

    def __exit__(self, *exc: object) -> None:
        state.recording, state.inference, state.anomaly = self.previous

    def _switch(self) -> None:
        raise NotImplementedError("a switch says what it changes")

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]

    def _again(self) -> _Switch:
        return self.__class__()


class at_home(_Switch):  # noqa: N801 (a context manager, used like a function)
    """Numbers become tensors beside `array`, and what is computed from them is recorded."""

    def __init__(self, array: Any) -> None:
        self.home, self.beside = array_module(array), beside(array)

    def __enter__(self) -> None:
        self.outer, state.home = (state.home, state.autocast), self.home
        state.autocast = None  # a backward has the dtypes of its forward
        self.beside.__enter__()
        super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self.beside.__exit__(None, None, None)
        state.home, state.autocast = self.outer

    def _switch(self) -> None:
        state.recording, state.inference = True, False


class no_grad(_Switch):  # noqa: N801 (PyTorch's name)
    """Nothing is recorded inside: results do not require grad."""

    def _switch(self) -> None:
        state.recording = False


class enable_grad(_Switch):  # noqa: N801
    """Records again inside `no_grad`."""

    def _switch(self) -> None:
        state.recording, state.inference = True, False


class inference_mode(_Switch):  # noqa: N801
    """Like `no_grad`, for evaluation: nothing computed inside will ever be differentiated."""

    def _switch(self) -> None:
        state.recording, state.inference = False, True


class _Setting(_Switch):
    """A switch with a value that acts at once, and also as a context manager (as in PyTorch)."""

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self.previous = (state.recording, state.inference, state.anomaly)
        self._switch()

    def __enter__(self) -> None:
        self._switch()

    def _again(self) -> _Switch:
        return self.__class__(self.mode)


class set_grad_enabled(_Setting):  # noqa: N801
    """Recording on or off, from here on or inside a `with` block."""

    def _switch(self) -> None:
        state.recording = self.mode


class set_detect_anomaly(_Setting):  # noqa: N801
    """Anomaly mode: `backward` stops at the first NaN gradient and names the op and its line."""

    def _switch(self) -> None:
        state.anomaly = self.mode


class detect_anomaly(_Switch):  # noqa: N801
    """Anomaly mode inside a `with` block (see `set_detect_anomaly`)."""

    def _switch(self) -> None:
        state.anomaly = True


def is_grad_enabled() -> bool:
    """True while operations on tensors that require grad are recorded."""
    return state.recording


def is_inference_mode_enabled() -> bool:
    """True inside `inference_mode`."""
    return state.inference


def is_anomaly_enabled() -> bool:
    """True while anomaly mode is on."""
    return state.anomaly
