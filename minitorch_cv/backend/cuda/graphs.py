"""`mt.cuda.graph`: a whole training step recorded once, and repeated without Python in between.

    step = mt.cuda.graph(train_step)     # (x, labels): forward, backward, optimizer.step()
    for x, labels in batches:
        loss = step(x, labels)

Launching a kernel from Python takes the host longer than many a small kernel takes the GPU. Stream
capture writes down what a step launches, on which addresses; a replay hands all of it to the GPU in
one call. So a recorded step repeats itself exactly:
- Arrays. Inputs are copied into arrays of the graph's own, where the kernels read them. What the
  step allocates comes from a memory pool of its own, and stays its own. Outputs, and gradients that
  the step made, are overwritten by the next call: .clone() what is to be kept.
- Shapes. Each new set of input shapes is run as it is `warmup` times, and then recorded, too.
- Numbers. What Python computed is fixed. Optimizers refill what changes from step to step (learning
  rates, counts) before each replay where a CUDA kernel updates the parameters; where they cannot,
  recording raises, or a changed option lets the step be recorded anew.
- Dropout. Each replay draws the masks that the step would draw without the graph: before it, the
  host tells the graph where its generator stands, and takes the generator as far as one step does.
- Not inside: reading values (.item(), float(), .cpu(), print, `if loss > 1`), sending arrays
  (.to("cuda")), random numbers of the host (rand, randn), indexing with a mask. Each is a
  RuntimeError.
- Side effects. Python code runs while recording, never in a replay: hooks, counters, lists.

Source: NVIDIA, "CUDA programming guide", chapter on CUDA graphs; the same rules hold for PyTorch's
`torch.cuda.graph`. Verified on a stand-in that records and repeats as a stream does.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .. import capturing
from ..capturing import Capture
from ..library import beside, library_of
from . import loading, memory
from .products import Products, load_cublas, recording

WARMUP = 2  # runs before a step is recorded: kernels are compiled, optimizers have their state
_CONSTANTS = (type(None), bool, int, float, str)


def graph(step: Callable[..., Any], *, warmup: int = WARMUP) -> GraphedStep:
    """A function like `step` that, after `warmup` calls, repeats it as one CUDA graph.

    step: takes Tensors on the GPU (and numbers, which are constants), in order; answers Tensors,
    or tuples, lists and dictionaries of them. Each call is one step, also those that warm up.
    Raises TypeError for what is no function, ValueError for warmup below 1, RuntimeError without a
    GPU.
    """
    if not callable(step):
        raise TypeError(f"cuda.graph: step is a function (got {type(step).__name__})")
    if warmup < 1:
        raise ValueError(
            f"cuda.graph: warmup is at least 1 (got {warmup}); the first step makes what later "
            "ones reuse"
        )
    loading.cupy()
    return GraphedStep(step, warmup)


class _Recorded:
    """One captured step: its graph, static inputs and outputs, and what keeps its memory."""

    def __init__(self, capture: Capture, inputs: list[Any], pool: Any) -> None:
        self.capture, self.inputs, self.pool = capture, inputs, pool
        self.graph: Any = None
        self.outputs: Any = None
        self.products: Any = None

    def replay(self, given: tuple[Any, ...]) -> Any:
        with beside(next(value.array for value in given if _is_tensor(value))):
            return self._replay(given)

    def _replay(self, given: tuple[Any, ...]) -> Any:
        for ours, theirs in zip(self.inputs, given, strict=True):
            if _is_tensor(ours):
                ours.array[...] = theirs.array
        for call in self.capture.before:
            call()
        self.graph.launch()
        for call in self.capture.after:
            call()
        return self.outputs


class GraphedStep:
    """A step that records itself; see `graph`. reset() forgets what was recorded."""

    def __init__(self, step: Callable[..., Any], warmup: int) -> None:
        self.step, self.warmup = step, warmup
        self.name = getattr(step, "__name__", type(step).__name__)
        self._recorded: dict[Any, _Recorded] = {}
        self._runs: dict[Any, int] = {}
        self._leaves: dict[int, Any] = {}  # the tensors that the step gives gradients

    def reset(self) -> None:
        """Forgets all graphs, and gives their memory back."""
        for known in (self._recorded, self._runs, self._leaves):
            known.clear()

    @property
    def graphs(self) -> int:
        """How many graphs there are: one for each set of input shapes."""
        return len(self._recorded)

    def __call__(self, *inputs: Any) -> Any:
        """One step."""
        if not any(map(_is_tensor, inputs)):
            raise TypeError(f"cuda.graph: {self.name} takes at least one Tensor on the GPU")
        key = tuple(_described(self.name, place, value) for place, value in enumerate(inputs))
        recorded = self._recorded.get(key)
        if recorded is not None and not recorded.capture.holds():
            del self._recorded[key]
            recorded = None
        if recorded is None:
            if self._runs.get(key, 0) < self.warmup:
                self._runs[key] = self._runs.get(key, 0) + 1
                return self._warm_up(inputs)
            recorded = self._recorded[key] = self._record(inputs)
        return recorded.replay(inputs)

    def _warm_up(self, inputs: tuple[Any, ...]) -> Any:
        """The step as it is; its leaves are noted."""
        capturing.seen = self._leaves
        try:
            return self.step(*inputs)
        finally:
            capturing.seen = None

    def _record(self, given: tuple[Any, ...]) -> _Recorded:
        """Captures the step on a stream of its own. Nothing is computed."""
        cupy = loading.cupy()
        index = next(v.array.device.id for v in given if _is_tensor(v))
        gc.collect()  # what is freed while a stream captures can end the capture
        pool = cupy.cuda.MemoryPool()
        with cupy.cuda.Device(index), cupy.cuda.using_allocator(pool.malloc):
            stream = cupy.cuda.Stream(non_blocking=True)  # of this GPU
            inputs = [_static(cupy, value) for value in given]
            recorded = _Recorded(Capture(self._leaves), inputs, pool)
            products = Products(cupy, load_cublas(cupy), stream.ptr)
            recorded.products = products  # whose workspace the graph uses
            with recorded.capture, _no_uploads(cupy), recording(products), stream:
                recorded.graph, outputs = self._capture(stream, inputs, recorded.capture)
        recorded.outputs = outputs
        self._leaves.update(recorded.capture.leaves)
        memory.recorded.add(recorded)
        return recorded

    def _capture(self, stream: Any, inputs: list[Any], capture: Capture) -> tuple[Any, Any]:
        stream.begin_capture()
        collecting = gc.isenabled()
        gc.disable()
        try:
            outputs = _detached(self.step(*inputs))  # widened, where they were packed
            return stream.end_capture(), outputs
        except Exception as error:
            with contextlib.suppress(Exception):  # leaves the stream usable
                if stream.is_capturing():
                    stream.end_capture()
            for call in reversed(capture.undo):
                call()
            raise RuntimeError(
                f"cuda.graph: {self.name} cannot be recorded: {error} (a recorded step may not "
                "read values, send arrays, draw random numbers but for dropout, or index with a "
                "mask; do that outside of it)"
            ) from error
        finally:
            if collecting:
                gc.enable()


def _is_tensor(value: Any) -> bool:
    library = library_of(value)
    return library is not None and library.record is not None


def _described(name: str, place: int, value: Any) -> Any:
    """What a recorded step depends on. TypeError for what can be no input of it."""
    if isinstance(value, _CONSTANTS):
        return type(value), value
    if not _is_tensor(value):
        raise TypeError(
            f"cuda.graph: argument {place} of {name} is a Tensor or a number (got "
            f"{type(value).__name__}); pass Tensors one by one"
        )
    library = library_of(value.array)
    if library is None or library.name != "cuda":
        raise TypeError(
            f"cuda.graph: argument {place} of {name} lies on {value.device}; "
            f'move it with .to("cuda")'
        )
    if value.requires_grad:
        raise TypeError(
            f"cuda.graph: argument {place} of {name} requires grad, and a copy of it is what the "
            "step would see; .detach() it, or make it a Parameter"
        )
    return value.array.shape, value.array.dtype.str, library.index_of(value.array)


def _static(cupy: Any, value: Any) -> Any:
    """An input of the graph's own: the same kind, the same shape, no values yet."""
    if not _is_tensor(value):
        return value
    return value._like(cupy.empty(value.array.shape, value.array.dtype))


def _detached(outputs: Any) -> Any:
    if _is_tensor(outputs):
        return outputs.detach()
    if isinstance(outputs, dict):
        return {key: _detached(value) for key, value in outputs.items()}
    if isinstance(outputs, (tuple, list)):
        return type(outputs)(map(_detached, outputs))
    return outputs


@contextlib.contextmanager
def _no_uploads(cupy: Any) -> Iterator[None]:
    """Inside the `with` block nothing goes from the host to the GPU.

    A graph would copy from the same address again, where by then something else lies. Every array
    that CuPy sends passes through pinned memory, so it is enough to refuse that; to this thread,
    for others (a loader's) send batches meanwhile.
    """
    pinned, recorder = cupy.get_default_pinned_memory_pool().malloc, threading.get_ident()

    def refuse(size: int) -> Any:
        if threading.get_ident() != recorder:
            return pinned(size)
        raise RuntimeError(f"an array of {size} bytes goes from the host to the GPU")

    cupy.cuda.set_pinned_memory_allocator(refuse)
    try:
        yield
    finally:
        cupy.cuda.set_pinned_memory_allocator(pinned)
