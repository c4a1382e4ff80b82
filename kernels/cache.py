"""Where compiled kernels are kept, so that only the first run of all has to compile them.

numba keeps what it compiled beside the source, which an installed package may not write to, and
compiles anew when that one file changes, not when a function changes that it calls from another
file. Kernels are kept

- in the user's cache folder (see `folder`), or in NUMBA_CACHE_DIR where that is set,
- under a hash of the source file and of all kernel files that it imports, directly or not,
- by numba, under its own version, Python's, and the name of the CPU and what it can do.

Where nothing can be written they are compiled in memory, in each process, and one warning says so;
a file that cannot be read is a kernel that is not there yet. Other code that uses numba is left as
it is. kernels/kept.py tells numba so; this file works without it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
_UNUSED = 60 * 24 * 3600  # seconds after which what another copy of the package left is removed
_told = False


def folder() -> Path:
    """Where compiled kernels are kept: a folder for each place that the package is installed at."""
    base = _asked_for()
    if base is None:
        base = _users_cache() / "minitorch_cv"
    return base / f"kernels-{hashlib.sha256(str(HERE).encode()).hexdigest()[:10]}"


def _asked_for() -> Path | None:
    numba = sys.modules.get("numba")
    asked = numba.config.CACHE_DIR if numba else os.environ.get("NUMBA_CACHE_DIR")
    return Path(asked) if asked else None


def _users_cache() -> Path:
    """The folder for what programs can make anew, as the platform has it."""
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local"))
    parts = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.path.expanduser(parts))


def _to_terminal(line: str) -> None:
    """Tells people, not logs."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"{line}\n")


_tell: Callable[[str], None] = _to_terminal  # is told, once, that a kernel is being compiled
compiled: list[str] = []  # the functions that this process had to compile, in order


@contextlib.contextmanager
def telling(tell: Callable[[str], None]) -> Iterator[None]:
    """Tells `tell` instead of the terminal that kernels are being compiled."""
    global _tell
    before, _tell = _tell, tell
    try:
        yield
    finally:
        _tell = before


def compiling(name: str) -> None:
    """Notes that a function has to be compiled, and tells of the first one."""
    global _told
    compiled.append(name)
    if not _told:
        _told = True
        _tell(
            f"minitorch_cv: compiling kernels, first {name} (once; kept in {folder()}; "
            "`minitorch-cv warmup` compiles all)"
        )


@functools.cache
def stamp(path: Path) -> str:
    """A hash of a kernel file and of all kernel files that it imports, directly or not."""
    wanted, seen = [path], {path}
    while wanted:
        for file in _imported(wanted.pop()) - seen:
            seen.add(file)
            wanted.append(file)
    found = hashlib.sha256()
    for file in sorted(seen):
        found.update(_text(file).encode())
    return found.hexdigest()


@functools.cache
def _imported(path: Path) -> set[Path]:
    """The kernel files that the relative imports of a kernel file name."""
    found = set()
    for dots, module, names in _IMPORT.findall(_text(path)):
        place = path.parents[len(dots) - 1].joinpath(*filter(None, module.split(".")))
        places = [place, *(place / name for name in re.findall(r"\w+", names))]
        found |= {file for file in (p.with_suffix(".py") for p in places) if file.is_file()}
    return found


@functools.cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def forget_unused(base: Path) -> None:
    """Removes what copies of the package left that nobody has used for two months."""
    for other in base.glob("kernels-*"):
        if time.time() - other.stat().st_mtime > _UNUSED:
            shutil.rmtree(other, ignore_errors=True)


def mark_used() -> None:
    """Keeps this copy's folder from being taken for one that nobody uses."""
    with contextlib.suppress(OSError):
        os.utime(folder())


_warned: set[str] = set()


def warn_once(message: str) -> None:
    """A warning that is not repeated."""
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, stacklevel=2)
