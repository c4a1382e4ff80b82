"""`DataLoader`: batches of a dataset, in an order that can be repeated and taken up again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from ..backend.cuda import missing
from ..backend.random import Generator
from .collate import default_collate, default_convert, to_tensor
from .dataset import IterableDataset
from .prefetch import pin_batch
from .sampler import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Iterates over a dataset in batches (PyTorch: `torch.utils.data.DataLoader`).

    dataset: anything with `__getitem__` and `__len__`; one with `gather(indices)` is read a batch
        at a time.
    batch_size: samples in a batch; None gives single samples, not collated.
    shuffle: a new random order at each epoch, drawn from `generator` (default: the generator that
        `manual_seed` seeds).
    sampler: an order of its own, instead of shuffle; batch_sampler: lists of sample numbers,
        instead of batch_size, shuffle, sampler and drop_last.
    pin_memory: batches lie in pinned memory, from which a GPU copies by itself (see `Prefetcher`);
        nothing changes where there is no GPU.
    num_workers, timeout, worker_init_fn, multiprocessing_context, prefetch_factor,
        persistent_workers, pin_memory_device: accepted; samples are read in this process whatever
        they say.
    collate_fn: makes a batch from a list of samples (default: `default_collate`).
    drop_last: leave out a last batch that is smaller.
    Raises ValueError for an empty dataset, sizes below 1 and arguments that exclude each other.

    `state_dict()` in the middle of an epoch and `load_state_dict()` later go on with the next
    batch: the order is the same, and the batches before it are not read again.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
    ) -> None:
        self._streams = isinstance(dataset, IterableDataset)
        if not self._streams:
            _judge_dataset(dataset)
        elif shuffle or sampler is not None or batch_sampler is not None:
            raise ValueError(
                "DataLoader: an IterableDataset gives its samples in its own order; leave shuffle, "
                "sampler and batch_sampler out"
            )
        _judge_workers(num_workers)
        _judge_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        elif sampler is None and not self._streams:
            sampler = (
                RandomSampler(dataset, generator=generator)
                if shuffle
                else SequentialSampler(dataset)
            )
        if batch_size is not None and sampler is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler = getattr(batch_sampler, "sampler", None) if sampler is None else sampler
        self.batch_sampler = batch_sampler
        self.num_workers, self.pin_memory, self.timeout = num_workers, pin_memory, timeout
        self.worker_init_fn, self.multiprocessing_context = worker_init_fn, multiprocessing_context
        self.prefetch_factor, self.persistent_workers = prefetch_factor, persistent_workers
        self.pin_memory_device, self.generator = pin_memory_device, generator
        single = batch_sampler is None and (batch_size is None or not self._streams)
        self.collate_fn = collate_fn or (default_convert if single else None)
        self._done = 0  # batches of the running epoch that were handed out
        self._skip = 0

    def __len__(self) -> int:
        if self._streams:
            count, size = len(self.dataset), self.batch_size or 1
            return count // size if self.drop_last else -(-count // size)
        return len(self._visits())  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        skip, self._skip = self._skip, 0
        self._done = skip
        if self._streams:
            batches: Iterator[Any] = islice(self._stream(), skip, None)
        else:
            batches = self._batches(iter(self._visits()), skip)
        return map(pin_batch, batches) if self.pin_memory and missing() is None else batches

    def _stream(self) -> Iterator[Any]:
        """The batches of a dataset that gives its samples itself; not kept by `state_dict`."""
        samples = iter(self.dataset)
        if self.batch_size is None:
            yield from samples if self.collate_fn is None else map(self.collate_fn, samples)
            return
        join = self.collate_fn or default_collate
        while group := list(islice(samples, self.batch_size)):
            if len(group) == self.batch_size or not self.drop_last:
                yield join(group)

    def _visits(self) -> Iterable[Any]:
        visits = self.sampler if self.batch_sampler is None else self.batch_sampler
        return visits if visits is not None else ()

    def _batches(self, visits: Iterator[Any], skip: int) -> Iterator[Any]:
        done = skip
        for visit in islice(visits, skip, None):
            batch = self._read(visit)
            done += 1
            self._done = done
            yield batch
        self._done = 0
        end_epoch = getattr(self.sampler, "end_epoch", None)
        if end_epoch is not None:
            end_epoch()

    def _read(self, visit: Any) -> Any:
        """The batch of a list of sample numbers; one sample where there is no batching."""
        if self.batch_sampler is None:
            sample = self.dataset[visit]
            return sample if self.collate_fn is None else self.collate_fn(sample)
        if self.collate_fn is not None:
            return self.collate_fn([self.dataset[index] for index in visit])
        gather = getattr(self.dataset, "gather", None)
        fields = None if gather is None else gather(visit)
        if fields is not None:
            return [to_tensor(field) for field in fields]
        return default_collate([self.dataset[index] for index in visit])

    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands: plain numbers and lists, which JSON can hold.

        batch: how many batches of the running epoch were handed out, 0 between epochs; sampler: the
        state of a sampler that has one (`RandomSampler.state_dict`).
        """
        state = getattr(self.sampler, "state_dict", None)
        return {"batch": self._done, "sampler": None if state is None else state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The next iteration goes on where `state_dict` was called.

        Raises ValueError for a dictionary that is no such state, or that does not fit this loader.
        """
        try:
            batch, inner = int(state_dict["batch"]), state_dict["sampler"]
            load = getattr(self.sampler, "load_state_dict", None)
            if batch < 0 or (inner is None) != (load is None):
                raise ValueError("it belongs to another kind of loader")
            if load is not None:
                load(inner)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"DataLoader.load_state_dict: not a state of this loader ({error!r}); save it with "
                "state_dict() of a loader that was made in the same way"
            ) from error
        self._done = self._skip = batch


def _judge_dataset(dataset: Any) -> None:
    if not hasattr(dataset, "__getitem__"):
        raise TypeError(
            f"DataLoader: the dataset has no __getitem__ (got {type(dataset).__name__}); "
            "derive it from minitorch_cv.data.Dataset"
        )
    if hasattr(dataset, "__len__") and len(dataset) == 0:
        raise ValueError(
            f"DataLoader: the dataset is empty (got {type(dataset).__name__} with 0 samples); "
            "check the folder or the split it was made from"
        )


def _judge_order(
    batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Raises ValueError for arguments that exclude each other."""
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler and shuffle exclude each other; leave one out")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "DataLoader: batch_sampler excludes batch_size, shuffle, sampler and "
                "drop_last; leave them out"
            )
    elif batch_size is None and drop_last:
        raise ValueError("DataLoader: drop_last needs batches; give a batch_size")


def _judge_workers(num_workers: Any) -> None:
    if isinstance(num_workers, bool) or not isinstance(num_workers, int):
        raise TypeError(f"DataLoader: num_workers is an int (got {num_workers!r})")
    if num_workers < 0:
        raise ValueError(f"DataLoader: num_workers must not be negative (got {num_workers})")
    if num_workers > 0:
        warnings.warn(
            f"DataLoader: samples are read in this process (got num_workers={num_workers}); "
            "use num_workers=0 to say so",
            UserWarning,
            stacklevel=3,
        )
