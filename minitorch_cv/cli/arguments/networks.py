"""The arguments of the commands that use a network: eval, predict, summary, weights."""

from __future__ import annotations

import argparse
from typing import Any

from .converters import image, option, percent, sizes, whole
from .training import add_data


def add_eval(commands: Any) -> None:
    parser = commands.add_parser(
        "eval", help="measure a network on test images", description=_EVAL, epilog=_EVAL_END,
    )  # fmt: skip
    _network(parser)
    add_data(parser, required=True)
    views = parser.add_argument_group("how to look at an image (default: at its middle, once)")
    ways = views.add_mutually_exclusive_group()
    ways.add_argument("--ten-crop", action="store_true",
                      help="corners, middle and their mirror images")  # fmt: skip
    ways.add_argument("--scales", type=sizes, metavar="N,N,…",
                      help="all of it, its shorter side made N pixels")  # fmt: skip
    parser.add_argument("--limit", type=whole(0), default=0, metavar="N",
                        help="use only the first N test images")  # fmt: skip
    parser.add_argument("--min-accuracy", type=percent, metavar="PERCENT",
                        help="exit with 1 when the accuracy is lower")  # fmt: skip
    parser.add_argument("--threads", type=whole(1), default=1, metavar="N",
                        help="CPU threads to use (default: 1)")  # fmt: skip


_EVAL = """\
Measures a network on the test images of a data set: top-1 and top-5 error as
the ImageNet challenge defines them (the share of images whose true class is not
the first, not among the first five), loss, the commonest mistakes, and the
accuracy of each class. The network is a checkpoint of `minitorch-cv train`, or
one of `minitorch-cv models` with the weights in a file.
"""


_EVAL_END = """\
--ten-crop averages the probabilities of ten crops (Krizhevsky et al. 2012,
section 4.1), --scales those of the whole image and its mirror image at each
scale, with the network as one large convolution (Simonyan & Zisserman 2015,
section 3.2).

examples:
  minitorch-cv eval runs/lenet-digits/checkpoint.safetensors --data digits
  minitorch-cv eval resnet20 --weights FILE --data cifar10 --root DIR
  minitorch-cv eval resnet20 --weights FILE --data cifar10 --root DIR
    --resize 36 --ten-crop
"""


def _network(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a trained network."""
    parser.add_argument("checkpoint", metavar="NETWORK",
                        help="checkpoint.safetensors of a run, or a MODEL with "
                        "--weights")  # fmt: skip
    given = parser.add_argument_group("a MODEL with published weights")
    given.add_argument("--weights", metavar="FILE",
                       help="safetensors, .npz, .pth, .th, .caffemodel or .onnx")  # fmt: skip
    given.add_argument("--input", default="imagenet", metavar="NAME",
                       help="what it was trained on: imagenet (mean and deviation "
                       "of its channels), caffe (BGR, minus 104 117 123), symmetric "
                       "(−1 … 1) or unit (0 … 1); default: imagenet")  # fmt: skip
    given.add_argument("--size", type=whole(1), default=0, metavar="N",
                       help="side of the input (default: that of the paper)")  # fmt: skip
    given.add_argument("--resize", type=whole(1), default=0, metavar="N",
                       help="shorter side an image is given before its middle is cut "
                       "out (default: 8/7 of the input for ImageNet's networks)")  # fmt: skip
    given.add_argument("--option", type=option, action="append", default=[],
                       metavar="NAME=VALUE", help="of models.get_model")  # fmt: skip


def add_predict(commands: Any) -> None:
    parser = commands.add_parser(
        "predict", help="say what is on pictures", description=_PREDICT, epilog=_PREDICT_END,
    )  # fmt: skip
    _network(parser)
    parser.add_argument("--classes", metavar="FILE",
                        help="names of the classes, one on each line")  # fmt: skip
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="PNG, JPEG, …, any size")
    parser.add_argument("--top", type=whole(1), default=5, metavar="K",
                        help="how many classes to print (default: 5)")  # fmt: skip


_PREDICT = """\
Prints the likeliest classes of pictures with their probabilities.

A picture of any size and mode becomes what the network was trained on. For one
that takes colour: its shorter side is resized and the middle cut out. For one
that takes grey: a square (padded with its background), resized like the
training images. Light ink on a dark ground is expected; a picture with a light
border is inverted, and a note says so.
"""


_PREDICT_END = """\
examples:
  minitorch-cv predict runs/lenet-digits/checkpoint.safetensors three.png
  minitorch-cv predict resnet50 --weights FILE --classes NAMES.txt cat.jpg
  minitorch-cv predict squeezenet1_0 --weights FILE --input caffe --size 227
    --resize 256 --option final_padding=1 --classes NAMES.txt cat.jpg
"""


def add_summary(commands: Any) -> None:
    parser = commands.add_parser(
        "summary", help="say what each layer of a network costs and sees",
        description=_SUMMARY,
        epilog="examples:\n  minitorch-cv summary lenet --arithmetic\n"
        "  minitorch-cv summary vgg16 --input 3,224,224\n"
        "  minitorch-cv summary resnet50 --depth 1\n",
    )  # fmt: skip
    parser.add_argument("model", metavar="MODEL", help="the network: lenet, vgg16, resnet50, …")
    parser.add_argument("--input", type=image, metavar="C,H,W",
                        help="shape of an image (default: that of the paper)")  # fmt: skip
    parser.add_argument("--batch", type=whole(1), default=1, metavar="N",
                        help="images at once (default: 1)")  # fmt: skip
    parser.add_argument("--depth", type=whole(0), metavar="N",
                        help="fold what is nested deeper; 0 is the network itself")  # fmt: skip
    parser.add_argument("--classes", type=whole(1), metavar="N",
                        help="build it for so many classes")  # fmt: skip
    parser.add_argument("--arithmetic", action="store_true",
                        help="show how sizes, fields and costs come about")  # fmt: skip
    parser.add_argument("--weights", default="none", metavar="FILE",
                        help="weights to load, or none (default: none, as no value "
                        "is computed)")  # fmt: skip


_SUMMARY = """\
Prints each layer's output, parameters, multiply-adds and memory, and what it
sees of the image: the size of its receptive field, the pixels from one output
to the next (the product of all strides), and the padding of the field of the
first output. Where paths meet, the field is the span of all of them.
"""


def add_weights(commands: Any) -> None:
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
