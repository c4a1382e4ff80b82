"""Class labels on the GPU: how kernels read them, and are they in range (cross_entropy.cu)?"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, contiguous, is_on_device, launch

KERNELS = Source("loss/cross_entropy.cu")
ENOUGH = 2048  # blocks that keep the largest GPU busy; one block adds up their sums


def readable(labels: Any) -> bool:
    """Are these labels that the kernels take?"""
    return is_on_device(labels) and labels.dtype in (np.int64, np.uint8)


def pointers(labels: Any) -> tuple[Any, Any]:
    """The labels as the kernels' arguments `labels` and `bytes`, of which one is null."""
    (given,) = contiguous(labels)
    return (given, None) if given.dtype == np.int64 else (None, given)


def takes(labels: Any, low: int, high: int) -> bool:
    """Can `judge` answer? (Where low … high − 1 is empty, `also` needs a number outside of it.)"""
    return readable(labels) and high > low


def judge(
    labels: Any, low: int, high: int, also: int | None, answers: Any, place: int, question: int
) -> None:
    """answers[place] ← question, where a label is not in low … high − 1 and not `also`.

    answers: int64, beside the labels. In one launch; nobody waits.
    """
    numbers = (labels.size, low, high, low if also is None else also)
    blocks = min(blocks_for(labels.size), ENOUGH)
    args = (*pointers(labels), answers, *numbers, answers.size, place, question)
    launch(KERNELS, "labels_judge", blocks, THREADS, args)
