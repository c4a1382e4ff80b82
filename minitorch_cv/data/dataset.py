"""Datasets: things with a length and numbered samples, and ways to cut them up.

A dataset may also have `gather(indices)`, which answers a whole batch at once, already stacked; the
loader then indexes whole arrays instead of stacking samples one by one. It answers None where it
cannot.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..backend.random import Generator, default_generator


class Dataset:
    """What a loader reads from (PyTorch: `torch.utils.data.Dataset`).

    Subclasses write `__getitem__(index)`, which answers one sample (NumPy arrays and numbers in
    tuples or dictionaries), and `__len__()`.
    """

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: write __getitem__(self, index)")

    def gather(self, indices: Sequence[int]) -> tuple[Any, ...] | None:
        """A whole batch at once, each field stacked; None where only single samples can be read."""
        return None

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """A dataset without numbered samples: subclasses write `__iter__`, and the loader takes the
    samples as they come."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: write __iter__(self)")


class ConcatDataset(Dataset):
    """Datasets one after the other. Raises ValueError where there is none."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: no datasets given")
        self.cumulative_sizes = np.cumsum([len(d) for d in self.datasets]).tolist()

    def __getitem__(self, index: int) -> Any:
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"ConcatDataset: there are {size} samples (got index {index})")
        index %= size
        part = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[part][index - (self.cumulative_sizes[part - 1] if part else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class TensorDataset(Dataset):
    """Arrays or Tensors of one length; sample i is the tuple of their i-th entries.

    Raises ValueError where the lengths differ or nothing is given, TypeError for what is no array.
    """

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ValueError("TensorDataset: no arrays given; use TensorDataset(images, labels)")
        for place, tensor in enumerate(tensors):
            if not hasattr(tensor, "shape"):
                raise TypeError(
                    f"TensorDataset: argument {place} is no array or Tensor "
                    f"(got {type(tensor).__name__}); use numpy.array()"
                )
        shapes = [tuple(tensor.shape) for tensor in tensors]
        if () in shapes or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(
                f"TensorDataset: the arrays differ in their first size (got shapes {shapes}); "
                "give one entry for each sample"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def gather(self, indices: Sequence[int]) -> tuple[Any, ...] | None:
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return None  # a subclass changes the samples
        return self[np.asarray(indices, np.int64)]


class Subset(Dataset):
    """The samples of a dataset at some indices, in that order."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)

    def gather(self, indices: Sequence[int]) -> tuple[Any, ...] | None:
        inner = getattr(self.dataset, "gather", None)
        if inner is None or type(self).__getitem__ is not Subset.__getitem__:
            return None
        return inner([self.indices[i] for i in indices])


def random_split(
    dataset: Any, lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset]:
    """Cuts a dataset at random into parts without overlap.

    lengths: sizes that add up to the dataset's, or fractions that add up to 1 (what rounding leaves
    over goes one by one to the first parts).
    generator: where the permutation is drawn from, the default generator without one.
    Raises ValueError for lengths that do not add up or are negative.
    """
    size = len(dataset)
    counts = _counts(size, lengths)
    if min(counts, default=0) < 0 or sum(counts) != size:
        raise ValueError(
            f"random_split: the lengths do not add up to the dataset's {size} samples "
            f"(got {list(lengths)}); give sizes, or fractions that add up to 1"
        )
    order = (default_generator if generator is None else generator).randperm(size).tolist()
    ends = np.cumsum(counts).tolist()
    return [
        Subset(dataset, order[end - count : end]) for count, end in zip(counts, ends, strict=True)
    ]


def _counts(size: int, lengths: Sequence[float]) -> list[int]:
    """Sizes of the parts: fractions rounded down, the rest dealt out from the first part on."""
    if not math.isclose(sum(lengths), 1.0) or any(part < 0 or part > 1 for part in lengths):
        if any(isinstance(part, float) for part in lengths):
            raise ValueError(
                f"random_split: fractions lie in 0 … 1 and add up to 1 (got {list(lengths)})"
            )
        return [int(part) for part in lengths]
    counts = [math.floor(size * part) for part in lengths]
    for extra in range(size - sum(counts)):
        counts[extra % len(counts)] += 1
    return counts
