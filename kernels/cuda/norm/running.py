"""The running statistics of batch norm on the GPU: both in one launch of batch_norm.cu."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..launch import THREADS, blocks_for, is_on_device, launch
from .batch_norm import KERNELS


def takes(*statistics: Any) -> bool:
    """Are these arrays that the kernel can read and change?"""
    return is_on_device(*statistics) and all(
        a.dtype == np.float32 and a.size > 0 and a.flags.c_contiguous for a in statistics
    )


def follow(
    running_mean: Any, running_var: Any, mean: Any, var: Any, correction: float, momentum: float
) -> None:
    """running ← (1 − momentum) running + momentum · batch, in place; nobody waits.

    mean, var: of the batch, which `takes` has let pass with the others; var is biased, and
    multiplied by `correction`. Verified to give the bits that NumPy gives.
    """
    sizes = (mean.size, float(correction), float(1 - momentum), float(momentum))
    given = (mean, var, running_mean, running_var, *sizes)
    launch(KERNELS, "batch_norm_running", blocks_for(mean.size), THREADS, given)
