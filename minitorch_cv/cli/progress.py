"""What is seen while a network trains: a bar on a terminal, else one plain line for each epoch."""

from __future__ import annotations

import sys
import time
from typing import Any


class Bar:
    """A tqdm bar over all images of the run: epoch, loss, accuracy, images/s, time left."""

    FORMAT = "{desc} {percentage:3.0f}%|{bar}| {speed} images/s, {remaining} left{postfix}"

    def __init__(self, trainer: Any) -> None:
        from tqdm import tqdm

        class Speed(tqdm):
            """A bar that knows its speed in whole images."""

            @property
            def format_dict(self) -> dict[str, Any]:
                """tqdm's fields and ours."""
                fields = super().format_dict
                spent = max(fields["elapsed"], 1e-9)
                rate = fields["rate"] or (fields["n"] - fields["initial"]) / spent
                return {**fields, "speed": f"{rate:.0f}"}

        self._bar = Speed(
            total=trainer.images_total, initial=trainer.images_done, bar_format=self.FORMAT,
            dynamic_ncols=True, file=sys.stderr,
        )  # fmt: skip
        self._describe(trainer)

    def on_batch(self, trainer: Any) -> None:
        """One batch further."""
        self._describe(trainer)
        self._bar.update(trainer.images_done - self._bar.n)

    def on_epoch(self, trainer: Any) -> None:
        """An epoch is over."""
        self._describe(trainer)

    def close(self) -> None:
        """Leaves the bar as it is and goes to the next line."""
        self._bar.close()

    def _describe(self, trainer: Any) -> None:
        last = trainer.history[-1] if trainer.history else None
        epochs = trainer.settings.epochs
        loss, accuracy = trainer.loss, trainer.accuracy
        if trainer.batch == 0 and last:
            loss, accuracy = last["train_loss"], last["train_accuracy"]
        now = min(trainer.epoch + (trainer.batch > 0), epochs)
        self._bar.set_description_str(f"epoch {now:>{len(str(epochs))}}/{epochs}", refresh=False)
        test = f" test {last['test_accuracy']:.1%}" if last else ""
        self._bar.set_postfix_str(f"loss {loss:.3f} acc {accuracy:.1%}{test}", refresh=False)


class Lines:
    """One line for each epoch, for logs and pipes."""

    def __init__(self, trainer: Any) -> None:
        self._start = time.perf_counter()
        self._images = trainer.images_done

    def on_batch(self, trainer: Any) -> None:
        """Nothing: only epochs are told."""

    def on_epoch(self, trainer: Any) -> None:
        """The line of the epoch that is over."""
        line = trainer.history[-1]
        spent = time.perf_counter() - self._start
        done = max(trainer.images_done - self._images, 1)
        left = spent / done * (trainer.images_total - trainer.images_done)
        epochs = trainer.settings.epochs
        print(
            f"epoch {line['epoch']:>{len(str(epochs))}}/{epochs}  loss {line['train_loss']:.4f}  "
            f"accuracy {line['train_accuracy']:.2%}  test {line['test_accuracy']:.2%}  "
            f"{line['images_per_second']:.0f} images/s  {left:.0f} s left",
            file=sys.stderr, flush=True,
        )  # fmt: skip

    def close(self) -> None:
        """Nothing is open."""


class StepBar:
    """A bar over named steps on a terminal; nothing elsewhere."""

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total, bar_format="{desc:<24} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}",
            dynamic_ncols=True, file=sys.stderr, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._begun = False

    def next(self, name: str) -> None:
        """The step before is done, this one begins."""
        self._bar.set_description_str(name, refresh=False)
        self._bar.update(int(self._begun))
        self._bar.refresh()
        self._begun = True

    def __enter__(self) -> StepBar:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._bar.update(int(self._begun))
        self._bar.close()


def write_line(line: str) -> None:
    """One line on stderr, above a bar where there is one."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
        return
    print(line, file=sys.stderr, flush=True)


def progress_for(trainer: Any) -> Bar | Lines:
    """A bar when stderr is a terminal, lines otherwise."""
    return Bar(trainer) if sys.stderr.isatty() else Lines(trainer)
