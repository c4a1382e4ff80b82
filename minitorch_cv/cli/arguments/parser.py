"""The parser of all commands."""

from __future__ import annotations

import argparse
import difflib
from typing import Any, NoReturn

from .checks import add_check, add_gradcheck, add_where
from .comparisons import add_adapt, add_ensemble
from .networks import add_eval, add_predict, add_summary, add_weights
from .speed import add_explain_conv, add_kernels, add_profile, add_warmup
from .training import add_data, add_train


class UsageError(Exception):
    """The arguments make no sense; the message is the one line that the user sees."""


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises instead of printing usage and leaving."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Help)
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """argparse's own check of choices, with the nearest one named."""
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        near = difflib.get_close_matches(str(value), choices, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(choices)}"
        what = "command" if isinstance(action, argparse._SubParsersAction) else _spelling(action)
        raise UsageError(f"{what}: there is no {value!r}; {hint}")


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=27)


def _spelling(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else str(action.metavar)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
        prog="minitorch-cv",
        description="A deep-learning engine for computer vision, from scratch, to be read.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action=_Version, help="print the version and leave")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands", parser_class=Parser
    )
    add_train(commands)
    add_eval(commands)
    add_predict(commands)
    add_check(commands)
    add_gradcheck(commands)
    add_where(commands)
    add_summary(commands)
    add_explain_conv(commands)
    add_profile(commands)
    add_warmup(commands)
    add_kernels(commands)
    add_adapt(commands, add_data)
    add_ensemble(commands, add_data)
    add_weights(commands)
    models = commands.add_parser("models", help="list the networks", description=(
        "Lists the networks that `minitorch-cv train` knows."))  # fmt: skip
    models.set_defaults(command="models")
    return parser


class _Version(argparse.Action):
    """Prints the version only when asked, so that --help needs no import of the engine."""

    def __init__(self, option_strings: Any, dest: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> None:  # noqa: ARG002
        from ... import __version__

        print(f"minitorch-cv {__version__}")
        parser.exit()


_EXAMPLES = """\
examples:
  minitorch-cv train lenet --data digits
  minitorch-cv eval runs/lenet-digits/checkpoint.safetensors --data digits
  minitorch-cv predict runs/lenet-digits/checkpoint.safetensors three.png
  minitorch-cv check conv2d
  minitorch-cv gradcheck mylayers.py:forward,backward --shapes x=2,3 w=3,4
  minitorch-cv where conv2d

exit codes:
  0 all is well    1 a check failed, the accuracy demanded was not reached, or
  the loss became NaN    2 bad usage or bad input    130 stopped by Ctrl-C
"""
