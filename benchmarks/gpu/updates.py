"""The optimizers' kernels, and GradScaler's: a few steps on the GPU beside those on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import minitorch_cv as mt
from minitorch_cv import optim

from .place import Launch, Place, watched

Found = tuple[str, list[Launch], float | None, str]
SHAPES = ((3, 5), (1,), (4097,), (2, 3, 3))
STEPS = 4


def rules() -> dict[str, type]:
    """Name of the kernel → optimizer."""
    found: dict[str, type] = {}
    for kind in vars(optim).values():
        name = getattr(kind, "kernel", None)
        if isinstance(kind, type) and name is not None:
            found.setdefault(name, kind)
    return found


def update_errors(place: Place, only: Sequence[str] = ()) -> Iterator[Found]:
    """(name, what was launched, its error, what is wrong) for each rule and for GradScaler's."""
    from minitorch_cv.kernels.cuda import KERNELS

    trials = {name: functools.partial(_off, kind) for name, kind in rules().items()}
    for name, trial in {**trials, "unscale": _unscaled}.items():
        if name not in KERNELS or (only and name not in only):
            continue
        error, wrong = None, ""
        with watched(place) as launched:
            try:
                error = trial()
                wrong = "" if error <= 1e-5 else f"{name}: is off by {error:.1e}"
            except Exception as raised:
                wrong = f"{name}: {type(raised).__name__}: {raised}"
        yield name, launched, error, wrong


def _unscaled() -> float:
    """The share of gradients that are not those of the CPU; 1 where an inf is not found."""
    rng, found = np.random.default_rng(0), []
    numbers = [rng.standard_normal(shape).astype("f") for shape in SHAPES]
    for bad in (1.0, np.inf, np.nan):
        numbers[2][-1] = bad
        for where in ("cuda", "cpu"):
            params = [mt.zeros(a.shape).to(where).requires_grad_() for a in numbers]
            scaler = mt.amp.GradScaler(where, init_scale=3e3)
            scaler.scale(mt.ones(1).to(where))
            for p, a in zip(params, numbers, strict=True):
                p.grad = mt.from_numpy(a.copy()).to(where)
            before = params[0].detach().cpu().numpy().copy()
            scaler.step(optim.SGD(params, lr=1.0))
            gone = bool((params[0].detach().cpu().numpy() != before).any())
            if gone != np.isfinite(bad):
                return 1.0
            found.append(np.concatenate([p.grad.cpu().numpy().ravel() for p in params]))
    return max(
        float(((a != b) & ~(np.isnan(a) & np.isnan(b))).mean())
        for a, b in zip(found[::2], found[1::2], strict=True)
    )


def _off(kind: type) -> float:
    """The largest difference of a parameter from the same steps on the CPU."""
    ours, theirs = (_trained(kind, where) for where in ("cuda", "cpu"))
    return max(float(abs(a - b).max()) for a, b in zip(ours, theirs, strict=True))


def _trained(kind: type, where: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    numbers = [rng.standard_normal(shape).astype("f") for shape in SHAPES]
    params = [mt.from_numpy(a).to(where).detach().requires_grad_() for a in numbers]
    optimizer: Any = kind(params, lr=0.01)
    for _ in range(STEPS):
        for p in params:
            p.grad = mt.from_numpy(rng.standard_normal(p.shape).astype("f")).to(where)
        optimizer.step()
    return [p.detach().cpu().numpy().copy() for p in params]
