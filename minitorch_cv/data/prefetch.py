"""`Prefetcher`: the next batch goes to the device while this one is computed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..backend import cuda
from ..backend.device import device as Device  # noqa: N812
from .collate import is_tensor


class Prefetcher:
    """The batches of a loader on a device, each sent while the one before it is in use.

        for x, labels in Prefetcher(DataLoader(dataset, 64, pin_memory=True), "cuda"):

    loader: gives batches (Tensors, and lists, tuples and dictionaries of them). device: where they
    go. On a GPU a batch is copied on a stream of its own; the stream that computes waits for the
    copy, the host for neither. Only from pinned memory does a GPU copy by itself
    (DataLoader(pin_memory=True)). On other devices batches are moved when they are asked for.
    Raises ValueError for a device that is not there.
    """

    def __init__(self, loader: Iterable[Any], device: Any = "cuda") -> None:
        self.loader, self.device = loader, Device(device)

    def __len__(self) -> int:
        return len(self.loader)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        if self.device.type == "cuda" and cuda.missing() is None:
            return self._ahead()
        return (_moved(batch, self.device) for batch in self.loader)

    def _ahead(self) -> Iterator[Any]:
        stream = cuda.Stream(non_blocking=True)
        waiting: list[Any] = []
        for batch in self.loader:
            waiting.append(self._send(batch, stream))
            if len(waiting) == 2:
                yield _ready(*waiting.pop(0))
        if waiting:
            yield _ready(*waiting.pop())

    def _send(self, batch: Any, stream: Any) -> tuple[Any, Any]:
        """(the batch on its way, the event of its arrival).

        The copy waits for what is in the computing stream by now: its memory may be that of an
        earlier batch, which the GPU still reads although nobody holds it any more.
        """
        stream.wait_event(cuda.current_stream().record())
        with stream:
            return _moved(batch, self.device), stream.record()


def _ready(batch: Any, arrived: Any) -> Any:
    cuda.current_stream().wait_event(arrived)
    return batch


def _moved(batch: Any, device: Device) -> Any:
    return map_tensors(batch, lambda tensor: tensor.to(device, non_blocking=True))


def pin_batch(batch: Any) -> Any:
    """The batch with its Tensors in pinned memory. RuntimeError without a GPU."""
    return map_tensors(batch, lambda tensor: tensor.pin_memory())


def map_tensors(batch: Any, call: Callable[[Any], Any]) -> Any:
    """The same structure with call(tensor) in place of each Tensor."""
    if is_tensor(batch):
        return call(batch)
    if isinstance(batch, Mapping):
        return {key: map_tensors(value, call) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(map_tensors(value, call) for value in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(map_tensors(value, call) for value in batch)
    return batch
