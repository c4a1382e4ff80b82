"""Tells numba where kernels are kept, and when they are out of date; what and why is in cache.py.

numba chooses the place when a function is declared with cache=True, so every family of kernels
calls `keep_compiled` in its __init__.py, before its files are read.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from numba.core import caching, dispatcher

from . import cache


class Locator(caching._CacheLocator):
    """Where numba keeps the functions of one kernel file."""

    def __init__(self, path: Path) -> None:
        self._py_file, self._path = str(path), path
        self._folder = str(cache.folder() / path.parent.relative_to(cache.HERE))

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Locator:  # noqa: ARG003 (numba's form)
        return cls(Path(py_file))

    def get_cache_path(self) -> str:
        return self._folder

    def get_source_stamp(self) -> str:
        return cache.stamp(self._path)

    def get_disambiguator(self) -> str:
        return "kernel"  # and no line number: what moved in its file replaces what it was

    def ensure_cache_path(self) -> None:
        new = not cache.folder().exists()
        os.makedirs(self.get_cache_path(), exist_ok=True)
        if new:
            cache.forget_unused(cache.folder().parent)


class Implementation(caching.CompileResultCacheImpl):
    """How compiled functions are written, with our places."""

    _locator_classes = [Locator]  # type: ignore[list-item]


class KernelCache(caching.FunctionCache):
    """numba's cache of one function; what it cannot read or write does no harm."""

    _impl_class = Implementation

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        found = None
        try:
            found = super()._load_overload(sig, target_context)
        except OSError:  # not there, or not ours to read; should writing fail too, that is said
            pass
        except Exception as error:  # noqa: BLE001 (a broken file may raise anything)
            cache.warn_once(
                f"minitorch_cv: a compiled kernel in {self.cache_path} cannot be read ({error!r}); "
                "it is compiled anew"
            )
        if found is None:
            cache.compiling(_name(self._py_func))
        return found

    def _save_overload(self, sig: Any, data: Any) -> None:
        try:
            super()._save_overload(sig, data)
        except OSError as error:
            cache.warn_once(
                f"minitorch_cv: compiled kernels cannot be kept in {cache.folder()} "
                f"({error.strerror or error}), so every process compiles them anew; set "
                "NUMBA_CACHE_DIR to a folder that can be written to"
            )


def _name(function: Any) -> str:
    """conv.direct.forward for a function of kernels/cpu/conv/direct.py."""
    file = Path(function.__code__.co_filename).relative_to(cache.HERE).with_suffix("")
    return ".".join((*file.parts[1:], function.__qualname__))


@functools.lru_cache(maxsize=1)
def keep_compiled() -> None:
    """From here on, kernels declared with cache=True are kept as cache.py says."""
    plain = caching.FunctionCache

    def cache_of(function: Any) -> caching.FunctionCache:
        ours = function.__code__.co_filename.startswith(f"{cache.HERE}{os.sep}")
        return KernelCache(function) if ours else plain(function)

    dispatcher.FunctionCache = cache_of  # type: ignore[attr-defined]
    cache.mark_used()
