"""The arguments of every command, and the text of --help."""

from .parser import UsageError, build_parser

__all__ = ["UsageError", "build_parser"]
