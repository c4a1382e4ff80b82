"""Kernels that no op launches: the teaching kernels, and the mask of dropout, each on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .place import Launch, Place, moved, watched

Found = tuple[str, list[Launch], float | None, str]


def direct_errors(place: Place, only: Sequence[str] = ()) -> Iterator[Found]:
    """(name, what was launched, its error, what is wrong) for each of them."""
    trials: dict[str, Callable[[Place], float]] = {
        "gemm": _gemm, "implicit_gemm": _implicit_gemm, "dropout_mask": _mask,
    }  # fmt: skip
    for name, trial in trials.items():
        if only and name not in only:
            continue
        error, wrong = None, ""
        with watched(place) as launched:
            try:
                error = trial(place)
                wrong = "" if error <= 1e-5 else f"{name}: is off by {error:.1e}"
            except Exception as raised:
                wrong = f"{name}: {type(raised).__name__}: {raised}"
        yield name, launched, error, wrong


def _off(got: Any, want: np.ndarray, place: Place) -> float:
    host = place.library.to_numpy(got)
    return float(abs(host - want).max() / max(1.0, abs(want).max()))


def _gemm(place: Place) -> float:
    from minitorch_cv.kernels.cuda.launch import Source, launch

    rng, source = np.random.default_rng(0), Source("teaching/gemm.cu")
    a, b = rng.standard_normal((70, 40)), rng.standard_normal((40, 65))
    worst = 0.0
    for name in source.kernels:
        given = moved((a.astype("f"), b.astype("f")), place)
        c = place.device.empty((70, 65), np.float32)
        launch(source, name, (5, 5), (16, 16), (*given, c, 70, 65, 40))
        want = a.astype("f").astype(float) @ b.astype("f").astype(float)
        worst = max(worst, _off(c, want, place))
    return worst


def _implicit_gemm(place: Place) -> float:
    from minitorch_cv.kernels.cuda.launch import Source, launch

    from minitorch_cv.ops.catalog import op_named

    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype("f") for s in ((2, 4, 6, 6), (5, 4, 3, 3)))
    want, _ = op_named("conv").forward(x.astype(float), w.astype(float), None, padding=1)
    y = place.device.empty(want.shape, np.float32)
    sizes = (2, 4, 6, 6, 5, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6)
    source = Source("teaching/implicit_gemm.cu")
    launch(source, "conv_implicit_gemm", (3, 1), (16, 16), (*moved((x, w), place), y, *sizes))
    return _off(y, want, place)


def _mask(place: Place) -> float:
    """The share of places where the mask is not the one that NumPy's generator draws."""
    from minitorch_cv.kernels.cuda.random.dropout import draw_mask

    from minitorch_cv.backend.random import Generator

    drawn = Generator(3)
    drawn.rand((5,))
    model = moved(np.zeros(1, np.float32), place)
    mask = draw_mask(model, (1000,), 0.3, drawn.get_state())
    return float((place.library.to_numpy(mask) != (drawn.rand((1000,)) >= 0.3)).mean())
