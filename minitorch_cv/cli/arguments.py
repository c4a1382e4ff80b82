"""The arguments of every command, and the text of --help."""

from __future__ import annotations

import argparse
import difflib
import textwrap
from typing import Any, NoReturn

from ..tasks.recipes import DATA_SETS, SCHEDULES, in_words, recipe


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
    _train(commands)
    _eval(commands)
    _predict(commands)
    _check(commands)
    _gradcheck(commands)
    _where(commands)
    _explain_conv(commands)
    _weights(commands)
    models = commands.add_parser("models", help="list the networks", description=(
        "Lists the networks that `minitorch-cv train` knows."))  # fmt: skip
    models.set_defaults(command="models")
    return parser


class _Version(argparse.Action):
    """Prints the version only when asked, so that --help needs no import of the engine."""

    def __init__(self, option_strings: Any, dest: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> None:  # noqa: ARG002
        from .. import __version__

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


def _train(commands: Any) -> None:
    defaults = {
        data: textwrap.fill(in_words(recipe("lenet", data)), 66).replace("\n", "\n           ")
        for data in DATA_SETS
    }
    parser = commands.add_parser(
        "train", help="train a network and write a report", description=_TRAIN,
        epilog=_TRAIN_END.format(**defaults),
    )  # fmt: skip
    parser.add_argument("model", nargs="?", metavar="MODEL", help="the network: lenet")
    _data(parser, required=False)
    parser.add_argument("--limit", type=_whole(0), metavar="N",
                        help="use only the first N training and N test images")  # fmt: skip
    run = parser.add_argument_group("the run")
    run.add_argument("--out", metavar="DIR", help="folder to write to (default: runs/MODEL-DATA)")
    run.add_argument("--overwrite", action="store_true", help="replace the run that --out holds")
    run.add_argument("--resume", metavar="CHECKPOINT", help="go on with a run that was stopped")
    run.add_argument("--check", action=argparse.BooleanOptionalAction, default=True,
                     help="gradient-check every layer at the end (default: yes)")  # fmt: skip
    run.add_argument("--min-accuracy", type=_percent, metavar="PERCENT",
                     help="exit with 1 when the test accuracy is lower")  # fmt: skip
    run.add_argument("--threads", type=_whole(1), default=1, metavar="N",
                     help="CPU threads to use (default: 1, see below)")  # fmt: skip
    how = parser.add_argument_group("how to learn (defaults depend on the data set, see below)")
    how.add_argument("--epochs", type=_whole(1), metavar="N", help="passes over the data")
    how.add_argument("--batch-size", type=_whole(1), metavar="N", help="images in one step")
    how.add_argument("--lr", type=_number, metavar="X", help="learning rate")
    how.add_argument("--momentum", type=_number, metavar="X", help="momentum of SGD")
    how.add_argument("--weight-decay", type=_number, metavar="X", help="pull towards zero")
    how.add_argument("--schedule", choices=SCHEDULES, metavar="NAME",
                     help="of the learning rate: cosine, step or constant")  # fmt: skip
    how.add_argument("--label-smoothing", type=_number, metavar="X",
                     help="share of the target given to all classes")  # fmt: skip
    how.add_argument("--shift", type=_number, metavar="PIXELS", help="random moves of the images")
    how.add_argument("--rotate", type=_number, metavar="DEGREES", help="random turns")
    how.add_argument("--scale", type=_number, metavar="X", help="random zoom by up to 1 ± X")
    how.add_argument("--shear", type=_number, metavar="X", help="random slant")
    how.add_argument("--seed", type=_whole(0), metavar="N", help="of all random numbers")


_TRAIN = """\
Trains a network, checks the gradients of every layer of it, and writes
  checkpoint.safetensors   weights and everything needed to go on
  metrics.jsonl            one line of JSON for each epoch
  report.html              curves, mistakes, filters; one file, opens offline
"""

_TRAIN_END = """\
defaults:
  digits   {digits}
  mnist    {mnist}

Measured with seeds 0 to 7, digits: 358 to 360 of the 360 test images are right
(99.4 to 100 %). With seeds 0 and 1, mnist: 99.26 and 99.27 % after 5 epochs.
The weights kept are those of the last epoch, not the best on the test images.

A second run does not touch the first: without --out it goes to a fresh folder
(runs/lenet-digits-2, …); a folder named with --out that holds a run is refused
unless --overwrite is given.

One thread is the default because LeNet's arrays are small: two are a little
faster at best, and many times slower when the machine has other work.

Ctrl-C stops after the present batch and saves; `--resume CHECKPOINT` then goes
on with the same settings, and ends bit for bit where it would have ended (on
the same machine, with as many threads).

examples:
  minitorch-cv train lenet --data digits
  minitorch-cv train lenet --data digits --epochs 5 --lr 0.02 --out runs/short
  minitorch-cv train lenet --data mnist --root DIR
  minitorch-cv train --resume runs/lenet-digits/checkpoint.safetensors
"""


def _data(parser: argparse.ArgumentParser, required: bool) -> None:
    parser.add_argument("--data", choices=DATA_SETS, required=required, metavar="NAME",
                        help="digits (scikit-learn's, needs no files) or mnist")  # fmt: skip
    parser.add_argument("--root", metavar="DIR",
                        help="folder of the data files (mnist: the four .gz files)")  # fmt: skip


def _eval(commands: Any) -> None:
    parser = commands.add_parser(
        "eval", help="measure a checkpoint on test images",
        description="Loss and accuracy of a checkpoint on the test images of a data set.",
        epilog="example:\n  minitorch-cv eval runs/lenet-digits/checkpoint.safetensors "
        "--data digits\n",
    )  # fmt: skip
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint.safetensors of a run")
    _data(parser, required=True)
    parser.add_argument("--limit", type=_whole(0), default=0, metavar="N",
                        help="use only the first N test images")  # fmt: skip
    parser.add_argument("--min-accuracy", type=_percent, metavar="PERCENT",
                        help="exit with 1 when the accuracy is lower")  # fmt: skip
    parser.add_argument("--threads", type=_whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip


def _predict(commands: Any) -> None:
    parser = commands.add_parser(
        "predict", help="say what is on pictures", description=_PREDICT,
        epilog="example:\n  minitorch-cv predict runs/lenet-digits/checkpoint.safetensors "
        "three.png\n",
    )  # fmt: skip
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint.safetensors of a run")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="PNG, JPEG, …, any size")
    parser.add_argument("--top", type=_whole(1), default=5, metavar="K",
                        help="how many classes to print (default: 5)")  # fmt: skip


_PREDICT = """\
Prints the likeliest classes of pictures with their probabilities.

A picture of any size and mode becomes what the network was trained on: grey,
a square (padded with its background), resized like the training images. Light
ink on a dark ground is expected; a picture with a light border is inverted, and
a note says so.
"""


def _check(commands: Any) -> None:
    parser = commands.add_parser(
        "check", help="check the gradients of one op",
        description="Runs every check of an op on its own samples: gradients against finite\n"
        "differences and a naive reference, kernels, dtypes, error texts and more.",
        epilog="example:\n  minitorch-cv check conv2d\n",
    )  # fmt: skip
    parser.add_argument("op", metavar="OP", help="conv2d, relu, batch_norm, …")
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="N",
                        help="of the samples (default: 0)")  # fmt: skip


def _gradcheck(commands: Any) -> None:
    parser = commands.add_parser(
        "gradcheck", help="check the gradients of your own functions",
        description=_GRADCHECK, epilog=_GRADCHECK_END,
    )  # fmt: skip
    parser.add_argument("target", metavar="FILE.py:NAMES",
                        help="FORWARD,BACKWARD on arrays, or one FUNCTION of Tensors")  # fmt: skip
    parser.add_argument("--shapes", nargs="+", required=True, metavar="NAME=SHAPE",
                        help="inputs, drawn from N(0, 1): x=2,3,5,4 w=4,3,3,3; "
                        "s= is a number")  # fmt: skip
    parser.add_argument("--labels", nargs="+", metavar="NAME=COUNT:K",
                        help="whole numbers 0 … K−1, which have no gradient: y=8:10")  # fmt: skip
    parser.add_argument("--param", nargs="+", metavar="NAME=VALUE",
                        help="settings: stride=2 pad=1; by name, or a dictionary "
                        "at the end")  # fmt: skip
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="N",
                        help="of inputs and upstream gradient (default: 0)")  # fmt: skip
    parser.add_argument("--dtype", choices=("float64", "float32", "float16"), default="float64",
                        metavar="NAME", help="of the inputs (default: float64)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


_GRADCHECK = """\
Compares the gradients of your own functions with numeric ones. Says which
element is wrong first, where the errors are, and what they look like.
Your file is run, as an import would.

  out, cache = forward(x, w[, param])    dx, dw = backward(dout, cache)
  y, saved = forward(x, w, *, stride=1)  gx, gw = backward(gy, saved, needs)
  y = function(x, w)                     on Tensors, with autograd
"""

_GRADCHECK_END = """\
exit codes:
  0 PASS    1 FAIL    2 UNDECIDED (the report says why and what to do), or bad
  use (one line on stderr)

examples:
  minitorch-cv gradcheck mylayers.py:conv_forward,conv_backward \\
      --shapes x=2,3,5,4 w=4,3,3,3 b=4 --param stride=2 pad=1
  minitorch-cv gradcheck losses.py:softmax_loss --shapes x=4,10 --labels y=4:10
"""


def _where(commands: Any) -> None:
    parser = commands.add_parser(
        "where", help="print the places that belong to one op",
        description="Prints where the parts of one op are: its file, kernels, function, layer,\n"
        "tests, benchmark and documentation.",
        epilog="example:\n  minitorch-cv where conv2d\n",
    )  # fmt: skip
    parser.add_argument("op", metavar="OP", help="conv2d, relu, batch_norm, …")


def _weights(commands: Any) -> None:
    parser = commands.add_parser(
        "weights", help="list what a file of weights holds",
        description="Names, shapes and dtypes of the tensors in a file: safetensors, .npz,\n"
        "PyTorch's .pth/.pt/.th (without PyTorch; nothing in it is executed),\n"
        ".caffemodel or .onnx.",
        epilog="examples:\n  minitorch-cv weights resnet20.th --explain\n"
        "  minitorch-cv weights resnet18.pth --model resnet18\n",
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", help="the file of weights")
    parser.add_argument("--explain", action="store_true",
                        help="show which key maps know its names")  # fmt: skip
    parser.add_argument("--model", metavar="NAME",
                        help="show how its names become those of this network")  # fmt: skip
    parser.add_argument("--entry", metavar="NAME",
                        help="where in a checkpoint they are (default: state_dict, …)")  # fmt: skip


def _explain_conv(commands: Any) -> None:
    parser = commands.add_parser(
        "explain-conv", help="say how a convolution is computed, and time it",
        description=_EXPLAIN_CONV,
        epilog="example:\n  minitorch-cv explain-conv 64 128 3 --input 32,64,56,56\n",
    )  # fmt: skip
    for name, meaning in (("IN", "input channels"), ("OUT", "output channels"),
                          ("KERNEL", "height and width of the kernel")):  # fmt: skip
        parser.add_argument(name.lower(), type=_whole(1), metavar=name, help=meaning)
    parser.add_argument("--input", required=True, type=_images, metavar="N,C,H,W",
                        help="shape of the images")  # fmt: skip
    for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
        parser.add_argument(f"--{name}", type=_whole(min(default, 1)), default=default,
                            metavar="N", help=f"as in nn.Conv2d (default: {default})")  # fmt: skip
    parser.add_argument("--threads", type=_whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip


_EXPLAIN_CONV = """\
Says which kernel computes a convolution in float32 and why, how much there is
to compute and to move, what this machine could do at best (its roofline: the
speed of a large matrix product and of a copy), and how long it took.
"""


def _images(text: str) -> tuple[int, ...]:
    """A converter for N,C,H,W."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if len(sizes) != 4 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"expects four whole numbers N,C,H,W (got {text!r})")
    return sizes


def _whole(low: int) -> Any:
    """A converter for whole numbers of at least `low`."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if number < low:
            raise argparse.ArgumentTypeError(f"expects a whole number ≥ {low} (got {text!r})")
        return number

    return convert


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"expects a finite number ≥ 0 (got {text!r})")
    return number


def _percent(text: str) -> float:
    number = _number(text)
    if number > 100:
        raise argparse.ArgumentTypeError(f"expects a percentage, 0 … 100 (got {text!r})")
    return number
