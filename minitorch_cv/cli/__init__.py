"""`minitorch-cv`: the only room that parses arguments and prints.

Exit codes: 0 all is well; 1 a check failed, the accuracy demanded was not reached or training
diverged; 2 bad usage or bad input; 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .arguments import UsageError, build_parser

OK, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and answers its exit code. Bad input is one line on stderr."""
    try:
        arguments = build_parser().parse_args(argv)
        return _run(arguments)
    except UsageError as error:
        return _complain(str(error), BAD_INPUT)
    except BrokenPipeError:  # `minitorch-cv … | head`: nobody reads on
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (stays open until the process ends)
        return OK
    except KeyboardInterrupt:
        print("minitorch-cv: stopped", file=sys.stderr)
        return STOPPED
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)


def _run(arguments: object) -> int:
    """The command itself; errors that a user can mend become one line."""
    from ..tasks.errors import DivergedError, TaskError
    from . import commands

    try:
        code = commands.run(arguments)
        sys.stdout.flush()
        return code
    except DivergedError as error:
        return _complain(str(error), FAILED)
    except TaskError as error:
        return _complain(str(error), BAD_INPUT)
    except BrokenPipeError:
        raise
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return _complain(f"{name}{error.strerror or error}", BAD_INPUT)


def _complain(message: str, code: int) -> int:
    line = " ".join(message.split())
    print(f"minitorch-cv: error: {line}", file=sys.stderr)
    return code
