"""What can be wrong with a file of weights, and the words that say which file it was."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator


class WeightsError(ValueError):
    """A file of weights is damaged, refused, or something else than its name says."""


# What Python's own readers raise on bytes that are not what they should be.
DAMAGED = (
    ValueError, TypeError, LookupError, ArithmeticError, RecursionError, EOFError, MemoryError,
    NotImplementedError, AttributeError, SyntaxError, struct.error, tarfile.TarError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def shown(text: str, most: int = 100) -> str:
    """A text from a file, fit to be printed: short, and without control characters."""
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text if text.isprintable() else ascii(text)


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], size: int) -> Iterator[None]:
    """Puts the file's name and size in front of what is wrong with it."""
    start = f"weights: {os.fspath(path)} ({size} bytes)"
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"{start} {shown(str(error), 400)}") from error.__cause__
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise  # the disk's fault; EINVAL is a place before the file's start, named in the file
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise WeightsError(f"{start} is damaged ({shown(lines[0])}); get it again") from error
