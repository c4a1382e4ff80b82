"""Samplers: in which order a loader visits a dataset, and how it groups the visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..backend.random import Generator, default_generator


class Sampler:
    """An order of sample numbers: subclasses write `__iter__` and `__len__`."""

    def __init__(self, data_source: Any = None) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: write __iter__(self)")


class SequentialSampler(Sampler):
    """0, 1, 2, …"""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """A new random order at each epoch.

    Each epoch draws one seed from `generator` (the default generator without one) and permutes with
    a private stream of that seed. So what else draws from the generator in the middle of an epoch
    cannot change the order, and the seed alone brings the order back.

    replacement: samples may come more than once; num_samples: how many, default all.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self.num_samples = len(data_source) if num_samples is None else num_samples
        self.generator = generator
        self._seed: int | None = None  # of the epoch that is running
        self._resume = False
        if isinstance(self.num_samples, bool) or not isinstance(self.num_samples, int):
            raise TypeError(f"RandomSampler: num_samples is an int (got {num_samples!r})")
        if self.num_samples <= 0:
            raise ValueError(
                f"RandomSampler: num_samples must be positive (got {self.num_samples}); "
                "is the dataset empty?"
            )

    def __iter__(self) -> Iterator[int]:
        if not self._resume:
            source = default_generator if self.generator is None else self.generator
            self._seed = int(source.randint(0, 2**62, ())[()])
        self._resume = False
        stream, size = Generator(self._seed), len(self.data_source)
        if self.replacement:
            return iter(stream.randint(0, size, (self.num_samples,)).tolist())
        rounds = -(-self.num_samples // size)
        order = np.concatenate([stream.randperm(size) for _ in range(rounds)])
        return iter(order[: self.num_samples].tolist())

    def __len__(self) -> int:
        return self.num_samples

    def state_dict(self) -> dict[str, Any]:
        """The order of the running epoch, and the state of the explicit generator (JSON holds it).

        seed: None between epochs. generator: None where the default generator is used, whose state
        is the caller's to save.
        """
        state = None if self.generator is None else self.generator.get_state()
        return {"seed": self._seed, "generator": state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The next epoch repeats the order of the saved one, without drawing a new seed."""
        if self.generator is not None and state_dict["generator"] is not None:
            self.generator.set_state(state_dict["generator"])
        self._seed = state_dict["seed"]
        self._resume = self._seed is not None

    def end_epoch(self) -> None:
        """Forgets the order: the epoch has run to its end."""
        self._seed = None


class SubsetRandomSampler(Sampler):
    """The sample numbers given, in a new random order at each epoch."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        source = default_generator if self.generator is None else self.generator
        return iter([self.indices[k] for k in source.randperm(len(self.indices)).tolist()])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Sample numbers drawn with the probabilities that the weights say (they need not add up to 1).

    replacement=False: each number at most once. Raises ValueError for negative weights, and for
    more draws than there are numbers.
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        values = np.asarray([float(w) for w in weights])
        if values.ndim != 1 or (values < 0).any() or not values.sum() > 0:
            raise ValueError("WeightedRandomSampler: weights are not negative and not all zero")
        if not replacement and num_samples > np.count_nonzero(values):
            raise ValueError(
                f"WeightedRandomSampler: {num_samples} samples without replacement need as many "
                f"weights above 0 (got {np.count_nonzero(values)})"
            )
        self.weights, self.num_samples, self.replacement = values, num_samples, replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        source = default_generator if self.generator is None else self.generator
        if self.replacement:
            ends = np.cumsum(self.weights)
            places = source.rand((self.num_samples,), np.float64) * ends[-1]
            return iter(np.searchsorted(ends, places, side="right").tolist())
        # Exponential races: the smallest of e / w win, as if drawn one after the other.
        u = source.rand((len(self.weights),), np.float64)
        with np.errstate(divide="ignore"):
            times = -np.log1p(-u) / self.weights
        return iter(np.argsort(times)[: self.num_samples].tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Groups the numbers of another sampler into lists of `batch_size`.

    drop_last: leave out a last list that is shorter.
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int):
            raise TypeError(f"DataLoader: batch_size is an int (got {batch_size!r})")
        if batch_size <= 0:
            raise ValueError(f"DataLoader: batch_size must be at least 1 (got {batch_size})")
        if not isinstance(drop_last, bool):
            raise TypeError(f"DataLoader: drop_last is True or False (got {drop_last!r})")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        return self._groups(iter(self.sampler))  # the order is drawn now, not at the first batch

    def _groups(self, numbers: Iterator[Any]) -> Iterator[list[Any]]:
        group: list[Any] = []
        for number in numbers:
            group.append(number)
            if len(group) == self.batch_size:
                yield group
                group = []
        if group and not self.drop_last:
            yield group

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
