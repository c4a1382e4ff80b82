"""The grid: a row for each layer and function, a case for each call. See row.py."""

from __future__ import annotations

import importlib
import pkgutil

from . import rows
from .row import Row


def all_rows() -> list[Row]:
    """The rows of all files below rows/."""
    found: list[Row] = []
    for file in pkgutil.walk_packages(rows.__path__, f"{rows.__name__}."):
        if not file.ispkg:
            found += importlib.import_module(file.name).ROWS
    return found
