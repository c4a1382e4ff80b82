"""Runs a script as `python script.py` would: arguments, `__main__`, exit code, traceback."""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, TracebackType

from .install import install

USAGE = "usage: python -m minitorch_cv.as_torch script.py [arguments ...]"
_HERE = str(Path(__file__).parent)


def main(arguments: Sequence[str]) -> int:
    """Runs the script and answers its exit code; 2 where there is no script to run."""
    if not arguments or arguments[0] in ("-h", "--help"):
        stream = sys.stderr if not arguments else sys.stdout
        stream.write(f"{USAGE}\n")
        return 0 if arguments else 2
    return run(arguments[0], arguments[1:])


def run(path: str, arguments: Sequence[str] = ()) -> int:
    """Runs a file as `__main__`, with `torch` and `torchvision` answered by this engine.

    Answers the exit code: 0, what the script gave to sys.exit, 1 after an error, whose traceback
    has been printed; 2 where the file cannot be read. KeyboardInterrupt passes through.
    """
    try:
        with io.open_code(os.path.abspath(path)) as file:
            source = file.read()
    except OSError as error:
        sys.stderr.write(f"as_torch: can't open file {path!r}: {error.strerror}\n")
        return 2
    install()
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    module = ModuleType("__main__")
    module.__dict__.update(
        __file__=os.path.abspath(path), __builtins__=builtins, __cached__=None, __spec__=None
    )
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        exec(compile(source, os.path.abspath(path), "exec", dont_inherit=True), module.__dict__)
    except SystemExit as stop:
        return exit_code(stop)
    except Exception as error:
        error.__traceback__ = trimmed(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    finally:
        _flush()
        before.__dict__.setdefault("_script", module)  # its objects live until the process ends
    return 0


def exit_code(stop: SystemExit) -> int:
    """The number that Python would exit with; text is printed and means 1."""
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code
    sys.stderr.write(f"{stop.code}\n")
    return 1


def trimmed(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this folder: it begins in the script, and an error of a
    missing name ends there, too."""
    if trace is None:
        return None
    rest = trimmed(trace.tb_next)
    if os.path.dirname(trace.tb_frame.f_code.co_filename).startswith(_HERE):
        return rest
    return TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            continue
