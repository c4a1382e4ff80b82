"""`GradScaler`: the loss times a large number, so that small gradients survive in float16.

    gradient of s · loss = s · gradient              (backward is linear)
    g ← g / s                                        (before the step, in float32)
    no step, s ← s · backoff_factor                  where a gradient is inf or NaN
    s ← s · growth_factor                            after growth_interval steps without one

A gradient below 6e-8 is zero in float16, and one above 65504 is inf. So s is as large as it can be:
it grows until gradients overflow, and each overflow costs one step, which is left out.

Source: P. Micikevicius et al., "Mixed precision training", ICLR 2018, section 3.2. Verified with
`torch.amp.GradScaler`, state by state, by the parity tests.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np

from ...autograd.autocasting import is_autocast_available
from ...autograd.tape import new_tensor
from ...autograd.tensor import Tensor
from ...backend import capturing
from ...backend.device import device, device_of, to_device, to_numpy
from ...backend.library import Array, array_module, beside, in_order, library_of
from ...backend.registry import find_kernel
from ..optimizer import Optimizer


class _Stage(Enum):
    READY = 0
    UNSCALED = 1
    STEPPED = 2


class _Progress:
    """How far one optimizer has come since the last update(); found: device → was there an inf?"""

    def __init__(self) -> None:
        self.stage = _Stage.READY
        self.found: dict[device, Array] = {}


class GradScaler:
    """Scales the loss, and leaves out steps whose gradients are inf or NaN.

    device: where the losses lie, "cuda" or "cpu"; without a GPU "cuda" warns, and the scaler does
        nothing. init_scale: s at first; growth_factor, backoff_factor, growth_interval: see above.
    enabled: False makes every method do nothing but step the optimizer.
    The scale lies on the device and is changed there; step() waits for one number, as it must know
    whether to step.
    Raises ValueError for growth_factor <= 1 or backoff_factor >= 1.
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        self._device = device
        if enabled and not is_autocast_available(device):
            warnings.warn(
                f"GradScaler: {device} is not available on this machine, so nothing is scaled; "
                'use GradScaler("cpu"), or enabled=False',
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._init_scale, self._init_growth_tracker = float(init_scale), 0
        self.set_growth_factor(growth_factor)
        self.set_backoff_factor(backoff_factor)
        self.set_growth_interval(growth_interval)
        self._scale: Array = None  # float32, made with the first loss, where that lies
        self._tracker: Array = None  # int32: steps without an inf since the scale changed
        self._progress: dict[int, _Progress] = {}
        self._kept: dict[Any, dict[str, Any]] = {}  # device → what its kernel keeps for itself

    def scale(self, outputs: Any) -> Any:
        """The outputs (a Tensor, or an iterable of them) times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._start(outputs.array)
            return outputs * new_tensor(to_device(self._scale, outputs.device))
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError(
            f"GradScaler.scale: expects a Tensor or an iterable of them (got "
            f"{type(outputs).__name__})"
        )

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divides the optimizer's gradients by the scale, in place; step() does it otherwise.

        Call it before gradients are clipped or looked at. Raises RuntimeError the second time
        before update(), or after step(), ValueError for float16 gradients.
        """
        if not self._enabled:
            return
        progress = self._progress_of(optimizer)
        if progress.stage is _Stage.UNSCALED:
            raise RuntimeError(
                "GradScaler: unscale_() has already been called on this optimizer since the last "
                "update(); call it once for each step"
            )
        if progress.stage is _Stage.STEPPED:
            raise RuntimeError("GradScaler: unscale_() is being called after step(); call update()")
        progress.found = self._unscaled(optimizer)
        progress.stage = _Stage.UNSCALED

    def _unscaled(self, optimizer: Optimizer) -> dict[device, Array]:
        """Unscales; answers 1 or 0 for each device: was there an inf or NaN?"""
        scale = self._started("unscale_")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if any(gradient.array.dtype == np.float16 for gradient in gradients):
            raise ValueError(
                "GradScaler.unscale_: a gradient is float16, which cannot hold small values; "
                "keep the parameters in float32 and use mt.autocast, not model.half()"
            )
        places = {device_of(gradient.array): gradient.array for gradient in gradients}
        found = {where: _none_found(g) for where, g in places.items()}
        scales = {where: to_device(scale, where) for where in places}
        rest = gradients
        if capturing.current is None:
            rest = self._by_kernels(gradients, scales, found)
        for gradient in rest:
            g, where = gradient.array, device_of(gradient.array)
            xp = array_module(g)
            with np.errstate(all="ignore"), beside(g):
                inverse = (1 / scales[where].astype(np.float64)).astype(np.float32)
                bad = xp.asarray(~xp.all(xp.isfinite(g)), dtype=np.int32)
                found[where] = xp.maximum(found[where], bad)
                if in_order(g):
                    g *= inverse
                else:  # several elements may share memory
                    gradient.array = g * inverse
        for gradient in gradients:
            gradient._version.value += 1
        return found

    def _by_kernels(
        self, gradients: list[Tensor], scales: dict[device, Array], found: dict[device, Array]
    ) -> list[Tensor]:
        """One launch for each device that has a kernel for it; answers what is left to do."""
        rest: list[Tensor] = []
        taken: dict[device, dict[int, Array]] = {}
        for gradient in gradients:
            g, where = gradient.array, device_of(gradient.array)
            kernel, library = find_kernel("unscale", where.type), library_of(g)
            if kernel is None or library is None or not kernel.takes(g):
                rest.append(gradient)
            elif library.address(g) in taken.setdefault(where, {}):
                rest.append(gradient)  # one tensor is the gradient of two parameters
            else:
                taken[where][library.address(g)] = g
        for where, arrays in taken.items():
            kernel, kept = find_kernel("unscale", where.type), self._kept.setdefault(where, {})
            kernel.unscale(list(arrays.values()), scales[where], found[where], kept)
        return rest

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """optimizer.step(), of unscaled gradients; left out where one of them is inf or NaN.

        Answers what the optimizer answers, None where the step is left out.
        Raises RuntimeError for a closure, for a second step before update(), and where no
        parameter has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError(
                "GradScaler.step: takes no closure; compute the loss before, or use enabled=False"
            )
        progress = self._progress_of(optimizer)
        if progress.stage is _Stage.STEPPED:
            raise RuntimeError(
                "GradScaler: step() has already been called since the last update(); call update()"
            )
        if progress.stage is _Stage.READY:
            self.unscale_(optimizer)
        if not progress.found:
            raise RuntimeError(
                "GradScaler.step: no parameter of this optimizer has a gradient; call "
                "scaler.scale(loss).backward() before"
            )
        skip = any([float(to_numpy(found)) for found in progress.found.values()])
        progress.stage = _Stage.STEPPED
        return None if skip else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """The scale for the next step; new_scale: this one, in place of the rule.

        Raises RuntimeError where no gradients have been looked at since the last update().
        """
        if not self._enabled:
            return
        scale = self._started("update")
        xp = array_module(scale)
        if new_scale is not None:
            value = new_scale.array if isinstance(new_scale, Tensor) else float(new_scale)
            with beside(scale):
                fresh = xp.asarray(value, dtype=np.float32).reshape(())
                self._scale = xp.full_like(scale, 0) + fresh
        else:
            found = [a for progress in self._progress.values() for a in progress.found.values()]
            if not found:
                raise RuntimeError(
                    "GradScaler.update: no gradients have been looked at since the last update(); "
                    "call step() or unscale_() before"
                )
            with beside(scale):
                self._adapt(xp, [to_device(a, device_of(scale)) for a in found])
        self._progress.clear()

    def _adapt(self, xp: Any, found: list[Array]) -> None:
        """The rule; nothing waits. It is computed where the scale lies."""
        bad, wide = sum(found[1:], found[0]) > 0, self._scale.astype(np.float64)
        with np.errstate(over="ignore"):
            grown = (wide * self._growth_factor).astype(np.float32)
        counted = self._tracker + 1
        full = counted == self._growth_interval
        kept = xp.where(full & xp.isfinite(grown), grown, self._scale)
        smaller = (wide * self._backoff_factor).astype(np.float32)
        self._scale = xp.asarray(xp.where(bad, smaller, kept), dtype=np.float32)
        none = xp.zeros_like(self._tracker)
        self._tracker = xp.where(bad | full, none, counted)

    def _start(self, model: Array) -> None:
        if self._scale is None:
            xp = array_module(model)
            with beside(model):
                self._scale = xp.full((), self._init_scale, np.float32)
                self._tracker = xp.full((), self._init_growth_tracker, np.int32)

    def _started(self, what: str) -> Array:
        if self._scale is None:
            raise RuntimeError(
                f"GradScaler.{what}: no loss has been scaled yet; use "
                "scaler.scale(loss).backward() before"
            )
        return self._scale

    def _progress_of(self, optimizer: Optimizer) -> _Progress:
        return self._progress.setdefault(id(optimizer), _Progress())

    def get_scale(self) -> float:
        """The scale as a number, for which the host waits; 1.0 where the scaler is off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(to_numpy(self._scale))

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._tracker is None else int(to_numpy(self._tracker))

    def get_growth_factor(self) -> float:
        """By how much the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Raises ValueError unless above 1."""
        if not new_factor > 1:
            raise ValueError(f"GradScaler: growth_factor is above 1 (got {new_factor})")
        self._growth_factor = float(new_factor)

    def get_backoff_factor(self) -> float:
        """By how much it shrinks after an inf."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Raises ValueError unless below 1."""
        if not new_factor < 1:
            raise ValueError(f"GradScaler: backoff_factor is below 1 (got {new_factor})")
        self._backoff_factor = float(new_factor)

    def get_growth_interval(self) -> int:
        """After how many steps without an inf it grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """After how many steps without an inf it grows."""
        self._growth_interval = int(new_interval)

    def is_enabled(self) -> bool:
        """False where the scaler does nothing."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The state in PyTorch's layout; empty where the scaler is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(), "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor, "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from a `state_dict()`. ValueError for one of a scaler that was off."""
        if not self._enabled:
            return
        if not state_dict:
            raise ValueError(
                "GradScaler.load_state_dict: the state is empty, as that of a scaler with "
                "enabled=False; leave the call out"
            )
        self._init_scale = float(state_dict["scale"])
        self._init_growth_tracker = int(state_dict["_growth_tracker"])
        self.set_growth_factor(state_dict["growth_factor"])
        self.set_backoff_factor(state_dict["backoff_factor"])
        self.set_growth_interval(state_dict["growth_interval"])
        if self._scale is not None:
            model, self._scale = self._scale, None
            self._start(model)


def _none_found(beside_this: Array) -> Array:
    """0: there was no inf yet."""
    with beside(beside_this):
        return array_module(beside_this).zeros((), np.int32)
