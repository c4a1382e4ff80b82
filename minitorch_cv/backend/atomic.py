"""Writing a file in one step: the old one stays until the new one is complete."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def written_atomically(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write to; it takes the place of `path` when the block ends without an error.

    It lies beside `path` until then, and reaches the disk before it is renamed. Raises OSError
    where that fails; what was at `path` is then untouched.
    """
    target = Path(path)
    handle, temporary = tempfile.mkstemp(".tmp", f".{target.name}.", target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's 0600 is for secrets
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_folder(target.parent)


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Puts `content` at `path` in one step, as `written_atomically` does."""
    with written_atomically(path) as file:
        file.write(content)


def _flush_folder(folder: Path) -> None:
    """The rename itself reaches the disk, where the system can flush folders at all."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
