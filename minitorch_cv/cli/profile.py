"""`minitorch-cv profile`: where the time of a training step or of inference goes, op by op."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, tensor
from ..backend.threads import set_num_threads
from ..tasks.errors import TaskError
from ..testing.profile import Profile, Row
from .roofline import Roofline, measured_roofline

_TITLE = (
    f"{'op':40} {'calls':>6} {'forward':>9} {'backward':>9} {'share':>6} {'GFLOP/s':>8} "
    f"{'GB/s':>6} {'of roofline':>12}"
)


def profile(arguments: Any) -> int:
    """Prints a line for each kind of op, milliseconds for one step."""
    from .. import models

    set_num_threads(arguments.threads)
    try:
        model = models.get_model(arguments.model)
        sizes = arguments.input or models.published(arguments.model).input_size
    except ValueError as error:
        raise TaskError(str(error)) from error
    rng = np.random.default_rng(0)
    x = tensor(rng.random((arguments.batch, *sizes), np.float32))
    step = _inference(model, x) if arguments.infer else _training(model, x)
    try:
        step(Profile())  # compiles, and warms the caches
        seen = Profile(arguments.by_shape)
        for _ in range(arguments.steps):
            step(seen)
    except (ValueError, RuntimeError, MemoryError) as error:
        raise TaskError(f"profile: {error}") from error
    _print(seen, arguments.steps, measured_roofline())
    return 0


def _training(model: Any, x: Tensor) -> Callable[[Profile], None]:
    """Forward, cross-entropy (auxiliary heads too), backward and a step of SGD."""
    from ..nn.functional import cross_entropy
    from ..optim import SGD

    model.train()
    optimizer = SGD(model.parameters(), lr=1e-4, momentum=0.9)

    def step(seen: Profile) -> None:
        with seen:
            loss = sum(cross_entropy(y, _targets(y)) for y in _scores(model(x)))
            loss.backward()  # type: ignore[union-attr]
            with seen.part("(optimizer)"):
                optimizer.step()
                optimizer.zero_grad()

    return step


def _targets(scores: Tensor) -> Tensor:
    """Class 0 for each image, or for each pixel."""
    return tensor(np.zeros((scores.shape[0], *scores.shape[2:]), np.int64))


def _inference(model: Any, x: Tensor) -> Callable[[Profile], None]:
    model.eval()

    def step(seen: Profile) -> None:
        with seen, no_grad():
            model(x)

    return step


def _scores(answer: Any) -> Iterator[Tensor]:
    if isinstance(answer, Tensor):
        yield answer
    elif isinstance(answer, (list, tuple)):
        for part in answer:
            yield from _scores(part)


def _print(seen: Profile, steps: int, roofline: Roofline) -> None:
    rows, total = seen.rows(), seen.seconds
    print(_TITLE)
    for row in rows:
        print(_line(row, steps, total, roofline))
    rest = total - sum(row.seconds for row in rows)
    for name, spent in (("(Python and the tape)", rest), ("one step", total)):
        print(f"{name:40} {'':6} {spent / steps * 1e3:9.2f} {'':9} {spent / total:6.1%}")
    print(
        f"roofline: {roofline.speed / 1e9:.0f} GFLOP/s (a large matrix product), "
        f"{roofline.width / 1e9:.0f} GB/s (a large copy);\n"
        "of roofline: the least time that an op's arithmetic, or moving its arrays once, could "
        "take, over its time"
    )


def _line(row: Row, steps: int, total: float, roofline: Roofline) -> str:
    seconds = max(row.seconds, 1e-9)
    flops = f"{row.flops / seconds / 1e9:.0f}" if row.flops else ""
    bound = max(roofline.seconds(row.forward_flops, row.forward_bytes))
    bound += max(roofline.seconds(row.backward_flops, row.backward_bytes))
    text = (
        f"{row.name:40} {row.calls // steps:6} {row.forward / steps * 1e3:9.2f} "
        f"{row.backward / steps * 1e3:9.2f} {row.seconds / total:6.1%}"
    )
    if not row.bytes:
        return text
    return text + f" {flops:>8} {row.bytes / seconds / 1e9:6.1f} {bound / seconds:12.0%}"
