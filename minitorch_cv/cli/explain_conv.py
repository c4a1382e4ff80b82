"""`minitorch-cv explain-conv`: which kernel computes a convolution, why, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend.registry import find_kernel
from ..backend.threads import set_num_threads
from ..tasks.errors import TaskError
from .roofline import least, measured_roofline


def explain_conv(arguments: Any) -> int:
    """Prints the choice, the costs, the roofline of this machine, and measured times."""
    from ..ops.catalog import op_named

    set_num_threads(arguments.threads)
    op, K = op_named("conv2d"), arguments.kernel
    params = {name: getattr(arguments, name) for name in ("stride", "padding", "dilation")}
    params["groups"] = arguments.groups
    rng = np.random.default_rng(0)
    share = max(1, getattr(arguments, "in") // arguments.groups)
    try:
        x = rng.normal(size=arguments.input).astype(np.float32)
        w = rng.normal(size=(arguments.out, share, K, K)).astype(np.float32)
        if op.check is not None:
            op.check(x, w, None, **params)
    except (ValueError, MemoryError) as error:
        raise TaskError(f"explain-conv: {error}") from error
    kernel = find_kernel("conv", "cpu")
    if kernel is None:
        raise TaskError("explain-conv: there are no kernels; pip install numba")
    told = kernel.explain(x, w, **params)
    steps = ", ".join(f"{name} {value}" for name, value in params.items())
    print(f"conv2d    {getattr(arguments, 'in')} → {arguments.out}, {K} × {K}, {steps}")
    print(f"shapes    {x.shape} → {told.y_shape}, float32")
    print(f"method    {told.methods[0]}")
    print(f"because   {told.reason}")
    print(f"FLOPs     {told.flops / 1e9:.3f} G by the definition")
    print(f"bytes     {told.bytes / 1e6:.1f} MB (x, weight and y once each)")
    _roofline(told.flops, told.bytes)
    _times(op, x, w, params, told)
    return 0


def _roofline(flops: int, size: int) -> None:
    """What this machine needs at least."""
    roofline = measured_roofline()
    by_arithmetic, by_memory = roofline.seconds(flops, size)
    bound = "arithmetic" if by_arithmetic > by_memory else "memory"
    print(
        f"roofline  {flops / size:.0f} FLOP/byte; this machine: "
        f"{roofline.speed / 1e9:.0f} GFLOP/s, {roofline.width / 1e9:.0f} GB/s\n"
        f"          {by_arithmetic * 1e3:.2f} ms to compute and {by_memory * 1e3:.2f} ms to move: "
        f"bound by {bound}"
    )


def _times(op: Any, x: np.ndarray, w: np.ndarray, params: dict[str, Any], told: Any) -> None:
    """Measured, with the method of each gradient."""
    y, saved = op.run((x, w, None), params)
    parts: dict[str, Callable[[], Any]] = {
        "forward": lambda: op.run((x, w, None), params),
        "gx": lambda: op.differentiate(y, saved, (True, False, False)),
        "gw": lambda: op.differentiate(y, saved, (False, True, False)),
    }
    for (name, call), method in zip(parts.items(), told.methods, strict=True):
        spent = least(call)
        print(f"{name:<9} {spent * 1e3:.2f} ms, {told.flops / spent / 1e9:.0f} GFLOP/s ({method})")
