"""The arguments of the commands about speed."""

from __future__ import annotations

from typing import Any

from .converters import image, images, whole


def add_explain_conv(commands: Any) -> None:
    """`minitorch-cv explain-conv`."""
    parser = commands.add_parser(
        "explain-conv", help="say how a convolution is computed, and time it",
        description=_EXPLAIN_CONV,
        epilog="example:\n  minitorch-cv explain-conv 64 128 3 --input 32,64,56,56\n",
    )  # fmt: skip
    for name, meaning in (("IN", "input channels"), ("OUT", "output channels"),
                          ("KERNEL", "height and width of the kernel")):  # fmt: skip
        parser.add_argument(name.lower(), type=whole(1), metavar=name, help=meaning)
    parser.add_argument("--input", required=True, type=images, metavar="N,C,H,W",
                        help="shape of the images")  # fmt: skip
    for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
        parser.add_argument(f"--{name}", type=whole(min(default, 1)), default=default,
                            metavar="N", help=f"as in nn.Conv2d (default: {default})")  # fmt: skip
    parser.add_argument("--threads", type=whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip


_EXPLAIN_CONV = """\
Says which kernel computes a convolution in float32 and why, how much there is
to compute and to move, what this machine could do at best (its roofline: the
speed of a large matrix product and of a copy), and how long it took.
"""


def add_profile(commands: Any) -> None:
    """`minitorch-cv profile`."""
    parser = commands.add_parser(
        "profile", help="say where the time of a network's step goes, op by op",
        description="Times every op of a training step (forward, cross-entropy, backward, SGD) or\n"
        "of inference, and compares it with what this machine could do at best.",
        epilog="example:\n  minitorch-cv profile resnet18 --input 3,64,64 --batch 8 --by-shape\n",
    )  # fmt: skip
    parser.add_argument("model", metavar="MODEL", help="lenet, resnet18, … (models.list_models())")
    parser.add_argument("--input", type=image, metavar="C,H,W",
                        help="shape of an image (default: that of the paper)")  # fmt: skip
    for name, default, meaning in (("batch", 1, "images"), ("steps", 3, "steps, for a mean"),
                                   ("threads", 1, "CPU threads to use")):  # fmt: skip
        parser.add_argument(f"--{name}", type=whole(1), default=default, metavar="N",
                            help=f"{meaning} (default: {default})")  # fmt: skip
    parser.add_argument("--infer", action="store_true", help="inference instead of training")
    parser.add_argument("--by-shape", action="store_true", help="a line for each op and shape")


def add_warmup(commands: Any) -> None:
    """`minitorch-cv warmup`."""
    parser = commands.add_parser(
        "warmup", help="compile all kernels now, for later runs to find",
        description="Compiles every kernel and keeps it, so that no later run waits for that.\n"
        "Kernels that are there already are left as they are.",
        epilog="example:\n  minitorch-cv warmup --device cpu\n",
    )  # fmt: skip
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", metavar="NAME",
                        help="whose kernels: cpu or cuda (default: cpu)")  # fmt: skip
    parser.add_argument("--threads", type=whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip


def add_kernels(commands: Any) -> None:
    """`minitorch-cv kernels`."""
    parser = commands.add_parser(
        "kernels", help="list the CUDA kernels, and when each last ran on hardware",
        description="Lists the CUDA kernels by file, with the hash of what is compiled, and says\n"
        "of each when it last ran on a GPU, how that ended, and what has changed since.",
        epilog="example:\n  minitorch-cv kernels --json\n",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON, with all that is known")
