"""The gradients of an optimizer divided by the scale of the loss: updates.cu, in one launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, blocks_for, device_of, is_on_device, launch
from .updates import CHUNK, KERNELS, send_new


def takes(gradient: Any) -> bool:
    """Is this an array that the kernel can change?"""
    return (
        is_on_device(gradient)
        and gradient.dtype == np.float32
        and bool(gradient.flags.c_contiguous)
        and gradient.size > 0
    )


def unscale(gradients: Sequence[Any], scale: Any, found: Any, kept: dict[str, Any]) -> None:
    """g ← g / scale, in place, and found ← 1 where an element is inf or NaN. Nobody waits.

    gradients: at least one, which `takes` has let pass, each with memory of its own, beside `scale`
    (float32) and `found` (int32), which hold one number. kept: a dictionary, empty at first, in
    which the table of addresses stays from step to step.
    """
    gpu = device_of(scale)
    sizes = np.array([gradient.size for gradient in gradients], np.int64)
    chunks = np.cumsum(-(-sizes // CHUNK))
    columns = [gpu.address(gradient) for gradient in gradients], sizes, chunks
    send_new(scale, kept, "table", np.stack(columns, axis=1).astype(np.uint64))
    args = (kept["table"][1], scale, found, len(gradients))
    launch(KERNELS, "gradients_unscale", blocks_for(int(chunks[-1]), 1), THREADS, args)
