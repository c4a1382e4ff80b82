"""The arguments of the commands that compare."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from .converters import number, whole


def numbers(text: str) -> tuple[int, ...]:
    """A converter for whole numbers of at least 1 with commas between."""
    return tuple(sorted({whole(1)(part) for part in text.split(",")}))


def words(text: str) -> tuple[str, ...]:
    """A converter for words with commas between."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def networks(text: str) -> dict[str, tuple[str, str]]:
    """A converter for NAME=FILE,NAME=FILE: label → (network, file of weights).

    A network that is there twice gets the labels NAME, NAME #2, …
    """
    found: dict[str, tuple[str, str]] = {}
    for part in text.split(","):
        name, equals, file = part.partition("=")
        if not (name and equals and file):
            raise argparse.ArgumentTypeError(f"expects NAME=FILE,NAME=FILE,… (got {part!r})")
        same = sum(network == name for network, _ in found.values())
        found[f"{name} #{same + 1}" if same else name] = (name, file)
    return found


def add_adapt(commands: Any, data: Callable[[Any, bool], None]) -> None:
    """`minitorch-cv adapt`; data: adds --data and --root."""
    parser = commands.add_parser(
        "adapt", help="compare probe, fine-tuning and training from scratch",
        description=_ADAPT, epilog=_ADAPT_END,
    )  # fmt: skip
    parser.add_argument("model", metavar="MODEL", help="the network, such as resnet20")
    parser.add_argument("--weights", required=True, metavar="FILE",
                        help="its trained weights: .pth, .safetensors, …, or a "
                        "checkpoint")  # fmt: skip
    data(parser, True)
    parser.add_argument("--input", default="imagenet", metavar="KIND",
                        help="what the weights were trained on: imagenet (default), caffe, "
                        "symmetric, unit; a checkpoint knows it")  # fmt: skip
    parser.add_argument("--out", required=True, metavar="DIR",
                        help="folder for adaptation.md, .csv and .png")  # fmt: skip
    parser.add_argument("--cache", metavar="DIR",
                        help="folder of the features (default: OUT/features)")  # fmt: skip
    parser.add_argument("--limit", type=whole(0), default=1000, metavar="N",
                        help="test images, drawn at random; 0: all (default: 1000)")  # fmt: skip
    parser.add_argument("--threads", type=whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip
    _what_is_compared(parser.add_argument_group("what is compared"))


def _what_is_compared(how: Any) -> None:
    how.add_argument("--per-class", type=numbers, default=(1, 2, 5, 10, 20, 50), metavar="N,N,…",
                     help="examples of each class (default: 1,2,5,10,20,50)")  # fmt: skip
    how.add_argument("--methods", type=words, default=("scratch", "probe", "fine-tune"),
                     metavar="NAME,…", help="scratch, probe, svm, head, fine-tune, gradual "
                     "(default: scratch,probe,fine-tune)")  # fmt: skip
    how.add_argument("--seeds", type=whole(1), default=3, metavar="N",
                     help="runs of each cell, seeds 0 … N − 1 (default: 3)")  # fmt: skip
    how.add_argument("--steps", type=whole(1), default=60, metavar="N",
                     help="updates of a trained network (default: 60)")  # fmt: skip
    how.add_argument("--scratch-steps", type=whole(1), default=150, metavar="N",
                     help="updates of a new network (default: 150)")  # fmt: skip
    how.add_argument("--batch-size", type=whole(2), default=32, metavar="N",
                     help="images in one step (default: 32)")  # fmt: skip
    how.add_argument("--lr", type=number, default=0.1, metavar="X",
                     help="rate of trained layers (default: 0.1)")  # fmt: skip
    how.add_argument("--head-lr", type=number, metavar="X", help="rate of a new head "
                     "(default: --lr)")  # fmt: skip
    how.add_argument("--decay", type=number, default=1.0, metavar="X",
                     help="rate of a stage / that of the one above it (default: 1)")  # fmt: skip
    how.add_argument("--scratch-lr", type=number, default=0.1, metavar="X",
                     help="rate of new networks (default: 0.1)")  # fmt: skip


def add_ensemble(commands: Any, data: Callable[[Any, bool], None]) -> None:
    """`minitorch-cv ensemble`; data: adds --data and --root."""
    parser = commands.add_parser(
        "ensemble", help="combine several networks and compare", description=_ENSEMBLE,
        epilog=_ENSEMBLE_END,
    )  # fmt: skip
    parser.add_argument("--models", type=networks, required=True, metavar="NAME=FILE,…",
                        help="networks and their weights, two or more")  # fmt: skip
    data(parser, True)
    parser.add_argument("--input", default="imagenet", metavar="KIND",
                        help="what the weights were trained on: imagenet (default), caffe, "
                        "symmetric, unit; a checkpoint knows it")  # fmt: skip
    parser.add_argument("--limit", type=whole(0), default=0, metavar="N",
                        help="use only the first N test images")  # fmt: skip
    parser.add_argument("--out", metavar="DIR", help="folder for ensemble.md and ensemble.csv")
    parser.add_argument("--threads", type=whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip


_ADAPT = """\
Takes a trained network to the classes of another data set, with few examples of
each class, and writes one table and one picture: accuracy on test images of a
new network, of a linear probe on fixed features, and of the network fine-tuned
with a new head. Features are computed once and kept.
"""

_ADAPT_END = """\
methods:
  scratch     a new network, trained on the examples alone
  probe       logistic regression on the features of the trained network
  svm         a linear support vector machine on the same features
  head        a new head trained by SGD, the rest frozen
  fine-tune   a new head, the whole network trained
  gradual     the same, thawed one stage after the other

example:
  minitorch-cv adapt resnet20 --weights resnet20.th --data mnist --root DIR \\
      --per-class 1,5,20 --out runs/adapt
"""

_ENSEMBLE = """\
Runs several trained networks on the same test images and prints one table: each
of them, the mean of their probabilities, the mean of their logits, and their
vote. Where all are of one form, also the mean of their parameters.
"""

_ENSEMBLE_END = """\
columns:
  error   share of images with the wrong class first
  NLL     minus the mean log probability of the true class
  ECE     expected calibration error, 15 bins

example:
  minitorch-cv ensemble --models resnet20=resnet20.th,resnet32=resnet32.th \\
      --data cifar10 --root DIR
"""
