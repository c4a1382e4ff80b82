"""The arguments of the commands about correctness: check, gradcheck, where."""

from __future__ import annotations

from typing import Any

from .converters import whole


def add_check(commands: Any) -> None:
    parser = commands.add_parser(
        "check", help="check the gradients of one op",
        description="Runs every check of an op on its own samples: gradients against finite\n"
        "differences and a naive reference, kernels, dtypes, error texts and more.",
        epilog="example:\n  minitorch-cv check conv2d\n",
    )  # fmt: skip
    parser.add_argument("op", metavar="OP", help="conv2d, relu, batch_norm, …")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N",
                        help="of the samples (default: 0)")  # fmt: skip


def add_gradcheck(commands: Any) -> None:
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
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N",
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


def add_where(commands: Any) -> None:
    parser = commands.add_parser(
        "where", help="print the places that belong to one op",
        description="Prints where the parts of one op are: its file, kernels, function, layer,\n"
        "tests, benchmark and documentation.",
        epilog="example:\n  minitorch-cv where conv2d\n",
    )  # fmt: skip
    parser.add_argument("op", metavar="OP", help="conv2d, relu, batch_norm, …")
