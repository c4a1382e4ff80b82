"""`torch.utils.data.DataLoader`: the engine's, which reads in this process without a word."""

from __future__ import annotations

from typing import Any

from ...data import loader


class DataLoader(loader.DataLoader):
    """Batches of a dataset. num_workers is kept, and samples are read in this process."""

    def __init__(self, *args: Any, num_workers: int = 0, **kwargs: Any) -> None:
        if len(args) > 5:  # dataset, batch_size, shuffle, sampler, batch_sampler, num_workers
            num_workers = args[5]
            args = (*args[:5], 0, *args[6:])
        super().__init__(*args, **kwargs)
        self.num_workers = num_workers


def get_worker_info() -> None:
    """None: this is no worker process."""
